//! Jobs: what was asked of the engine and how far it is.

use sqlx::FromRow;

use super::column::from_word;
use super::{Db, Result, Tx, now};
use crate::domain::{JobId, ModelId, ProjectId, RoundId, Stage, words};

words! {
    /// Where a job is.
    pub enum JobState {
        /// For a device.
        Queued = "queued",
        /// The engine is on it.
        Running = "running",
        /// The engine was asked to write a checkpoint and end.
        Stopping = "stopping",
        /// It can go on from its checkpoint.
        Stopped = "stopped",
        /// Its results are in.
        Done = "done",
        /// The sentence says why. It can go on from its checkpoint, if there is one.
        Failed = "failed",
    }
}

impl JobState {
    /// Whether it waits for the engine or has one.
    pub fn is_active(self) -> bool {
        matches!(self, Self::Queued | Self::Running | Self::Stopping)
    }
}

/// One run of a stage.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Job {
    pub id: JobId,
    pub project: ProjectId,
    pub round: RoundId,
    pub stage: Stage,
    /// The model that an evaluation measures.
    pub model: Option<ModelId>,
    pub state: JobState,
    pub pid: Option<i32>,
    /// Bytes of `events.jsonl` that are in the event table.
    pub events_read: u64,
    /// The newest progress: finished, of.
    pub progress: (u64, u64),
    pub seconds_left: Option<f64>,
    /// A sentence, when it failed.
    pub error: Option<String>,
    pub created_at: i64,
    pub started_at: Option<i64>,
    pub ended_at: Option<i64>,
}

#[derive(FromRow)]
struct Row {
    job_id: i64,
    project_id: i64,
    round_id: i64,
    stage: String,
    model_id: Option<i64>,
    state: String,
    pid: Option<i32>,
    events_read: i64,
    progress_done: i64,
    progress_total: i64,
    seconds_left: Option<f64>,
    error: Option<String>,
    created_at: i64,
    started_at: Option<i64>,
    ended_at: Option<i64>,
}

impl Row {
    fn read(self) -> Result<Job> {
        Ok(Job {
            id: JobId(self.job_id),
            project: ProjectId(self.project_id),
            round: RoundId(self.round_id),
            stage: from_word(self.stage)?,
            model: self.model_id.map(ModelId),
            state: from_word(self.state)?,
            pid: self.pid,
            events_read: self.events_read.cast_unsigned(),
            progress: (self.progress_done.cast_unsigned(), self.progress_total.cast_unsigned()),
            seconds_left: self.seconds_left,
            error: self.error,
            created_at: self.created_at,
            started_at: self.started_at,
            ended_at: self.ended_at,
        })
    }
}

/// Queues a job. [`Error::Taken`](super::Error::Taken) where the same is queued or running already.
pub async fn insert(
    tx: &mut Tx,
    project: ProjectId,
    round: RoundId,
    stage: Stage,
    model: Option<ModelId>,
) -> Result<JobId> {
    let id = sqlx::query_scalar(
        "insert into job (project_id, round_id, stage, model_id, state, created_at)
         values (?, ?, ?, ?, 'queued', ?) returning job_id",
    )
    .bind(project.0)
    .bind(round.0)
    .bind(stage.slug())
    .bind(model.map(|model| model.0))
    .bind(now())
    .fetch_one(&mut **tx)
    .await?;
    Ok(JobId(id))
}

/// A job; [`Error::NotFound`](super::Error::NotFound).
pub async fn get(db: &Db, id: JobId) -> Result<Job> {
    let row: Row = sqlx::query_as("select * from job where job_id = ?").bind(id.0).fetch_one(db.read()).await?;
    row.read()
}

/// All jobs of a round, the oldest first.
pub async fn of_round(db: &Db, round: RoundId) -> Result<Vec<Job>> {
    let rows: Vec<Row> = sqlx::query_as("select * from job where round_id = ? order by job_id")
        .bind(round.0)
        .fetch_all(db.read())
        .await?;
    rows.into_iter().map(Row::read).collect()
}

/// The job that was asked for last; 0 where there is none.
pub async fn newest(db: &Db) -> Result<JobId> {
    Ok(JobId(sqlx::query_scalar("select coalesce(max(job_id), 0) from job").fetch_one(db.read()).await?))
}

/// All queued, running and stopping jobs, the oldest first.
pub async fn active(db: &Db) -> Result<Vec<Job>> {
    let rows: Vec<Row> =
        sqlx::query_as("select * from job where state in ('queued', 'running', 'stopping') order by job_id")
            .fetch_all(db.read())
            .await?;
    rows.into_iter().map(Row::read).collect()
}

/// Puts a job that ended back into the queue. Its folder keeps spec, events and checkpoint. Whether it was one that
/// had ended.
pub async fn requeue(tx: &mut Tx, id: JobId) -> Result<bool> {
    let changed = sqlx::query(
        "update job set state = 'queued', error = null, pid = null, seconds_left = null
         where job_id = ? and state in ('stopped', 'failed')",
    )
    .bind(id.0)
    .execute(&mut **tx)
    .await?;
    Ok(changed.rows_affected() == 1)
}

/// A queued job has got its device. Whether it was still queued. Where it goes on, it began as much earlier as it has
/// worked: the time that it lay there counts for nothing.
pub async fn claim(db: &Db, id: JobId) -> Result<bool> {
    let changed = sqlx::query(
        "update job set state = 'running', started_at = ?1 - coalesce(ended_at - started_at, 0), ended_at = null
         where job_id = ?2 and state = 'queued'",
    )
    .bind(now())
    .bind(id.0)
    .execute(db.write())
    .await?;
    Ok(changed.rows_affected() == 1)
}

/// The engine runs as that process.
pub async fn set_pid(db: &Db, id: JobId, pid: i32) -> Result<()> {
    sqlx::query("update job set pid = ? where job_id = ?").bind(pid).bind(id.0).execute(db.write()).await?;
    Ok(())
}

/// Somebody asked it to stop: a running job is stopping, a queued one stopped. Its new state; none where it had ended.
pub async fn ask_to_stop(tx: &mut Tx, id: JobId) -> Result<Option<JobState>> {
    let state: Option<String> = sqlx::query_scalar(
        "update job set state = case state when 'queued' then 'stopped' else 'stopping' end,
            ended_at = case state when 'queued' then coalesce(ended_at, ?) end
         where job_id = ? and state in ('queued', 'running', 'stopping') returning state",
    )
    .bind(now())
    .bind(id.0)
    .fetch_optional(&mut **tx)
    .await?;
    state.map(from_word).transpose()
}

/// Ends a job: stopped, done or failed with a sentence.
pub async fn end(tx: &mut Tx, id: JobId, state: JobState, error: Option<&str>) -> Result<()> {
    sqlx::query("update job set state = ?, error = ?, ended_at = ?, pid = null, seconds_left = null where job_id = ?")
        .bind(state.slug())
        .bind(error)
        .bind(now())
        .bind(id.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// The newest progress.
pub async fn set_progress(tx: &mut Tx, id: JobId, done: u64, total: u64, seconds_left: Option<f64>) -> Result<()> {
    sqlx::query("update job set progress_done = ?, progress_total = ?, seconds_left = ? where job_id = ?")
        .bind(done.cast_signed())
        .bind(total.cast_signed())
        .bind(seconds_left)
        .bind(id.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
