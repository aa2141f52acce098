//! Start masks, where the model doubts them, and the segments that people correct them by.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use tch::{Device, Kind, Tensor};
use windlass::domain::{FrameRef, Proposal, Recipe, Size, files};
use windlass::formats::{atomic, mask_png};

use crate::frames::Shelf;
use crate::job::{Job, Outcome};
use crate::mark::Mark;
use crate::model::Model;
use crate::predict::{Count, classes, each_by, entropy};
use crate::segments;
use crate::views::see_larger;

/// How much larger than the recipe's size a frame is shown as well, at most.
const LARGER: f64 = 1.5;

/// Leaves, for each frame at its own size, the likeliest class and the normalised entropy of every pixel,
/// and its segments.
pub fn run(job: &Job, model: &Path, frames: &[FrameRef]) -> Result<Outcome> {
    let mut mark = Mark::<Vec<Proposal>>::of(job)?;
    let (before, mut proposals) = mark.reached();
    job.started((before > 0).then_some(before as u64))?;
    let model = Model::load(job, model)?;
    let mut count = Count { done: before, total: frames.len() };
    let shelf = Arc::new(Shelf::new(shown(&job.spec.recipe), job.spec.codes.clone()));
    let see = |rgb: &Tensor| see_larger(&model, rgb, job.spec.recipe.frame);
    let all = each_by(job, &shelf, see, &frames[before..], false, &mut count, |seen| {
        let doubt = entropy(&seen.output.logits); // [n, h/4, w/4]
        for (place, frame) in (0..).zip(seen.frames) {
            let mask = format!("prelabel/{}.png", frame.id);
            let logits = seen.output.logits.narrow(0, place, 1);
            mask_png::write_gray(&job.out(&mask)?, frame.size, &classes(&model, &logits, frame.size)?)?;

            // The entropy is as smooth as the network's map: enlarging it is cheaper than that of enlarged logits.
            let doubt = doubt.narrow(0, place, 1);
            let wide = model.net.enlarge(&doubt.unsqueeze(1), frame.size).clamp(0.0, 1.0) * 255.0; // [1, 1, height, width]
            let wide = Vec::<u8>::try_from(wide.round().to_kind(Kind::Uint8).to_device(Device::Cpu).flatten(0, -1))?;
            let uncertainty = format!("prelabel/{}.uncertainty.png", frame.id);
            mask_png::write_gray(&job.out(&uncertainty)?, frame.size, &wide)?;
            let segments = format!("prelabel/{}.segments.gz", frame.id);
            atomic::write(
                &job.out(&segments)?,
                &segments::of(&model, frame, &seen.output.features.narrow(0, place, 1))?,
            )?;
            for file in [&mask, &uncertainty, &segments] {
                mark.wrote(job.out(file)?);
            }
            let mean_uncertainty = doubt.mean(Kind::Float).double_value(&[]);
            proposals.push(Proposal { frame: frame.id, mask, uncertainty, segments: Some(segments), mean_uncertainty });
        }
        if mark.is_due() { mark.move_to(proposals.len(), &proposals) } else { Ok(()) }
    })?;
    if !all {
        mark.move_to(proposals.len(), &proposals)?;
        return Ok(Outcome::Stopped(count.done as u64));
    }
    atomic::write(&job.out(files::PROPOSALS)?, &serde_json::to_vec_pretty(&proposals)?)?;
    Ok(Outcome::Done)
}

/// The larger size at which frames are shown: as large as the network met them while it trained, so that it sees what is
/// small. Beside the recipe's size, not in its place: of two networks one saw less at the larger alone.
fn shown(recipe: &Recipe) -> Size {
    let times = recipe.scale[1].clamp(1.0, LARGER);
    let side = |length: u32| (f64::from(length) * times).round() as u32;
    Size { width: side(recipe.frame.width), height: side(recipe.frame.height) }
}

#[cfg(test)]
mod tests {
    use windlass::domain::Backbone;

    use super::*;

    #[test]
    fn frames_are_shown_as_large_as_the_network_met_them() {
        let at = |scale| {
            let recipe = Recipe {
                frame: Size { width: 896, height: 512 },
                scale,
                ..Recipe::recommended(Backbone::EfficientnetLite0)
            };
            let Size { width, height } = shown(&recipe);
            (width, height)
        };
        assert_eq!(at([0.5, 1.5]), (1344, 768));
        assert_eq!(at([1.0, 1.25]), (1120, 640));
        assert_eq!(at([0.5, 0.75]), (896, 512));
        assert_eq!(at([0.5, 2.0]), (1344, 768));
    }
}
