//! IoU of a model on frames with labels, at the labels' own size.

use std::path::Path;

use anyhow::{Context, Result};
use windlass::domain::{Confusion, Evaluation, FrameRef, files};
use windlass::formats::{atomic, mask_png};

use crate::job::{Job, Outcome};
use crate::model::Model;
use crate::predict::{Count, classes, each_by};
use crate::views::see;

/// Leaves the confusion matrix, the first `pictures` predictions as pictures, and all of them if `predictions`.
pub fn run(job: &Job, model: &Path, frames: &[FrameRef], pictures: usize, predictions: bool) -> Result<Outcome> {
    job.started(None)?;
    let model = Model::load(job, model)?;
    let mut confusion = Confusion::new(job.spec.classes.len());
    let mut shown = Vec::new();
    let mut count = Count { done: 0, total: frames.len() };
    let all = each_by(
        job,
        |rgb| see(&model, rgb, &job.spec.recipe),
        frames,
        true,
        &mut count,
        |seen| {
            for (place, (frame, truth)) in seen.frames.iter().zip(&seen.labels).enumerate() {
                let truth = truth.as_ref().with_context(|| {
                    format!("frame {} has no label to measure against: give validation frames with labels", frame.id)
                })?;
                let guess = classes(&model, &seen.output.logits.narrow(0, place as i64, 1), truth.size())?;
                confusion.add(truth.pixels(), &guess);
                let keep = |folder| -> Result<()> {
                    Ok(mask_png::write_gray(&job.out(&format!("{folder}/{}.png", frame.id))?, truth.size(), &guess)?)
                };
                if seen.first + place < pictures {
                    keep(files::PICTURES)?;
                    shown.push(frame.id);
                }
                if predictions {
                    keep(files::PREDICTIONS)?;
                }
            }
            Ok(())
        },
    )?;
    if !all {
        return Ok(Outcome::Stopped(count.done as u64));
    }
    let evaluation = Evaluation { frames: frames.len(), confusion, pictures: shown };
    atomic::write(&job.out(files::EVALUATION)?, &serde_json::to_vec_pretty(&evaluation)?)?;
    Ok(Outcome::Done)
}
