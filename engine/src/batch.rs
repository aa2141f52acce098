//! Batches of training views, each a function of the seed and the step alone.

use std::ops::Range;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, anyhow, bail};
use rand::seq::SliceRandom;
use rayon::prelude::*;
use tch::{Device, Kind, Tensor};
use windlass::domain::{FrameRef, Recipe, Size, Stream, rng};

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
    /// What frames are scaled by.
    pub scale: [f64; 2],
}

impl Set {
    /// Frames with their labels, at the recipe's scales.
    pub fn labelled(frames: &[FrameRef], batch: usize, order: Stream, recipe: &Recipe) -> Self {
        Self { frames: frames.into(), batch, order, labelled: true, scale: recipe.scale }
    }

    /// Frames as they are.
    pub fn plain(frames: &[FrameRef], batch: usize, order: Stream, recipe: &Recipe) -> Self {
        Self { labelled: false, ..Self::labelled(frames, batch, order, recipe) }
    }

    /// What a person calls its frames, and how they come by some.
    fn what(&self) -> (&'static str, &'static str) {
        match self.order {
            Stream::SourceOrder => ("source frames", "import some first"),
            Stream::LabelledOrder | Stream::PartnerOrder => ("labelled target frames", "label the picks first"),
            _ => ("target frames", "import some first"),
        }
    }
}

/// A step's views of one set.
pub struct Batch {
    /// u8 `[n, crop.height, crop.width, 3]`.
    pub rgb: Tensor,
    /// i64 `[n, crop.height, crop.width]`, class indices and 255; 255 everywhere where no labels were wanted.
    pub label: Tensor,
    /// bool `[n, crop.height, crop.width]`, true outside of the frames; none where all crops lie within theirs.
    pub padding: Option<Tensor>,
    /// The places of the frames in their set.
    pub frames: Vec<usize>,
}

impl Batch {
    /// The padding of batches one after another; none where there is none in any.
    pub fn padding(batches: &[&Self]) -> Option<Tensor> {
        let one = |batch: &&Self| batch.padding.as_ref().map_or_else(|| batch.label.lt(0), Tensor::shallow_clone);
        let some = batches.iter().any(|batch| batch.padding.is_some());
        some.then(|| Tensor::cat(&batches.iter().map(one).collect::<Vec<_>>(), 0))
    }

    /// Frames in it.
    pub fn len(&self) -> i64 {
        self.frames.len() as i64
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    fn new(raw: Raw, crop: Size, device: Device) -> Self {
        let [n, height, width] = [raw.frames.len() as i64, i64::from(crop.height), i64::from(crop.width)];
        let rgb = Tensor::from_slice(&raw.rgb).view([n, height, width, 3]).to_device(device);
        let map =
            |bytes: &[u8], kind| Tensor::from_slice(bytes).view([n, height, width]).to_device(device).to_kind(kind);
        let padding = raw.padding.contains(&1).then(|| map(&raw.padding, Kind::Bool));
        Self { rgb, label: map(&raw.label, Kind::Int64), padding, frames: raw.frames }
    }
}

/// One batch of each of `N` sets for every step, read ahead.
pub struct Batches<const N: usize> {
    ahead: Ahead<[Raw; N]>,
    crop: Size,
    device: Device,
}

#[derive(Default)]
struct Raw {
    rgb: Vec<u8>,
    label: Vec<u8>,
    padding: Vec<u8>,
    frames: Vec<usize>,
}

/// A view of a frame.
struct Cut {
    rgb: Vec<u8>,
    label: Vec<u8>,
    padding: Vec<u8>,
}

impl<const N: usize> Batches<N> {
    /// Begins to read for the given steps; beyond a frame lies the colour `pad`.
    ///
    /// # Errors
    /// A set without frames.
    pub fn start(job: &Job, seed: u64, sets: [Set; N], steps: Range<u64>, pad: [u8; 3]) -> Result<Self> {
        if let Some(empty) = sets.iter().find(|set| set.frames.is_empty()) {
            let (frames, remedy) = empty.what();
            bail!("there are no {frames} to train on: {remedy}");
        }
        let recipe = job.spec.recipe.clone();
        let shelf = job.shelf.clone();
        let orders = sets.each_ref().map(|set| Order::new(seed, set.order, set.frames.len()));
        let make = move |step| {
            // Drawn before anything is read, in one order: what is drawn does not depend on who reads first.
            let mut draw = rng(seed, Stream::Augment, step);
            let mut plan = Vec::new();
            for (which, (set, order)) in sets.iter().zip(&orders).enumerate() {
                for place in 0..set.batch as u64 {
                    let frame = order.frame(step * set.batch as u64 + place);
                    plan.push((which, frame, View::draw(&mut draw, recipe.frame, recipe.crop, set.scale)));
                }
            }
            let views = plan.into_par_iter().map(|(which, frame, view)| {
                let set = &sets[which];
                let cut = cut(&shelf, &set.frames[frame], set.labelled, view, recipe.crop, pad)?;
                Ok((which, frame, cut))
            });
            let mut batches = [(); N].map(|()| Raw::default());
            for (which, frame, cut) in views.collect::<Result<Vec<_>>>()? {
                batches[which].push(frame, cut);
            }
            Ok(batches)
        };
        let ahead = Ahead::start(steps, job.readers(), make)?;
        Ok(Self { ahead, crop: job.spec.recipe.crop, device: job.device })
    }

    /// The next step's batches, in the order of the sets.
    pub fn take(&mut self) -> Result<[Batch; N]> {
        Ok(self.ahead.take()?.map(|raw| Batch::new(raw, self.crop, self.device)))
    }
}

/// Frames that a training asks for by what it has seen, read beside its steps.
pub struct OnDemand {
    asked: Sender<(u64, Vec<usize>)>,
    read: Receiver<Result<Raw>>,
    waiting: bool,
    crop: Size,
    device: Device,
}

impl OnDemand {
    /// A reader of these frames, without labels; beyond a frame lies the colour `pad`.
    pub fn start(job: &Job, seed: u64, frames: Vec<FrameRef>, pad: [u8; 3]) -> Result<Self> {
        let (asked, orders) = channel::<(u64, Vec<usize>)>();
        let (done, read) = channel();
        let (recipe, shelf) = (job.spec.recipe.clone(), job.shelf.clone());
        let (crop, device) = (recipe.crop, job.device);
        let one = move |(step, wanted): (u64, Vec<usize>)| {
            let mut draw = rng(seed, Stream::PartnerView, step);
            let mut raw = Raw::default();
            for place in wanted {
                let view = View::draw(&mut draw, recipe.frame, crop, recipe.scale);
                raw.push(place, cut(&shelf, &frames[place], false, view, crop, pad)?);
            }
            Ok(raw)
        };
        let work = move || {
            // Ends with the training, whose end of either channel is gone then.
            while let Ok(order) = orders.recv() {
                if done.send(one(order)).is_err() {
                    return;
                }
            }
        };
        std::thread::Builder::new().name("on-demand".into()).spawn(work)?;
        Ok(Self { asked, read, waiting: false, crop, device })
    }

    /// Whether nothing was asked for since the last batch was taken.
    pub fn is_idle(&self) -> bool {
        !self.waiting
    }

    /// Has the frames at these places read for a step; their views depend on the seed and the step alone.
    pub fn ask(&mut self, step: u64, frames: Vec<usize>) -> Result<()> {
        self.waiting = true;
        self.asked.send((step, frames)).map_err(|_| anyhow!("the reader of chosen frames broke off"))
    }

    /// Waits for what was asked for.
    pub fn take(&mut self) -> Result<Batch> {
        self.waiting = false;
        let raw = self.read.recv().map_err(|_| anyhow!("the reader of chosen frames broke off"))??;
        Ok(Batch::new(raw, self.crop, self.device))
    }
}

impl Raw {
    fn push(&mut self, frame: usize, cut: Cut) {
        self.rgb.extend(cut.rgb);
        self.label.extend(cut.label);
        self.padding.extend(cut.padding);
        self.frames.push(frame);
    }
}

/// One view.
fn cut(shelf: &Shelf, frame: &FrameRef, labelled: bool, view: View, crop: Size, pad: [u8; 3]) -> Result<Cut> {
    let picture = shelf.picture(frame, labelled)?;
    let n = crop.pixels();
    let mut cut = Cut { rgb: vec![0; n * 3], label: vec![windlass::domain::IGNORE; n], padding: vec![0; n] };
    view.picture(&picture.rgb, shelf.size(), crop, pad, &mut cut.rgb);
    if let Some(label) = &picture.label {
        view.label(label, shelf.size(), crop, &mut cut.label);
    }
    view.padding(crop, &mut cut.padding);
    Ok(cut)
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
