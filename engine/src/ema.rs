//! A teacher that follows the student slowly (Tarvainen and Valpola 2017).

use tch::{Tensor, no_grad};

use crate::block::{bind, gather, in_order};
use crate::model::Model;

/// A model whose weights are a moving average of another's.
pub struct Teacher {
    model: Model,
    /// All its variables, bound together.
    block: Tensor,
    /// The student's, in the same order.
    students: Vec<Tensor>,
    decay: f64,
}

impl Teacher {
    /// `model` becomes the teacher of `student`: the same network, to be built from the same weights.
    pub fn new(mut model: Model, student: &Model, decay: f64) -> Self {
        model.vs.freeze();
        let mut students = student.vs.variables();
        let pair = |(name, own): (String, Tensor)| {
            let student = students.remove(&name).expect("teacher and student are of one network");
            (own, student)
        };
        let (mut own, students): (Vec<_>, Vec<_>) = in_order(&model.vs).into_iter().map(pair).unzip();
        Self { model, block: bind(&mut own), students, decay }
    }

    /// The teacher itself; to be used in evaluation mode only.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// After a step: `teacher = decay * teacher + (1 - decay) * student`. It does not follow faster at first, as a teacher
    /// that knows nothing would: this one begins with trained weights, and the student's first steps are its noisiest.
    pub fn follow(&mut self) {
        if self.decay >= 1.0 {
            return;
        }
        let _ = no_grad(|| self.block.lerp_(&gather(&self.students), 1.0 - self.decay));
    }
}
