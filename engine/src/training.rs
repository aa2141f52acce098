//! What all trainings share: where to begin, what to say after a step, when to keep the state, when to end.

use std::path::Path;

use anyhow::{Result, ensure};
use rand::RngCore;
use sha2::{Digest, Sha256};
use tch::Tensor;
use windlass::domain::{Event, Schedule, Stage, Stream, files, rng};

use crate::batch::{Batch, Batches, Set};
use crate::best::Best;
use crate::checkpoint::{Checkpoints, Named};
use crate::job::{Job, Outcome};
use crate::model::Model;
use crate::weights;

/// How many points a curve has, about.
const POINTS: u64 = 200;

/// What a training does in a step with the batches of `N` sets.
pub trait Lesson<const N: usize> {
    /// The network that learns.
    fn model(&self) -> &Model;
    /// Everything that steps change, sharing its memory.
    fn state(&self) -> Named;
    /// Learns from a step's batches; steps count from 0.
    fn learn(&mut self, batches: [Batch; N], step: u64) -> Result<Losses>;
}

/// What a step minimised.
pub struct Losses {
    /// The weighted sum.
    pub total: Tensor,
    /// Its parts by the names of their curves.
    pub parts: Vec<(&'static str, Tensor)>,
    /// The backbone's learning rate.
    pub rate: f64,
}

/// What a training draws from: the job's seed, its stage and the weights that it begins with. From the seed alone each
/// training would see the frames, views and mixtures of the one before it once more, pixel for pixel.
///
/// # Errors
/// Weights that cannot be read.
pub fn seed_of(seed: u64, stage: Stage, parent: &Path) -> Result<u64> {
    let drawn_by = format!("{seed} {} {}", stage.slug(), weights::sha256(parent)?);
    let digest = Sha256::digest(drawn_by);
    Ok(u64::from_le_bytes(digest[..8].try_into().expect("eight bytes")))
}

/// Goes on from the newest checkpoint, or begins, and trains to the end of the schedule; says so all along.
///
/// `seed` is [`seed_of`] the training.
///
/// # Errors
/// A loss or a weight that is no number; a frame that cannot be read; a checkpoint that cannot be written.
pub fn train<const N: usize>(
    job: &Job,
    seed: u64,
    schedule: &Schedule,
    sets: [Set; N],
    mut best: Option<Best>,
    lesson: &mut impl Lesson<N>,
) -> Result<Outcome> {
    let steps = schedule.steps;
    let mut state = lesson.state();
    state.extend(best.iter().flat_map(Best::state));
    // libtorch gives variables in no order.
    state.sort_by(|a, b| a.0.cmp(&b.0));
    let checkpoints = Checkpoints::open(&job.dir.join(files::CHECKPOINT), &job.spec)?;
    let (resumed, note) = checkpoints.restore(&state)?;
    job.started(resumed)?;
    if let Some(note) = note {
        job.events.note(note)?;
    }
    let first = resumed.unwrap_or(0);
    job.events.progress(first, steps, "step")?;
    let mut batches = Batches::start(job, seed, sets, first..steps, lesson.model().net.nothing())?;

    for step in first..steps {
        let done = step + 1;
        let batches = batches.take()?;
        // What libtorch draws in a step (dropout) is a function of the seed and the step.
        tch::manual_seed(rng(seed, Stream::Dropout, step).next_u64() as i64);
        let losses = lesson.learn(batches, step)?;
        ensure!(losses.total.double_value(&[]).is_finite(), astray("loss", done));
        if done == 1 || done.is_multiple_of((steps / POINTS).max(1)) || done == steps {
            let values = losses.parts.iter().map(|(name, value)| ((*name).to_owned(), value.double_value(&[])));
            let values = values.chain([("rate".to_owned(), losses.rate)]).collect();
            job.events.say(Event::Scalars { step: done, values })?;
        }
        if let Some(best) = &mut best {
            best.look(job, lesson.model(), done, steps)?;
        }
        let stop = job.stopping() && done < steps;
        let due = done.is_multiple_of(job.spec.recipe.checkpoint_every.max(1));
        if due || stop || done == steps {
            // A finite loss can leave weights that are none.
            ensure!(all_finite(&state), astray("network", done));
        }
        if (due || stop) && done < steps {
            checkpoints.save(&state, done)?;
            job.events.say(Event::Checkpoint { step: done })?;
        }
        job.events.progress(done, steps, "step")?;
        if stop {
            return Ok(Outcome::Stopped(done));
        }
    }
    if let Some(best) = best {
        best.settle(job, lesson.model())?;
    }
    Ok(Outcome::Done)
}

fn all_finite(state: &Named) -> bool {
    // A sum is a number only if all its parts are, and costs a tenth of looking at each.
    state.iter().all(|(_, tensor)| tensor.sum(tch::Kind::Double).double_value(&[]).is_finite())
}

fn astray(what: &str, step: u64) -> String {
    format!("the {what} is no longer a number at step {step}: lower the learning rate and start the stage over")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_training_that_goes_on_from_another_draws_anew() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, name).unwrap();
            path
        };
        let (first, second) = (file("first"), file("second"));
        let one = seed_of(1, Stage::Inject, &first).unwrap();
        assert_eq!(one, seed_of(1, Stage::Inject, &first).unwrap());
        for (seed, stage, parent) in
            [(1, Stage::Inject, &second), (1, Stage::Adapt, &first), (2, Stage::Inject, &first)]
        {
            assert_ne!(one, seed_of(seed, stage, parent).unwrap());
        }
    }

    #[test]
    fn a_state_with_something_that_is_no_number_is_not_kept() {
        let finite = |values: &[f32]| all_finite(&vec![("weights".to_owned(), Tensor::from_slice(values))]);
        assert!(finite(&[1.0, f32::MAX]));
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert!(!finite(&[1.0, bad]));
        }
        assert!(!finite(&[f32::INFINITY, f32::NEG_INFINITY]));
    }
}
