//! The annotate page: handing frames out, keeping them for who works on them, taking them in.
//!
//! The page itself is scripts (`static/annotate`); what they and the server say to each other about masks is in
//! [`mask`](super::mask).

use askama::Template;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::json;

use super::mask::{refuse, version_of};
use super::show;
use crate::domain::{FrameId, ProjectId};
use crate::store::queue::{self, Chosen, Refusal};
use crate::store::rounds::PickState;
use crate::store::{Db, now};
use crate::web::error::Result;
use crate::web::page::{Page, Theme};
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
    may_take: bool,
    may_reopen: bool,
}

/// GET `/frames/{frame}/annotate`.
pub(crate) async fn page(
    State(app): State<App>,
    person: Person,
    page: Page,
    Path(frame): Path<i64>,
) -> Result<impl IntoResponse> {
    let chosen = chosen(app.workspace.db(), FrameId(frame)).await?;
    let ours = chosen.holder.as_ref().is_some_and(|holder| holder.user == person.id);
    if chosen.state == PickState::Ready && ours {
        let setup = setup(&chosen, &person);
        return show(&Editor { page, chosen, setup });
    }
    let why = match (&chosen.state, &chosen.holder) {
        (PickState::Waiting, _) => "The model's proposal for this frame is still being made.".into(),
        (PickState::Submitted, _) => "This frame is submitted.".into(),
        (PickState::Ready, Some(holder)) => format!("{} works on this frame now.", holder.name),
        (PickState::Ready, None) => "Nobody works on this frame now.".into(),
    };
    let may_take = chosen.state == PickState::Ready && chosen.holder.is_none();
    let mine = chosen.submitted_by == Some(person.id) || person.is_lead();
    let may_reopen = chosen.state == PickState::Submitted && mine;
    show(&Offer { page, chosen, why, may_take, may_reopen })
}

/// POST `/projects/{project}/queue/next`: the next frame, leased to who asks.
pub(crate) async fn next(State(app): State<App>, person: Person, Path(project): Path<i64>) -> Result<Redirect> {
    to_next(app.workspace.db(), ProjectId(project), &person).await
}

/// POST `/frames/{frame}/take`: this frame, if it is free.
pub(crate) async fn take(State(app): State<App>, person: Person, Path(frame): Path<i64>) -> Result<Redirect> {
    match queue::take(app.workspace.db(), FrameId(frame), person.id, now()).await? {
        // Where somebody was faster, the page says who.
        Ok(_) | Err(Refusal::Leased(_) | Refusal::NotReady | Refusal::Submitted) => Ok(to_page(frame)),
        Err(_) => Err(WebError::NotFound),
    }
}

/// POST `/frames/{frame}/lease`: a sign of life. Answers `{"until": milliseconds}`, or 423 where another has the frame.
pub(crate) async fn lease(State(app): State<App>, person: Person, Path(frame): Path<i64>) -> Result<Response> {
    let taken = queue::take(app.workspace.db(), FrameId(frame), person.id, now()).await?;
    Ok(taken.map_or_else(|refusal| locked(&refusal), |until| Json(json!({ "until": until })).into_response()))
}

/// POST `/frames/{frame}/release`: the frame goes back to the queue.
pub(crate) async fn release(State(app): State<App>, person: Person, Path(frame): Path<i64>) -> Result<Redirect> {
    let db = app.workspace.db();
    let chosen = chosen(db, FrameId(frame)).await?;
    queue::release(db, chosen.frame, person.id).await?;
    Ok(to_queue(chosen.project))
}

/// POST `/frames/{frame}/submit` with `If-Match`: finishes the frame and goes on to the next.
pub(crate) async fn submit(
    State(app): State<App>,
    person: Person,
    Path(frame): Path<i64>,
    headers: HeaderMap,
) -> Result<Response> {
    let db = app.workspace.db();
    let Some(version) = version_of(&headers) else {
        return Ok(refuse(StatusCode::PRECONDITION_REQUIRED, "say with If-Match which version you submit"));
    };
    let chosen = chosen(db, FrameId(frame)).await?;
    match queue::submit(db, chosen.frame, person.id, version, now()).await? {
        Ok(()) => Ok(to_next(db, chosen.project, &person).await?.into_response()),
        Err(refusal) => Ok(locked(&refusal)),
    }
}

/// POST `/frames/{frame}/reopen`: a submitted frame is worked on again, by its submitter or a lead.
pub(crate) async fn reopen(State(app): State<App>, person: Person, Path(frame): Path<i64>) -> Result<Redirect> {
    let reopened = queue::reopen(app.workspace.db(), FrameId(frame), person.id, person.is_lead(), now()).await?;
    reopened.map_err(|refusal| WebError::Conflict(sentence(&refusal)))?;
    Ok(to_page(frame))
}

/// A refusal of the queue as a script reads it.
pub(super) fn locked(refusal: &Refusal) -> Response {
    let status = match refusal {
        Refusal::NotChosen => StatusCode::NOT_FOUND,
        Refusal::Stale => StatusCode::CONFLICT,
        Refusal::NotYours => StatusCode::FORBIDDEN,
        Refusal::NotReady | Refusal::Submitted | Refusal::Leased(_) => StatusCode::LOCKED,
    };
    refuse(status, &sentence(refusal))
}

/// The frame, if people are to label it.
pub(super) async fn chosen(db: &Db, frame: FrameId) -> Result<Chosen> {
    queue::chosen(db, frame, now()).await?.ok_or(WebError::NotFound)
}

fn setup(chosen: &Chosen, person: &Person) -> String {
    let Chosen { frame, project, project_created_at, size, .. } = chosen;
    let class = |class: &crate::domain::Class| json!({ "name": class.name, "color": class.color });
    json!({
        "name": chosen.name,
        "width": size.width,
        "height": size.height,
        "classes": chosen.taxonomy.classes.iter().map(class).collect::<Vec<_>>(),
        "uncertainty": chosen.uncertainty.is_some(),
        "segments": chosen.segments.is_some(),
        // The key of the draft in the browser: another person, or a new workspace on the same address, has another.
        "draft": format!("{project_created_at}/{project}/{frame}/{}", person.id),
        "urls": {
            "frame": format!("/frames/{frame}"),
            // Browsers keep the picture for good: another workspace on this address must have another address for it.
            "picture": format!("/frames/{frame}/image?of={project_created_at}"),
        },
    })
    .to_string()
}

async fn to_next(db: &Db, project: ProjectId, person: &Person) -> Result<Redirect> {
    let next = queue::next(db, project, person.id, now()).await?;
    Ok(next.map_or_else(|| to_queue(project), |frame| to_page(frame.0)))
}

fn to_page(frame: i64) -> Redirect {
    Redirect::to(&format!("/frames/{frame}/annotate"))
}

fn to_queue(project: ProjectId) -> Redirect {
    Redirect::to(&format!("/projects/{project}/queue"))
}

/// With a capital and a full stop.
fn sentence(refusal: &Refusal) -> String {
    let text = refusal.to_string();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}
