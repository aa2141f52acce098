//! Pictures of frames. The path comes from the database, never from the address.

use std::path::Path;

use axum::Json;
use axum::extract::{self, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;

use crate::domain::{Domain, FrameId, Mask, ProjectId, Split};
use crate::formats::{atomic, label, mask_png, picture};
use crate::store::{frames, masks, projects};
use crate::web::error::Result;
use crate::web::{App, WebError};

/// The longer side of a thumbnail, in pixels: sharp at 256 on a fine screen.
const THUMBNAIL: u32 = 512;
/// A picture in the making takes up to 200 MB and a core: a page of fifty waits in line.
static AT_ONCE: Semaphore = Semaphore::const_new(2);
/// A frame's file does not change; only who is signed in may see it. Pages add the project's birthday to the address, as
/// the next workspace at this address counts its frames from 1 too.
pub(super) const FOR_GOOD: (header::HeaderName, &str) = (header::CACHE_CONTROL, "private, max-age=31536000, immutable");

/// GET: the original file.
pub(crate) async fn image(State(app): State<App>, extract::Path(id): extract::Path<i64>) -> Result<Response> {
    let (_, frame) = frames::get(app.workspace.db(), FrameId(id)).await?;
    let bytes = tokio::fs::read(&frame.image).await?;
    let kind = if bytes.starts_with(b"\x89PNG") { "image/png" } else { "image/jpeg" };
    Ok(([(header::CONTENT_TYPE, kind), FOR_GOOD], bytes).into_response())
}

/// GET: a small JPEG, made at the first look.
pub(crate) async fn thumbnail(State(app): State<App>, extract::Path(id): extract::Path<i64>) -> Result<Response> {
    let cached = app.workspace.thumbnails().join(format!("{id}.jpg"));
    let bytes = match tokio::fs::read(&cached).await {
        Ok(bytes) => bytes,
        Err(_) => {
            let (_, frame) = frames::get(app.workspace.db(), FrameId(id)).await?;
            let _turn = AT_ONCE.acquire().await;
            tokio::task::spawn_blocking(move || make(&frame.image, &cached)).await??
        }
    };
    Ok(([(header::CONTENT_TYPE, "image/jpeg"), FOR_GOOD], bytes).into_response())
}

fn make(image: &Path, cached: &Path) -> Result<Vec<u8>> {
    let bytes = picture::thumbnail(image, THUMBNAIL).map_err(|error| {
        tracing::warn!("no thumbnail: {error}");
        WebError::NotFound
    })?;
    if let Err(error) = atomic::write(cached, &bytes) {
        tracing::warn!(path = %cached.display(), "a thumbnail was not kept: {error}");
    }
    Ok(bytes)
}

/// GET: the dataset's label of a source frame or a validation frame in the colours of its classes. Training frames of the
/// target have none to show: people are there to draw them.
pub(crate) async fn truth(State(app): State<App>, extract::Path(id): extract::Path<i64>) -> Result<Response> {
    let db = app.workspace.db();
    let (project, frame) = frames::get(db, FrameId(id)).await?;
    let shown = frame.split == Split::Val || frame.domain == Domain::Source;
    let (true, Some(path)) = (shown, frame.label) else { return Err(WebError::NotFound) };
    let project = projects::get(db, project).await?;
    let code = project.code(frame.domain, frame.split).ok_or(WebError::NotFound)?;
    let _turn = AT_ONCE.acquire().await;
    let draw =
        move || label::read_label(&path, &code, frame.size).map(|m| mask_png::encode_color(&m, &project.taxonomy));
    let png = tokio::task::spawn_blocking(draw).await?.map_err(|error| WebError::Internal(error.into()))?;
    Ok(([(header::CONTENT_TYPE, "image/png"), FOR_GOOD], png).into_response())
}

/// GET `/frames/{frame}/preview`: the newest mask in the colours of its classes, black where there is none.
pub(crate) async fn preview(State(app): State<App>, extract::Path(id): extract::Path<i64>) -> Result<Response> {
    let db = app.workspace.db();
    let (project, frame) = frames::get(db, FrameId(id)).await?;
    let project = projects::get(db, project).await?;
    let (_, pixels) = masks::pixels(db, frame.id, None).await?.ok_or(WebError::NotFound)?;
    let _turn = AT_ONCE.acquire().await;
    let draw = move || {
        let mask = Mask::new(frame.size, pixels, project.taxonomy.len());
        mask.map(|mask| mask_png::encode_color(&mask, &project.taxonomy))
    };
    let png = tokio::task::spawn_blocking(draw).await?.map_err(|error| WebError::Internal(error.into()))?;
    // The next save changes it.
    Ok(([(header::CONTENT_TYPE, "image/png"), (header::CACHE_CONTROL, "private, no-store")], png).into_response())
}

/// GET `/projects/{project}/examples`: the source frame that shows a class well, by class index.
pub(crate) async fn examples(State(app): State<App>, extract::Path(id): extract::Path<i64>) -> Result<Response> {
    let survey = app.surveys.of(app.workspace.db(), ProjectId(id)).await?;
    Ok(Json(&survey.examples).into_response())
}
