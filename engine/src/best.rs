//! The best of a training's states, chosen by labelled target frames that it neither learns from nor is reported on.

use anyhow::Result;
use rand::Rng;
use tch::{Tensor, no_grad};
use windlass::domain::{Confusion, Event, FrameRef, Stream, files, rng};

use crate::checkpoint::{Named, named};
use crate::job::Job;
use crate::model::Model;
use crate::predict::{classes, look};
use crate::weights;

/// How many states of a training are measured.
const STATES: u64 = 10;

/// The best state so far.
pub struct Best {
    frames: Vec<FrameRef>,
    weights: Named,
    /// mIoU of `weights`, and the steps that led there.
    score: Tensor,
}

impl Best {
    /// Splits about `holdout` of the labelled frames off: what is left to learn from, and the choice among states of `model`.
    /// No choice where the recipe wants none or a single frame is labelled. The seed and its id alone decide on a frame, so
    /// that no round learns from what a later one chooses by.
    pub fn split(job: &Job, model: &Model, labelled: &[FrameRef]) -> (Vec<FrameRef>, Option<Self>) {
        let share = job.spec.recipe.holdout;
        if share == 0.0 || labelled.len() < 2 {
            return (labelled.to_vec(), None);
        }
        let draw = |frame: &FrameRef| rng(job.spec.seed, Stream::HoldOut, frame.id.0 as u64).random::<f64>();
        let (mut held, mut frames): (Vec<_>, Vec<_>) = labelled.iter().cloned().partition(|frame| draw(frame) < share);
        // A few frames may all fall on one side.
        if held.is_empty() {
            held.extend(frames.pop());
        } else if frames.is_empty() {
            frames.extend(held.pop());
        }
        let weights = no_grad(|| model.vs.variables().into_iter().map(|(name, own)| (name, own.copy())).collect());
        let score = Tensor::from_slice(&[-1.0_f32, 0.0]);
        (frames, Some(Self { frames: held, weights, score }))
    }

    /// What a checkpoint has to hold.
    pub fn state(&self) -> Named {
        let weights = self.weights.iter().map(|(name, own)| (name.clone(), own.shallow_clone()));
        named("best", weights.chain([("score".to_owned(), self.score.shallow_clone())]))
    }

    /// Measures the state after `done` of `steps` steps where it is time, and keeps it if it is the best.
    pub fn look(&mut self, job: &Job, model: &Model, done: u64, steps: u64) -> Result<()> {
        if !done.is_multiple_of((steps / STATES).max(1)) && done != steps {
            return Ok(());
        }
        let mut confusion = Confusion::new(job.spec.classes.len());
        look(
            job,
            &job.shelf,
            |rgb| model.see(rgb, false),
            &self.frames,
            true,
            |seen| {
                for (place, truth) in seen.labels.iter().enumerate() {
                    if let Some(truth) = truth {
                        let guess = classes(model, &seen.output.logits.narrow(0, place as i64, 1), truth.size())?;
                        confusion.add(truth.pixels(), &guess);
                    }
                }
                Ok(true)
            },
        )?;
        let Some(score) = confusion.mean_iou() else { return Ok(()) };
        job.events.say(Event::Scalars { step: done, values: [("mIoU/held out".to_owned(), score)].into() })?;
        if score > self.score.double_value(&[0]) {
            no_grad(|| {
                let now = model.vs.variables();
                for (name, own) in &mut self.weights {
                    own.copy_(&now[name]);
                }
                self.score.copy_(&Tensor::from_slice(&[score as f32, done as f32]));
            });
        }
        Ok(())
    }

    /// Puts the best state into the model and leaves the last one beside it.
    pub fn settle(self, job: &Job, model: &Model) -> Result<()> {
        weights::save(&model.vs, job.out(files::LAST_MODEL)?)?;
        let [score, step] = [0, 1].map(|place| self.score.double_value(&[place]));
        if score < 0.0 {
            return Ok(());
        }
        no_grad(|| {
            let mut now = model.vs.variables();
            for (name, own) in &self.weights {
                if let Some(weight) = now.get_mut(name) {
                    weight.copy_(own);
                }
            }
        });
        let n = self.frames.len();
        let frames = if n == 1 { "one held-out frame".to_owned() } else { format!("{n} held-out frames") };
        let message =
            format!("the model is the state after step {step}: mIoU {:.1} % on {frames}, the best", 100.0 * score);
        Ok(job.events.note(message)?)
    }
}
