//! One file a page: handlers and template structs together.

pub(super) mod account;
pub(super) mod annotate;
pub(super) mod control;
pub(super) mod export;
pub(super) mod frames;
pub(super) mod invitation;
pub(super) mod choosing;
mod knobs;
mod machine;
pub(super) mod log;
pub(super) mod mask;
pub(super) mod models;
pub(super) mod new_project;
pub(super) mod people;
pub(super) mod picks;
pub(super) mod project;
pub(super) mod projects;
pub(super) mod queue;
pub(super) mod settings;
pub(super) mod sign_in;

use askama::Template;
use axum::response::Html;

use super::error::Result;

/// A template as an answer.
fn show(template: &impl Template) -> Result<Html<String>> {
    Ok(Html(template.render()?))
}
