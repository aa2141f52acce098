//! IoU of a model on frames with labels, at the labels' own size.

use std::path::Path;

use anyhow::{Context, Result};
use windlass::domain::{Confusion, Evaluation, FrameRef, files};
use windlass::formats::{atomic, mask_png};

use crate::job::{Job, Outcome};
use crate::mark::Mark;
use crate::model::Model;
use crate::predict::{Count, classes, each_by};
use crate::views::see;

/// Leaves the confusion matrix, the first `pictures` predictions as pictures, and all of them if `predictions`. Where the
/// model is the best of a training's states, the last one is measured too.
pub fn run(job: &Job, model: &Path, frames: &[FrameRef], pictures: usize, predictions: bool) -> Result<Outcome> {
    let mut mark = Mark::<Vec<Confusion>>::of(job)?;
    let (before, mut confusions) = mark.reached();
    job.started((before > 0).then_some(before as u64))?;
    let last = Some(model.with_file_name(files::LAST_MODEL)).filter(|last| last.is_file());
    let models: Vec<&Path> = [model].into_iter().chain(last.as_deref()).collect();
    confusions.resize(models.len(), Confusion::new(job.spec.classes.len()));
    let mut count = Count { done: 0, total: frames.len() * models.len() };
    for (which, path) in models.into_iter().enumerate() {
        let skipped = before.saturating_sub(count.done).min(frames.len());
        count.done += skipped;
        let mut done = count.done;
        let model = Model::load(job, path)?;
        let see = |rgb: &_| see(&model, rgb, &job.spec.recipe);
        let all = each_by(job, &job.shelf, see, &frames[skipped..], true, &mut count, |seen| {
            for (place, (frame, truth)) in seen.frames.iter().zip(&seen.labels).enumerate() {
                let truth = truth.as_ref().with_context(|| {
                    format!("frame {} has no label to measure against: give validation frames with labels", frame.id)
                })?;
                let guess = classes(&model, &seen.output.logits.narrow(0, place as i64, 1), truth.size())?;
                confusions[which].add(truth.pixels(), &guess);
                let is_shown = skipped + seen.first + place < pictures;
                for (folder, wanted) in [(files::PICTURES, is_shown), (files::PREDICTIONS, predictions)] {
                    if wanted && which == 0 {
                        let path = job.out(&format!("{folder}/{}.png", frame.id))?;
                        mask_png::write_gray(&path, truth.size(), &guess)?;
                        mark.wrote(path);
                    }
                }
            }
            done += seen.frames.len();
            if mark.is_due() { mark.move_to(done, &confusions) } else { Ok(()) }
        })?;
        if !all {
            mark.move_to(done, &confusions)?;
            return Ok(Outcome::Stopped(done as u64));
        }
    }
    let pictures = frames.iter().take(pictures).map(|frame| frame.id).collect();
    let mut confusions = confusions.into_iter();
    let confusion = confusions.next().context("a model was measured")?;
    let evaluation = Evaluation { frames: frames.len(), confusion, last: confusions.next(), pictures };
    atomic::write(&job.out(files::EVALUATION)?, &serde_json::to_vec_pretty(&evaluation)?)?;
    Ok(Outcome::Done)
}
