//! Who is asking: sessions, and the policy that stands before every route.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use rand::RngCore;
use sha2::{Digest, Sha256};

use super::error::Result;
use super::{App, WebError};
use crate::domain::UserId;
use crate::formats::digest::hex;
use crate::store::people::{self, Role, TokenHash};
use crate::store::{Workspace, now};

/// What to answer besides the page.
pub(super) type CookieHeader = [(HeaderName, HeaderValue); 1];

/// A session lasts this long after its last use, in milliseconds: 30 days.
const LASTS: i64 = 30 * 24 * 3600 * 1000;
/// It is not written anew at every request, but when a day of it is gone.
const RENEW_BELOW: i64 = LASTS - 24 * 3600 * 1000;

/// Whom a route lets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Everybody, signed in or not.
    Public,
    /// Whoever is signed in.
    Member,
    /// Leads.
    Lead,
}

/// Who is signed in. As an argument of a handler it refuses others.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    /// The row of the table.
    pub(crate) id: UserId,
    /// As shown.
    pub(crate) name: String,
    /// What they may do.
    pub(crate) role: Role,
    /// Of the session that asked.
    pub(crate) session: TokenHash,
}

impl Person {
    /// Whether they may do everything.
    pub(crate) fn is_lead(&self) -> bool {
        self.role == Role::Lead
    }
}

impl<S: Sync> FromRequestParts<S> for Person {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        parts.extensions.get::<Self>().cloned().ok_or(WebError::SignIn { back: None })
    }
}

/// Stands before every handler: reads the session and asks the route's policy.
pub(super) async fn guard(
    State((app, policy)): State<(App, Policy)>,
    mut request: Request,
    next: Next,
) -> Result<Response> {
    let db = app.workspace.db();
    let token = cookie(request.headers(), &app.cookie).map(|secret| hash(&secret));
    let mut renewed = None;
    let mut person = None;
    if let Some(session) = token
        && let Some((user, expires_at)) = people::by_session(db, &session).await?
        && speaks_for(request.headers(), user.id)
    {
        if expires_at < now() + RENEW_BELOW {
            people::prolong_session(db, &session, now() + LASTS).await?;
            renewed = cookie(request.headers(), &app.cookie);
        }
        person = Some(Person { id: user.id, name: user.name, role: user.role, session });
    }
    let secure = app.settings.secure || is_https(request.headers());
    if let Some(person) = &person {
        request.extensions_mut().insert(person.clone());
    }
    let mut response = match (policy, &person) {
        (Policy::Member | Policy::Lead, None) => WebError::SignIn { back: way_back(&request) }.into_response(),
        (Policy::Lead, Some(person)) if !person.is_lead() => WebError::Forbidden.into_response(),
        (Policy::Public, _) | (Policy::Member | Policy::Lead, Some(_)) => next.run(request).await,
    };
    if let Some(person) = person {
        // An error gets its page outside of here.
        response.extensions_mut().insert(person);
    }
    if policy != Policy::Public {
        // What only members see stays in no shared cache; handlers of pictures say more.
        response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-cache"));
    }
    if let Some(secret) = renewed {
        response.headers_mut().append(header::SET_COOKIE, set_cookie(&app.cookie, &secret, LASTS / 1000, secure));
    }
    Ok(response)
}

/// Whether what asks is a page that this person opened, as far as it says so in `windlass-person`. One that stays open when
/// somebody else signs in, in the same browser, sends the new session's cookie with the strokes of the old one.
fn speaks_for(headers: &HeaderMap, user: UserId) -> bool {
    headers.get("windlass-person").is_none_or(|person| person.as_bytes() == user.0.to_string().as_bytes())
}

/// Where to come back to after signing in: only for pages that a person opened, not for fragments and pictures.
fn way_back(request: &Request) -> Option<String> {
    let wants_html = request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let is_page = request.method() == Method::GET
        && !request.headers().contains_key("hx-request")
        && wants_html.is_some_and(|accept| accept.contains("text/html"));
    is_page.then(|| request.uri().path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string))
}

/// Begins a session; gives the cookie to set.
pub(super) async fn open(app: &App, user: UserId, headers: &HeaderMap) -> Result<CookieHeader> {
    let secret = secret();
    people::open_session(app.workspace.db(), user, &hash(&secret), now() + LASTS).await?;
    let secure = app.settings.secure || is_https(headers);
    Ok([(header::SET_COOKIE, set_cookie(&app.cookie, &secret, LASTS / 1000, secure))])
}

/// The header that makes the browser forget the session.
pub(super) fn forget(app: &App) -> CookieHeader {
    [(header::SET_COOKIE, set_cookie(&app.cookie, "", 0, false))]
}

/// The name of a workspace's cookie: browsers know no ports, so a demo and a server on one box must not share one.
pub fn cookie_name(workspace: &Workspace) -> String {
    let dir = Sha256::digest(workspace.dir().as_os_str().as_encoded_bytes());
    format!("windlass-{}", hex(&dir[..4]))
}

/// 256 random bits for a cookie or a link, hexadecimal.
pub(crate) fn secret() -> String {
    let mut bytes = [0; 32];
    rand::rng().fill_bytes(&mut bytes);
    hex(&bytes)
}

/// What of a secret is kept.
pub(crate) fn hash(secret: &str) -> TokenHash {
    Sha256::digest(secret.as_bytes()).into()
}

/// A cookie of the request.
pub(super) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
}

fn set_cookie(name: &str, secret: &str, max_age: i64, secure: bool) -> HeaderValue {
    let secure = if secure { "; Secure" } else { "" };
    let line = format!("{name}={secret}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::try_from(line).expect("a secret is hexadecimal, here or as a key of the session table")
}

/// Whether the browser speaks https, with us or with a proxy before us. Who lies about it harms only themselves.
fn is_https(headers: &HeaderMap) -> bool {
    let says =
        |name, prefix: &str| headers.get(name).is_some_and(|value| value.as_bytes().starts_with(prefix.as_bytes()));
    says("origin", "https://") || says("x-forwarded-proto", "https")
}
