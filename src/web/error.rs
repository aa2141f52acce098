//! The situations that a visitor can meet. What went wrong inside is logged, never shown.

use askama::Template;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::page::Page;
use crate::store;

/// Of handlers.
pub(crate) type Result<T, E = WebError> = std::result::Result<T, E>;

/// Why a page cannot be shown or a change not made.
#[derive(Debug)]
pub(crate) enum WebError {
    /// Nobody is signed in: go there, and come back to this address.
    SignIn { back: Option<String> },
    /// Signed in, but not as somebody who may.
    Forbidden,
    /// No such page, frame, project.
    NotFound,
    /// The request cannot be followed; the sentence says what to do.
    Refused(String),
    /// It was changed meanwhile, or is not in the state for it; the sentence says what to do.
    Conflict(String),
    /// A link that lets people in was used, taken back, or is too old.
    LinkOver,
    /// Too many tries; seconds to wait.
    TooMany(u64),
    /// The change came from another site's page.
    Foreign,
    /// No room on the disk of the workspace.
    DiskFull,
    /// Ours. Logged here, shown as one calm sentence.
    Internal(anyhow::Error),
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    page: Page,
    title: &'a str,
    message: &'a str,
}

/// What an error says, on its way to [`dress`].
#[derive(Clone)]
struct Spoken {
    title: &'static str,
    message: String,
}

/// Stands before everything: gives errors the page that fits who asked. A button on a page gets a notice for that page, a
/// script the sentence as it is.
pub(super) async fn dress(mut page: Page, request: Request, next: Next) -> Response {
    let on_a_page = request.headers().contains_key("hx-request");
    let accepts = request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let reads = on_a_page || accepts.is_some_and(|accept| accept.contains("text/html"));
    let mut response = next.run(request).await;
    if !reads {
        return response;
    }
    page.person = response.extensions().get().cloned();
    let spoken = response.extensions().get().cloned();
    let spoken = spoken.or_else(|| {
        let error = unspoken(&response)?;
        *response.status_mut() = error.status();
        Some(error.spoken())
    });
    let Some(Spoken { title, message }) = spoken else { return response };
    let html = if on_a_page {
        Notice { message: &message }.render()
    } else {
        ErrorPage { page, title, message: &message }.render()
    };
    let (mut parts, body) = response.into_parts();
    let Ok(html) = html else { return Response::from_parts(parts, body) };
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    Response::from_parts(parts, html.into())
}

/// What axum refused before a handler saw it, in our words: a number that is none, a form that is too large.
fn unspoken(response: &Response) -> Option<WebError> {
    let kind = response.headers().get(header::CONTENT_TYPE);
    let is_plain = kind.is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if !response.status().is_client_error() || !is_plain {
        return None;
    }
    Some(match response.status() {
        StatusCode::PAYLOAD_TOO_LARGE => WebError::Refused("That is more than this page takes: send less.".into()),
        StatusCode::UNPROCESSABLE_ENTITY | StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            WebError::Refused("The form came without what it asks for: open its page again.".into())
        }
        _ => WebError::NotFound,
    })
}

#[derive(Template)]
#[template(source = r#"<div id="notice" role="alert"><p>{{ message }}</p></div>"#, ext = "html")]
struct Notice<'a> {
    message: &'a str,
}

impl WebError {
    fn status(&self) -> StatusCode {
        match self {
            Self::SignIn { .. } => StatusCode::UNAUTHORIZED,
            Self::Forbidden | Self::Foreign => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::LinkOver => StatusCode::GONE,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::DiskFull => StatusCode::INSUFFICIENT_STORAGE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn spoken(&self) -> Spoken {
        let (title, message) = match self {
            Self::SignIn { .. } => ("Sign in first", "You are signed out. Sign in and try again.".into()),
            Self::Forbidden => ("Not for you", "Only a lead may do that. Ask one of your leads.".into()),
            Self::NotFound => ("Nothing here", "There is no such page, or what it showed was removed.".into()),
            Self::Refused(message) => ("That did not work", message.clone()),
            Self::Conflict(message) => ("Not now", message.clone()),
            Self::LinkOver => (
                "This link is no longer good",
                "It was used before, taken back, or is too old. Ask a lead for a new one.".into(),
            ),
            Self::TooMany(1) => ("Too many tries", "Wait a second, then try again.".into()),
            Self::TooMany(seconds) => ("Too many tries", format!("Wait {seconds} seconds, then try again.")),
            Self::Foreign => (
                "That came from elsewhere",
                "The change was sent by a page of another address, so it was not made. Open Windlass itself and try again."
                    .into(),
            ),
            Self::DiskFull => (
                "The disk is full",
                "The server has no room left. Tell your operator; nothing that was saved before is lost.".into(),
            ),
            Self::Internal(_) => (
                "Something went wrong here",
                "The server could not do that. It was written to the log; tell your operator if it happens again.".into(),
            ),
        };
        Spoken { title, message }
    }
}

impl IntoResponse for WebError {
    fn into_response(self) -> Response {
        if let Self::SignIn { back: Some(back) } = &self {
            let next = format!("/sign-in?next={}", super::encode(back));
            return (StatusCode::SEE_OTHER, [(header::LOCATION, next)]).into_response();
        }
        if let Self::Internal(error) = &self {
            tracing::error!("a request failed: {error:#}");
        }
        let spoken = self.spoken();
        // Text for scripts: the page around it is made where the request is known.
        let mut response = (self.status(), spoken.message.clone()).into_response();
        response.extensions_mut().insert(spoken);
        if let Self::TooMany(seconds) = self {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<store::Error> for WebError {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::NotFound => Self::NotFound,
            store::Error::Taken => Self::Conflict("There is one of that name already. Choose another name.".into()),
            store::Error::DiskFull => Self::DiskFull,
            other => Self::Internal(other.into()),
        }
    }
}

impl From<anyhow::Error> for WebError {
    fn from(error: anyhow::Error) -> Self {
        Self::Internal(error)
    }
}

impl From<askama::Error> for WebError {
    fn from(error: askama::Error) -> Self {
        Self::Internal(error.into())
    }
}

impl From<std::io::Error> for WebError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::NotFound => Self::NotFound,
            std::io::ErrorKind::StorageFull => Self::DiskFull,
            _ => Self::Internal(error.into()),
        }
    }
}

impl From<tokio::task::JoinError> for WebError {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::Internal(error.into())
    }
}
