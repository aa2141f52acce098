//! Models and how well they do.

use sqlx::FromRow;

use super::column::{from_json, from_word, json};
use super::{Db, Result, Tx, now};
use crate::domain::{Evaluation, JobId, ModelId, ProjectId, RoundId, Stage};

/// A trained model. Its weights and card lie in its job's folder.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Model {
    pub id: ModelId,
    pub project: ProjectId,
    pub round: RoundId,
    pub job: JobId,
    pub stage: Stage,
    /// Of the weights, below the workspace.
    pub path: String,
    /// Of the weights, hexadecimal.
    pub sha256: String,
    /// Over the classes that occur, 0 to 1; none before it was evaluated.
    pub mean_iou: Option<f64>,
    pub created_at: i64,
}

#[derive(FromRow)]
struct Row {
    model_id: i64,
    project_id: i64,
    round_id: i64,
    job_id: i64,
    stage: String,
    path: String,
    sha256: String,
    mean_iou: Option<f64>,
    created_at: i64,
}

impl Row {
    fn read(self) -> Result<Model> {
        Ok(Model {
            id: ModelId(self.model_id),
            project: ProjectId(self.project_id),
            round: RoundId(self.round_id),
            job: JobId(self.job_id),
            stage: from_word(self.stage)?,
            path: self.path,
            sha256: self.sha256,
            mean_iou: self.mean_iou,
            created_at: self.created_at,
        })
    }
}

/// Adds a job's model.
pub async fn insert(
    tx: &mut Tx,
    (project, round, job): (ProjectId, RoundId, JobId),
    stage: Stage,
    path: &str,
    sha256: &str,
) -> Result<ModelId> {
    let id = sqlx::query_scalar(
        "insert into model (project_id, round_id, job_id, stage, path, sha256, created_at)
         values (?, ?, ?, ?, ?, ?, ?) returning model_id",
    )
    .bind(project.0)
    .bind(round.0)
    .bind(job.0)
    .bind(stage.slug())
    .bind(path)
    .bind(sha256)
    .bind(now())
    .fetch_one(&mut **tx)
    .await?;
    Ok(ModelId(id))
}

/// A model; [`Error::NotFound`](super::Error::NotFound).
pub async fn get(db: &Db, id: ModelId) -> Result<Model> {
    let row: Row = sqlx::query_as(
        "select model.*, mean_iou from model left join evaluation using (model_id) where model.model_id = ?",
    )
    .bind(id.0)
    .fetch_one(db.read())
    .await?;
    row.read()
}

/// The model that a job made.
pub async fn of_job(db: &Db, job: JobId) -> Result<Option<Model>> {
    let row: Option<Row> = sqlx::query_as(
        "select model.*, mean_iou from model left join evaluation using (model_id) where model.job_id = ?",
    )
    .bind(job.0)
    .fetch_optional(db.read())
    .await?;
    row.map(Row::read).transpose()
}

/// The models of a project, the newest first.
pub async fn list(db: &Db, project: ProjectId) -> Result<Vec<Model>> {
    let rows: Vec<Row> = sqlx::query_as(
        "select model.*, mean_iou from model left join evaluation using (model_id)
         where project_id = ? order by model.model_id desc",
    )
    .bind(project.0)
    .fetch_all(db.read())
    .await?;
    rows.into_iter().map(Row::read).collect()
}

/// Keeps how a model did; a later evaluation of the same model replaces it.
pub async fn set_evaluation(tx: &mut Tx, model: ModelId, job: JobId, evaluation: &Evaluation) -> Result<()> {
    sqlx::query(
        "insert into evaluation (model_id, job_id, body, mean_iou, created_at) values (?, ?, ?, ?, ?)
         on conflict (model_id) do update set job_id = excluded.job_id, body = excluded.body,
            mean_iou = excluded.mean_iou, created_at = excluded.created_at",
    )
    .bind(model.0)
    .bind(job.0)
    .bind(json(evaluation)?)
    .bind(evaluation.confusion.mean_iou())
    .bind(now())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// How a model did, and the job that measured it.
pub async fn evaluation(db: &Db, model: ModelId) -> Result<Option<(JobId, Evaluation)>> {
    let row: Option<(i64, String)> = sqlx::query_as("select job_id, body from evaluation where model_id = ?")
        .bind(model.0)
        .fetch_optional(db.read())
        .await?;
    row.map(|(job, body)| Ok((JobId(job), from_json(&body)?))).transpose()
}
