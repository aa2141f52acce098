//! Step 3: semi-supervised adaptation (Eq. 13-15). The source and the labelled target teach directly, a slow teacher
//! labels the rest, and vectors of unlabelled frames are drawn to the target's anchors.

use std::path::Path;

use anyhow::Result;
use tch::{Tensor, no_grad};
use windlass::domain::{FrameRef, Stream};

use crate::batch::{Batches, Set};
use crate::checkpoint::named;
use crate::ema::Teacher;
use crate::feature_file;
use crate::job::{Job, Outcome};
use crate::loss::{alignment, consistency, cross_entropy, ohem};
use crate::model::Model;
use crate::optimizer::Sgd;
use crate::pooling::{class_means, follow};
use crate::training::Training;

/// Trains the model at `parent` further; leaves the student, which measured better than its teacher in so few steps.
pub fn run(
    job: &Job,
    parent: &Path,
    anchors: &Path,
    source: &[FrameRef],
    labelled: &[FrameRef],
    unlabelled: &[FrameRef],
) -> Result<Outcome> {
    let (recipe, schedule) = (&job.spec.recipe, &job.spec.recipe.adapt);
    let n_classes = job.spec.classes.len();
    let model = Model::load(job, parent)?;
    let mut teacher = Teacher::new(Model::load(job, parent)?, &model, recipe.teacher_decay);
    let length = n_classes * recipe.backbone.feature_channels();
    let mut anchors = feature_file::read_anchors(anchors, "target", length)?.to_device(job.device); // [v, C * D]
    let mut sgd = Sgd::new(&model.vs, schedule);
    let state = [
        named("model", model.vs.variables()),
        named("sgd", sgd.state()),
        named("teacher", teacher.model().vs.variables()),
        vec![("anchors".to_owned(), anchors.shallow_clone())],
    ];
    let training = Training::begin(job, schedule.steps, state.into_iter().flatten().collect())?;
    let source = Set { frames: source.into(), batch: recipe.batch_source, order: Stream::SourceOrder, labelled: true };
    let target =
        Set { frames: labelled.into(), batch: recipe.batch_target, order: Stream::LabelledOrder, labelled: true };
    // Where everything is labelled there is still something to be consistent on.
    let rest = Set {
        frames: if unlabelled.is_empty() { labelled } else { unlabelled }.into(),
        batch: recipe.batch_unlabelled,
        order: Stream::UnlabelledOrder,
        labelled: false,
    };
    let [n_source, n_target, n_rest] = [source.batch, target.batch, rest.batch].map(|n| n as i64);
    let mut batches = Batches::start(job, [source, target, rest], training.steps())?;
    let alignment_start = (recipe.alignment_start * schedule.steps as f64) as u64;

    for step in training.steps() {
        let [source, target, rest] = batches.take()?;
        training.seed(step);
        let looked_at = Tensor::cat(&[&target.rgb, &rest.rgb], 0);
        let guide = no_grad(|| {
            let logits = teacher.model().see(&looked_at, false).logits;
            model.net.enlarge(&logits, recipe.crop) // [n_target + n_rest, C, h, w]
        });

        let seen = model.see(&Tensor::cat(&[&source.rgb, &looked_at], 0), true);
        let full = model.net.enlarge(&seen.logits, recipe.crop); // [n_source + n_target + n_rest, C, h, w]
        let (on_source, on_target) = (full.narrow(0, 0, n_source), full.narrow(0, n_source, n_target));
        let on_rest = full.narrow(0, n_source + n_target, n_rest);
        let source_loss = cross_entropy(&on_source, &source.label);
        let labelled_loss = ohem(&on_target, &target.label, recipe.ohem_threshold, recipe.ohem_min_kept);
        let consistency_loss = consistency(&on_target, &guide.narrow(0, 0, n_target))
            + consistency(&on_rest, &guide.narrow(0, n_target, n_rest));
        let mut loss = &source_loss + &labelled_loss + &consistency_loss * recipe.consistency_weight;

        // Until then the classes of a frame are too unsure for its vector to mean much.
        let mut aligned = None;
        if step >= alignment_start {
            let features = seen.features.narrow(0, n_source + n_target, n_rest);
            let classes = seen.logits.narrow(0, n_source + n_target, n_rest).argmax(1, false); // [n_rest, h/4, w/4]
            let vectors = class_means(&features, &classes, n_classes, recipe.min_pixels);
            let distance = alignment(&vectors.values.flatten(1, 2), &anchors);
            loss += &distance * recipe.alignment_weight;
            aligned = Some((vectors, distance));
        }
        sgd.step(&loss, step);
        teacher.follow(step);
        if let Some((vectors, _)) = &aligned {
            follow(&mut anchors, vectors, recipe.anchor_decay);
        }

        let mut curves = vec![
            ("loss/source", &source_loss),
            ("loss/labelled", &labelled_loss),
            ("loss/consistency", &consistency_loss),
        ];
        curves.extend(aligned.as_ref().map(|(_, distance)| ("loss/alignment", distance)));
        if !training.after(step, &loss, &curves, sgd.rate(step))? {
            return Ok(Outcome::Stopped(step + 1));
        }
    }
    model.finish(job, parent)?;
    Ok(Outcome::Done)
}
