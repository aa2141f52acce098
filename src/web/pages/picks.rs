//! The chosen frames of a round, and why each was chosen.

use std::collections::HashMap;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Html;

use super::project::Look;
use super::show;
use crate::domain::{ProjectId, UserId};
use crate::store::projects::{self, Project};
use crate::store::rounds::{self, PickCounts, PickState, Picked, Round};
use crate::store::work::{self, Effort};
use crate::store::{frames, now, people};
use crate::web::error::Result;
use crate::web::page::Page;
use crate::web::{App, WebError};

/// Classes that a pick shows.
const TOP: usize = 3;

#[derive(Template)]
#[template(path = "picks.html")]
struct Picks {
    page: Page,
    project: Project,
    rounds: Vec<Round>,
    round: Option<Round>,
    counts: PickCounts,
    picks: Vec<Row>,
    mean_uncertainty: Option<f64>,
}

impl Picks {
    fn is_shown(&self, round: &Round) -> bool {
        self.round.is_some_and(|shown| shown.id == round.id)
    }
}

/// A pick as it is shown.
struct Row {
    pick: Picked,
    name: String,
    /// Class, colour, share of the score in per cent: the largest first.
    top: Vec<Part>,
    /// Who has it or had it.
    who: Option<String>,
    is_leased: bool,
    /// What its mask cost; none where nobody has saved one.
    effort: Option<Effort>,
}

struct Part {
    class: String,
    color: String,
    percent: f64,
}

impl Row {
    /// `Picked for its rider and its fence.`
    fn reason(&self) -> String {
        match &self.top[..] {
            [] => String::new(),
            [one] => format!("Picked for its {}.", one.class),
            [one, two, ..] => format!("Picked for its {} and its {}.", one.class, two.class),
        }
    }

    /// Without the folder, which the name mostly repeats: its end is what tells frames apart.
    fn short_name(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or(&self.name)
    }

    /// Where the pixels of its mask came from: word, class of the bar, share in per cent.
    fn origins(&self) -> Vec<(&'static str, &'static str, f64)> {
        let Some(effort) = &self.effort else { return vec![] };
        let of = &effort.origins;
        let percent = |pixels: u64| 100.0 * pixels as f64 / of.total().max(1) as f64;
        [
            ("model, untouched", "model", of.model),
            ("segments", "segment", of.segment),
            ("propagated", "propagate", of.propagate),
            ("by hand", "hand", of.hand),
        ]
        .map(|(word, class, pixels)| (word, class, percent(pixels)))
        .into_iter()
        .filter(|(.., share)| *share > 0.0)
        .collect()
    }

    fn state(&self) -> &'static str {
        match self.pick.state {
            PickState::Waiting => "waits",
            PickState::Ready if self.is_leased => "running",
            PickState::Ready => "ready",
            PickState::Submitted => "done",
        }
    }

    fn state_word(&self) -> String {
        match (self.pick.state, &self.who) {
            (PickState::Waiting, _) => "waits".into(),
            (PickState::Ready, Some(who)) if self.is_leased => format!("with {who}"),
            (PickState::Ready, _) => "ready".into(),
            (PickState::Submitted, Some(who)) => format!("by {who}"),
            (PickState::Submitted, None) => "submitted".into(),
        }
    }
}

/// GET `/projects/{project}/picks`.
pub(crate) async fn of_round(
    State(app): State<App>,
    page: Page,
    Path(id): Path<i64>,
    Query(look): Query<Look>,
) -> Result<Html<String>> {
    let db = app.workspace.db();
    let project = projects::get(db, ProjectId(id)).await?;
    let rounds = rounds::list(db, project.id).await?;
    let round = match look.round {
        None => rounds.last().copied(),
        Some(number) => Some(*rounds.iter().find(|round| round.number == number).ok_or(WebError::NotFound)?),
    };
    let Some(found) = round else {
        let (counts, picks) = (PickCounts::default(), vec![]);
        return show(&Picks { page, project, rounds, round, counts, picks, mean_uncertainty: None });
    };
    let people: HashMap<UserId, String> =
        people::list(db).await?.into_iter().map(|person| (person.id, person.name)).collect();
    let names = frames::names_of_round(db, found.id).await?;
    let mut efforts = work::of_round(db, found.id).await?;
    let now = now();
    let row = |pick: Picked| {
        let leased = pick.lease.filter(|(_, until)| *until > now && pick.state == PickState::Ready);
        let who = pick.submitted_by.or(leased.map(|(user, _)| user)).and_then(|id| people.get(&id).cloned());
        let name = names.get(&pick.why.frame).cloned().unwrap_or_default();
        let effort = efforts.remove(&pick.why.frame);
        Row { top: top(&project, &pick), name, who, is_leased: leased.is_some(), effort, pick }
    };
    let picks: Vec<Row> = rounds::picks(db, found.id).await?.into_iter().map(row).collect();
    let counts = rounds::pick_counts(db, found.id).await?;
    let doubts: Vec<f64> = picks.iter().filter_map(|row| row.pick.mean_uncertainty).collect();
    let mean_uncertainty = (!doubts.is_empty()).then(|| doubts.iter().sum::<f64>() / doubts.len() as f64);
    show(&Picks { page, project, rounds, round, counts, picks, mean_uncertainty })
}

/// What the frame was picked for.
fn top(project: &Project, pick: &Picked) -> Vec<Part> {
    let total: f64 = pick.why.per_class.iter().sum();
    let mut parts: Vec<Part> = project
        .taxonomy
        .classes
        .iter()
        .zip(&pick.why.per_class)
        .filter(|(_, part)| **part > 0.0 && total > 0.0)
        .map(|(class, part)| {
            let [red, green, blue] = class.color;
            let color = format!("#{red:02x}{green:02x}{blue:02x}");
            Part { class: class.name.clone(), color, percent: 100.0 * part / total }
        })
        .collect();
    parts.sort_by(|a, b| b.percent.total_cmp(&a.percent));
    parts.truncate(TOP);
    parts
}
