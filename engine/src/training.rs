//! What all training loops share: where to begin, what to say after a step, when to keep the state, when to end.

use std::ops::Range;

use anyhow::{Result, ensure};
use rand::RngCore;
use tch::Tensor;
use windlass::domain::{Event, Stream, files, rng};

use crate::checkpoint::{Checkpoints, Named};
use crate::job::Job;

/// How many points a curve has, about.
const POINTS: u64 = 200;

/// A training under way.
pub struct Training<'a> {
    job: &'a Job,
    checkpoints: Checkpoints,
    state: Named,
    first: u64,
    steps: u64,
}

impl<'a> Training<'a> {
    /// Goes on from the newest checkpoint, which fills `state`, or begins, and says so.
    ///
    /// `state` is everything that steps change, sharing its memory.
    pub fn begin(job: &'a Job, steps: u64, state: Named) -> Result<Self> {
        let checkpoints = Checkpoints::open(&job.dir.join(files::CHECKPOINT), &job.spec)?;
        let resumed = checkpoints.restore(&state)?;
        job.started(resumed)?;
        let first = resumed.unwrap_or(0);
        job.events.progress(first, steps, "step")?;
        Ok(Self { job, checkpoints, state, first, steps })
    }

    /// The steps to do, counted from 0.
    pub fn steps(&self) -> Range<u64> {
        self.first..self.steps
    }

    /// Makes what libtorch draws in a step (dropout) a function of the seed and the step.
    pub fn seed(&self, step: u64) {
        tch::manual_seed(rng(self.job.spec.seed, Stream::Dropout, step).next_u64() as i64);
    }

    /// After a step counted from 0: says how it went and keeps the state when it is time. False: stop here.
    ///
    /// # Errors
    /// A loss that is no number; a checkpoint that cannot be written.
    pub fn after(&self, step: u64, loss: &Tensor, curves: &[(&str, &Tensor)], rate: f64) -> Result<bool> {
        let done = step + 1;
        ensure!(
            loss.double_value(&[]).is_finite(),
            "the loss is no longer a number at step {done}: lower the learning rate (the last checkpoint is kept)"
        );
        if done == 1 || done.is_multiple_of((self.steps / POINTS).max(1)) || done == self.steps {
            let values = curves.iter().map(|(name, value)| ((*name).to_owned(), value.double_value(&[])));
            let values = values.chain([("rate".to_owned(), rate)]).collect();
            self.job.events.say(Event::Scalars { step: done, values })?;
        }
        let stop = self.job.stopping() && done < self.steps;
        let due = done.is_multiple_of(self.job.spec.recipe.checkpoint_every.max(1)) && done < self.steps;
        if due || stop {
            self.checkpoints.save(&self.state, done)?;
            self.job.events.say(Event::Checkpoint { step: done })?;
        }
        self.job.events.progress(done, self.steps, "step")?;
        Ok(!stop)
    }
}
