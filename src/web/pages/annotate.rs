//! The annotate page: handing frames out, keeping them for who works on them, taking them in.
//!
//! The page itself is scripts (`static/annotate`); what they and the server say to each other about masks is in
//! [`mask`](super::mask).

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Form, Json};
use serde::Deserialize;
use serde_json::json;

use super::mask::{refuse, version_of};
use super::show;
use crate::domain::{FrameId, ProjectId, UserId, Work};
use crate::store::queue::{self, Chosen, Other, Refusal, Submission};
use crate::store::rounds::PickState;
use crate::store::work::{self, Overruled};
use crate::store::{Db, frames, now, people};
use crate::web::error::Result;
use crate::web::page::{Page, Theme};
use crate::web::words::sentence;
use crate::web::{App, Person, WebError};

/// The editor.
#[derive(Template)]
#[template(path = "annotate.html")]
struct Editor {
    page: Page,
    chosen: Chosen,
    /// What the scripts need to know, as JSON.
    setup: String,
}

impl Editor {
    /// Dark, unless the person wants it light: the frame is what is to be seen.
    fn theme(&self) -> &'static str {
        if self.page.theme == Theme::Light { "light" } else { "dark" }
    }
}

/// In the editor's place while the frame is not this person's.
#[derive(Template)]
#[template(path = "annotate_offer.html")]
struct Offer {
    page: Page,
    chosen: Chosen,
    /// A sentence.
    why: String,
    /// What there is to wait for or to do, in sentences; empty where the buttons say it.
    advice: String,
    may_take: bool,
    may_take_over: bool,
    may_reopen: bool,
    /// For whom this person may open it again.
    others: Vec<Other>,
    may_leave_out: bool,
}

impl Offer {
    fn has_mask(&self) -> bool {
        self.chosen.state != PickState::Waiting
    }
}

/// GET `/frames/{frame}/annotate`.
pub(crate) async fn page(
    State(app): State<App>,
    person: Person,
    page: Page,
    Path(frame): Path<i64>,
) -> Result<impl IntoResponse> {
    let db = app.workspace.db();
    let chosen = chosen(db, FrameId(frame)).await?;
    let ours = chosen.holder.as_ref().is_some_and(|holder| holder.user == person.id);
    if chosen.state == PickState::Ready && ours {
        let setup = setup(&chosen, &person);
        return show(&Editor { page, chosen, setup });
    }
    let may_take = chosen.state == PickState::Ready && chosen.holder.is_none();
    let may_take_over = chosen.state == PickState::Ready && chosen.holder.is_some() && person.is_lead();
    let mine = chosen.submitted_by == Some(person.id) || person.is_lead();
    let may_reopen = chosen.state == PickState::Submitted && mine;
    let others = if may_reopen { queue::others(db, &chosen, person.id).await? } else { vec![] };
    let (why, advice) = situation(&chosen, &person, may_reopen);
    let may_leave_out = chosen.state != PickState::Submitted && chosen.holder.is_none() && person.is_lead();
    show(&Offer { page, chosen, why, advice, may_take, may_take_over, may_reopen, others, may_leave_out })
}

/// How it stands with a frame that is not this person's, and what there is to wait for or to do.
fn situation(chosen: &Chosen, person: &Person, may_reopen: bool) -> (String, String) {
    let why = match (&chosen.state, &chosen.holder, &chosen.submitter) {
        (PickState::Waiting, ..) => "The model's proposal for this frame is still being made.".into(),
        (PickState::Submitted, ..) if chosen.submitted_by == Some(person.id) => "You submitted this frame.".into(),
        (PickState::Submitted, _, Some(name)) => format!("{name} submitted this frame."),
        (PickState::Submitted, _, None) => "This frame is submitted.".into(),
        (PickState::Ready, Some(holder), _) if holder.is_awaited(now()) => {
            format!("This frame was opened again for {}.", holder.name)
        }
        (PickState::Ready, Some(holder), _) => format!("{} works on this frame now.", holder.name),
        (PickState::Ready, None, _) => "Nobody works on this frame now.".into(),
    };
    let advice = match (&chosen.state, &chosen.holder) {
        (PickState::Submitted, _) if !may_reopen => {
            let whom = if chosen.submitter.is_some() { "them or a lead" } else { "a lead" };
            format!("Ask {whom} to open it again for you. What you drew and could not save stays in this browser.")
        }
        (PickState::Ready, Some(holder)) if holder.is_awaited(now()) => {
            "It is kept for them for a day. If they change nothing, it stays submitted.".into()
        }
        (PickState::Ready, Some(holder)) => {
            format!("It becomes free when {} puts it back, or some minutes after their last sign of life.", holder.name)
        }
        _ => String::new(),
    };
    (why, advice)
}

/// POST `/projects/{project}/queue/next`: the next frame, leased to who asks.
pub(crate) async fn next(State(app): State<App>, person: Person, Path(project): Path<i64>) -> Result<Redirect> {
    Ok(Redirect::to(&next_page(&app, ProjectId(project), &person).await?))
}

/// POST `/frames/{frame}/take`: this frame, if it is free.
pub(crate) async fn take(State(app): State<App>, person: Person, Path(frame): Path<i64>) -> Result<Redirect> {
    match queue::take(app.workspace.db(), FrameId(frame), person.id, now()).await? {
        // Where somebody was faster, the page says who.
        Ok(_) | Err(Refusal::Leased(_) | Refusal::NotReady | Refusal::Submitted(_) | Refusal::SubmittedByYou) => {
            Ok(Redirect::to(&page_of(frame)))
        }
        Err(_) => Err(WebError::NotFound),
    }
}

/// POST `/frames/{frame}/take-over`: this frame, whoever has it.
pub(crate) async fn take_over(State(app): State<App>, person: Person, Path(frame): Path<i64>) -> Result<Redirect> {
    queue::take_over(app.workspace.db(), FrameId(frame), person.id, now()).await?;
    Ok(Redirect::to(&page_of(frame)))
}

/// POST `/frames/{frame}/leave-out`: the round goes on without this frame.
pub(crate) async fn leave_out(State(app): State<App>, person: Person, Path(frame): Path<i64>) -> Result<Redirect> {
    let db = app.workspace.db();
    let (project, _) = frames::get(db, FrameId(frame)).await?;
    match queue::leave_out(db, FrameId(frame), person.id, now()).await? {
        // Left out already, as by a second click.
        Ok(()) | Err(Refusal::NotChosen) => {}
        Err(refusal) => return Err(WebError::Conflict(sentence(&refusal.to_string()))),
    }
    go_on(&app, project).await;
    Ok(Redirect::to(&format!("/projects/{project}/picks")))
}

/// POST `/frames/{frame}/lease`: a sign of life. 204, or 423 where another has the frame.
pub(crate) async fn lease(State(app): State<App>, person: Person, Path(frame): Path<i64>) -> Result<Response> {
    let taken = queue::take(app.workspace.db(), FrameId(frame), person.id, now()).await?;
    Ok(taken.map_or_else(|refusal| locked(&refusal), |_| StatusCode::NO_CONTENT.into_response()))
}

/// POST `/frames/{frame}/release`: the frame goes back to the queue.
pub(crate) async fn release(State(app): State<App>, person: Person, Path(frame): Path<i64>) -> Result<Redirect> {
    let db = app.workspace.db();
    let chosen = chosen(db, FrameId(frame)).await?;
    queue::release(db, chosen.frame, person.id, now()).await?;
    // It may be the last one, opened again and submitted as it was.
    go_on(&app, chosen.project).await;
    Ok(Redirect::to(&queue_of(chosen.project)))
}

/// Bytes of a word and of a finding, and findings, at most.
const LONGEST_WORD: usize = 2000;
const MOST_FINDINGS: usize = 100;

/// What comes with a submission: what was done since the last save; what the editor's checks found in the mask, and what
/// the person says to it.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Closing {
    work: Work,
    findings: Vec<String>,
    word: Option<String>,
}

impl Closing {
    fn read(body: &[u8]) -> Result<(Work, Option<Overruled>), String> {
        if body.is_empty() {
            return Ok((Work::default(), None));
        }
        let Self { work, findings, word } = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        work.check()?;
        let Some(word) = word else { return Ok((work, None)) };
        let word = word.trim().to_owned();
        if word.is_empty() {
            return Err("say in a word why the frame is submitted all the same".into());
        }
        let too_long = |text: &String| text.len() > LONGEST_WORD;
        if too_long(&word) || findings.len() > MOST_FINDINGS || findings.iter().any(too_long) {
            return Err(format!("at most {MOST_FINDINGS} findings, of at most {LONGEST_WORD} bytes, as is the word"));
        }
        Ok((work, Some(Overruled { findings, word })))
    }
}

/// POST `/frames/{frame}/submit` with `If-Match`: finishes the frame; the answer says in `next` where the next one is. A
/// body, if there is one, is a [`Closing`] as JSON; without a word in it, a mask with more than the project's limit
/// unlabelled is refused.
pub(crate) async fn submit(
    State(app): State<App>,
    person: Person,
    Path(frame): Path<i64>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response> {
    let db = app.workspace.db();
    let Some(version) = version_of(&headers) else {
        return Ok(refuse(StatusCode::PRECONDITION_REQUIRED, "say with If-Match which version you submit"));
    };
    let (work, overruled) = match Closing::read(&body) {
        Ok(closing) => closing,
        Err(message) => return Ok(refuse(StatusCode::UNPROCESSABLE_ENTITY, &message)),
    };
    let chosen = chosen(db, FrameId(frame)).await?;
    if overruled.is_none() {
        let layers = work::layers(db, chosen.frame, Some(version)).await?;
        let percent = layers.map_or(0.0, |(_, layers)| layers.unlabelled_share() * 100.0);
        let limit = chosen.checks.unlabelled_percent;
        if percent > limit {
            // Written as 0.0 % it would be no more than a limit of 0 %.
            let percent = if percent < 0.05 { "< 0.1".into() } else { format!("{percent:.1}") };
            let message = format!(
                "{percent} % of the frame are unlabelled where this project allows {limit} %: label them, or say why it is submitted all the same"
            );
            return Ok(refuse(StatusCode::UNPROCESSABLE_ENTITY, &message));
        }
    }
    let submission = Submission {
        frame: chosen.frame,
        user: person.id,
        version,
        work: &work,
        overruled: overruled.as_ref(),
        now: now(),
    };
    if let Err(refusal) = queue::submit(db, submission).await? {
        return Ok(locked(&refusal));
    }
    let next = next_page(&app, chosen.project, &person).await?;
    Ok(Json(json!({ "next": next })).into_response())
}

/// POST `/frames/{frame}/reopen`: a submitted frame is worked on again, by its submitter or a lead.
pub(crate) async fn reopen(State(app): State<App>, person: Person, Path(frame): Path<i64>) -> Result<Redirect> {
    let db = app.workspace.db();
    let reopened = queue::reopen(db, FrameId(frame), person.id, person.is_lead(), now()).await?;
    opened(db, frame, reopened).await
}

/// For whom a frame is opened again.
#[derive(Deserialize)]
pub(crate) struct ForWhom {
    person: i64,
}

/// POST `/frames/{frame}/reopen-for`: a submitted frame is opened again, by its submitter or a lead, for another who drew on
/// it: their page takes it with its next save.
pub(crate) async fn reopen_for(
    State(app): State<App>,
    person: Person,
    Path(frame): Path<i64>,
    Form(ForWhom { person: other }): Form<ForWhom>,
) -> Result<Redirect> {
    let db = app.workspace.db();
    let other = people::get(db, UserId(other)).await?.id;
    let reopened = queue::reopen_for(db, FrameId(frame), other, person.id, person.is_lead(), now()).await?;
    opened(db, frame, reopened).await
}

/// The frame's page, if it is open.
async fn opened(db: &Db, frame: i64, reopened: Result<(), Refusal>) -> Result<Redirect> {
    // Open already, as by a second click: the page says who has it.
    let reopened = match chosen(db, FrameId(frame)).await?.state {
        PickState::Ready => Ok(()),
        PickState::Waiting | PickState::Submitted => reopened,
    };
    reopened.map_err(|refusal| WebError::Conflict(sentence(&refusal.to_string())))?;
    Ok(Redirect::to(&page_of(frame)))
}

/// A refusal of the queue as a script reads it.
pub(super) fn locked(refusal: &Refusal) -> Response {
    let status = match refusal {
        Refusal::NotChosen => StatusCode::NOT_FOUND,
        Refusal::Stale => StatusCode::CONFLICT,
        Refusal::NotYours => StatusCode::FORBIDDEN,
        Refusal::NotReady | Refusal::Submitted(_) | Refusal::SubmittedByYou | Refusal::Leased(_) | Refusal::OnlyOne => {
            StatusCode::LOCKED
        }
    };
    refuse(status, &refusal.to_string())
}

/// The frame, if people are to label it.
pub(super) async fn chosen(db: &Db, frame: FrameId) -> Result<Chosen> {
    queue::chosen(db, frame, now()).await?.ok_or(WebError::NotFound)
}

fn setup(chosen: &Chosen, person: &Person) -> String {
    let Chosen { frame, project, project_created_at, size, .. } = chosen;
    let class = |class: &crate::domain::Class| json!({ "name": class.name, "color": class.color });
    json!({
        "width": size.width,
        "height": size.height,
        "classes": chosen.taxonomy.classes.iter().map(class).collect::<Vec<_>>(),
        "checks": chosen.checks,
        "uncertainty": chosen.uncertainty.is_some(),
        "segments": chosen.segments.is_some(),
        "person": person.id.0,
        // The key of the draft in the browser: another person, or a new workspace on the same address, has another.
        "draft": format!("{project_created_at}/{project}/{frame}/{}", person.id),
        // What they set up for looking is theirs and the project's.
        "memory": format!("{project_created_at}/{project}/{}", person.id),
        "urls": {
            "examples": format!("/projects/{project}/examples"),
            "of": format!("?of={project_created_at}"),
            "frame": format!("/frames/{frame}"),
            // Browsers keep the picture for good: another workspace on this address must have another address for it.
            "picture": format!("/frames/{frame}/image?of={project_created_at}"),
        },
    })
    .to_string()
}

/// There may be nothing left to label: then the training begins. What was asked for is done whatever comes of this.
async fn go_on(app: &App, project: ProjectId) {
    if let Err(error) = app.supervisor.go_on(project).await {
        tracing::warn!(project.id = %project, "the training does not begin by itself: {error}");
    }
}

/// Where the person goes on: at the next frame, which is leased to them, or at the queue if there is none.
async fn next_page(app: &App, project: ProjectId, person: &Person) -> Result<String> {
    if let Some(frame) = queue::next(app.workspace.db(), project, person.id, now()).await? {
        return Ok(page_of(frame.0));
    }
    go_on(app, project).await;
    Ok(queue_of(project))
}

fn page_of(frame: i64) -> String {
    format!("/frames/{frame}/annotate")
}

fn queue_of(project: ProjectId) -> String {
    format!("/projects/{project}/queue")
}
