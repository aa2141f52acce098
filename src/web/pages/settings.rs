//! A project's knobs after it was set up: jobs that start from now on go by them.

use std::collections::BTreeMap;

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};

use super::knobs::{self, Field, Group};
use super::show;
use crate::domain::{Checks, ProjectId, Taxonomy};
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

    fn few(&self) -> Vec<Field> {
        knobs::few(&knobs::preset(self.project.recipe.backbone, &self.values), &self.values, &self.errors)
    }

    fn groups(&self) -> Vec<Group> {
        knobs::groups(&knobs::preset(self.project.recipe.backbone, &self.values), &self.values, &self.errors)
    }
}

/// The checks as the form shows them: a pair a line.
fn check_values(checks: &Checks) -> Values {
    let pairs: Vec<String> = checks.never_touch.iter().map(|(a, b)| format!("{a} / {b}")).collect();
    let values = [
        ("unlabelled_percent", checks.unlabelled_percent.to_string()),
        ("speck_pixels", checks.speck_pixels.to_string()),
        ("never_touch", pairs.join("\n")),
    ];
    values.map(|(name, value)| (name.to_owned(), value)).into()
}

/// The checks of a form; what it does not name stays as it is.
fn checks_of(form: &Values, kept: Checks, taxonomy: &Taxonomy) -> Result<Checks, Values> {
    let mut errors = Values::new();
    let mut wrong = |name: &str, message: String| drop(errors.insert(name.to_owned(), message));
    let mut checks = kept;
    if let Some(text) = form.get("unlabelled_percent") {
        match text.trim().parse() {
            Ok(percent) if (0.0..=100.0).contains(&percent) => checks.unlabelled_percent = percent,
            _ => wrong("unlabelled_percent", "Type a number from 0 to 100.".into()),
        }
    }
    if let Some(text) = form.get("speck_pixels") {
        match text.trim().parse() {
            Ok(pixels) if pixels <= 10_000 => checks.speck_pixels = pixels,
            _ => wrong("speck_pixels", "Type a whole number from 0 to 10000.".into()),
        }
    }
    if let Some(text) = form.get("never_touch") {
        let pair = |line: &str| -> Result<(String, String), String> {
            let (a, b) = line.split_once('/').ok_or_else(|| format!("Put a / between the two classes of “{line}”."))?;
            for name in [a.trim(), b.trim()] {
                taxonomy.index_of(name).ok_or_else(|| format!("There is no class “{name}” in this project."))?;
            }
            Ok((a.trim().to_owned(), b.trim().to_owned()))
        };
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        match lines.map(pair).collect() {
            Ok(pairs) => checks.never_touch = pairs,
            Err(message) => wrong("never_touch", message),
        }
    }
    if errors.is_empty() { Ok(checks) } else { Err(errors) }
}

/// GET `/projects/{project}/settings`. With a preset in the query its knobs fill the form, to be looked at; nothing is kept.
pub(crate) async fn form(
    State(app): State<App>,
    page: Page,
    Path(id): Path<i64>,
    query: Query<Values>,
) -> Result<Html<String>> {
    let db = app.workspace.db();
    let project = projects::get(db, ProjectId(id)).await?;
    let mut values = match query.contains_key("preset") {
        true => knobs::values(&knobs::preset(project.recipe.backbone, &query)),
        false => knobs::values(&project.recipe),
    };
    values.extend(check_values(&projects::checks(db, project.id).await?));
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
    Form(mut values): Form<Values>,
) -> Result<Response> {
    let db = app.workspace.db();
    let project = projects::get(db, ProjectId(id)).await?;
    if values.remove("survey").is_some() {
        let survey = app.surveys.of(db, project.id).await?;
        let name = |class: u8| project.taxonomy.classes[usize::from(class)].name.as_str();
        let pairs: Vec<String> =
            survey.never_touch.iter().map(|&(a, b)| format!("{} / {}", name(a), name(b))).collect();
        values.insert("never_touch".into(), pairs.join("\n"));
        values.insert("surveyed".into(), survey.labels.to_string());
        return Ok(show(&Settings { page, project, values, errors: Values::new() })?.into_response());
    }
    let recipe = knobs::recipe(project.recipe.backbone, &values);
    let checks = checks_of(&values, projects::checks(db, project.id).await?, &project.taxonomy);
    let both = match (recipe, checks) {
        (Ok(recipe), Ok(checks)) => Ok((recipe, checks)),
        (Err(mut errors), Err(more)) => {
            errors.extend(more);
            Err(errors)
        }
        (Err(errors), _) | (_, Err(errors)) => Err(errors),
    };
    match both {
        Ok((recipe, checks)) => {
            projects::set_recipe(db, project.id, &recipe).await?;
            projects::set_checks(db, project.id, &checks).await?;
            projects::set_auto_advance(db, project.id, values.contains_key("auto_advance")).await?;
            Ok(Redirect::to(&format!("/projects/{id}")).into_response())
        }
        Err(errors) => {
            let form = Settings { page, project, values, errors };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, show(&form)?).into_response())
        }
    }
}
