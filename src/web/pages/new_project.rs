//! Setting a project up: where its frames lie and how they are read, its classes, its recipe.

use std::collections::BTreeMap;
use std::path::PathBuf;

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};

use super::knobs::{self, Field, Group};
use super::{machine, show};
use crate::domain::{Backbone, Dataset, Layout, ProjectId, Taxonomy};
use crate::formats::datasets::{self, ScanError};
use crate::formats::mapping::code_for;
use crate::formats::picture;
use crate::store::projects::{self, ImportState, NewProject, Project};
use crate::store::{self};
use crate::web::error::Result;
use crate::web::page::Page;
use crate::web::words::{count, sentence};
use crate::web::{App, Settings, WebError};

type Values = BTreeMap<String, String>;

/// What a check of a folder found.
#[derive(Clone, Debug)]
struct Finding {
    good: bool,
    lines: Vec<String>,
}

/// One of the three datasets of the form.
struct Part {
    key: &'static str,
    title: &'static str,
    help: &'static str,
    /// Where the layout has splits and nobody names one.
    usual_split: &'static str,
}

const PARTS: [Part; 3] = [
    Part {
        key: "source",
        title: "Source",
        help: "Labelled frames, plentiful: a game, another city, a public dataset.",
        usual_split: "train",
    },
    Part {
        key: "target",
        title: "Target",
        help: "Frames of the domain that the model is for. They need no labels.",
        usual_split: "train",
    },
    Part {
        key: "val",
        title: "Validation",
        help: "Labelled target frames to measure on. Optional: without them no mIoU is shown.",
        usual_split: "val",
    },
];

const TAXONOMIES: [(&str, &str); 3] = [
    ("cityscapes19", "Cityscapes, 19 classes"),
    ("synthia16", "SYNTHIA, 16 classes, 13 reported too"),
    ("camvid11", "CamVid, 11 classes"),
];

#[derive(Template)]
#[template(path = "new_project.html")]
struct NewProjectPage {
    page: Page,
    values: Values,
    errors: Values,
    findings: BTreeMap<&'static str, Finding>,
    data_roots: Vec<String>,
    device: String,
    backbone: Backbone,
}

impl NewProjectPage {
    fn new(app: &App, page: Page, values: Values) -> Self {
        let backbone = backbone(&values);
        let data_roots = app.settings.data_roots.iter().map(|root| root.display().to_string()).collect();
        let device = app.settings.device.clone();
        Self { page, values, errors: Values::new(), findings: BTreeMap::new(), data_roots, device, backbone }
    }

    fn value(&self, name: &str) -> &str {
        self.values.get(name).map_or("", String::as_str)
    }

    /// The project that is set up again; none for a new one.
    fn again(&self) -> Option<i64> {
        self.value("again").parse().ok()
    }

    fn of(&self, part: &Part, name: &str) -> &str {
        self.value(&format!("{}_{name}", part.key))
    }

    fn is(&self, name: &str, value: &str) -> bool {
        self.value(name) == value
    }

    fn of_is(&self, part: &Part, name: &str, value: &str) -> bool {
        self.of(part, name) == value
    }

    fn error(&self, name: &str) -> Option<&str> {
        self.errors.get(name).map(String::as_str)
    }

    /// Whether there is something in the fields that few need.
    fn has_more(&self, part: &Part) -> bool {
        let shown = |name: &&str| {
            let field = format!("{}_{name}", part.key);
            !self.value(&field).is_empty() || self.error(&field).is_some()
        };
        ["labels", "mapping"].iter().any(shown)
    }

    fn finding(&self, part: &Part) -> Option<&Finding> {
        self.findings.get(part.key)
    }

    fn few(&self) -> Vec<Field> {
        knobs::few(&knobs::preset(self.backbone, &self.values), &self.values, &self.errors)
    }

    fn groups(&self) -> Vec<Group> {
        knobs::groups(&knobs::preset(self.backbone, &self.values), &self.values, &self.errors)
    }

    fn has_knob_errors(&self) -> bool {
        self.errors
            .keys()
            .any(|field| field.starts_with('/') || ["device", "seed", "imagenet"].contains(&field.as_str()))
    }

    fn is_small(&self) -> bool {
        self.backbone == Backbone::EfficientnetLite0
    }
}

fn backbone(values: &Values) -> Backbone {
    match values.get("backbone").map(String::as_str) {
        Some("resnet101") => Backbone::Resnet101,
        _ => Backbone::EfficientnetLite0,
    }
}

/// GET `/projects/new`. The query fills the form, so that a choice that changes other fields can be looked at.
pub(crate) async fn form(
    State(app): State<App>,
    page: Page,
    query: axum::extract::Query<Values>,
) -> Result<Html<String>> {
    show(&NewProjectPage::new(&app, page, query.0))
}

/// POST `/projects/check`: what lies in the folder named by the button. Nothing is kept.
pub(crate) async fn check(State(app): State<App>, page: Page, Form(values): Form<Values>) -> Result<Html<String>> {
    let mut form = NewProjectPage::new(&app, page, values);
    if let Some(part) = PARTS.iter().find(|part| part.key == form.value("check")) {
        let finding = match dataset(&app.settings, &form.values, part.key) {
            Ok(Some(dataset)) => {
                let labelled = part.key != "target";
                tokio::task::spawn_blocking(move || look(&dataset, labelled)).await?
            }
            Ok(None) => Finding { good: false, lines: vec!["Type a folder first.".into()] },
            Err((_, message)) => Finding { good: false, lines: vec![message] },
        };
        form.findings.insert(part.key, finding);
    }
    show(&form)
}

/// POST `/projects`.
pub(crate) async fn create(State(app): State<App>, page: Page, Form(values): Form<Values>) -> Result<Response> {
    keep(&app, page, values, None).await
}

/// GET `/projects/{project}/set-up`: the form of a project whose frames could not be read, to be mended.
pub(crate) async fn mend(State(app): State<App>, page: Page, Path(id): Path<i64>) -> Result<Html<String>> {
    let project = unread(&app, id).await?;
    let values = values_of(&app.settings, &project);
    show(&NewProjectPage::new(&app, page, values))
}

/// POST `/projects/{project}/set-up`.
pub(crate) async fn mended(
    State(app): State<App>,
    page: Page,
    Path(id): Path<i64>,
    Form(values): Form<Values>,
) -> Result<Response> {
    let project = unread(&app, id).await?;
    keep(&app, page, values, Some(project.id)).await
}

/// A project on whose frames nothing stands yet.
async fn unread(app: &App, id: i64) -> Result<Project> {
    let project = projects::get(app.workspace.db(), ProjectId(id)).await?;
    match project.import.state {
        ImportState::Failed => Ok(project),
        ImportState::Queued | ImportState::Running | ImportState::Done => {
            Err(WebError::Conflict("Its frames are in, or being read: make a new project for other ones.".into()))
        }
    }
}

/// Keeps what the form says and reads the frames, or shows it again with what is wrong.
async fn keep(app: &App, page: Page, values: Values, again: Option<ProjectId>) -> Result<Response> {
    let db = app.workspace.db();
    let new = match parse(&app.settings, &values) {
        Ok(new) => {
            tokio::task::spawn_blocking(move || {
                let errors = misfits(&new);
                if errors.is_empty() { Ok(new) } else { Err(errors) }
            })
            .await?
        }
        Err(errors) => Err(errors),
    };
    let errors = match new {
        Ok(new) => match projects::set_up(db, again, &new).await {
            Ok(id) => {
                app.supervisor.import(id).await.map_err(super::control::refused)?;
                return Ok(Redirect::to(&format!("/projects/{id}")).into_response());
            }
            Err(store::Error::Taken) => Values::from([("name".into(), "There is a project of that name.".into())]),
            Err(error) => return Err(error.into()),
        },
        Err(errors) => errors,
    };
    let form = NewProjectPage { errors, ..NewProjectPage::new(app, page, values) };
    Ok((StatusCode::UNPROCESSABLE_ENTITY, show(&form)?).into_response())
}

/// A project as the form shows it.
fn values_of(settings: &Settings, project: &Project) -> Values {
    let mut values = knobs::values(&project.recipe);
    let mut put = |name: &str, value: String| drop(values.insert(name.to_owned(), value));
    let parts = [("source", Some(&project.source)), ("target", Some(&project.target)), ("val", project.val.as_ref())];
    for (key, dataset) in parts.into_iter().filter_map(|(key, dataset)| Some((key, dataset?))) {
        let path = |path: &Option<PathBuf>| path.as_ref().map_or_else(String::new, |path| path.display().to_string());
        put(&format!("{key}_root"), dataset.root.display().to_string());
        put(&format!("{key}_layout"), dataset.layout.slug().into());
        put(&format!("{key}_split"), dataset.split.clone().unwrap_or_default());
        put(&format!("{key}_labels"), path(&dataset.labels));
        put(&format!("{key}_mapping"), path(&dataset.mapping));
    }
    put("again", project.id.to_string());
    put("name", project.name.clone());
    put("taxonomy", project.taxonomy.name.clone());
    put("backbone", word(&project.recipe.backbone));
    put("seed", project.seed.to_string());
    put("device", project.device.clone());
    put("imagenet", machine::shown(settings, project));
    if project.auto_advance {
        put("auto_advance", "yes".into());
    }
    values
}

/// A choice by its name in forms, which is that of files.
fn word(choice: &impl serde::Serialize) -> String {
    serde_json::to_value(choice).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}

/// The name of a project as it was typed. The error is a sentence.
pub(super) fn name(typed: &str) -> Result<String, String> {
    match typed.chars().count() {
        1..=80 if !typed.chars().any(char::is_control) => Ok(typed.to_owned()),
        _ => Err("Give a name of 1 to 80 characters.".into()),
    }
}

/// Classes by the name that people know.
pub(super) fn taxonomy_title(name: &str) -> &str {
    TAXONOMIES.iter().find(|(slug, _)| *slug == name).map_or(name, |(_, title)| title)
}

/// The form as a project, or what is wrong with each field.
fn parse(settings: &Settings, values: &Values) -> Result<NewProject, Values> {
    let mut errors = Values::new();
    let value = |name: &str| values.get(name).map_or("", |text| text.trim());
    let name = name(value("name")).map_err(|message| errors.insert("name".into(), message)).ok();
    let taxonomy = Taxonomy::built_in(value("taxonomy"));
    if taxonomy.is_none() {
        errors.insert("taxonomy".into(), "Choose one of the taxonomies.".into());
    }
    let mut part = |key: &str| match dataset(settings, values, key) {
        Ok(dataset) => dataset,
        Err((field, message)) => {
            errors.insert(field, message);
            None
        }
    };
    let (source, target, val) = (part("source"), part("target"), part("val"));
    for (key, found) in [("source", &source), ("target", &target)] {
        if found.is_none() {
            errors.entry(format!("{key}_root")).or_insert_with(|| "Give the folder.".into());
        }
    }
    let backbone = backbone(values);
    let recipe = knobs::recipe(backbone, values).map_err(|wrong| errors.extend(wrong)).ok();
    let imagenet = machine::imagenet(settings, backbone, value("imagenet"));
    let imagenet = imagenet.map_err(|message| errors.insert("imagenet".into(), message)).ok();
    let seed = match value("seed") {
        "" => Some(1),
        typed => typed.parse().map_err(|_| errors.insert("seed".into(), "Give a whole number.".into())).ok(),
    };
    let device = machine::device(settings, value("device"));
    let device = device.map_err(|message| errors.insert("device".into(), message)).ok();
    let (
        Some(name),
        Some(taxonomy),
        Some(source),
        Some(target),
        Some(recipe),
        Some(imagenet),
        Some(seed),
        Some(device),
    ) = (name, taxonomy, source, target, recipe, imagenet, seed, device)
    else {
        return Err(errors);
    };
    if !errors.is_empty() {
        return Err(errors);
    }
    let auto_advance = values.contains_key("auto_advance");
    Ok(NewProject { name, taxonomy, recipe, seed, device, imagenet, auto_advance, oracle: false, source, target, val })
}

/// One of the three datasets; none where its folder is empty. An error names its field.
fn dataset(settings: &Settings, values: &Values, key: &str) -> Result<Option<Dataset>, (String, String)> {
    let value = |name: &str| values.get(&format!("{key}_{name}")).map_or("", |text| text.trim());
    if value("root").is_empty() {
        return Ok(None);
    }
    let path = |name: &str| -> Result<PathBuf, (String, String)> {
        settings.locate(value(name)).map_err(|error| (format!("{key}_{name}"), format!("{error}.")))
    };
    let optional = |name: &str| (!value(name).is_empty()).then(|| path(name)).transpose();
    let layout = Layout::from_slug(value("layout")).unwrap_or(Layout::Cityscapes);
    let labels = optional("labels")?;
    if labels.is_some() && layout != Layout::Folder {
        let message =
            format!("Only the layout {} takes this: the others know where their labels lie.", Layout::Folder.title());
        return Err((format!("{key}_labels"), message));
    }
    let split = match value("split") {
        // As the form says.
        "" => PARTS.iter().find(|part| part.key == key).map_or("", |part| part.usual_split),
        given => given,
    };
    let split = Some(split.to_owned());
    Ok(Some(Dataset { layout, root: path("root")?, split, labels, mapping: optional("mapping")? }))
}

/// What is wrong with the folders and mapping files of a project before anything is kept, by field.
fn misfits(new: &NewProject) -> Values {
    let parts = [("source", Some(&new.source)), ("target", Some(&new.target)), ("val", new.val.as_ref())];
    let mut errors = Values::new();
    for (key, dataset) in parts.into_iter().filter_map(|(key, dataset)| Some((key, dataset?))) {
        let labelled = key != "target";
        if let Err(error) = datasets::scan(dataset, labelled) {
            let field = if matches!(error, ScanError::NoLabelsFolder) { "labels" } else { "root" };
            errors.insert(format!("{key}_{field}"), sentence(&error.to_string()));
        }
        if let Some(error) = labelled.then(|| code_for(dataset, &new.taxonomy).err()).flatten() {
            errors.insert(format!("{key}_mapping"), sentence(&error.to_string()));
        }
    }
    errors
}

/// Looks into a folder without keeping anything.
fn look(dataset: &Dataset, labelled: bool) -> Finding {
    let scan = match datasets::scan(dataset, labelled) {
        Ok(scan) => scan,
        Err(error) => return Finding { good: false, lines: vec![sentence(&error.to_string())] },
    };
    let labels = scan.found.iter().filter(|found| found.label.is_some()).count();
    let mut groups: Vec<&str> =
        scan.found.iter().map(|found| found.group.as_str()).filter(|group| !group.is_empty()).collect();
    groups.dedup();
    let mut first = format!("{}, {}", count(scan.found.len(), "frame"), count(labels, "label"));
    if groups.len() > 1 {
        first += &format!(", in {}", count(groups.len(), "group"));
    }
    let mut lines = vec![first + "."];
    if let Some(found) = scan.found.first() {
        match picture::probe(&found.image) {
            Ok(size) => lines.push(format!("The first is {} of {size}.", found.name)),
            Err(error) => lines.push(sentence(&error.to_string())),
        }
    }
    if !scan.refused.is_empty() {
        let some = scan.refused.iter().take(3).map(|refused| {
            let file = refused.path.file_name().unwrap_or_default().to_string_lossy();
            format!("{file} {}", refused.reason)
        });
        lines.push(format!("{} left out:", count(scan.refused.len(), "file")));
        lines.extend(some);
    }
    Finding { good: !scan.found.is_empty(), lines }
}
