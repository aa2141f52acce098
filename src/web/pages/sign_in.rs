//! The door.

use std::net::SocketAddr;

use askama::Template;
use axum::Form;
use axum::extract::{ConnectInfo, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::show;
use crate::store::people;
use crate::web::error::Result;
use crate::web::page::{Page, local};
use crate::web::{App, WebError, password, session, throttle};

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn {
    page: Page,
    next: String,
    name: String,
    message: &'static str,
    /// Nobody is there yet: the first lead comes by the link that the server printed.
    empty: bool,
}

/// Where to go afterwards.
#[derive(Deserialize)]
pub(crate) struct Next {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
pub(crate) struct Credentials {
    name: String,
    password: String,
    #[serde(default)]
    next: String,
}

pub(crate) async fn form(State(app): State<App>, page: Page, Query(Next { next }): Query<Next>) -> Result<Response> {
    if page.person.is_some() {
        return Ok(Redirect::to(local(&next)).into_response());
    }
    let empty = !people::has_lead(app.workspace.db()).await?;
    Ok(show(&SignIn { page, next, name: String::new(), message: "", empty })?.into_response())
}

pub(crate) async fn enter(
    State(app): State<App>,
    page: Page,
    headers: HeaderMap,
    from: Option<axum::Extension<ConnectInfo<SocketAddr>>>,
    Form(given): Form<Credentials>,
) -> Result<Response> {
    let from = from.map(|axum::Extension(ConnectInfo(address))| throttle::visitor(address.ip(), &headers));
    let name = given.name.trim();
    app.throttle.admit(name, from).map_err(WebError::TooMany)?;
    let db = app.workspace.db();
    let (user, hash) = people::by_name(db, name).await?.unzip();
    let right = password::matches(given.password, hash.flatten()).await?;
    let (true, Some(user)) = (right, user) else {
        let message = "That name and password do not fit together.";
        let again = SignIn { page, next: given.next, name: name.to_owned(), message, empty: false };
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, show(&again)?).into_response());
    };
    app.throttle.right(name, from);
    let cookie = session::open(&app, user.id, &headers).await?;
    Ok((cookie, Redirect::to(local(&given.next))).into_response())
}
