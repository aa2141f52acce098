//! Static files: inside the binary, named by the hash of them all, so that a browser keeps them for good.

use std::sync::LazyLock;

use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::Embed;
use sha2::{Digest, Sha256};

use crate::formats::digest::hex;

#[derive(Embed)]
#[folder = "static/"]
struct Static;

/// One hash for every file: modules import each other by relative paths, which stay within `/static/<build>/`.
static BUILD: LazyLock<String> = LazyLock::new(|| {
    let mut names: Vec<_> = Static::iter().collect();
    names.sort();
    let mut hash = Sha256::new();
    for name in names {
        let file = Static::get(&name).expect("the name was just listed");
        hash.update(name.as_bytes());
        hash.update(file.metadata.sha256_hash());
    }
    hex(&hash.finalize()[..6])
});

/// The address of a static file, for templates: `url("app.css")`.
pub(crate) fn url(path: &str) -> String {
    format!("/static/{}/{path}", *BUILD)
}

/// GET `/static/{build}/{*path}`.
pub(super) async fn file(Path((build, path)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let Some(file) = Static::get(&path) else { return StatusCode::NOT_FOUND.into_response() };
    let hash = hex(&file.metadata.sha256_hash()[..8]);
    let etag = format!("\"{hash}\"");
    // A page of an older server may still ask under its own build: it gets today's file, for now only.
    let cache = if build == *BUILD { "public, max-age=31536000, immutable" } else { "no-cache" };
    let kind = match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("css") => "text/css; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("wasm") => "application/wasm",
        _ => "text/plain; charset=utf-8",
    };
    let meta =
        [(header::ETAG, etag.clone()), (header::CACHE_CONTROL, cache.into()), (header::CONTENT_TYPE, kind.into())];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, meta).into_response();
    }
    (meta, Body::from(file.data.into_owned())).into_response()
}
