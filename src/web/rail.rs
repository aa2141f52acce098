//! How each stage of a round stands, as the page shows it.

use crate::domain::Stage;
use crate::store::jobs::{self, Job, JobState};
use crate::store::models::Model;
use crate::store::rounds::{self, PickCounts, Round};
use crate::store::{Db, Result, events};
use crate::supervisor::{self, Step, StepState};
use crate::web::words::sentence;

/// A stage on the rail.
#[derive(Clone, Debug)]
pub(crate) struct Card {
    /// Counted from 1.
    pub(crate) place: usize,
    pub(crate) step: Step,
    /// The newest evaluation of the model that it made.
    pub(crate) evaluation: Option<Job>,
    pub(crate) model: Option<Model>,
    /// What the shown job and the evaluation said that people should read.
    pub(crate) notes: Vec<String>,
    /// Of the round; used by labelling.
    pub(crate) picks: PickCounts,
}

impl Card {
    /// For classes of the style sheet.
    pub(crate) fn slug(&self) -> &'static str {
        match (self.step.state, &self.step.job) {
            (StepState::Waits(_), _) => "waits",
            (StepState::Ready, _) => "ready",
            (StepState::Active, Some(job)) => job.state.slug(),
            (StepState::Active, None) => "yours",
            (StepState::Stopped, _) => "stopped",
            (StepState::Failed, _) => "failed",
            (StepState::Done, _) => "done",
        }
    }

    /// On the badge.
    pub(crate) fn word(&self) -> &'static str {
        match self.slug() {
            "yours" => "people's turn",
            slug => slug,
        }
    }

    pub(crate) fn stage(&self) -> Stage {
        self.step.stage
    }

    pub(crate) fn is_done(&self) -> bool {
        self.step.state == StepState::Done
    }

    pub(crate) fn waits_for(&self) -> Option<Stage> {
        if let StepState::Waits(before) = self.step.state { Some(before) } else { None }
    }

    /// Whether a mask was corrected after it had read the masks.
    pub(crate) fn labels_are_newer(&self) -> bool {
        let reads = matches!(self.stage(), Stage::Inject | Stage::Adapt);
        reads && self.is_done() && self.job().is_some_and(|job| self.picks.last_submitted_at > Some(job.created_at))
    }

    /// Whether it is done and may be done anew: what led to the frames that people label stands.
    pub(crate) fn may_run_again(&self) -> bool {
        self.is_done() && self.stage().is_job() && (self.stage() > Stage::Annotate || !self.picks.begun)
    }

    /// The evaluation of its model that ended without one, and why.
    pub(crate) fn unmeasured(&self) -> Option<(&Job, String)> {
        let job = self.evaluation.as_ref()?;
        let why = match job.state {
            JobState::Stopped => "Somebody stopped the measuring.".into(),
            JobState::Failed => {
                let error = job.error.as_deref().unwrap_or("the job ended without saying why");
                format!("It could not be measured. {}", sentence(error))
            }
            JobState::Queued | JobState::Running | JobState::Stopping | JobState::Done => return None,
        };
        Some((job, why))
    }

    /// The evaluation of its model, while it is at work or waits for its turn.
    pub(crate) fn measuring(&self) -> Option<&Job> {
        self.evaluation.as_ref().filter(|job| job.state.is_active())
    }

    /// The newest job, unless it is outdated.
    pub(crate) fn job(&self) -> Option<&Job> {
        let outdated = matches!(self.step.state, StepState::Waits(_) | StepState::Ready);
        self.step.job.as_ref().filter(|_| !outdated)
    }

    /// Done, of all; for the bar.
    pub(crate) fn progress(&self) -> Option<(u64, u64)> {
        if self.stage() == Stage::Annotate {
            return Some((self.picks.submitted, self.picks.total())).filter(|(_, of)| *of > 0);
        }
        self.job().filter(|_| !self.is_done()).map(|job| job.progress).filter(|(_, of)| *of > 0)
    }

    /// Seconds that the running job says it still needs.
    pub(crate) fn seconds_left(&self) -> Option<f64> {
        self.job().filter(|job| job.state == JobState::Running)?.seconds_left
    }

    /// Whether its job or the evaluation of its model has a process or waits for one.
    pub(crate) fn is_active(&self) -> bool {
        self.job().into_iter().chain(&self.evaluation).any(|job| job.state.is_active())
    }

    /// Seconds that the finished job took.
    pub(crate) fn took(&self) -> Option<f64> {
        let job = self.job().filter(|_| self.is_done())?;
        Some((job.ended_at? - job.started_at?) as f64 / 1000.0)
    }
}

/// The rail of a round, in order; `models` are the project's.
pub(crate) async fn of_round(db: &Db, round: &Round, models: &[Model]) -> Result<Vec<Card>> {
    let jobs = jobs::of_round(db, round.id).await?;
    let picks = rounds::pick_counts(db, round.id).await?;
    let steps = supervisor::steps(round, &jobs, &picks);
    let notes = events::notes(db, round.id).await?;
    let card = |(index, step): (usize, Step)| {
        let job = step.done.and_then(|done| jobs.iter().find(|job| job.id == done)).or(step.job.as_ref());
        let model = job.and_then(|job| models.iter().find(|model| model.job == job.id)).cloned();
        let measures = |job: &&Job| {
            job.stage == Stage::Evaluate && model.as_ref().is_some_and(|model| job.model == Some(model.id))
        };
        let evaluation = jobs.iter().rfind(measures).cloned();
        let mut card = Card { place: index + 1, step, evaluation, model, notes: vec![], picks };
        let heard = card.job().into_iter().chain(&card.evaluation).filter_map(|job| notes.get(&job.id));
        card.notes = heard.flatten().cloned().collect();
        card
    };
    Ok(steps.into_iter().enumerate().map(card).collect())
}

/// mIoU of the model that a round began with; none in the first one.
pub(crate) fn base(round: &Round, models: &[Model]) -> Option<f64> {
    models.iter().find(|model| Some(model.id) == round.base_model)?.mean_iou
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{JobId, ProjectId, RoundId};

    fn card(stage: Stage, state: StepState, job: Option<JobState>) -> Card {
        let job = job.map(|state| Job {
            id: JobId(1),
            project: ProjectId(1),
            round: RoundId(1),
            stage,
            model: None,
            state,
            pid: None,
            events_read: 0,
            progress: (3, 10),
            seconds_left: Some(7.0),
            error: None,
            created_at: 0,
            started_at: Some(1000),
            ended_at: Some(5000),
        });
        let picks = PickCounts { waiting: 0, ready: 3, submitted: 2, last_submitted_at: Some(2), begun: true };
        let step = Step { stage, state, job, done: None };
        Card { place: 1, step, evaluation: None, model: None, notes: vec![], picks }
    }

    #[test]
    fn a_running_stage_shows_how_far_it_is_and_a_done_one_how_long_it_took() {
        let running = card(Stage::Warmup, StepState::Active, Some(JobState::Running));
        assert_eq!((running.slug(), running.progress(), running.seconds_left()), ("running", Some((3, 10)), Some(7.0)));
        assert!(running.is_active() && running.took().is_none());
        let done = card(Stage::Warmup, StepState::Done, Some(JobState::Done));
        assert_eq!((done.progress(), done.took(), done.is_active()), (None, Some(4.0), false));
    }

    #[test]
    fn a_mask_corrected_later_shows_on_the_stages_that_read_it_and_they_may_run_again() {
        let inject = card(Stage::Inject, StepState::Done, Some(JobState::Done));
        assert!(inject.labels_are_newer() && inject.may_run_again());
        let warmup = card(Stage::Warmup, StepState::Done, Some(JobState::Done));
        assert!(!warmup.labels_are_newer() && !warmup.may_run_again());
        let mut before = card(Stage::Adapt, StepState::Done, Some(JobState::Done));
        before.picks.last_submitted_at = Some(0);
        assert!(!before.labels_are_newer());
    }

    #[test]
    fn labelling_counts_frames_and_an_outdated_job_is_not_shown() {
        let yours = card(Stage::Annotate, StepState::Active, None);
        assert_eq!((yours.word(), yours.progress()), ("people's turn", Some((2, 5))));
        let again = card(Stage::Adapt, StepState::Waits(Stage::TargetAnchors), Some(JobState::Done));
        assert!(again.job().is_none() && again.waits_for() == Some(Stage::TargetAnchors));
    }
}
