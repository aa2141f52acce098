//! Masks over HTTP: one class index a pixel, row by row, against a version.
//!
//! A version is the mask's `ETag`. Who saves names in `If-Match` the version that was drawn on; refusals are JSON with a
//! `message`. What the drawing cost comes along as JSON in `windlass-work`: [`Work`].

use std::io::Read;

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::json;

use super::annotate::{chosen, locked};
use crate::domain::{FrameId, Layers, Mask, Origin, Size, Work};
use crate::store::masks::{self, MaskKind, Save, SaveRefusal, Version};
use crate::store::{Db, frames, now, work};
use crate::web::error::Result;
use crate::web::{App, Person, WebError};

/// Bytes that gzip may add to what it cannot make smaller.
const GZIP_OVERHEAD: usize = 64 << 10;

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

/// PUT `/frames/{frame}/mask` with `If-Match`: all pixels, plain or as gzip. Those that change count as drawn by hand.
///
/// 204 with the new `ETag` once it is on disk. 409 with the newest version where it was drawn on an older one, 422 where
/// it is no mask of this frame, 423 where another works on the frame, 428 without `If-Match`.
pub(crate) async fn save(
    State(app): State<App>,
    person: Person,
    Path(frame): Path<i64>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response> {
    let encoding = headers.get(header::CONTENT_ENCODING).map_or(&b"identity"[..], |value| value.as_bytes());
    let gzip = match encoding {
        b"identity" => false,
        b"gzip" => true,
        _ => return Ok(refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send the mask plain or as gzip")),
    };
    let sent = Sent { person, frame: FrameId(frame), headers, body };
    change(
        app.workspace.db(),
        sent,
        |size| size.pixels() + GZIP_OVERHEAD,
        move |layers, body, n_classes| {
            layers.replace(unpack(body, gzip, layers.size(), n_classes)?, Origin::Hand);
            Ok(())
        },
    )
    .await
}

/// PATCH `/frames/{frame}/mask` with `If-Match`: the tiles that changed, in runs as `domain::layers` describes them. The
/// new version is the one in `If-Match` with these tiles in place. Answers as [`save`] does.
pub(crate) async fn save_tiles(
    State(app): State<App>,
    person: Person,
    Path(frame): Path<i64>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response> {
    let sent = Sent { person, frame: FrameId(frame), headers, body };
    change(app.workspace.db(), sent, Layers::longest_patch, |layers, body, n_classes| {
        layers.apply(body, n_classes).map_err(|error| error.to_string())
    })
    .await
}

/// A change as it came.
struct Sent {
    person: Person,
    frame: FrameId,
    headers: HeaderMap,
    body: Body,
}

/// Makes a version of the one in `If-Match` and keeps it, unless there is a newer one or the frame is another's.
///
/// The change is made outside the transaction: versions never change, so that it is enough to look there whether the one
/// it was made on is still the newest, and others wait for milliseconds less.
async fn change(
    db: &Db,
    Sent { person, frame, headers, body }: Sent,
    longest: fn(Size) -> usize,
    edit: impl FnOnce(&mut Layers, &[u8], usize) -> Result<(), String> + Send + 'static,
) -> Result<Response> {
    let chosen = chosen(db, frame).await?;
    let (size, n_classes) = (chosen.size, chosen.taxonomy.len());
    // No change of this frame is longer, so nothing longer is read.
    let Ok(body) = to_bytes(body, longest(size)).await else {
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
    let mut layers = match work::layers(db, chosen.frame, Some(base)).await? {
        Some((_, layers)) => layers,
        None => match masks::newest(db, chosen.frame).await? {
            None => work::blank(chosen.size),
            Some(newest) => return Ok(stale(&newest)),
        },
    };
    let packed = tokio::task::spawn_blocking(move || {
        edit(&mut layers, &body, n_classes)?;
        masks::pack_layers(&layers).map_err(|error| error.to_string())
    });
    let packed = match packed.await? {
        Ok(packed) => packed,
        Err(message) => return Ok(refuse(StatusCode::UNPROCESSABLE_ENTITY, &message)),
    };
    let save = Save { frame: chosen.frame, user: person.id, base, packed: &packed, work: &work, now: now() };
    Ok(match masks::save(db, save).await? {
        Ok(version) => (StatusCode::NO_CONTENT, [(header::ETAG, tag(version))]).into_response(),
        Err(SaveRefusal::Queue(refusal)) => locked(&refusal),
        Err(SaveRefusal::Stale(newest)) => stale(&newest),
    })
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

/// A refusal that a script reads.
pub(super) fn refuse(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "message": message }))).into_response()
}

fn tag(version: i64) -> String {
    format!("\"{version}\"")
}

fn stale(newest: &Version) -> Response {
    (StatusCode::CONFLICT, Json(described(newest))).into_response()
}

fn described(version: &Version) -> serde_json::Value {
    let nobody = match version.kind {
        MaskKind::Start => "the model",
        MaskKind::Oracle => "the dataset's label",
        MaskKind::Saved => "somebody",
    };
    let who = version.name.as_deref().unwrap_or(nobody);
    json!({ "version": version.number, "kind": version.kind.name(), "who": who, "at": version.at })
}

/// Makes a mask of a body, or says what is wrong with it. Takes no more memory than the frame has pixels.
fn unpack(body: &[u8], gzip: bool, size: Size, n_classes: usize) -> Result<Mask, String> {
    let pixels = if gzip {
        let mut pixels = Vec::with_capacity(size.pixels() + 1);
        let most = size.pixels() as u64 + 1;
        let read = GzDecoder::new(body).take(most).read_to_end(&mut pixels);
        read.map_err(|error| format!("the mask is no whole gzip stream: {error}"))?;
        if pixels.len() > size.pixels() {
            return Err(format!("the mask has more than the {} pixels of a frame of {size}", size.pixels()));
        }
        pixels
    } else {
        body.to_vec()
    };
    Mask::new(size, pixels, n_classes).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    const SIZE: Size = Size { width: 4, height: 2 };

    fn packed(pixels: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(pixels).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_mask_comes_plain_or_as_gzip() {
        let pixels = [0, 1, 2, 255, 0, 1, 2, 255];
        assert_eq!(unpack(&pixels, false, SIZE, 3).unwrap().pixels(), pixels);
        assert_eq!(unpack(&packed(&pixels), true, SIZE, 3).unwrap().pixels(), pixels);
    }

    #[test]
    fn what_is_no_mask_of_the_frame_is_refused_with_a_sentence() {
        let refused = |body: &[u8], gzip| unpack(body, gzip, SIZE, 3).unwrap_err();
        assert_eq!(refused(&[0; 7], false), "the mask has 7 pixels where the frame of 4x2 has 8");
        assert_eq!(refused(&packed(&vec![0; 1 << 24]), true), "the mask has more than the 8 pixels of a frame of 4x2");
        assert!(
            refused(&packed(&[0, 0, 0, 0, 0, 3, 0, 0]), true).starts_with("pixel (1, 1) holds 3, which is no class")
        );
        assert!(refused(&[0; 8], true).starts_with("the mask is no whole gzip stream"));
        let whole = packed(&[0; 8]);
        assert!(refused(&whole[..whole.len() - 4], true).starts_with("the mask is no whole gzip stream"));
    }
}
