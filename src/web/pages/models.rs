//! Models side by side: IoU by class, and what two of them see in the same frames.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;

use super::frames::FOR_GOOD;
use super::show;
use crate::domain::{Evaluation, FrameId, JobId, Mask, ModelId, ProjectId, files};
use crate::formats::chart::{Chart, Matrix};
use crate::formats::mask_png;
use crate::store::models::{self, Model};
use crate::store::projects::{self, Project};
use crate::store::rounds;
use crate::web::error::Result;
use crate::web::page::Page;
use crate::web::{App, WebError, download};

#[derive(Template)]
#[template(path = "models.html")]
struct Models {
    page: Page,
    project: Project,
    /// In the order they were made.
    models: Vec<Shown>,
    /// Places in `models` of the two that are compared.
    before: usize,
    after: usize,
    classes: Vec<Row>,
    /// Validation frames that both have a picture of.
    frames: Vec<FrameId>,
    has_truth: bool,
    /// Of the one after, as `<svg>`.
    confusion: Option<String>,
}

/// A model and how it did.
struct Shown {
    model: Model,
    round: u32,
    evaluation: Option<(JobId, Evaluation)>,
    subsets: Vec<(String, Option<f64>)>,
}

/// A class in both models.
struct Row {
    class: String,
    color: String,
    before: Option<f64>,
    after: Option<f64>,
}

impl Shown {
    fn title(&self) -> String {
        match self.round {
            1 => self.model.stage.title().to_owned(),
            round => format!("{}, round {round}", self.model.stage.title()),
        }
    }

    fn picture(&self, frame: &FrameId) -> String {
        let job = self.evaluation.as_ref().map_or(0, |(job, _)| job.0);
        format!("/models/{}/pictures/{frame}?of={job}", self.model.id)
    }

    /// Where it is the best of its training's states: what the last one does.
    fn last_mean_iou(&self) -> Option<f64> {
        self.evaluation.as_ref()?.1.last.as_ref()?.mean_iou()
    }

    fn iou(&self, class: usize) -> Option<f64> {
        self.evaluation.as_ref()?.1.confusion.iou(class)
    }
}

impl Row {
    /// The change in points, with its sign.
    fn change(&self) -> String {
        match (self.before, self.after) {
            (Some(before), Some(after)) => signed(after - before),
            _ => String::new(),
        }
    }

    fn mood(&self) -> &'static str {
        match (self.before, self.after) {
            (Some(before), Some(after)) if after - before >= 0.005 => "up",
            (Some(before), Some(after)) if after - before <= -0.005 => "down",
            _ => "",
        }
    }
}

fn signed(share: f64) -> String {
    let points = share * 100.0;
    if points.abs() < 0.05 {
        "0.0".into()
    } else {
        format!("{}{:.1}", if points > 0.0 { "+" } else { "−" }, points.abs())
    }
}

impl Models {
    fn pair(&self) -> Option<(&Shown, &Shown)> {
        self.models.get(self.before).zip(self.models.get(self.after))
    }

    /// Of a model against the one it is compared with.
    fn gain(&self) -> Option<String> {
        let [before, after] = [self.before, self.after].map(|place| self.models.get(place)?.model.mean_iou);
        Some(signed(after? - before?))
    }

    fn percent(share: &Option<f64>) -> f64 {
        share.unwrap_or_default() * 100.0
    }
}

/// The two to compare, by id.
#[derive(Deserialize)]
pub(crate) struct Pair {
    before: Option<i64>,
    after: Option<i64>,
}

/// GET `/projects/{project}/models`.
pub(crate) async fn compare(
    State(app): State<App>,
    page: Page,
    Path(id): Path<i64>,
    Query(pair): Query<Pair>,
) -> Result<Html<String>> {
    let db = app.workspace.db();
    let project = projects::get(db, ProjectId(id)).await?;
    let rounds = rounds::list(db, project.id).await?;
    let mut models = vec![];
    for model in models::list(db, project.id).await?.into_iter().rev() {
        let evaluation = models::evaluation(db, model.id).await?;
        let round = rounds.iter().find(|round| round.id == model.round).map_or(1, |round| round.number);
        let mean = |(_, evaluation): &(JobId, Evaluation), classes: &[u8]| {
            evaluation.confusion.mean_iou_of(classes.iter().map(|&class| usize::from(class)))
        };
        let subset = |subset: &crate::domain::Subset| {
            (subset.name.clone(), evaluation.as_ref().and_then(|found| mean(found, &subset.classes)))
        };
        let subsets = project.taxonomy.subsets.iter().map(subset).collect();
        models.push(Shown { model, round, evaluation, subsets });
    }
    let place = |id: Option<i64>| models.iter().position(|shown| Some(shown.model.id.0) == id);
    let measured = || models.iter().enumerate().filter(|(_, shown)| shown.evaluation.is_some()).map(|(place, _)| place);
    let before = place(pair.before).or_else(|| measured().next()).unwrap_or(0);
    let after = place(pair.after).or_else(|| measured().next_back()).unwrap_or(before);
    let (mut classes, mut frames) = (vec![], vec![]);
    if let (Some(first), Some(last)) = (models.get(before), models.get(after)) {
        let row = |(index, class): (usize, &crate::domain::Class)| Row {
            class: class.name.clone(),
            color: class.css(),
            before: first.iou(index),
            after: last.iou(index),
        };
        classes = project.taxonomy.classes.iter().enumerate().map(row).collect();
        let pictures = |shown: &Shown| shown.evaluation.as_ref().map_or(vec![], |(_, found)| found.pictures.clone());
        let theirs = pictures(last);
        frames = pictures(first).into_iter().filter(|frame| theirs.contains(frame)).collect();
    }
    let has_truth = project.codes.contains_key("val");
    let matrix = |(_, evaluation): &(JobId, Evaluation)| {
        let names = project.taxonomy.classes.iter().map(|class| class.name.clone()).collect();
        let title = "Percent of each class (row) taken for another (column)";
        Matrix::of(title.into(), names, |truth, guess| evaluation.confusion.count(truth, guess)).svg()
    };
    let confusion = models.get(after).and_then(|shown| shown.evaluation.as_ref()).map(matrix);
    show(&Models { page, project, models, before, after, classes, frames, has_truth, confusion })
}

/// GET `/models/{model}/weights`.
pub(crate) async fn weights(State(app): State<App>, Path(id): Path<i64>) -> Result<Response> {
    let model = models::get(app.workspace.db(), ModelId(id)).await?;
    let name = file_name(&app, &model).await?;
    let path = app.workspace.dir().join(&model.path);
    download::file(&path, &format!("{name}.safetensors"), "application/octet-stream").await
}

/// GET `/models/{model}/card`.
pub(crate) async fn card(State(app): State<App>, Path(id): Path<i64>) -> Result<Response> {
    let model = models::get(app.workspace.db(), ModelId(id)).await?;
    let name = file_name(&app, &model).await?;
    let path = app.workspace.dir().join(&model.path).with_file_name(files::MODEL_CARD);
    download::file(&path, &format!("{name}.json"), "application/json").await
}

async fn file_name(app: &App, model: &Model) -> Result<String> {
    let project = projects::get(app.workspace.db(), model.project).await?;
    let round = rounds::get(app.workspace.db(), model.round).await?;
    Ok(format!("{}-round-{}-{}", project.name, round.number, model.stage.slug()))
}

/// GET `/models/{model}/pictures/{frame}`: what the model saw, in the colours of the classes.
pub(crate) async fn picture(State(app): State<App>, Path((id, frame)): Path<(i64, i64)>) -> Result<Response> {
    let db = app.workspace.db();
    let model = models::get(db, ModelId(id)).await?;
    let (job, evaluation) = models::evaluation(db, model.id).await?.ok_or(WebError::NotFound)?;
    if !evaluation.pictures.contains(&FrameId(frame)) {
        return Err(WebError::NotFound);
    }
    let taxonomy = projects::get(db, model.project).await?.set_up.taxonomy;
    let path = app.workspace.job_dir(job).join(files::OUT).join(files::PICTURES).join(format!("{frame}.png"));
    let draw = move || -> anyhow::Result<Vec<u8>> {
        let (size, pixels) = mask_png::read_gray(&path)?;
        Ok(mask_png::encode_color(&Mask::new(size, pixels, taxonomy.len())?, &taxonomy))
    };
    let png = tokio::task::spawn_blocking(draw).await??;
    // The address names the job that drew it, so it never changes.
    Ok(([(header::CONTENT_TYPE, "image/png"), FOR_GOOD], png).into_response())
}
