//! Step 1: fine-tuning on the source and on the target frames that people labelled (Eq. 6, 7).

use std::path::Path;

use anyhow::Result;
use tch::Tensor;
use windlass::domain::{FrameRef, Stream};

use crate::batch::{Batches, Set};
use crate::checkpoint::named;
use crate::job::{Job, Outcome};
use crate::loss::cross_entropy;
use crate::model::Model;
use crate::optimizer::Sgd;
use crate::training::Training;

/// Trains the model at `parent` further.
pub fn run(job: &Job, parent: &Path, source: &[FrameRef], labelled: &[FrameRef]) -> Result<Outcome> {
    let (recipe, schedule) = (&job.spec.recipe, &job.spec.recipe.inject);
    let model = Model::load(job, parent)?;
    let mut sgd = Sgd::new(&model.vs, schedule);
    let state = [named("model", model.vs.variables()), named("sgd", sgd.state())].into_iter().flatten().collect();
    let training = Training::begin(job, schedule.steps, state)?;
    let source = Set { frames: source.into(), batch: recipe.batch_source, order: Stream::SourceOrder, labelled: true };
    let target =
        Set { frames: labelled.into(), batch: recipe.batch_target, order: Stream::LabelledOrder, labelled: true };
    let (n_source, n_target) = (source.batch as i64, target.batch as i64);
    let mut batches = Batches::start(job, [source, target], training.steps())?;

    for step in training.steps() {
        let [source, target] = batches.take()?;
        training.seed(step);
        let logits = model.see(&Tensor::cat(&[&source.rgb, &target.rgb], 0), true).logits;
        let full = model.net.enlarge(&logits, recipe.crop); // [n_source + n_target, C, h, w]
        let on_source = cross_entropy(&full.narrow(0, 0, n_source), &source.label);
        let on_target = cross_entropy(&full.narrow(0, n_source, n_target), &target.label);
        let loss = &on_source + &on_target;
        sgd.step(&loss, step);

        let curves = [("loss/source", &on_source), ("loss/labelled", &on_target)];
        if !training.after(step, &loss, &curves, sgd.rate(step))? {
            return Ok(Outcome::Stopped(step + 1));
        }
    }
    model.finish(job, parent)?;
    Ok(Outcome::Done)
}
