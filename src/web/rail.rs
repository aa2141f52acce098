//! How each stage of a round stands: rows of the database turned into what the rail shows.

use crate::domain::{ProjectId, Stage};
use crate::store::jobs::{self, Job, JobState};
use crate::store::models::{self, Model};
use crate::store::rounds::{self, PickCounts, Round};
use crate::store::{Db, Result};

/// How a stage stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// For the stage before it.
    Waits,
    /// Can be started, or, of labelling, is people's turn.
    Ready,
    /// A job of it is, or ended, so. A done job whose round goes on is [`Standing::Job`] of [`JobState::Done`].
    Job(JobState),
}

/// A stage on the rail.
#[derive(Clone, Debug)]
pub(crate) struct Card {
    pub(crate) stage: Stage,
    /// Counted from 1.
    pub(crate) place: usize,
    pub(crate) standing: Standing,
    /// What it waits for, if it waits.
    pub(crate) waits_for: Option<Stage>,
    /// The newest job of it.
    pub(crate) job: Option<Job>,
    /// The newest evaluation of the model that it made.
    pub(crate) evaluation: Option<Job>,
    pub(crate) model: Option<Model>,
    /// Of the round; used by labelling.
    pub(crate) picks: PickCounts,
}

impl Card {
    /// For classes of the style sheet.
    pub(crate) fn slug(&self) -> &'static str {
        match self.standing {
            Standing::Waits => "waits",
            Standing::Ready => "ready",
            Standing::Job(state) => state.slug(),
        }
    }

    /// On the badge.
    pub(crate) fn word(&self) -> &'static str {
        match self.standing {
            Standing::Waits => "waits",
            Standing::Ready if self.stage == Stage::Annotate => "your turn",
            Standing::Ready => "ready",
            Standing::Job(state) => state.slug(),
        }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.standing == Standing::Job(JobState::Done)
    }

    /// Done, of all; for the bar.
    pub(crate) fn progress(&self) -> Option<(u64, u64)> {
        match (&self.job, self.stage) {
            (_, Stage::Annotate) => Some((self.picks.submitted, self.picks.total())).filter(|(_, of)| *of > 0),
            (Some(job), _) if !self.is_done() => Some(job.progress).filter(|(_, of)| *of > 0),
            _ => None,
        }
    }

    /// Seconds that the running job says it still needs.
    pub(crate) fn seconds_left(&self) -> Option<f64> {
        self.job.as_ref().filter(|job| job.state == JobState::Running)?.seconds_left
    }

    /// Whether its job or the evaluation of its model has a process or waits for one.
    pub(crate) fn is_active(&self) -> bool {
        [&self.job, &self.evaluation].into_iter().flatten().any(|job| job.state.is_active())
    }

    /// Seconds that the finished job took.
    pub(crate) fn took(&self) -> Option<f64> {
        let job = self.job.as_ref().filter(|_| self.is_done())?;
        Some((job.ended_at? - job.started_at?) as f64 / 1000.0)
    }
}

/// The rail of a round, in order.
pub(crate) async fn of_round(db: &Db, project: ProjectId, round: &Round) -> Result<Vec<Card>> {
    let jobs = jobs::of_round(db, round.id).await?;
    let picks = rounds::pick_counts(db, round.id).await?;
    let models: Vec<_> = models::list(db, project).await?.into_iter().filter(|m| m.round == round.id).collect();
    Ok(cards(round.number, &jobs, picks, &models))
}

fn cards(round: u32, jobs: &[Job], picks: PickCounts, models: &[Model]) -> Vec<Card> {
    let mut before: Option<Stage> = None;
    let mut open = true;
    let card = |(index, &stage): (usize, &Stage)| {
        let job = jobs.iter().rfind(|job| job.stage == stage).cloned();
        let model = job.as_ref().and_then(|job| models.iter().find(|model| model.job == job.id)).cloned();
        let measures =
            |job: &&Job| job.stage == Stage::Evaluate && model.as_ref().is_some_and(|m| job.model == Some(m.id));
        let evaluation = jobs.iter().rfind(measures).cloned();
        let standing = match (&job, stage) {
            (_, Stage::Annotate) if picks.complete() => Standing::Job(JobState::Done),
            (Some(job), _) => Standing::Job(job.state),
            (None, _) if open => Standing::Ready,
            (None, _) => Standing::Waits,
        };
        let waits_for = before.filter(|_| standing == Standing::Waits);
        open = standing == Standing::Job(JobState::Done);
        before = Some(stage);
        Card { stage, place: index + 1, standing, waits_for, job, evaluation, model, picks }
    };
    Stage::rail(round).iter().enumerate().map(card).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{JobId, RoundId};

    fn job(id: i64, stage: Stage, state: JobState) -> Job {
        Job {
            id: JobId(id),
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
        }
    }

    #[test]
    fn a_stage_is_open_once_the_one_before_it_is_done() {
        let none = PickCounts::default();
        let standing = |jobs: &[Job], picks| cards(1, jobs, picks, &[]).iter().map(Card::slug).collect::<Vec<_>>();
        assert_eq!(standing(&[], none)[..3], ["ready", "waits", "waits"]);
        let warm = job(1, Stage::Warmup, JobState::Done);
        assert_eq!(standing(&[warm.clone()], none)[..3], ["done", "ready", "waits"]);
        let failed = job(2, Stage::Features, JobState::Failed);
        assert_eq!(standing(&[warm.clone(), failed], none)[..3], ["done", "failed", "waits"]);
        let stages = [Stage::Warmup, Stage::Features, Stage::Anchors, Stage::Select, Stage::Prelabel];
        let all: Vec<Job> = stages.iter().zip(1..).map(|(&stage, id)| job(id, stage, JobState::Done)).collect();
        let some = PickCounts { waiting: 0, ready: 3, submitted: 2 };
        assert_eq!(standing(&all, some)[4..7], ["done", "ready", "waits"]);
        let complete = PickCounts { waiting: 0, ready: 0, submitted: 5 };
        assert_eq!(standing(&all, complete)[4..7], ["done", "done", "ready"]);
    }

    #[test]
    fn a_later_round_starts_at_features() {
        let later = cards(2, &[], PickCounts::default(), &[]);
        assert_eq!((later[0].stage, later[0].slug(), later.len()), (Stage::Features, "ready", 9));
    }

    #[test]
    fn the_newest_job_of_a_stage_counts() {
        let jobs = [job(1, Stage::Warmup, JobState::Failed), job(2, Stage::Warmup, JobState::Running)];
        let card = &cards(1, &jobs, PickCounts::default(), &[])[0];
        assert_eq!((card.slug(), card.progress(), card.seconds_left()), ("running", Some((3, 10)), Some(7.0)));
        assert!(card.is_active() && card.took().is_none());
    }
}
