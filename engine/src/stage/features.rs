//! Feature vectors of whole frames (Eq. 1, 4).

use std::path::Path;

use anyhow::Result;
use tch::{Kind, Tensor};
use windlass::domain::{Event, FeatureSet, IGNORE, Size, files};
use windlass::formats::resize::resize_nearest;

use crate::feature_file::{FeatureWriter, partial};
use crate::job::{Job, Outcome};
use crate::mark::Mark;
use crate::model::Model;
use crate::pooling::class_means;
use crate::predict::{Count, Seen, each, entropy};

/// Frames between two marks to go on from: a minute on a card at 2048x1024.
const KEEP_EVERY: usize = 256;

/// Leaves one vector a frame. Where a frame has a label, only rightly predicted pixels count, as in the authors' code.
pub fn run(job: &Job, model: &Path, sets: &[FeatureSet]) -> Result<Outcome> {
    let (path, mark) = (job.out(files::FEATURES)?, Mark::of(job)?);
    let before = if partial(&path).exists() { mark.reached() } else { 0 };
    job.started((before > 0).then_some(before as u64))?;
    let model = Model::load(job, model)?;
    let (recipe, n_classes) = (&job.spec.recipe, job.spec.classes.len());
    let writer = FeatureWriter::open(&path, sets, n_classes, recipe.backbone.feature_channels())?;
    let mut count = Count { done: 0, total: sets.iter().map(|set| set.frames.len()).sum() };
    let keep = |frames: usize| {
        writer.sync()?;
        mark.move_to(frames)?;
        Ok::<_, anyhow::Error>(job.events.say(Event::Checkpoint { step: frames as u64 })?)
    };
    for set in sets {
        // Marks stand between batches, so a resumed job sees the batches of one left alone.
        let skipped = before.saturating_sub(count.done).min(set.frames.len());
        count.done += skipped;
        let (mut done, mut kept) = (count.done, count.done);
        let all = each(job, &model, &set.frames[skipped..], true, &mut count, |seen: Seen<'_>| {
            let guess = seen.output.logits.argmax(1, false); // [n, h/4, w/4]
            let right = guess.eq_tensor(&labels_or(&guess, &seen)?);
            let counted = guess.where_scalarother(&right, i64::from(IGNORE));
            let vectors = class_means(&seen.output.features, &counted, n_classes, recipe.min_pixels);
            let doubt = entropy(&seen.output.logits).mean_dim([1, 2].as_slice(), false, Kind::Float); // [n]
            writer.rows(&set.name, skipped + seen.first, &vectors.values, &vectors.present, &doubt)?;
            done += seen.frames.len();
            if done - kept >= KEEP_EVERY {
                kept = done;
                keep(done)?;
            }
            Ok(())
        })?;
        if done > kept {
            keep(done)?;
        }
        if !all {
            return Ok(Outcome::Stopped(count.done as u64));
        }
    }
    writer.finish()?;
    Ok(Outcome::Done)
}

/// The labels of the frames at the size of `guess` i64 `[n, h, w]`; the guess itself where a frame has none.
fn labels_or(guess: &Tensor, seen: &Seen<'_>) -> Result<Tensor> {
    let (n, height, width) = guess.size3()?;
    let size = Size { width: width as u32, height: height as u32 };
    let truth = (0..n).zip(&seen.labels).map(|(frame, label)| match label {
        None => guess.get(frame),
        Some(label) => {
            let label = Tensor::from_slice(resize_nearest(label, size).pixels()).view([height, width]);
            label.to_device(guess.device()).to_kind(Kind::Int64)
        }
    });
    Ok(Tensor::stack(&truth.collect::<Vec<_>>(), 0))
}
