//! The chosen frames of a round, and why each was chosen.

use std::collections::{BTreeMap, HashMap};

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

use super::project::Look;
use super::{choosing, show};
use crate::domain::{Choice, MapPoint, ProjectId, Selection, Stage, Strategy, UserId, files};
use crate::formats::chart::{Bars, Chart, Scatter};
use crate::store::projects::{self, Project};
use crate::store::rounds::{self, PickCounts, PickState, Picked, Round};
use crate::store::work::{self, Effort};
use crate::store::{frames, now, people};
use crate::supervisor::rail;
use crate::web::App;
use crate::web::error::Result;
use crate::web::page::Page;

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
    /// How the picks came about; none before there are any.
    selection: Option<Selection>,
    /// As the form shows it.
    choice: BTreeMap<String, String>,
    /// What is wrong with it, by field.
    errors: BTreeMap<String, String>,
    /// Whether the frames of the round may still be chosen otherwise.
    may_choose: bool,
    /// What the picks are made of, and where they lie, as `<svg>`.
    mix: Option<String>,
    groups: Option<String>,
    map: Option<String>,
}

impl Picks {
    fn is_shown(&self, round: &Round) -> bool {
        self.round.is_some_and(|shown| shown.id == round.id)
    }

    fn strategy(&self) -> Strategy {
        self.selection.as_ref().map_or_else(Strategy::default, |selection| selection.strategy)
    }

    /// The group that most picks are of, where it has twice the share of them that it has of the candidates: its name, the
    /// picks that are of it, its share of the candidates in per cent. None where shares would change nothing.
    fn lopsided(&self) -> Option<(&str, usize, f64)> {
        let may_spread = |selection: &&Selection| !selection.stratified && selection.strategy != Strategy::Listed;
        let selection = self.selection.as_ref().filter(may_spread)?;
        let largest = selection.groups.iter().max_by_key(|group| group.picked)?;
        let of_picks = largest.picked as f64 / self.picks.len() as f64;
        let of_pool = largest.candidates as f64 / selection.candidates as f64;
        (of_picks > 0.5 && of_picks >= 2.0 * of_pool).then_some((&largest.name, largest.picked, 100.0 * of_pool))
    }

    fn choice(&self, name: &str) -> &str {
        self.choice.get(name).map_or("", String::as_str)
    }

    fn error(&self, name: &str) -> Option<&str> {
        self.errors.get(name).map(String::as_str)
    }

    /// `149 of 2975 frames, by 10 anchors of the source and 10 of the target`
    fn knobs(&self) -> String {
        let Some(selection) = &self.selection else { return String::new() };
        let shares = if selection.stratified { ", of each group its share at most" } else { "" };
        let quota = selection.quota.map_or(String::new(), |quota| format!(", {quota} of a group at most"));
        let [k, v] = selection.anchors;
        let anchors = match selection.strategy.domains() {
            [true, true] => format!(", by {k} anchors of the source and {v} of the target"),
            [true, false] => format!(", by {k} anchors of the source"),
            [false, true] => format!(", by {v} anchors of the target"),
            [false, false] => String::new(),
        };
        format!("{} of {} frames{shares}{quota}{anchors}", self.picks.len(), selection.candidates)
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
    /// Whether the model did not find it, and the frame stands out by that.
    missing: bool,
    color: String,
    percent: f64,
}

impl Part {
    fn trait_name(&self) -> String {
        let lack = if self.missing { "lack of " } else { "" };
        format!("{lack}{}", self.class)
    }
}

impl Row {
    /// `Picked for its rider and its fence.`
    fn reason(&self, strategy: Strategy) -> String {
        match (strategy, &self.top[..]) {
            (Strategy::Random, _) => return "Drawn by chance.".into(),
            (Strategy::Listed, _) => return "On the list that was given.".into(),
            (Strategy::Closest, _) => return "Near to a typical scene.".into(),
            _ => {}
        }
        match &self.top[..] {
            [] => String::new(),
            [one] => format!("Picked for its {}.", one.trait_name()),
            [one, two, ..] => format!("Picked for its {} and its {}.", one.trait_name(), two.trait_name()),
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

    fn has_mask(&self) -> bool {
        self.pick.state != PickState::Waiting
    }

    /// Whether a lead may end the round without it now.
    fn may_be_left_out(&self) -> bool {
        self.pick.state != PickState::Submitted && !self.is_leased
    }
}

/// GET `/projects/{project}/picks`.
pub(crate) async fn of_round(
    State(app): State<App>,
    page: Page,
    Path(id): Path<i64>,
    Query(look): Query<Look>,
) -> Result<Html<String>> {
    let project = projects::get(app.workspace.db(), ProjectId(id)).await?;
    show(&load(&app, page, project, look.round).await?)
}

/// The page of the newest round with a choice that cannot be, as it was typed.
pub(super) async fn again(
    app: &App,
    page: Page,
    project: Project,
    choice: BTreeMap<String, String>,
    errors: BTreeMap<String, String>,
) -> Result<Response> {
    let picks = Picks { choice, errors, ..load(app, page, project, None).await? };
    Ok((StatusCode::UNPROCESSABLE_ENTITY, show(&picks)?).into_response())
}

async fn load(app: &App, page: Page, project: Project, look: Option<u32>) -> Result<Picks> {
    let db = app.workspace.db();
    let rounds = rounds::list(db, project.id).await?;
    let round = rounds::looked_at(&rounds, look)?;
    let Some(found) = round else {
        return Ok(Picks {
            page,
            project,
            rounds,
            round,
            counts: PickCounts::default(),
            picks: vec![],
            mean_uncertainty: None,
            selection: None,
            choice: BTreeMap::new(),
            errors: BTreeMap::new(),
            may_choose: false,
            mix: None,
            groups: None,
            map: None,
        });
    };
    let people: HashMap<UserId, String> =
        people::list(db).await?.into_iter().map(|person| (person.id, person.name)).collect();
    let names = frames::names_of_round(db, found.id).await?;
    let mut efforts = work::of_round(db, found.id).await?;
    let now = now();
    let row = |pick: Picked| {
        let holder = pick.holder(now);
        let who = holder.or(pick.submitted_by).and_then(|id| people.get(&id).cloned());
        let name = names.get(&pick.why.frame).cloned().unwrap_or_default();
        let effort = efforts.remove(&pick.why.frame);
        Row { top: top(&project, &pick), name, who, is_leased: holder.is_some(), effort, pick }
    };
    let picks: Vec<Row> = rounds::picks(db, found.id).await?.into_iter().map(row).collect();
    let counts = rounds::pick_counts(db, found.id).await?;
    let doubts: Vec<f64> = picks.iter().filter_map(|row| row.pick.mean_uncertainty).collect();
    let mean_uncertainty = (!doubts.is_empty()).then(|| doubts.iter().sum::<f64>() / doubts.len() as f64);
    let is_newest = rounds.last().is_some_and(|newest| newest.id == found.id);
    let may_choose = page.is_lead() && is_newest && !counts.begun;
    let choice = rounds::choice(db, found.id).await?.unwrap_or_else(|| Choice::of(&project.recipe));
    let selection = rounds::selection(db, found.id).await?.filter(|_| !picks.is_empty());
    let classes = project.taxonomy.classes.iter().map(|class| class.name.clone());
    let mix = selection.as_ref().filter(|selection| !selection.mix.pool_frames.is_empty());
    let title = "Frames with each class in percent: picks, marked: all candidates";
    let mix = mix.map(|selection| Bars::of_mix(title.into(), classes, &selection.mix).svg());
    let groups = selection.as_ref().filter(|selection| selection.groups.len() > 1);
    let groups = groups.map(|selection| {
        Bars::of_groups("Frames of each group in percent: picks, marked: all candidates".into(), &selection.groups)
            .svg()
    });
    let map = if selection.is_some() { map(app, &found).await? } else { None };
    let choice = choosing::values(&choice);
    Ok(Picks {
        page,
        project,
        rounds,
        round,
        counts,
        picks,
        mean_uncertainty,
        selection,
        choice,
        errors: BTreeMap::new(),
        may_choose,
        mix,
        groups,
        map,
    })
}

/// The map that the round's selection left; none where an older engine left none.
async fn map(app: &App, round: &Round) -> Result<Option<String>> {
    let steps = rail(app.workspace.db(), round).await?;
    let Some(job) = steps.iter().find(|step| step.stage == Stage::Select).and_then(|step| step.done) else {
        return Ok(None);
    };
    let path = app.workspace.job_dir(job).join(files::OUT).join(files::MAP);
    let draw = move || {
        let map: Vec<MapPoint> = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
        Some(Scatter::of_map("Both domains by t-SNE".into(), &map).svg())
    };
    Ok(tokio::task::spawn_blocking(draw).await?)
}

/// What the frame was picked for.
fn top(project: &Project, pick: &Picked) -> Vec<Part> {
    let total: f64 = pick.why.per_class.iter().sum();
    let mut parts: Vec<Part> = project
        .taxonomy
        .classes
        .iter()
        .zip(&pick.why.per_class)
        .enumerate()
        .filter(|(_, (_, part))| **part > 0.0 && total > 0.0)
        .map(|(index, (class, part))| {
            let missing = pick.why.absent.contains(&index);
            Part { class: class.name.clone(), missing, color: class.css(), percent: 100.0 * part / total }
        })
        .collect();
    parts.sort_by(|a, b| b.percent.total_cmp(&a.percent));
    parts.truncate(TOP);
    parts
}
