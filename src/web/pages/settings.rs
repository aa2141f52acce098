//! A project's knobs after it was set up: jobs that start from now on go by them.

use std::collections::BTreeMap;

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::knobs::{self, Field, Group};
use super::{machine, new_project, show};
use crate::domain::{Checks, ProjectId, Taxonomy};
use crate::store::projects::{self, ImportState, Project};
use crate::store::{self, jobs};
use crate::web::error::Result;
use crate::web::page::Page;
use crate::web::{self, App, WebError};

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

/// The form as settings; what it does not name stays as it is. Errors by field.
fn settings_of(
    server: &web::Settings,
    project: &Project,
    kept: Checks,
    form: &Values,
) -> Result<projects::Settings, Values> {
    let mut errors = Values::new();
    let typed = |name: &str| form.get(name).map(|text| text.trim());
    let recipe = knobs::recipe(project.recipe.backbone, form).map_err(|wrong| errors.extend(wrong));
    let checks = checks_of(form, kept, &project.taxonomy).map_err(|wrong| errors.extend(wrong));
    let mut wrong = |name: &str, message: String| drop(errors.insert(name.to_owned(), message));
    let name = typed("name").map_or(Ok(project.name.clone()), new_project::name);
    let name = name.map_err(|message| wrong("name", message));
    let device = typed("device").map_or(Ok(project.device.clone()), |typed| machine::device(server, typed));
    let device = device.map_err(|message| wrong("device", message));
    let imagenet = match typed("imagenet") {
        Some(typed) if typed != machine::shown(server, project) => {
            machine::imagenet(server, project.recipe.backbone, typed)
        }
        _ => Ok(project.imagenet.clone()),
    };
    let imagenet = imagenet.map_err(|message| wrong("imagenet", message));
    let (Ok(recipe), Ok(checks), Ok(name), Ok(device), Ok(imagenet)) = (recipe, checks, name, device, imagenet) else {
        return Err(errors);
    };
    let auto_advance = form.contains_key("auto_advance");
    Ok(projects::Settings { name, recipe, checks, auto_advance, device, imagenet })
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
    values.insert("name".into(), project.name.clone());
    values.insert("device".into(), project.device.clone());
    values.insert("imagenet".into(), machine::shown(&app.settings, &project));
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
    let errors = match settings_of(&app.settings, &project, projects::checks(db, project.id).await?, &values) {
        Ok(settings) => match projects::change(db, project.id, &settings).await {
            Ok(()) => return Ok(Redirect::to(&format!("/projects/{id}")).into_response()),
            Err(store::Error::Taken) => Values::from([("name".into(), "There is a project of that name.".into())]),
            Err(error) => return Err(error.into()),
        },
        Err(errors) => errors,
    };
    let form = Settings { page, project, values, errors };
    Ok((StatusCode::UNPROCESSABLE_ENTITY, show(&form)?).into_response())
}

/// Put away or brought back.
#[derive(Deserialize)]
pub(crate) struct Place {
    away: bool,
}

/// POST `/projects/{project}/archive`.
pub(crate) async fn archive(
    State(app): State<App>,
    Path(id): Path<i64>,
    Form(Place { away }): Form<Place>,
) -> Result<Redirect> {
    let (db, project) = (app.workspace.db(), ProjectId(id));
    let import = projects::get(db, project).await?.import.state;
    if away && matches!(import, ImportState::Queued | ImportState::Running) {
        return Err(WebError::Conflict("The frames of this project are being read: wait until that is done.".into()));
    }
    if away && jobs::active(db).await?.iter().any(|job| job.project == project) {
        return Err(WebError::Conflict("A stage of this project is at work: stop it first.".into()));
    }
    projects::archive(db, project, away).await?;
    Ok(Redirect::to(&if away { "/".to_owned() } else { format!("/projects/{id}") }))
}
