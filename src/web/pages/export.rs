//! Taking the work along: what is there to download, and making more.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use askama::Template;
use axum::Form;
use axum::extract::{self, State};
use axum::response::{Html, Redirect, Response};
use serde::Deserialize;

use super::show;
use crate::domain::ProjectId;
use crate::store::models::{self, Model};
use crate::store::projects::{self, Project};
use crate::store::rounds;
use crate::web::bundle::{Content, Making, prefix};
use crate::web::error::Result;
use crate::web::page::Page;
use crate::web::{App, WebError, download};

#[derive(Template)]
#[template(path = "export.html")]
struct Export {
    page: Page,
    project: Project,
    n_labelled: usize,
    models: Vec<Model>,
    bundles: Vec<Bundle>,
    making: Option<Making>,
    /// GiB that the disk has room for; none where it does not say.
    room: Option<f64>,
}

/// A file that was made.
struct Bundle {
    name: String,
    mebibytes: f64,
    made_at: i64,
}

/// What to put in.
#[derive(Deserialize)]
pub(crate) struct Choice {
    #[serde(default)]
    masks: Option<String>,
    /// The id of a model, or empty.
    #[serde(default)]
    model: String,
}

/// GET `/projects/{project}/export`.
pub(crate) async fn form(
    State(app): State<App>,
    page: Page,
    extract::Path(id): extract::Path<i64>,
) -> Result<Html<String>> {
    let db = app.workspace.db();
    let project = projects::get(db, ProjectId(id)).await?;
    let n_labelled = rounds::labelled(db, project.id, u32::MAX).await?.len();
    let models = models::list(db, project.id).await?;
    let (folder, prefix) = (app.workspace.exports(), prefix(project.id));
    let bundles = tokio::task::spawn_blocking(move || bundles(&folder, &prefix)).await?;
    let making = app.bundles.of(project.id);
    let room = app.workspace.room().ok().map(|bytes| bytes as f64 / f64::from(1 << 30));
    show(&Export { page, project, n_labelled, models, bundles, making, room })
}

fn bundles(folder: &Path, prefix: &str) -> Vec<Bundle> {
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        let entry = entry.ok()?;
        let name = entry.file_name().into_string().ok()?;
        let meta = entry.metadata().ok()?;
        let made_at = meta.modified().ok()?.duration_since(UNIX_EPOCH).ok()?.as_millis() as i64;
        let mebibytes = meta.len() as f64 / f64::from(1 << 20);
        (name.starts_with(prefix) && name.ends_with(".zip")).then_some(Bundle { name, mebibytes, made_at })
    };
    let mut found: Vec<Bundle> = std::fs::read_dir(folder).into_iter().flatten().filter_map(read).collect();
    found.sort_by_key(|bundle| std::cmp::Reverse(bundle.made_at));
    found
}

/// POST `/projects/{project}/export`.
pub(crate) async fn make(
    State(app): State<App>,
    extract::Path(id): extract::Path<i64>,
    Form(choice): Form<Choice>,
) -> Result<Redirect> {
    let db = app.workspace.db();
    let project = projects::get(db, ProjectId(id)).await?;
    let labelled = match choice.masks {
        Some(_) => rounds::labelled(db, project.id, u32::MAX).await?,
        None => vec![],
    };
    let models = models::list(db, project.id).await?;
    let model = models.into_iter().find(|model| model.id.to_string() == choice.model);
    if labelled.is_empty() && model.is_none() {
        return Err(WebError::Refused("There is nothing to put in: choose masks or a model that are there.".into()));
    }
    if !app.bundles.begin(app.workspace.clone(), Content { project, labelled, model }) {
        return Err(WebError::Refused("A file of this project is being made: wait until it is done.".into()));
    }
    Ok(Redirect::to(&format!("/projects/{id}/export")))
}

/// GET `/projects/{project}/exports/{file}`.
pub(crate) async fn download(
    State(app): State<App>,
    extract::Path((id, file)): extract::Path<(i64, String)>,
) -> Result<Response> {
    let path = listed(&app, id, &file).await?;
    download::file(&path, &file, "application/zip").await
}

/// POST `/projects/{project}/exports/{file}/delete`.
pub(crate) async fn delete(
    State(app): State<App>,
    extract::Path((id, file)): extract::Path<(i64, String)>,
) -> Result<Redirect> {
    tokio::fs::remove_file(listed(&app, id, &file).await?).await?;
    Ok(Redirect::to(&format!("/projects/{id}/export")))
}

/// Where a file lies; only what the page lists.
async fn listed(app: &App, project: i64, file: &str) -> Result<PathBuf> {
    let (folder, prefix) = (app.workspace.exports(), prefix(ProjectId(project)));
    let listed = tokio::task::spawn_blocking(move || bundles(&folder, &prefix)).await?;
    let bundle = listed.into_iter().find(|bundle| bundle.name == file).ok_or(WebError::NotFound)?;
    Ok(app.workspace.exports().join(bundle.name))
}
