//! Feature vectors of whole frames (Eq. 1, 4).

use std::path::Path;

use anyhow::Result;
use tch::{Kind, Tensor};
use windlass::domain::{FeatureSet, IGNORE, Size, files};
use windlass::formats::resize::resize_nearest;

use crate::feature_file::FeatureWriter;
use crate::job::{Job, Outcome};
use crate::model::Model;
use crate::pooling::class_means;
use crate::predict::{Count, Seen, each, entropy};

/// Leaves one vector a frame. Where a frame has a label, only rightly predicted pixels count, as in the authors' code.
pub fn run(job: &Job, model: &Path, sets: &[FeatureSet]) -> Result<Outcome> {
    job.started(None)?;
    let model = Model::load(job, model)?;
    let (recipe, n_classes) = (&job.spec.recipe, job.spec.classes.len());
    let path = job.out(files::FEATURES)?;
    let writer = FeatureWriter::create(&path, sets, n_classes, recipe.backbone.feature_channels())?;
    let mut count = Count { done: 0, total: sets.iter().map(|set| set.frames.len()).sum() };
    for set in sets {
        let all = each(job, &model, &set.frames, true, &mut count, |seen: Seen<'_>| {
            let guess = seen.output.logits.argmax(1, false); // [n, h/4, w/4]
            let right = guess.eq_tensor(&labels_or(&guess, &seen)?);
            let counted = guess.where_scalarother(&right, i64::from(IGNORE));
            let vectors = class_means(&seen.output.features, &counted, n_classes, recipe.min_pixels);
            let doubt = entropy(&seen.output.logits).mean_dim([1, 2].as_slice(), false, Kind::Float); // [n]
            writer.rows(&set.name, seen.first, &vectors.values, &vectors.present, &doubt)
        })?;
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
