//! Batches of training views, each a function of the seed and the step alone.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, ensure};
use rand::seq::SliceRandom;
use rayon::prelude::*;
use tch::{Device, Kind, Tensor};
use windlass::domain::{Backbone, FrameRef, Size, Stream, rng};

use crate::ahead::Ahead;
use crate::augment::View;
use crate::frames::Shelf;
use crate::job::Job;

/// Frames to draw from.
pub struct Set {
    /// At least one.
    pub frames: Vec<FrameRef>,
    /// How many a step.
    pub batch: usize,
    /// What their order is drawn from. Sets of a job have different ones.
    pub order: Stream,
    /// Whether labels are wanted.
    pub labelled: bool,
}

/// A step's views of one set.
pub struct Batch {
    /// u8 `[n, crop.height, crop.width, 3]`.
    pub rgb: Tensor,
    /// i64 `[n, crop.height, crop.width]`, class indices and 255; 255 everywhere where no labels were wanted.
    pub label: Tensor,
}

/// One batch of each of `N` sets for every step, read ahead.
pub struct Batches<const N: usize> {
    ahead: Ahead<[Raw; N]>,
    crop: Size,
    device: Device,
}

struct Raw {
    rgb: Vec<u8>,
    label: Vec<u8>,
}

impl<const N: usize> Batches<N> {
    /// Begins to read for the given steps.
    ///
    /// # Errors
    /// A set without frames.
    pub fn start(job: &Job, sets: [Set; N], steps: Range<u64>) -> Result<Self> {
        ensure!(sets.iter().all(|set| !set.frames.is_empty()), "there are no frames to train on: import some first");
        let recipe = job.spec.recipe.clone();
        let seed = job.spec.seed;
        let shelf = Shelf::new(recipe.frame, job.spec.codes.clone());
        let pad = mean_color(recipe.backbone);
        let orders = sets.each_ref().map(|set| Order::new(seed, set.order, set.frames.len()));
        let make = move |step| {
            // Drawn before anything is read, in one order: what is drawn does not depend on who reads first.
            let mut draw = rng(seed, Stream::Augment, step);
            let mut plan = Vec::new();
            for (which, (set, order)) in sets.iter().zip(&orders).enumerate() {
                for place in 0..set.batch as u64 {
                    let frame = order.frame(step * set.batch as u64 + place);
                    plan.push((which, frame, View::draw(&mut draw, recipe.frame, recipe.crop, recipe.scale)));
                }
            }
            let views = plan.into_par_iter().map(|(which, frame, view)| {
                let set = &sets[which];
                let raw = cut(&shelf, &set.frames[frame], set.labelled, view, recipe.crop, pad)?;
                Ok((which, raw))
            });
            let mut batches = [const { Raw { rgb: Vec::new(), label: Vec::new() } }; N];
            for (which, raw) in views.collect::<Result<Vec<_>>>()? {
                batches[which].rgb.extend(raw.rgb);
                batches[which].label.extend(raw.label);
            }
            Ok(batches)
        };
        let ahead = Ahead::start(steps, job.readers(), make)?;
        Ok(Self { ahead, crop: job.spec.recipe.crop, device: job.device })
    }

    /// The next step's batches, in the order of the sets.
    pub fn take(&mut self) -> Result<[Batch; N]> {
        let [height, width] = [self.crop.height, self.crop.width].map(i64::from);
        let raws = self.ahead.take()?;
        Ok(raws.map(|Raw { rgb, label }| {
            let rgb = Tensor::from_slice(&rgb).view([-1, height, width, 3]).to_device(self.device);
            let label = Tensor::from_slice(&label).view([-1, height, width]).to_device(self.device);
            Batch { rgb, label: label.to_kind(Kind::Int64) }
        }))
    }
}

/// One view and its label.
fn cut(shelf: &Shelf, frame: &FrameRef, labelled: bool, view: View, crop: Size, pad: [u8; 3]) -> Result<Raw> {
    let picture = shelf.picture(frame, labelled)?;
    let mut raw = Raw { rgb: vec![0; crop.pixels() * 3], label: vec![windlass::domain::IGNORE; crop.pixels()] };
    view.picture(&picture.rgb, shelf.size(), crop, pad, &mut raw.rgb);
    if let Some(label) = &picture.label {
        view.label(label, shelf.size(), crop, &mut raw.label);
    }
    Ok(raw)
}

/// What the network takes for nothing: a colour that is normalised to about 0.
fn mean_color(backbone: Backbone) -> [u8; 3] {
    match backbone {
        Backbone::Resnet101 => [124, 116, 104],
        Backbone::EfficientnetLite0 => [127; 3],
    }
}

/// An endless order of frames: each epoch is a shuffle of its own, so the frame at a place needs no history.
struct Order {
    seed: u64,
    stream: Stream,
    n_frames: u64,
    /// The epochs that the current steps lie in; a batch can span several of a small set.
    epoch: Mutex<Option<(u64, Arc<Vec<usize>>)>>,
}

impl Order {
    fn new(seed: u64, stream: Stream, n_frames: usize) -> Self {
        Self { seed, stream, n_frames: n_frames as u64, epoch: Mutex::new(None) }
    }

    /// The frame at a place counted from the beginning of the training.
    fn frame(&self, place: u64) -> usize {
        self.shuffle(place / self.n_frames)[(place % self.n_frames) as usize]
    }

    fn shuffle(&self, epoch: u64) -> Arc<Vec<usize>> {
        let mut current = self.epoch.lock().unwrap_or_else(PoisonError::into_inner);
        match &*current {
            Some((number, shuffle)) if *number == epoch => shuffle.clone(),
            _ => {
                let mut shuffle: Vec<usize> = (0..self.n_frames as usize).collect();
                shuffle.shuffle(&mut rng(self.seed, self.stream, epoch));
                let shuffle = Arc::new(shuffle);
                *current = Some((epoch, shuffle.clone()));
                shuffle
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_epoch_shows_every_frame_once_in_another_order() {
        let order = Order::new(3, Stream::SourceOrder, 5);
        let epoch = |n: u64| (n * 5..n * 5 + 5).map(|place| order.frame(place)).collect::<Vec<_>>();
        let (first, second) = (epoch(0), epoch(1));
        for mut frames in [first.clone(), second.clone()] {
            frames.sort_unstable();
            assert_eq!(frames, [0, 1, 2, 3, 4]);
        }
        assert_ne!(first, second);
        let resumed = Order::new(3, Stream::SourceOrder, 5);
        assert_eq!((5..10).map(|place| resumed.frame(place)).collect::<Vec<_>>(), second);
    }
}
