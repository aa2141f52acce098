//! A project: its stages as a rail, each with its button and progress, and what they say while they run.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Html;
use serde::Deserialize;

use super::show;
use crate::domain::{ProjectId, Split, Stage};
use crate::formats::chart::Spark;
use crate::store::frames::{self, Count, Refusal};
use crate::store::models::{self, Model};
use crate::store::projects::{self, Project};
use crate::store::rounds::{self, Round};
use crate::web::App;
use crate::web::error::Result;
use crate::web::guide::{Guide, Press};
use crate::web::page::Page;
use crate::web::rail::{self, Card};

/// Refusals that the page lists; there may be thousands of one kind.
const REFUSALS: u32 = 200;

/// Everything that the page shows. Its blocks are the fragments that the stream sends.
#[derive(Template)]
#[template(path = "project.html", blocks = ["guide", "rail", "side"])]
pub(crate) struct ProjectPage {
    page: Page,
    project: Project,
    rounds: Vec<Round>,
    round: Option<Round>,
    guide: Guide,
    cards: Vec<Card>,
    /// Whose curves are shown.
    charted: Option<Stage>,
    charts: Vec<Spark>,
    models: Vec<Model>,
    counts: Vec<Count>,
    refusals: Vec<Refusal>,
    n_refused: usize,
}

/// Which round to look at; the newest by default.
#[derive(Deserialize)]
pub(crate) struct Look {
    pub(super) round: Option<u32>,
}

impl ProjectPage {
    /// From the database as it is now.
    pub(crate) async fn load(app: &App, page: Page, id: ProjectId, look: Option<u32>) -> Result<Self> {
        let db = app.workspace.db();
        let project = projects::get(db, id).await?;
        let rounds = rounds::list(db, id).await?;
        let round = rounds::looked_at(&rounds, look)?;
        let models = models::list(db, id).await?;
        let cards = match &round {
            Some(round) => rail::of_round(db, round, &models).await?,
            None => vec![],
        };
        // The one at work, or the last that trained.
        let trained = |card: &&Card| card.job().is_some() && card.stage().makes_model();
        let charted = cards.iter().filter(trained).find(|card| card.is_active()).or(cards.iter().rfind(trained));
        let charts = match charted.and_then(Card::job) {
            Some(job) => app.curves.of(db, job.id).await?,
            None => vec![],
        };
        let charted = charted.map(Card::stage);
        let (refusals, n_refused) = frames::refusals(db, id, REFUSALS).await?;
        let counts = frames::counts(db, id).await?;
        let guide = Guide::of(&project, &cards, round.and_then(|round| rail::base(&round, &models)));
        Ok(Self { page, project, rounds, round, guide, cards, charted, charts, models, counts, refusals, n_refused })
    }
}

/// GET.
pub(crate) async fn overview(
    State(app): State<App>,
    page: Page,
    Path(id): Path<i64>,
    Query(look): Query<Look>,
) -> Result<Html<String>> {
    show(&ProjectPage::load(&app, page, ProjectId(id), look.round).await?)
}

impl ProjectPage {
    /// Whether it is the round that goes on.
    fn is_newest(&self) -> bool {
        self.round.map(|round| round.number) == self.rounds.last().map(|round| round.number)
    }

    /// The stages that may be run again; none while one is at work.
    fn again(&self) -> Vec<Stage> {
        let idle = self.is_newest() && !self.cards.iter().any(Card::is_active);
        self.cards.iter().filter(|card| idle && card.may_run_again()).map(Card::stage).collect()
    }

    /// What the stream sends: the id of each part and its content.
    pub(crate) fn parts(&self) -> Result<Vec<(&'static str, String)>> {
        Ok(vec![
            ("guide", self.as_guide().render()?),
            ("rail", self.as_rail().render()?),
            ("side", self.as_side().render()?),
        ])
    }

    fn start_label(stage: &Stage) -> String {
        match stage {
            Stage::Inject => "Train on the labels".into(),
            stage => format!("Start: {}", stage.title()),
        }
    }

    fn is_measured(&self) -> bool {
        self.counts.iter().any(|count| count.split == Split::Val && count.frames > 0)
    }

    /// The class of a button: one is what one would press.
    fn weight(first: &bool) -> &'static str {
        if *first { "primary big" } else { "big" }
    }

    /// The height of a model's bar: 0 to 100.
    fn bar(model: &Model) -> f64 {
        model.mean_iou.unwrap_or_default() * 100.0
    }
}
