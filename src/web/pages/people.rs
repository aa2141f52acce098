//! Who may come in: for leads.

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{Html, Redirect};
use serde::Deserialize;

use super::show;
use crate::domain::UserId;
use crate::formats::digest::hex;
use crate::store::people::{self, Invitation, Role, TokenHash, User};
use crate::store::{self, Db, now};
use crate::web::error::Result;
use crate::web::page::Page;
use crate::web::session;
use crate::web::{App, Person, WebError};

/// Days that a link is good for.
const LINK_DAYS: i64 = 7;
const DAY: i64 = 24 * 3600 * 1000;

#[derive(Template)]
#[template(path = "people.html")]
struct People {
    page: Page,
    me: UserId,
    people: Vec<User>,
    invitations: Vec<Invitation>,
    /// Shown once, right after it was made.
    link: Option<Link>,
}

struct Link {
    url: String,
    /// Who is to have it.
    whose: String,
}

#[derive(Deserialize)]
pub(crate) struct Choice {
    role: String,
}

impl Choice {
    fn role(&self) -> Result<Role> {
        Role::from_slug(&self.role).ok_or_else(|| WebError::Refused("Choose lead or annotator.".into()))
    }
}

#[derive(Deserialize)]
pub(crate) struct Revoke {
    invitation: String,
}

pub(crate) async fn list(State(app): State<App>, page: Page, me: Person) -> Result<Html<String>> {
    render(app.workspace.db(), page, &me, None).await
}

async fn render(db: &Db, page: Page, me: &Person, link: Option<Link>) -> Result<Html<String>> {
    let invitations = people::invitations(db).await?;
    show(&People { page, me: me.id, people: people::list(db).await?, invitations, link })
}

pub(crate) async fn invite(
    State(app): State<App>,
    page: Page,
    me: Person,
    headers: HeaderMap,
    Form(choice): Form<Choice>,
) -> Result<Html<String>> {
    let (db, role) = (app.workspace.db(), choice.role()?);
    let path = new_link(db, role, None, Some(me.id)).await?;
    let whose = if role == Role::Lead { "a lead" } else { "an annotator" };
    let link = Link { url: whole(&path, &headers), whose: whose.into() };
    render(db, page, &me, Some(link)).await
}

/// POST `/people/{user}/link`: who forgot the password chooses a new one by it.
pub(crate) async fn link_again(
    State(app): State<App>,
    page: Page,
    me: Person,
    headers: HeaderMap,
    Path(user): Path<i64>,
) -> Result<Html<String>> {
    let db = app.workspace.db();
    let guest = people::get(db, UserId(user)).await?;
    let path = new_link(db, guest.role, Some(guest.id), Some(me.id)).await?;
    render(db, page, &me, Some(Link { url: whole(&path, &headers), whose: guest.name })).await
}

/// A path as people reach it who sit elsewhere.
fn whole(path: &str, headers: &HeaderMap) -> String {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let base = text("origin").map(str::to_owned);
    let base = base.or_else(|| text("host").map(|host| format!("http://{host}"))).unwrap_or_default();
    format!("{base}{path}")
}

/// POST `/people/{user}/role`.
pub(crate) async fn change_role(
    State(app): State<App>,
    Path(user): Path<i64>,
    Form(choice): Form<Choice>,
) -> Result<Redirect> {
    last_lead_stays(people::set_role(app.workspace.db(), UserId(user), choice.role()?).await?)
}

pub(crate) async fn revoke(State(app): State<App>, Form(Revoke { invitation }): Form<Revoke>) -> Result<Redirect> {
    let open = people::invitations(app.workspace.db()).await?;
    let token = open.iter().map(|open| open.token).find(|token: &TokenHash| hex(token) == invitation);
    people::revoke(app.workspace.db(), &token.ok_or(WebError::NotFound)?).await?;
    Ok(Redirect::to("/people"))
}

pub(crate) async fn remove(State(app): State<App>, Path(user): Path<i64>) -> Result<Redirect> {
    last_lead_stays(people::remove(app.workspace.db(), UserId(user)).await?)
}

fn last_lead_stays(done: bool) -> Result<Redirect> {
    match done {
        true => Ok(Redirect::to("/people")),
        false => Err(WebError::Conflict("The last lead stays a lead. Invite another one first.".into())),
    }
}

/// Makes a link that lets one person in; gives its path. With a `user`, it lets that one in again.
async fn new_link(db: &Db, role: Role, user: Option<UserId>, by: Option<UserId>) -> store::Result<String> {
    let secret = session::secret();
    people::invite(db, &session::hash(&secret), role, user, by, now() + LINK_DAYS * DAY).await?;
    Ok(format!("/invitations/{secret}"))
}

/// Until a lead is there who can sign in: the path of a link that makes one. Links printed before are taken back.
pub async fn first_link(db: &Db) -> store::Result<Option<String>> {
    if people::has_lead(db).await? {
        return Ok(None);
    }
    let printed = |link: &Invitation| link.role == Role::Lead && link.created_by.is_none() && link.guest.is_none();
    for old in people::invitations(db).await?.into_iter().filter(printed) {
        people::revoke(db, &old.token).await?;
    }
    new_link(db, Role::Lead, None, None).await.map(Some)
}

/// The path of a link that lets one more person in: for an operator at the command line.
pub async fn invitation_link(db: &Db, role: Role) -> store::Result<String> {
    new_link(db, role, None, None).await
}

/// The path of a link by which a person comes in again, with a new password; none where nobody has that name.
pub async fn link_again_for(db: &Db, name: &str) -> store::Result<Option<String>> {
    match people::by_name(db, name).await? {
        Some((person, _)) => new_link(db, person.role, Some(person.id), None).await.map(Some),
        None => Ok(None),
    }
}

/// The path of a link that signs the demo's visitor in as a lead, without a password.
pub async fn visitor_link(db: &Db, name: &str) -> store::Result<String> {
    let user = people::add_without_password(db, name, Role::Lead).await?;
    new_link(db, Role::Lead, Some(user), None).await
}
