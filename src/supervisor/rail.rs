//! Where a round is: each stage with what it waits for.

use crate::domain::{JobId, Stage};
use crate::store::jobs::{Job, JobState};
use crate::store::rounds::{PickCounts, Round};
use crate::store::{Db, Result, jobs, rounds};

/// A stage of a round as the page shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Which.
    pub stage: Stage,
    /// Where it is.
    pub state: StepState,
    /// Its newest job; once people label, the one that led to their frames.
    pub job: Option<Job>,
    /// The job whose results the later stages use. A stage that was run again makes those after it outdated: they have
    /// none until they, too, are run again.
    pub done: Option<JobId>,
}

/// Where a stage is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepState {
    /// For that one.
    Waits(Stage),
    /// It can be started.
    Ready,
    /// Queued, running or stopping; or people are labelling.
    Active,
    /// It can go on from its checkpoint.
    Stopped,
    /// Its job says why.
    Failed,
    /// Finished.
    Done,
}

/// The stages of a round, in order.
pub async fn rail(db: &Db, round: &Round) -> Result<Vec<Step>> {
    let jobs = jobs::of_round(db, round.id).await?;
    Ok(steps(round, &jobs, &rounds::pick_counts(db, round.id).await?))
}

/// The stages of a round, in order, from its jobs, the oldest first, and how many of its picks are where.
pub fn steps(round: &Round, jobs: &[Job], picks: &PickCounts) -> Vec<Step> {
    let mut steps: Vec<Step> = vec![];
    // The newest job that the stages so far stand on; results older than it are outdated.
    let mut floor = JobId(0);
    for &stage in Stage::rail(round.number) {
        let open = steps.last().is_none_or(|before| before.state == StepState::Done || before.done.is_some());
        let waits = || stage.waits_for(round.number).filter(|_| !open).map_or(StepState::Ready, StepState::Waits);
        let step = if stage == Stage::Annotate {
            let state = match open {
                true if picks.complete() => StepState::Done,
                true => StepState::Active,
                false => waits(),
            };
            Step { stage, state, job: None, done: None }
        } else {
            let mine = || jobs.iter().filter(|job| job.stage == stage);
            let done = mine().rfind(|job| open && job.state == JobState::Done && job.id > floor).map(|job| job.id);
            // People label by what the stage made: that a later try came to nothing is past.
            let stands = |job: &&Job| job.state.is_active() || Some(job.id) == done;
            let settled = stage < Stage::Annotate && picks.begun && done.is_some();
            let job = mine().rfind(|job| !settled || stands(job)).cloned();
            let state = match &job {
                Some(job) if job.state.is_active() => StepState::Active,
                Some(job) if open && job.id > floor && job.state == JobState::Stopped => StepState::Stopped,
                Some(job) if open && job.id > floor && job.state == JobState::Failed => StepState::Failed,
                _ if done.is_some() => StepState::Done,
                _ => waits(),
            };
            floor = done.unwrap_or(floor);
            Step { stage, state, job, done }
        };
        steps.push(step);
    }
    steps
}

/// The job whose results of a stage count.
pub(crate) fn done(steps: &[Step], stage: Stage) -> Option<JobId> {
    steps.iter().find(|step| step.stage == stage)?.done
}
