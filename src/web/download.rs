//! A file as an answer, a piece at a time: weights are larger than memory should be.

use std::path::Path;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use tokio::io::AsyncReadExt;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::error::Result;

const PIECE: usize = 256 << 10;

/// The file, to be kept under that name.
pub(super) async fn file(path: &Path, name: &str, kind: &'static str) -> Result<Response> {
    let mut file = tokio::fs::File::open(path).await?;
    let length = file.metadata().await?.len();
    let (send, pieces) = mpsc::channel::<std::io::Result<Vec<u8>>>(2);
    tokio::spawn(async move {
        loop {
            let mut piece = Vec::with_capacity(PIECE);
            let read = (&mut file).take(PIECE as u64).read_to_end(&mut piece).await;
            let more = matches!(read, Ok(1..));
            // An error breaks the answer off, so that it is not taken for whole; the end needs no piece.
            let piece = match read {
                Ok(0) => return,
                read => read.map(|_| piece),
            };
            if send.send(piece).await.is_err() || !more {
                return;
            }
        }
    });
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-._".contains(c) { c } else { '-' };
    let name: String = name.chars().map(plain).collect();
    let disposition = HeaderValue::try_from(format!("attachment; filename=\"{name}\"")).expect("plain characters");
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_LENGTH, HeaderValue::from(length)),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    Ok((headers, Body::from_stream(ReceiverStream::new(pieces))).into_response())
}
