//! One's own account: password, sessions, colours.

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::show;
use crate::store::people;
use crate::web::error::Result;
use crate::web::page::{Page, Theme, local};
use crate::web::{App, Person, WebError, password, session};

#[derive(Template)]
#[template(path = "account.html")]
struct Account {
    page: Page,
    message: &'static str,
    done: bool,
}

#[derive(Deserialize)]
pub(crate) struct Passwords {
    current: String,
    new: String,
}

#[derive(Deserialize)]
pub(crate) struct Choice {
    theme: String,
}

pub(crate) async fn form(page: Page) -> Result<Html<String>> {
    show(&Account { page, message: "", done: false })
}

pub(crate) async fn change_password(
    State(app): State<App>,
    page: Page,
    person: Person,
    Form(given): Form<Passwords>,
) -> Result<Response> {
    let db = app.workspace.db();
    let again = |message| -> Result<Response> {
        let form = Account { page: page.clone(), message, done: false };
        Ok((StatusCode::UNPROCESSABLE_ENTITY, Html(form.render()?)).into_response())
    };
    if let Err(lacks) = password::check(&given.new) {
        return again(lacks);
    }
    // By link only so far, as the demo's visitor: there is no password to know.
    let known = people::by_name(db, &person.name).await?.and_then(|(_, hash)| hash);
    if known.is_some() {
        // A browser left open is no way to guess at leisure.
        app.throttle.admit(&person.name, None).map_err(WebError::TooMany)?;
        if !password::matches(given.current, known).await? {
            return again("The current password is another one.");
        }
        app.throttle.right(&person.name, None);
    }
    people::set_password(db, person.id, &password::hash(given.new).await?, &person.session).await?;
    let message = "The password is changed. Your other sessions are signed out.";
    Ok(show(&Account { page, message, done: true })?.into_response())
}

pub(crate) async fn sign_out(State(app): State<App>, person: Person) -> Result<Response> {
    people::close_session(app.workspace.db(), &person.session).await?;
    Ok((session::forget(&app), Redirect::to("/sign-in")).into_response())
}

pub(crate) async fn sign_out_everywhere(State(app): State<App>, person: Person) -> Result<Response> {
    people::close_sessions(app.workspace.db(), person.id).await?;
    Ok((session::forget(&app), Redirect::to("/sign-in")).into_response())
}

/// Remembers light or dark, and shows the same page again.
pub(crate) async fn theme(headers: HeaderMap, Form(Choice { theme }): Form<Choice>) -> Response {
    let theme = Theme::from_slug(&theme).slug();
    let cookie = format!("theme={theme}; Path=/; Max-Age=31536000; SameSite=Lax");
    let referer = headers.get(header::REFERER).and_then(|value| value.to_str().ok()?.parse::<Uri>().ok());
    // Only the path of it: the header is the browser's word.
    let back = referer.and_then(|uri| uri.path_and_query().map(|path| path.as_str().to_owned()));
    let cookie = HeaderValue::from_str(&cookie).unwrap_or(HeaderValue::from_static("theme=system"));
    ([(header::SET_COOKIE, cookie)], Redirect::to(local(back.as_deref().unwrap_or_default()))).into_response()
}
