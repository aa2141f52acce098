//! All projects, with how each stands.

use askama::Template;
use axum::response::Html;

use super::show;
use crate::web::error::Result;
use crate::web::page::Page;

#[derive(Template)]
#[template(path = "projects.html")]
struct Projects {
    page: Page,
}

pub(crate) async fn list(page: Page) -> Result<Html<String>> {
    show(&Projects { page })
}
