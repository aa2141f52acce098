//! A teacher that follows the student slowly (Tarvainen and Valpola 2017).

use tch::{Tensor, no_grad};

use crate::model::Model;

/// A model whose weights are a moving average of another's.
pub struct Teacher {
    model: Model,
    /// Of the teacher and the student, by name.
    pairs: Vec<(Tensor, Tensor)>,
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
        let pairs = model.vs.variables().into_iter().map(pair).collect();
        Self { model, pairs, decay }
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
        no_grad(|| {
            for (own, student) in &mut self.pairs {
                let _ = own.lerp_(student, 1.0 - self.decay);
            }
        });
    }
}
