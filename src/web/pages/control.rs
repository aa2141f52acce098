//! What a lead presses on a project's page. Each change ends on that page again.

use axum::extract::{Path, State};
use axum::response::Redirect;

use crate::domain::{JobId, ProjectId, Stage};
use crate::store::{jobs, rounds};
use crate::supervisor::StartError;
use crate::web::error::Result;
use crate::web::words::sentence;
use crate::web::{App, WebError};

/// Why it was not done, in the words of the supervisor.
pub(super) fn refused(error: StartError) -> WebError {
    match error {
        StartError::Store(error) => error.into(),
        other => WebError::Conflict(sentence(&other.to_string())),
    }
}

fn back(project: i64) -> Redirect {
    Redirect::to(&format!("/projects/{project}"))
}

/// POST `/projects/{project}/stages/{stage}`: of the newest round.
pub(crate) async fn start(State(app): State<App>, Path((project, stage)): Path<(i64, String)>) -> Result<Redirect> {
    let stage = Stage::from_slug(&stage).ok_or(WebError::NotFound)?;
    let id = ProjectId(project);
    let round = rounds::newest(app.workspace.db(), id).await?.ok_or_else(|| refused(StartError::NotImported))?;
    app.supervisor.enqueue(id, round.id, stage).await.map_err(refused)?;
    Ok(back(project))
}

/// The job, if it is one of this project.
pub(super) async fn job(app: &App, project: i64, job: i64) -> Result<JobId> {
    let job = jobs::get(app.workspace.db(), JobId(job)).await?;
    if job.project.0 == project { Ok(job.id) } else { Err(WebError::NotFound) }
}

/// POST `/projects/{project}/jobs/{job}/stop`.
pub(crate) async fn stop(State(app): State<App>, Path((project, id)): Path<(i64, i64)>) -> Result<Redirect> {
    app.supervisor.stop(job(&app, project, id).await?).await.map_err(refused)?;
    Ok(back(project))
}

/// POST `/projects/{project}/jobs/{job}/resume`.
pub(crate) async fn resume(State(app): State<App>, Path((project, id)): Path<(i64, i64)>) -> Result<Redirect> {
    app.supervisor.resume(job(&app, project, id).await?).await.map_err(refused)?;
    Ok(back(project))
}

/// POST `/projects/{project}/rounds`.
pub(crate) async fn next_round(State(app): State<App>, Path(project): Path<i64>) -> Result<Redirect> {
    app.supervisor.start_round(ProjectId(project)).await.map_err(refused)?;
    Ok(back(project))
}

/// POST `/projects/{project}/import`: after one that failed.
pub(crate) async fn import(State(app): State<App>, Path(project): Path<i64>) -> Result<Redirect> {
    app.supervisor.import(ProjectId(project)).await.map_err(refused)?;
    Ok(back(project))
}

/// POST `/projects/{project}/answer`: the drawn labels answer for people.
pub(crate) async fn answer(State(app): State<App>, Path(project): Path<i64>) -> Result<Redirect> {
    let id = ProjectId(project);
    let round = rounds::newest(app.workspace.db(), id).await?.ok_or_else(|| refused(StartError::NotImported))?;
    if !crate::store::projects::get(app.workspace.db(), id).await?.oracle {
        return Err(WebError::Conflict("Only the demo knows the labels. People draw them here.".into()));
    }
    app.supervisor.answer_rest_from_oracle(id, round.id).await?;
    Ok(back(project))
}
