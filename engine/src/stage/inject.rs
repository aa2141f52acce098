//! Step 1: fine-tuning on the source and on the target frames that people labelled (Eq. 6, 7).

use std::path::Path;

use anyhow::Result;
use tch::Tensor;
use windlass::domain::{FrameRef, Recipe, Stream};

use crate::batch::{Batch, Set};
use crate::best::Best;
use crate::checkpoint::{Named, named};
use crate::job::{Job, Outcome};
use crate::loss::cross_entropy;
use crate::model::Model;
use crate::optimizer::Sgd;
use crate::training::{Lesson, Losses, seed_of, train};

/// Trains the model at `parent` further.
pub fn run(job: &Job, parent: &Path, source: &[FrameRef], labelled: &[FrameRef]) -> Result<Outcome> {
    let recipe = &job.spec.recipe;
    let mut lesson = Injection::new(Model::load(job, parent)?, recipe);
    let (labelled, best) = Best::split(job, &lesson.model, labelled);
    let sets = [
        Set::labelled(source, recipe.batch_source, Stream::SourceOrder, recipe),
        Set::labelled(&labelled, recipe.batch_target, Stream::LabelledOrder, recipe),
    ];
    let outcome = train(job, seed_of(job.spec.seed, job.spec.stage, parent)?, &recipe.inject, sets, best, &mut lesson)?;
    if outcome == Outcome::Done {
        lesson.model.finish(job, parent)?;
    }
    Ok(outcome)
}

/// A network that learns from both domains alike.
pub struct Injection {
    model: Model,
    sgd: Sgd,
    recipe: Recipe,
}

impl Injection {
    /// Of a warmed-up model.
    pub fn new(mut model: Model, recipe: &Recipe) -> Self {
        model.train_decoder(recipe.train_decoder);
        Self { sgd: Sgd::new(&model.vs, &recipe.inject), model, recipe: recipe.clone() }
    }
}

impl Lesson<2> for Injection {
    fn model(&self) -> &Model {
        &self.model
    }

    fn state(&self) -> Named {
        let parts = [named("model", self.model.vs.variables()), named("sgd", self.sgd.state())];
        parts.into_iter().flatten().collect()
    }

    fn learn(&mut self, [source, target]: [Batch; 2], step: u64) -> Result<Losses> {
        let logits = self.model.see(&Tensor::cat(&[&source.rgb, &target.rgb], 0), true).logits;
        let full = self.model.net.enlarge(&logits, self.recipe.crop); // [n_source + n_target, C, h, w]
        let on_source = cross_entropy(&full.narrow(0, 0, source.len()), &source.label);
        let on_target = cross_entropy(&full.narrow(0, source.len(), target.len()), &target.label);
        let total = &on_source + &on_target;
        self.sgd.step(&total, step);
        let parts = vec![("loss/source", on_source), ("loss/labelled", on_target)];
        Ok(Losses { total, parts, rate: self.sgd.rate(step) })
    }
}
