//! Taking the work along: masks as a Cityscapes tree, weights, in one zip file.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use askama::Template;
use axum::Form;
use axum::extract::{self, State};
use axum::response::{Html, Redirect, Response};
use serde::Deserialize;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::show;
use crate::domain::{FrameId, Mask, ProjectId, files};
use crate::formats::export::CityscapesTree;
use crate::store::models::{self, Model};
use crate::store::projects::{self, Project};
use crate::store::{frames, masks, now, rounds};
use crate::web::error::Result;
use crate::web::page::Page;
use crate::web::{App, WebError, download};

/// One bundle is made at a time: it is bound by the disk.
static AT_ONCE: Semaphore = Semaphore::const_new(1);

#[derive(Template)]
#[template(path = "export.html")]
struct Export {
    page: Page,
    project: Project,
    n_labelled: usize,
    models: Vec<Model>,
    bundles: Vec<Bundle>,
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
    show(&Export { page, project, n_labelled, models, bundles })
}

/// Bundles of a project begin with this, so that one project's page serves no other's.
fn prefix(project: ProjectId) -> String {
    format!("windlass-{project}-")
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
    let turn = AT_ONCE.acquire().await;
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || bundle(&runtime, &app, &project, &labelled, model.as_ref())).await??;
    drop(turn);
    Ok(Redirect::to(&format!("/projects/{id}/export")))
}

/// Writes beside and renames, so that what can be downloaded is whole.
fn bundle(runtime: &Handle, app: &App, project: &Project, labelled: &[FrameId], model: Option<&Model>) -> Result<()> {
    let folder = app.workspace.exports();
    let name = format!("{}{}.zip", prefix(project.id), now());
    let scratch = Scratch(folder.join(format!(".{name}.folder")));
    let part = Scratch(folder.join(format!(".{name}.part")));
    let mut zip = ZipWriter::new(File::create(&part.0)?);
    if !labelled.is_empty() {
        let mut tree = CityscapesTree::create(&scratch.0, "train", &project.taxonomy)?;
        for &id in labelled {
            let (_, frame) = runtime.block_on(frames::get(app.workspace.db(), id))?;
            let Some((_, pixels)) = runtime.block_on(masks::pixels(app.workspace.db(), id, None))? else { continue };
            let mask = Mask::new(frame.size, pixels, project.taxonomy.len()).map_err(anyhow::Error::from)?;
            tree.add(&frame.name, &frame.group, &mask)?;
        }
        tree.finish()?;
        add_folder(&mut zip, &scratch.0, &scratch.0)?;
    }
    if let Some(model) = model {
        let weights = app.workspace.dir().join(&model.path);
        let card = weights.with_file_name(files::MODEL_CARD);
        add_file(&mut zip, &weights, &format!("model/{}", files::MODEL))?;
        add_file(&mut zip, &card, &format!("model/{}", files::MODEL_CARD))?;
    }
    let file = zip.finish().map_err(anyhow::Error::from)?;
    file.sync_all()?;
    std::fs::rename(&part.0, folder.join(name))?;
    Ok(())
}

fn add_folder(zip: &mut ZipWriter<File>, root: &Path, folder: &Path) -> Result<()> {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<std::io::Result<_>>()?;
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            add_folder(zip, root, &entry)?;
        } else if let Ok(name) = entry.strip_prefix(root) {
            add_file(zip, &entry, &name.to_string_lossy())?;
        }
    }
    Ok(())
}

fn add_file(zip: &mut ZipWriter<File>, path: &Path, name: &str) -> Result<()> {
    // PNG and weights do not get smaller.
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored).large_file(true);
    zip.start_file(name, stored).map_err(anyhow::Error::from)?;
    std::io::copy(&mut File::open(path)?, zip)?;
    zip.flush()?;
    Ok(())
}

/// Removed when it goes out of scope, whatever happened.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
        let _ = std::fs::remove_file(&self.0);
    }
}

/// GET `/projects/{project}/exports/{file}`.
pub(crate) async fn download(
    State(app): State<App>,
    extract::Path((id, file)): extract::Path<(i64, String)>,
) -> Result<Response> {
    let (folder, prefix) = (app.workspace.exports(), prefix(ProjectId(id)));
    // Only what the page lists.
    let listed = tokio::task::spawn_blocking(move || bundles(&folder, &prefix)).await?;
    let bundle = listed.into_iter().find(|bundle| bundle.name == file).ok_or(WebError::NotFound)?;
    download::file(&app.workspace.exports().join(&bundle.name), &bundle.name, "application/zip").await
}
