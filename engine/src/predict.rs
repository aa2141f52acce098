//! Whole frames through a model in evaluation mode, several small ones at a time.

use std::sync::Arc;

use anyhow::Result;
use rayon::prelude::*;
use tch::{Device, Kind, Tensor, no_grad};
use windlass::domain::{FrameRef, Mask, Size};

use crate::ahead::Ahead;
use crate::frames::Shelf;
use crate::job::Job;
use crate::model::Model;
use crate::net::Output;

/// Some frames and what the model makes of them.
pub struct Seen<'a> {
    /// The place of the first among all frames.
    pub first: usize,
    /// The frames.
    pub frames: &'a [FrameRef],
    /// Their labels at their own size, where wanted and there.
    pub labels: Vec<Option<Mask>>,
    /// Of the frames at the shelf's size.
    pub output: Output,
}

/// How far a job is that goes through several lists of frames.
pub struct Count {
    /// Frames finished.
    pub done: usize,
    /// Frames in all lists.
    pub total: usize,
}

/// Shows `frames` to the model and hands what it sees to `visit`, in order; labels are read where `labelled`. Says how
/// far it is.
///
/// False where the job was asked to stop before the last frame.
pub fn each(
    job: &Job,
    model: &Model,
    frames: &[FrameRef],
    labelled: bool,
    count: &mut Count,
    visit: impl FnMut(Seen<'_>) -> Result<()>,
) -> Result<bool> {
    each_by(job, &job.shelf, |rgb| model.see(rgb, false), frames, labelled, count, visit)
}

/// The same from a shelf with frames of another size, or with another way to see pictures u8 `[n, h, w, 3]`.
pub fn each_by(
    job: &Job,
    shelf: &Arc<Shelf>,
    see: impl Fn(&Tensor) -> Output,
    frames: &[FrameRef],
    labelled: bool,
    count: &mut Count,
    mut visit: impl FnMut(Seen<'_>) -> Result<()>,
) -> Result<bool> {
    if job.stopping() {
        return Ok(false);
    }
    look(job, shelf, see, frames, labelled, |seen| {
        let last = seen.first + seen.frames.len() == frames.len();
        count.done += seen.frames.len();
        visit(seen)?;
        job.events.progress(count.done as u64, count.total as u64, "frame")?;
        Ok(last || !job.stopping())
    })
}

/// The same in silence, until `visit` wants no more. Whether it has seen all.
pub fn look(
    job: &Job,
    shelf: &Arc<Shelf>,
    see: impl Fn(&Tensor) -> Output,
    frames: &[FrameRef],
    labelled: bool,
    mut visit: impl FnMut(Seen<'_>) -> Result<bool>,
) -> Result<bool> {
    let size = shelf.size();
    let at_once = at_once(job.device, size);
    let shelf = shelf.clone();
    let owned: Arc<[FrameRef]> = frames.into();
    let read = move |batch| {
        let first = batch as usize * at_once;
        let frames = &owned[first..owned.len().min(first + at_once)];
        let one = |frame: &FrameRef| {
            let label = if labelled && frame.label.is_some() { Some(shelf.label(frame)?) } else { None };
            Ok((shelf.rgb(frame)?, label))
        };
        frames.par_iter().map(one).collect::<Result<Vec<_>>>()
    };
    let mut batches = Ahead::start(0..frames.len().div_ceil(at_once) as u64, job.readers(), read)?;
    for (batch, frames) in frames.chunks(at_once).enumerate() {
        let (pictures, labels): (Vec<_>, Vec<_>) = batches.take()?.into_iter().unzip();
        let rgb = Tensor::from_slice(&pictures.concat());
        let rgb = rgb.view([frames.len() as i64, i64::from(size.height), i64::from(size.width), 3]);
        let output = no_grad(|| see(&rgb.to_device(job.device)));
        if !no_grad(|| visit(Seen { first: batch * at_once, frames, labels, output }))? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Normalised entropy of soft-max maps, 0 to 1: logits `[n, C, h, w]` -> `[n, h, w]`.
pub fn entropy(logits: &Tensor) -> Tensor {
    let n_classes = (logits.size()[1].max(2)) as f64;
    let log_p = logits.log_softmax(1, Kind::Float);
    (log_p.exp() * log_p).sum_dim_intlist(1, false, Kind::Float) / -n_classes.ln()
}

/// The class of every pixel: logits `[1, C, h, w]` -> bytes of a mask of `size`.
pub fn classes(model: &Model, logits: &Tensor, size: Size) -> Result<Vec<u8>> {
    let classes = model.net.enlarge(logits, size).argmax(1, false).to_kind(Kind::Uint8); // [1, height, width]
    Ok(Vec::<u8>::try_from(classes.to_device(Device::Cpu).flatten(0, -1))?)
}

/// Frames that go through the network together: about half a million pixels on a CPU, where more only cost memory.
fn at_once(device: Device, size: Size) -> usize {
    let pixels = if device.is_cuda() { 8 << 20 } else { 1 << 19 };
    (pixels / size.pixels()).clamp(1, 32)
}
