//! IoU of a model on frames with labels, at the labels' own size.

use std::path::Path;

use anyhow::{Context, Result};
use windlass::domain::{Confusion, Evaluation, FrameRef, Size, files};
use windlass::formats::{atomic, mask_png};

use crate::job::{Job, Outcome};
use crate::model::Model;
use crate::predict::{Count, classes, each_by};
use crate::views::see;

/// Leaves the confusion matrix, the first `pictures` predictions as pictures, and all of them if `predictions`. Where the
/// model is the best of a training's states, the last one is measured too.
pub fn run(job: &Job, model: &Path, frames: &[FrameRef], pictures: usize, predictions: bool) -> Result<Outcome> {
    job.started(None)?;
    let last = Some(model.with_file_name(files::LAST_MODEL)).filter(|last| last.is_file());
    let mut count = Count { done: 0, total: frames.len() * if last.is_some() { 2 } else { 1 } };
    let mut shown = Vec::new();
    let keep = |place: usize, size: Size, guess: &[u8]| {
        let write = |folder| -> Result<()> {
            Ok(mask_png::write_gray(&job.out(&format!("{folder}/{}.png", frames[place].id))?, size, guess)?)
        };
        if place < pictures {
            write(files::PICTURES)?;
            shown.push(frames[place].id);
        }
        if predictions { write(files::PREDICTIONS) } else { Ok(()) }
    };
    let stopped = |count: &Count| Ok(Outcome::Stopped(count.done as u64));
    let Some(confusion) = measure(job, model, frames, &mut count, keep)? else { return stopped(&count) };
    let last = match last {
        None => None,
        Some(last) => match measure(job, &last, frames, &mut count, |_, _, _| Ok(()))? {
            None => return stopped(&count),
            some => some,
        },
    };
    let evaluation = Evaluation { frames: frames.len(), confusion, last, pictures: shown };
    atomic::write(&job.out(files::EVALUATION)?, &serde_json::to_vec_pretty(&evaluation)?)?;
    Ok(Outcome::Done)
}

/// Counts what a model says of the frames; `keep` gets each answer with the place of its frame. None where the job was
/// asked to stop.
fn measure(
    job: &Job,
    model: &Path,
    frames: &[FrameRef],
    count: &mut Count,
    mut keep: impl FnMut(usize, Size, &[u8]) -> Result<()>,
) -> Result<Option<Confusion>> {
    let model = Model::load(job, model)?;
    let mut confusion = Confusion::new(job.spec.classes.len());
    let see = |rgb: &_| see(&model, rgb, &job.spec.recipe);
    let all = each_by(job, &job.shelf, see, frames, true, count, |seen| {
        for (place, (frame, truth)) in seen.frames.iter().zip(&seen.labels).enumerate() {
            let truth = truth.as_ref().with_context(|| {
                format!("frame {} has no label to measure against: give validation frames with labels", frame.id)
            })?;
            let guess = classes(&model, &seen.output.logits.narrow(0, place as i64, 1), truth.size())?;
            confusion.add(truth.pixels(), &guess);
            keep(seen.first + place, truth.size(), &guess)?;
        }
        Ok(())
    })?;
    Ok(all.then_some(confusion))
}
