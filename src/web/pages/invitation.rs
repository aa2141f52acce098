//! The page behind an invitation link. Looking at it uses nothing up: mail programs look too.

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::show;
use crate::store;
use crate::store::people::{self, Invitation};
use crate::web::error::Result;
use crate::web::page::Page;
use crate::web::{App, WebError, password, session};

const LONGEST_NAME: usize = 60;

#[derive(Template)]
#[template(path = "invitation.html")]
struct InvitationPage<'a> {
    page: Page,
    invitation: &'a Invitation,
    name: &'a str,
    message: &'a str,
}

#[derive(Deserialize)]
pub(crate) struct Newcomer {
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
}

pub(crate) async fn form(State(app): State<App>, page: Page, Path(secret): Path<String>) -> Result<Response> {
    match people::open_invitation(app.workspace.db(), &session::hash(&secret)).await? {
        None => Err(WebError::LinkOver),
        Some(invitation) => {
            Ok(show(&InvitationPage { page, invitation: &invitation, name: "", message: "" })?.into_response())
        }
    }
}

pub(crate) async fn accept(
    State(app): State<App>,
    page: Page,
    headers: HeaderMap,
    Path(secret): Path<String>,
    Form(given): Form<Newcomer>,
) -> Result<Response> {
    let db = app.workspace.db();
    let token = session::hash(&secret);
    let Some(invitation) = people::open_invitation(db, &token).await? else { return Err(WebError::LinkOver) };
    let name = given.name.trim().to_owned();
    let again = |message: &str| -> Result<Response> {
        let form = InvitationPage { page: page.clone(), invitation: &invitation, name: &name, message };
        Ok((StatusCode::UNPROCESSABLE_ENTITY, Html(form.render()?)).into_response())
    };
    let is_odd = name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control);
    if invitation.guest.is_none() && is_odd {
        return again("Give a name of 1 to 60 characters.");
    }
    let mut hash = None;
    if invitation.guest.as_ref().is_none_or(|guest| guest.has_password) {
        if let Err(lacks) = password::check(&given.password) {
            return again(lacks);
        }
        hash = Some(password::hash(given.password).await?);
    }
    let user = match (&invitation.guest, hash) {
        (None, Some(hash)) => people::join(db, &token, &name, &hash).await.map(|user| user.id),
        (_, hash) => people::come_in(db, &token, hash.as_deref()).await,
    };
    match user {
        Ok(user) => Ok((session::open(&app, user, &headers).await?, Redirect::to("/")).into_response()),
        Err(store::Error::Taken) => again("Somebody has that name already. Choose another."),
        // Used by somebody else between our look and now.
        Err(store::Error::NotFound) => Err(WebError::LinkOver),
        Err(error) => Err(WebError::from(error)),
    }
}
