//! Start masks, where the model doubts them, and the segments that people correct them by.

use std::path::Path;

use anyhow::Result;
use tch::{Device, Kind};
use windlass::domain::{FrameRef, Proposal, files};
use windlass::formats::{atomic, mask_png};

use crate::job::{Job, Outcome};
use crate::model::Model;
use crate::predict::{Count, classes, each, entropy};
use crate::segments;

/// Leaves, for each frame at its own size, the likeliest class and the normalised entropy of every pixel,
/// and its segments.
pub fn run(job: &Job, model: &Path, frames: &[FrameRef]) -> Result<Outcome> {
    job.started(None)?;
    let model = Model::load(job, model)?;
    let mut proposals = Vec::with_capacity(frames.len());
    let mut count = Count { done: 0, total: frames.len() };
    let all = each(job, &model, frames, false, &mut count, |seen| {
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
            let mean_uncertainty = doubt.mean(Kind::Float).double_value(&[]);
            proposals.push(Proposal { frame: frame.id, mask, uncertainty, segments: Some(segments), mean_uncertainty });
        }
        Ok(())
    })?;
    if !all {
        return Ok(Outcome::Stopped(count.done as u64));
    }
    atomic::write(&job.out(files::PROPOSALS)?, &serde_json::to_vec_pretty(&proposals)?)?;
    Ok(Outcome::Done)
}
