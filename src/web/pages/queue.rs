//! The queue as an annotator sees it: the next frame, my frames, how far the round is.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Html;

use super::show;
use crate::domain::ProjectId;
use crate::store::now;
use crate::store::projects::{self, Project};
use crate::store::rounds::{self, PickCounts, PickState, Picked};
use crate::web::error::Result;
use crate::web::page::Page;
use crate::web::{App, Person};

#[derive(Template)]
#[template(path = "queue.html")]
struct Queue {
    page: Page,
    project: Project,
    counts: PickCounts,
    /// Leased by this person now.
    mine: Vec<Picked>,
    /// Submitted by this person, the newest first.
    submitted: Vec<Picked>,
    /// Leased by others now.
    n_taken: usize,
    /// To be had now.
    n_free: usize,
}

impl Queue {
    fn lists(&self) -> [(&'static str, &[Picked]); 2] {
        [("Open", &self.mine), ("Submitted by me", &self.submitted)]
    }
}

/// GET `/projects/{project}/queue`.
pub(crate) async fn mine(State(app): State<App>, page: Page, me: Person, Path(id): Path<i64>) -> Result<Html<String>> {
    let db = app.workspace.db();
    let project = projects::get(db, ProjectId(id)).await?;
    let round = rounds::newest(db, project.id).await?;
    let picks = match &round {
        Some(round) => rounds::picks(db, round.id).await?,
        None => vec![],
    };
    let counts = match &round {
        Some(round) => rounds::pick_counts(db, round.id).await?,
        None => PickCounts::default(),
    };
    let now = now();
    let n_taken = picks.iter().filter(|pick| pick.holder(now).is_some_and(|user| user != me.id)).count();
    let n_free = picks.iter().filter(|pick| pick.state == PickState::Ready && pick.holder(now).is_none()).count();
    let mine = picks.iter().filter(|pick| pick.holder(now) == Some(me.id)).cloned().collect();
    let mut submitted: Vec<Picked> = picks
        .into_iter()
        .filter(|pick| pick.state == PickState::Submitted && pick.submitted_by == Some(me.id))
        .collect();
    submitted.sort_by_key(|pick| std::cmp::Reverse(pick.submitted_at));
    show(&Queue { page, project, counts, mine, submitted, n_taken, n_free })
}
