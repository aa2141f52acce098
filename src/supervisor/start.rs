//! What a lead asks for: start, stop, resume, the next round.

use super::Supervisor;
use super::rail::{Step, StepState, done, rail};
use crate::domain::{Choice, JobId, ModelId, ProjectId, RoundId, Stage};
use crate::store::jobs::{Job, JobState};
use crate::store::projects::ImportState;
use crate::store::rounds::Round;
use crate::store::{self, Db, Tx, jobs, models, projects, rounds};

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
        // Here and below: begun before anything is looked at, so that of two who press at once the second sees what the
        // first one did.
        let tx = db.begin().await?;
        let round = rounds::get(db, round).await?;
        if round.project != project {
            return Err(store::Error::NotFound.into());
        }
        let job = match stage {
            Stage::Annotate => return Err(StartError::NotAJob),
            Stage::Evaluate => evaluate_newest(db, tx, &round).await?,
            _ => start_stage(db, tx, &round, stage).await?,
        };
        self.inner.wake.notify_one();
        Ok(job)
    }

    /// Says how the newest round chooses its frames, and chooses them where that can be. While a stage before is missing
    /// or at work, Select goes by it when its turn comes.
    pub async fn choose(&self, project: ProjectId, choice: &Choice) -> Result<(), StartError> {
        let db = self.inner.workspace.db();
        let mut tx = db.begin().await?;
        let round = rounds::newest(db, project).await?.ok_or(StartError::NotImported)?;
        if rounds::labelling_begun(db, round.id).await? {
            return Err(StartError::LabellingBegun(Stage::Select));
        }
        let steps = rail(db, &round).await?;
        let active = active(&steps);
        if let Some(stage) = active.filter(|&stage| stage >= Stage::Select) {
            return Err(StartError::Active(stage));
        }
        rounds::set_choice(&mut tx, round.id, choice).await?;
        let waits = steps.iter().any(|step| step.stage == Stage::Select && matches!(step.state, StepState::Waits(_)));
        if active.is_some() || waits {
            tx.commit().await.map_err(store::Error::from)?;
        } else {
            rounds::withdraw(&mut tx, round.id).await?;
            insert(tx, &round, Stage::Select, None).await?;
            self.inner.wake.notify_one();
        }
        Ok(())
    }

    /// Somebody is done with a frame. After the last one the training begins, where the project goes on by itself.
    pub async fn go_on(&self, project: ProjectId) -> Result<(), StartError> {
        let db = self.inner.workspace.db();
        let tx = db.begin().await?;
        let Some(round) = rounds::newest(db, project).await? else { return Ok(()) };
        if !projects::get(db, project).await?.goes_on_by_itself()
            || !rounds::pick_counts(db, round.id).await?.complete()
        {
            return Ok(());
        }
        let steps = rail(db, &round).await?;
        // One that ran already was started by somebody; so it is again.
        let ready = steps.iter().any(|step| step.stage == Stage::Inject && step.state == StepState::Ready);
        if ready && active(&steps).is_none() {
            insert(tx, &round, Stage::Inject, None).await?;
            self.inner.wake.notify_one();
        }
        Ok(())
    }

    /// Asks a job to write a checkpoint and end; one that only waits leaves the queue. It is killed if it takes too long.
    pub async fn stop(&self, job: JobId) -> Result<(), StartError> {
        let db = self.inner.workspace.db();
        let mut tx = db.begin().await?;
        let state = jobs::ask_to_stop(&mut tx, job).await?.ok_or(StartError::Ended)?;
        if state == JobState::Stopped {
            hand_back(db, &mut tx, &jobs::get(db, job).await?).await?;
        }
        tx.commit().await.map_err(store::Error::from)?;
        if state == JobState::Stopped {
            self.inner.wake.notify_one();
        } else if let Some((_, stop)) = self.inner.running().get(&job) {
            stop.notify_one();
        }
        Ok(())
    }

    /// Lets a stopped or failed job go on from its checkpoint.
    pub async fn resume(&self, job: JobId) -> Result<(), StartError> {
        let db = self.inner.workspace.db();
        let mut tx = db.begin().await?;
        let found = jobs::get(db, job).await?;
        if found.stage != Stage::Evaluate {
            may_go_on(db, &found).await?;
        }
        if found.stage < Stage::Annotate {
            rounds::withdraw(&mut tx, found.round).await?;
        }
        match jobs::requeue(&mut tx, job).await {
            Ok(true) => {}
            Ok(false) => return Err(StartError::NotResumable),
            Err(store::Error::Taken) => return Err(StartError::Active(found.stage)),
            Err(error) => return Err(error.into()),
        }
        tx.commit().await.map_err(store::Error::from)?;
        self.inner.wake.notify_one();
        Ok(())
    }

    /// Opens the next round on the newest adapted model; starts it where the project goes on by itself.
    pub async fn start_round(&self, project: ProjectId) -> Result<RoundId, StartError> {
        let db = self.inner.workspace.db();
        let mut tx = db.begin().await?;
        let found = projects::get(db, project).await?;
        let Some(newest) = rounds::newest(db, project).await?.filter(|_| found.import.state == ImportState::Done)
        else {
            return Err(StartError::NotImported);
        };
        let steps = rail(db, &newest).await?;
        let adapted = done(&steps, Stage::Adapt).ok_or(StartError::RoundOpen(newest.number))?;
        if let Some(stage) = active(&steps) {
            return Err(StartError::Active(stage));
        }
        let model = models::of_job(db, adapted).await?.ok_or(StartError::RoundOpen(newest.number))?;
        let round = rounds::create(&mut tx, project, Some(model.id)).await?;
        if found.goes_on_by_itself() {
            jobs::insert(&mut tx, project, round, Stage::Features, None).await?;
        }
        tx.commit().await.map_err(store::Error::from)?;
        self.inner.wake.notify_one();
        Ok(round)
    }
}

async fn start_stage(db: &Db, mut tx: Tx, round: &Round, stage: Stage) -> Result<JobId, StartError> {
    if rounds::newest(db, round.project).await?.is_some_and(|newest| newest.id != round.id) {
        return Err(StartError::RoundOver(round.number));
    }
    let steps = rail(db, round).await?;
    if let Some(stage) = active(&steps) {
        return Err(StartError::Active(stage));
    }
    match steps.iter().find(|step| step.stage == stage).map(|step| step.state) {
        Some(StepState::Waits(before)) => return Err(StartError::Waits { stage, before }),
        None => return Err(StartError::RoundOver(1)),
        Some(_) => {}
    }
    if stage < Stage::Annotate {
        if rounds::labelling_begun(db, round.id).await? {
            return Err(StartError::LabellingBegun(stage));
        }
        // Nobody is handed a frame whose proposal, or whose being picked, is about to change.
        rounds::withdraw(&mut tx, round.id).await?;
    }
    insert(tx, round, stage, None).await
}

async fn evaluate_newest(db: &Db, tx: Tx, round: &Round) -> Result<JobId, StartError> {
    if projects::get(db, round.project).await?.val.is_none() {
        return Err(StartError::NothingToMeasure);
    }
    let waits = StartError::Waits { stage: Stage::Evaluate, before: Stage::Warmup };
    let newest = models::list(db, round.project).await?.into_iter().next().ok_or(waits)?;
    let round = rounds::get(db, newest.round).await?;
    insert(tx, &round, Stage::Evaluate, Some(newest.id)).await
}

/// Whether a job of the rail is the one that its stage stands at: an older one would outdate what came after it.
async fn may_go_on(db: &Db, job: &Job) -> Result<(), StartError> {
    let round = rounds::get(db, job.round).await?;
    if rounds::newest(db, round.project).await?.is_some_and(|newest| newest.id != round.id) {
        return Err(StartError::RoundOver(round.number));
    }
    let steps = rail(db, &round).await?;
    let newest = |step: &Step| step.job.as_ref().is_some_and(|newest| newest.id == job.id);
    if !steps.iter().any(|step| matches!(step.state, StepState::Stopped | StepState::Failed) && newest(step)) {
        return Err(StartError::NotResumable);
    }
    if let Some(stage) = active(&steps) {
        return Err(StartError::Active(stage));
    }
    if job.stage < Stage::Annotate && rounds::labelling_begun(db, round.id).await? {
        return Err(StartError::LabellingBegun(job.stage));
    }
    Ok(())
}

/// The stage at work.
fn active(steps: &[Step]) -> Option<Stage> {
    steps.iter().find(|step| step.job.as_ref().is_some_and(|job| job.state.is_active())).map(|step| step.stage)
}

/// A job ended without results. Frames that were withdrawn for it are handed out again if their proposals still stand.
pub(super) async fn hand_back(db: &Db, tx: &mut Tx, job: &Job) -> store::Result<()> {
    if job.stage < Stage::Annotate {
        // Read beside the transaction: there the job is still at work, which changes nothing in what is done.
        let steps = rail(db, &rounds::get(db, job.round).await?).await?;
        if done(&steps, Stage::Prelabel).is_some() {
            rounds::hand_back(tx, job.round).await?;
        }
    }
    Ok(())
}

async fn insert(mut tx: Tx, round: &Round, stage: Stage, model: Option<ModelId>) -> Result<JobId, StartError> {
    let job = match jobs::insert(&mut tx, round.project, round.id, stage, model).await {
        Err(store::Error::Taken) => return Err(StartError::Active(stage)),
        other => other?,
    };
    tx.commit().await.map_err(store::Error::from)?;
    Ok(job)
}
