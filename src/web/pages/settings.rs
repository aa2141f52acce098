//! A project's knobs after it was set up: jobs that start from now on go by them.

use std::collections::BTreeMap;

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};

use super::knobs::{self, Knob};
use super::show;
use crate::domain::{Norm, ProjectId, Recipe};
use crate::store::projects::{self, Project};
use crate::web::App;
use crate::web::error::Result;
use crate::web::page::Page;

type Values = BTreeMap<String, String>;

#[derive(Template)]
#[template(path = "settings.html")]
struct Settings {
    page: Page,
    project: Project,
    values: Values,
    errors: Values,
}

impl Settings {
    fn value(&self, name: &str) -> &str {
        self.values.get(name).map_or("", String::as_str)
    }

    fn is(&self, name: &str, value: &str) -> bool {
        self.value(name) == value
    }

    fn error(&self, name: &str) -> Option<&str> {
        self.errors.get(name).map(String::as_str)
    }

    fn recommended(&self, knob: &Knob) -> String {
        knobs::recommended(self.project.recipe.backbone, knob.pointer)
    }
}

/// The recipe as the form shows it.
fn values(recipe: &Recipe) -> Values {
    let mut values = knobs::values(recipe);
    let norm = if recipe.norm == Norm::Frozen { "frozen" } else { "trained" };
    values.insert("norm".into(), norm.into());
    values
}

/// GET `/projects/{project}/settings`.
pub(crate) async fn form(State(app): State<App>, page: Page, Path(id): Path<i64>) -> Result<Html<String>> {
    let project = projects::get(app.workspace.db(), ProjectId(id)).await?;
    let mut values = values(&project.recipe);
    if project.auto_advance {
        values.insert("auto_advance".into(), "yes".into());
    }
    show(&Settings { page, project, values, errors: Values::new() })
}

/// POST `/projects/{project}/settings`.
pub(crate) async fn save(
    State(app): State<App>,
    page: Page,
    Path(id): Path<i64>,
    Form(values): Form<Values>,
) -> Result<Response> {
    let db = app.workspace.db();
    let project = projects::get(db, ProjectId(id)).await?;
    match knobs::recipe(project.recipe.backbone, &values) {
        Ok(recipe) => {
            projects::set_recipe(db, project.id, &recipe).await?;
            projects::set_auto_advance(db, project.id, values.contains_key("auto_advance")).await?;
            Ok(Redirect::to(&format!("/projects/{id}")).into_response())
        }
        Err(errors) => {
            let form = Settings { page, project, values, errors };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, show(&form)?).into_response())
        }
    }
}
