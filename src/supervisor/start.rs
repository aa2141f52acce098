//! What a lead asks for: start, stop, resume, the next round.

use super::Supervisor;
use super::rail::{StepState, done, rail};
use crate::domain::{JobId, ModelId, ProjectId, RoundId, Stage};
use crate::store::jobs::{Job, JobState};
use crate::store::projects::ImportState;
use crate::store::rounds::Round;
use crate::store::{self, Tx, jobs, models, projects, rounds};

/// Why something is not started. Each is a sentence for a lead.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum StartError {
    #[error("the import is not done yet: wait for it, or see on the project's page why it failed")]
    NotImported,
    #[error("the frames are in already: make a new project for other ones")]
    Imported,
    #[error("{stage} waits for {before}", stage = .stage.title(), before = .before.title())]
    Waits { stage: Stage, before: Stage },
    #[error("{stage} is running: stop it or wait until it is done", stage = .0.title())]
    Active(Stage),
    #[error("people have begun to label the frames of this round: {stage} would choose others", stage = .0.title())]
    LabellingBegun(Stage),
    #[error("people do that: invite them and let them open the queue")]
    NotAJob,
    #[error("round {0} is over: a later one has begun")]
    RoundOver(u32),
    #[error("round {0} is not finished: run it to Adapt first")]
    RoundOpen(u32),
    #[error("this job has ended already")]
    Ended,
    #[error("only a stopped or failed job can go on")]
    NotResumable,
    #[error("there are no validation frames to measure on")]
    NothingToMeasure,
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Supervisor {
    /// Queues a stage of a round. For [`Stage::Evaluate`] it measures the project's newest model.
    pub async fn enqueue(&self, project: ProjectId, round: RoundId, stage: Stage) -> Result<JobId, StartError> {
        let db = self.inner.workspace.db();
        let round = rounds::get(db, round).await?;
        if round.project != project {
            return Err(store::Error::NotFound.into());
        }
        let job = match stage {
            Stage::Annotate => return Err(StartError::NotAJob),
            Stage::Evaluate => self.evaluate_newest(&round).await?,
            _ => self.start_stage(&round, stage).await?,
        };
        self.inner.wake.notify_one();
        Ok(job)
    }

    async fn start_stage(&self, round: &Round, stage: Stage) -> Result<JobId, StartError> {
        let db = self.inner.workspace.db();
        if rounds::newest(db, round.project).await?.is_some_and(|newest| newest.id != round.id) {
            return Err(StartError::RoundOver(round.number));
        }
        let steps = rail(db, round).await?;
        let active = |step: &&super::Step| step.job.as_ref().is_some_and(|job| job.state.is_active());
        if let Some(step) = steps.iter().find(active) {
            return Err(StartError::Active(step.stage));
        }
        match steps.iter().find(|step| step.stage == stage).map(|step| step.state) {
            Some(StepState::Waits(before)) => return Err(StartError::Waits { stage, before }),
            None => return Err(StartError::RoundOver(1)),
            Some(_) => {}
        }
        if stage < Stage::Annotate && rounds::labelling_begun(db, round.id).await? {
            return Err(StartError::LabellingBegun(stage));
        }
        let mut tx = db.begin().await?;
        if stage < Stage::Annotate {
            // Nobody is handed a frame whose proposal, or whose being picked, is about to change.
            rounds::withdraw(&mut tx, round.id).await?;
        }
        insert(tx, round, stage, None).await
    }

    async fn evaluate_newest(&self, round: &Round) -> Result<JobId, StartError> {
        let db = self.inner.workspace.db();
        if projects::get(db, round.project).await?.val.is_none() {
            return Err(StartError::NothingToMeasure);
        }
        let waits = StartError::Waits { stage: Stage::Evaluate, before: Stage::Warmup };
        let newest = models::list(db, round.project).await?.into_iter().next().ok_or(waits)?;
        let round = rounds::get(db, newest.round).await?;
        insert(db.begin().await?, &round, Stage::Evaluate, Some(newest.id)).await
    }

    /// Asks a job to write a checkpoint and end; one that only waits leaves the queue. It is killed if it takes too long.
    pub async fn stop(&self, job: JobId) -> Result<(), StartError> {
        match jobs::ask_to_stop(self.inner.workspace.db(), job).await? {
            None => return Err(StartError::Ended),
            Some(JobState::Stopped) => self.inner.wake.notify_one(),
            Some(_) => {
                if let Some((_, stop)) = self.inner.running().get(&job) {
                    stop.notify_one();
                }
            }
        }
        Ok(())
    }

    /// Lets a stopped or failed job go on from its checkpoint.
    pub async fn resume(&self, job: JobId) -> Result<(), StartError> {
        let db = self.inner.workspace.db();
        let found = jobs::get(db, job).await?;
        if found.stage != Stage::Evaluate {
            self.may_go_on(&found).await?;
        }
        match jobs::requeue(db, job).await {
            Ok(true) => {}
            Ok(false) => return Err(StartError::NotResumable),
            Err(store::Error::Taken) => return Err(StartError::Active(found.stage)),
            Err(error) => return Err(error.into()),
        }
        self.inner.wake.notify_one();
        Ok(())
    }

    /// Whether a job of the rail is the one that its stage stands at: an older one would outdate what came after it.
    async fn may_go_on(&self, job: &Job) -> Result<(), StartError> {
        let db = self.inner.workspace.db();
        let round = rounds::get(db, job.round).await?;
        if rounds::newest(db, round.project).await?.is_some_and(|newest| newest.id != round.id) {
            return Err(StartError::RoundOver(round.number));
        }
        let steps = rail(db, &round).await?;
        let newest = |step: &super::Step| step.job.as_ref().is_some_and(|newest| newest.id == job.id);
        if !steps.iter().any(|step| matches!(step.state, StepState::Stopped | StepState::Failed) && newest(step)) {
            return Err(StartError::NotResumable);
        }
        if let Some(step) = steps.iter().find(|step| step.job.as_ref().is_some_and(|job| job.state.is_active())) {
            return Err(StartError::Active(step.stage));
        }
        if job.stage < Stage::Annotate && rounds::labelling_begun(db, round.id).await? {
            return Err(StartError::LabellingBegun(job.stage));
        }
        Ok(())
    }

    /// Opens the next round on the newest adapted model; starts it where the project goes on by itself.
    pub async fn start_round(&self, project: ProjectId) -> Result<RoundId, StartError> {
        let db = self.inner.workspace.db();
        let found = projects::get(db, project).await?;
        let Some(newest) = rounds::newest(db, project).await?.filter(|_| found.import.state == ImportState::Done)
        else {
            return Err(StartError::NotImported);
        };
        let adapted = done(&rail(db, &newest).await?, Stage::Adapt).ok_or(StartError::RoundOpen(newest.number))?;
        let model = models::of_job(db, adapted).await?.ok_or(StartError::RoundOpen(newest.number))?;
        let mut tx = db.begin().await?;
        let round = rounds::create(&mut tx, project, Some(model.id)).await?;
        if found.auto_advance {
            jobs::insert(&mut tx, project, round, Stage::Features, None).await?;
        }
        tx.commit().await.map_err(store::Error::from)?;
        self.inner.wake.notify_one();
        Ok(round)
    }
}

async fn insert(mut tx: Tx, round: &Round, stage: Stage, model: Option<ModelId>) -> Result<JobId, StartError> {
    let job = match jobs::insert(&mut tx, round.project, round.id, stage, model).await {
        Err(store::Error::Taken) => return Err(StartError::Active(stage)),
        other => other?,
    };
    tx.commit().await.map_err(store::Error::from)?;
    Ok(job)
}
