//! Setting a project up: where its frames lie and how they are read, its classes, its recipe.

use std::collections::BTreeMap;
use std::path::PathBuf;

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};

use super::knobs::{self, Field, Group};
use super::show;
use crate::domain::{Backbone, Dataset, Layout, Taxonomy};
use crate::formats::datasets::{self, ScanError};
use crate::formats::mapping::code_for;
use crate::formats::picture;
use crate::store::projects::{self, NewProject};
use crate::store::{self};
use crate::web::error::Result;
use crate::web::page::Page;
use crate::web::words::{count, sentence};
use crate::web::{App, Settings};

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

const LAYOUTS: [(&str, &str); 5] = [
    ("cityscapes", "Cityscapes"),
    ("gta5", "GTA5"),
    ("synthia", "SYNTHIA"),
    ("camvid", "CamVid"),
    ("folder", "Two folders"),
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
        Ok(new) => match projects::create(app.workspace.db(), &new).await {
            Ok(id) => {
                app.supervisor.import(id).await.map_err(super::control::refused)?;
                return Ok(Redirect::to(&format!("/projects/{id}")).into_response());
            }
            Err(store::Error::Taken) => Values::from([("name".into(), "There is a project of that name.".into())]),
            Err(error) => return Err(error.into()),
        },
        Err(errors) => errors,
    };
    let form = NewProjectPage { errors, ..NewProjectPage::new(&app, page, values) };
    Ok((StatusCode::UNPROCESSABLE_ENTITY, show(&form)?).into_response())
}

/// The form as a project, or what is wrong with each field.
fn parse(settings: &Settings, values: &Values) -> Result<NewProject, Values> {
    let mut errors = Values::new();
    let value = |name: &str| values.get(name).map_or("", |text| text.trim());
    let name = value("name");
    if name.is_empty() || name.chars().count() > 80 || name.chars().any(char::is_control) {
        errors.insert("name".into(), "Give a name of 1 to 80 characters.".into());
    }
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
    let imagenet = match value("imagenet") {
        "" if settings.imagenet(backbone).is_file() => Ok(settings.imagenet(backbone).to_owned()),
        "" => {
            Err("This server has no ImageNet weights for that network: name a file, or ask your operator.".to_owned())
        }
        given => match settings.locate(given) {
            Ok(path) if path.is_file() => Ok(path),
            Ok(_) => Err("That is not a file.".to_owned()),
            Err(error) => Err(format!("{error}.")),
        },
    };
    let imagenet = imagenet.map_err(|message| errors.insert("imagenet".into(), message)).ok();
    let seed = match value("seed") {
        "" => Some(1),
        typed => typed.parse().map_err(|_| errors.insert("seed".into(), "Give a whole number.".into())).ok(),
    };
    let device = match value("device") {
        "" => &settings.device,
        typed => typed,
    };
    let known = device == "auto"
        || device == "cpu"
        || device.strip_prefix("cuda:").is_some_and(|card| card.parse::<u8>().is_ok());
    if !known {
        errors.insert("device".into(), "Write auto, cpu or cuda:0.".into());
    }
    let (Some(taxonomy), Some(source), Some(target), Some(recipe), Some(imagenet), Some(seed), true) =
        (taxonomy, source, target, recipe, imagenet, seed, errors.is_empty())
    else {
        return Err(errors);
    };
    let auto_advance = values.contains_key("auto_advance");
    let (name, device) = (name.to_owned(), device.to_owned());
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
    let layout = match value("layout") {
        "gta5" => Layout::Gta5,
        "synthia" => Layout::Synthia,
        "camvid" => Layout::Camvid,
        "folder" => Layout::Folder,
        _ => Layout::Cityscapes,
    };
    let is_folder = layout == Layout::Folder;
    let labels = if is_folder { optional("labels")? } else { None };
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
