//! The end of a job's log: what the engine and its libraries printed besides events.

use std::io::{self, ErrorKind, SeekFrom};

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use super::control;
use crate::domain::files;
use crate::web::App;
use crate::web::error::Result;

/// Bytes that are shown.
const END: u64 = 64 << 10;

/// GET `/projects/{project}/jobs/{job}/log`.
pub(crate) async fn end(State(app): State<App>, Path((project, id)): Path<(i64, i64)>) -> Result<Response> {
    let job = control::job(&app, project, id).await?;
    let bytes = match File::open(app.workspace.job_dir(job).join(files::LOG)).await {
        Ok(file) => last_of(file).await?,
        // No engine was started.
        Err(error) if error.kind() == ErrorKind::NotFound => vec![],
        Err(error) => return Err(error.into()),
    };
    let text = match bytes.is_empty() {
        true => "The log is empty.".into(),
        false => String::from_utf8_lossy(&bytes).into_owned(),
    };
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
}

async fn last_of(mut file: File) -> io::Result<Vec<u8>> {
    let length = file.metadata().await?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(END))).await?;
    let mut bytes = vec![];
    file.take(END).read_to_end(&mut bytes).await?;
    Ok(bytes)
}
