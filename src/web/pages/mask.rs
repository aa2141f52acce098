//! Masks over HTTP: one class index a pixel, row by row, against a version.
//!
//! A version is the mask's `ETag`. Who saves names in `If-Match` the version that was drawn on; refusals are JSON with a
//! `message`. What the drawing cost comes along as JSON in `windlass-work`: [`Work`]. `windlass-save` is what a save calls
//! itself: a refusal as stale names what the versions since then call themselves, so that a browser whose save arrived
//! without an answer knows its own.

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::annotate::{chosen, locked};
use crate::domain::{FrameId, Layers, Mask, Work};
use crate::store::masks::{self, MaskKind, Save, SaveRefusal, Version};
use crate::store::queue::{self, Refusal};
use crate::store::{Db, frames, now, work};
use crate::web::error::Result;
use crate::web::words::sentence;
use crate::web::{App, Person, WebError};

/// Bytes of what a save calls itself, at most.
const LONGEST_ID: usize = 64;

/// Which version of a mask.
#[derive(Deserialize)]
pub(crate) struct Which {
    version: Option<i64>,
    /// Whether to send classes and origins as tiles in runs.
    #[serde(default)]
    runs: bool,
}

/// GET `/frames/{frame}/mask[?version=][&runs=true]`: all pixels, 255 where there is no class; version 0 where nothing is
/// saved. With `runs` all tiles as `domain::layers` describes them, with where each pixel came from: a tenth of the bytes.
pub(crate) async fn read(
    State(app): State<App>,
    Path(frame): Path<i64>,
    Query(Which { version, runs }): Query<Which>,
) -> Result<Response> {
    let db = app.workspace.db();
    let (_, frame) = frames::get(db, FrameId(frame)).await?;
    let found = if runs {
        let found = work::layers(db, frame.id, version).await?;
        let pack = move || found.map(|(number, layers)| (number, layers.patch()));
        tokio::task::spawn_blocking(pack).await?
    } else {
        masks::pixels(db, frame.id, version).await?
    };
    let (version, body) = match (found, version) {
        (Some(found), _) => found,
        (None, None) if runs => (0, work::blank(frame.size).patch()),
        (None, None) => (0, Mask::unlabelled(frame.size).into_pixels()),
        (None, Some(_)) => return Err(WebError::NotFound),
    };
    let kind = (header::CONTENT_TYPE, "application/octet-stream".to_owned());
    Ok(([kind, (header::ETAG, tag(version)), (header::CACHE_CONTROL, "private, no-store".into())], body)
        .into_response())
}

/// PATCH `/frames/{frame}/mask` with `If-Match`: the tiles that changed, in runs as `domain::layers` describes them. The
/// new version is the one in `If-Match` with these tiles in place, unless there is a newer one or the frame is another's.
///
/// 204 with the new `ETag` once it is on disk. 409 with the newest version where it was drawn on an older one, 422 where
/// it is no change of this frame, 423 where another works on the frame, 428 without `If-Match`.
///
/// The change is made outside the transaction: versions never change, so that it is enough to look there whether the one
/// it was made on is still the newest, and others wait for milliseconds less.
pub(crate) async fn save(
    State(app): State<App>,
    person: Person,
    Path(frame): Path<i64>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response> {
    let db = app.workspace.db();
    let Some(chosen) = queue::chosen(db, FrameId(frame), now()).await? else {
        return Ok(locked(&Refusal::NotChosen));
    };
    let (size, n_classes) = (chosen.size, chosen.taxonomy.len());
    // No change of this frame is longer, so nothing longer is read.
    let Ok(body) = to_bytes(body, Layers::longest_patch(size)).await else {
        let message = format!("the change is longer than one of all {} pixels of a frame of {size}", size.pixels());
        return Ok(refuse(StatusCode::PAYLOAD_TOO_LARGE, &message));
    };
    let Some(base) = version_of(&headers) else {
        return Ok(refuse(StatusCode::PRECONDITION_REQUIRED, "say with If-Match which version the mask was drawn on"));
    };
    let work = match work_of(&headers) {
        Ok(work) => work,
        Err(message) => return Ok(refuse(StatusCode::UNPROCESSABLE_ENTITY, &message)),
    };
    let id = headers.get("windlass-save").and_then(|id| id.to_str().ok());
    if id.is_some_and(|id| id.len() > LONGEST_ID) {
        let message = format!("a save calls itself by at most {LONGEST_ID} bytes");
        return Ok(refuse(StatusCode::UNPROCESSABLE_ENTITY, &message));
    }
    let mut layers = match work::layers(db, chosen.frame, Some(base)).await? {
        Some((_, layers)) => layers,
        None if masks::newest(db, chosen.frame).await?.is_none() => work::blank(size),
        None => return stale(db, chosen.frame, base).await,
    };
    let packed = tokio::task::spawn_blocking(move || {
        layers.apply(&body, n_classes).map_err(|error| error.to_string())?;
        masks::pack_layers(&layers).map_err(|error| error.to_string())
    });
    let packed = match packed.await? {
        Ok(packed) => packed,
        Err(message) => return Ok(refuse(StatusCode::UNPROCESSABLE_ENTITY, &message)),
    };
    let save = Save { frame: chosen.frame, user: person.id, base, packed: &packed, work: &work, id, now: now() };
    match masks::save(db, save).await? {
        Ok(version) => Ok((StatusCode::NO_CONTENT, [(header::ETAG, tag(version))]).into_response()),
        Err(SaveRefusal::Queue(refusal)) => Ok(locked(&refusal)),
        Err(SaveRefusal::Stale) => stale(db, chosen.frame, base).await,
    }
}

/// What the drawing cost, as far as it is said.
fn work_of(headers: &HeaderMap) -> Result<Work, String> {
    let Some(value) = headers.get("windlass-work") else { return Ok(Work::default()) };
    let work: Work = serde_json::from_slice(value.as_bytes()).map_err(|error| format!("windlass-work: {error}"))?;
    work.check().map(|()| work)
}

/// GET `/frames/{frame}/history`: every version, the newest first.
pub(crate) async fn history(State(app): State<App>, Path(frame): Path<i64>) -> Result<Response> {
    let db = app.workspace.db();
    let (_, frame) = frames::get(db, FrameId(frame)).await?;
    let versions = masks::versions(db, frame.id).await?;
    let work = work::of_frame(db, frame.id).await?;
    let line = |version: &Version| {
        let mut line = described(version);
        if let Some(work) = work.get(&version.number) {
            line["seconds"] = work.seconds.into();
            line["actions"] = work.total_actions().into();
        }
        line
    };
    Ok(Json(versions.iter().map(line).collect::<Vec<_>>()).into_response())
}

/// GET `/frames/{frame}/uncertainty`: an 8-bit PNG, 255 where the model doubts most.
pub(crate) async fn uncertainty(State(app): State<App>, Path(frame): Path<i64>) -> Result<Response> {
    let chosen = chosen(app.workspace.db(), FrameId(frame)).await?;
    let path = chosen.uncertainty.ok_or(WebError::NotFound)?;
    let png = tokio::fs::read(app.workspace.dir().join(path)).await?;
    Ok(([(header::CONTENT_TYPE, "image/png")], png).into_response())
}

/// GET `/frames/{frame}/segments`: superpixels and how they merge, as `formats::segments` writes them.
pub(crate) async fn segments(State(app): State<App>, Path(frame): Path<i64>) -> Result<Response> {
    let chosen = chosen(app.workspace.db(), FrameId(frame)).await?;
    let path = chosen.segments.ok_or(WebError::NotFound)?;
    let gzip = tokio::fs::read(app.workspace.dir().join(path)).await?;
    // As it lies on the disk: every browser unpacks it by itself.
    let headers = [(header::CONTENT_TYPE, "application/octet-stream"), (header::CONTENT_ENCODING, "gzip")];
    Ok((headers, gzip).into_response())
}

/// The version in `If-Match`.
pub(super) fn version_of(headers: &HeaderMap) -> Option<i64> {
    headers.get(header::IF_MATCH)?.to_str().ok()?.trim().trim_start_matches("W/").trim_matches('"').parse().ok()
}

/// A refusal that a script reads, and a person on its page.
pub(super) fn refuse(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "message": sentence(message) }))).into_response()
}

fn tag(version: i64) -> String {
    format!("\"{version}\"")
}

/// The newest version, and what each since `base` calls itself, in order.
async fn stale(db: &Db, frame: FrameId, base: i64) -> Result<Response> {
    let versions = masks::versions(db, frame).await?;
    let newest = versions.first().ok_or(WebError::NotFound)?;
    let since = versions.iter().rev().filter(|version| version.number > base);
    let mut answer = described(newest);
    answer["saves"] = since.map(|version| version.save.as_deref()).collect();
    Ok((StatusCode::CONFLICT, Json(answer)).into_response())
}

fn described(version: &Version) -> serde_json::Value {
    let nobody = match version.kind {
        MaskKind::Start => "the model",
        MaskKind::Oracle => "the dataset's label",
        MaskKind::Saved => "somebody",
    };
    let who = version.name.as_deref().unwrap_or(nobody);
    json!({ "version": version.number, "kind": version.kind.slug(), "who": who, "at": version.at })
}
