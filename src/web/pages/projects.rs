//! All projects, with how each stands.

use askama::Template;
use axum::extract::State;
use axum::response::Html;

use super::{new_project, show};
use crate::store::projects::{self, Project};
use crate::store::rounds::{self, PickCounts, Round};
use crate::store::{Db, frames, models};
use crate::web::App;
use crate::web::error::Result;
use crate::web::guide::Guide;
use crate::web::page::Page;
use crate::web::rail;

#[derive(Template)]
#[template(path = "projects.html")]
struct Projects {
    page: Page,
    projects: Vec<Glance>,
    /// Put away.
    archived: Vec<Project>,
}

/// A project at a glance.
struct Glance {
    project: Project,
    guide: Guide,
    round: Option<Round>,
    picks: PickCounts,
    /// Stages done, of all.
    stages: (usize, usize),
    best: Option<f64>,
    n_frames: u64,
}

impl Glance {
    async fn of(db: &Db, project: Project) -> Result<Self> {
        let round = rounds::newest(db, project.id).await?;
        let models = models::list(db, project.id).await?;
        let (mut cards, mut picks) = (vec![], PickCounts::default());
        if let Some(round) = &round {
            cards = rail::of_round(db, round, &models).await?;
            picks = rounds::pick_counts(db, round.id).await?;
        }
        let stages = (cards.iter().filter(|card| card.is_done()).count(), cards.len());
        let best = models.iter().filter_map(|model| model.mean_iou).max_by(f64::total_cmp);
        let n_frames = frames::counts(db, project.id).await?.iter().map(|count| count.frames).sum();
        let guide = Guide::of(&project, &cards, round.and_then(|round| rail::base(&round, &models)));
        Ok(Self { project, guide, round, picks, stages, best, n_frames })
    }
}

pub(crate) async fn list(State(app): State<App>, page: Page) -> Result<Html<String>> {
    let db = app.workspace.db();
    let (archived, open): (Vec<_>, Vec<_>) =
        projects::list(db).await?.into_iter().partition(|project| project.archived_at.is_some());
    let mut glances = vec![];
    for project in open {
        glances.push(Glance::of(db, project).await?);
    }
    show(&Projects { page, projects: glances, archived })
}
