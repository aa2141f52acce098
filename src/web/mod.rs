//! Routes, pages, server-sent events, sessions.
//!
//! Every route stands in the table of [`routes`] with the policy that guards it; there is no other way in. A page is one
//! file in `pages/` with its handlers and template structs, and a template of the same stem; fragments are its blocks.

mod assets;
mod bundle;
mod curves;
mod download;
mod error;
mod guide;
mod live;
mod origin;
mod page;
mod password;
mod rail;
mod session;
mod throttle;
mod words;
mod pages;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::http::{Extensions, HeaderMap, Method, StatusCode, Uri, Version, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::Redirect;
use axum::routing::MethodRouter;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, Predicate};

use crate::domain::Backbone;
use crate::formats::contain::{ContainError, contained};
use crate::store::Workspace;
use crate::supervisor::{Supervisor, Surveys};
use bundle::Bundles;
use curves::Curves;
pub(crate) use error::WebError;
use live::{Listeners, Tellers};
pub use pages::people::{first_link, invitation_link, link_again_for, visitor_link};
pub(crate) use session::Person;
pub use session::{Policy, cookie_name};
use throttle::Throttle;

/// What handlers share. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// The folder and its database.
    pub workspace: Workspace,
    /// The handle on all jobs.
    pub supervisor: Supervisor,
    /// What the operator decided.
    pub settings: Arc<Settings>,
    /// The name of the session's.
    pub(crate) cookie: Arc<str>,
    pub(crate) throttle: Arc<Throttle>,
    pub(crate) curves: Arc<Curves>,
    pub(crate) listeners: Arc<Listeners>,
    pub(crate) tellers: Arc<Tellers>,
    pub(crate) bundles: Bundles,
    pub(crate) surveys: Arc<Surveys>,
}

/// What the operator decided about the site.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Folders that a lead names lie below one of these.
    pub data_roots: Vec<PathBuf>,
    /// Where ImageNet weights of [`Backbone::EfficientnetLite0`] are, if this box has them.
    pub imagenet_lite0: PathBuf,
    /// Where ImageNet weights of [`Backbone::Resnet101`] are, if this box has them.
    pub imagenet_resnet101: PathBuf,
    /// Where new projects train, unless their lead says otherwise: `auto`, `cpu`, `cuda:1`.
    pub device: String,
    /// Whether people reach the pages by https: then cookies travel by nothing else.
    pub secure: bool,
}

impl Settings {
    pub(crate) fn imagenet(&self, backbone: Backbone) -> &Path {
        match backbone {
            Backbone::EfficientnetLite0 => &self.imagenet_lite0,
            Backbone::Resnet101 => &self.imagenet_resnet101,
        }
    }

    /// Where a path that a lead typed really is, below one of the data roots.
    pub(crate) fn locate(&self, given: &str) -> Result<PathBuf, String> {
        let mut tried: Vec<_> = self.data_roots.iter().map(|root| contained(root, given)).collect();
        if let Some(found) = tried.iter().position(Result::is_ok) {
            return tried.swap_remove(found).map_err(|error| error.to_string());
        }
        // What is missing below one root would lead out of the others, which tells nobody anything.
        let errors: Vec<_> = tried.into_iter().filter_map(Result::err).collect();
        let told = errors.iter().find(|error| !matches!(error, ContainError::Leaves { .. })).or(errors.first());
        Err(told.map_or_else(
            || "this server may read no folders yet: start it with --data and the folder of your data".to_owned(),
            ToString::to_string,
        ))
    }
}

impl App {
    /// Over the workspace of a started supervisor.
    pub fn new(supervisor: Supervisor, settings: Settings) -> Self {
        Self {
            workspace: supervisor.workspace().clone(),
            settings: Arc::new(settings),
            cookie: session::cookie_name(supervisor.workspace()).into(),
            throttle: Arc::default(),
            curves: Arc::default(),
            listeners: Arc::default(),
            tellers: Arc::default(),
            bundles: Bundles::default(),
            surveys: Arc::default(),
            supervisor,
        }
    }
}

/// A way in: what it answers to, whom it lets in, how much it takes.
pub struct Route {
    /// GET also answers HEAD.
    pub method: Method,
    /// As axum writes it.
    pub path: &'static str,
    /// Whom it lets in.
    pub policy: Policy,
    /// Bytes of a body that it reads at most.
    pub body_limit: usize,
    handler: MethodRouter<App>,
}

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

fn get<H: Handler<T, App>, T: 'static>(path: &'static str, policy: Policy, handler: H) -> Route {
    Route { method: Method::GET, path, policy, body_limit: KIB, handler: axum::routing::get(handler) }
}

fn post<H: Handler<T, App>, T: 'static>(path: &'static str, policy: Policy, handler: H) -> Route {
    Route { method: Method::POST, path, policy, body_limit: 64 * KIB, handler: axum::routing::post(handler) }
}

fn patch<H: Handler<T, App>, T: 'static>(path: &'static str, policy: Policy, handler: H) -> Route {
    Route { method: Method::PATCH, path, policy, body_limit: 64 * KIB, handler: axum::routing::patch(handler) }
}

impl Route {
    /// With another limit of the body, in bytes.
    fn up_to(self, body_limit: usize) -> Self {
        Self { body_limit, ..self }
    }
}

/// Where a browser goes that asks by GET for what only a form leads to, as after light or dark was chosen there, or Enter
/// in the address bar.
fn form_of(path: &'static str, policy: Policy, form: &'static str) -> Route {
    get(path, policy, async move |uri: Uri| {
        let id = uri.path().split('/').find(|part| part.parse::<i64>().is_ok()).unwrap_or_default();
        Redirect::to(&form.replace("{project}", id))
    })
}

/// Every route there is: the site's table of contents.
pub fn routes() -> Vec<Route> {
    use Policy::{Lead, Member, Public};
    use pages::{
        account, annotate, choosing, control, export, frames, invitation, log, mask, models, new_project, people,
        picks, project, projects, queue, settings, sign_in,
    };
    vec![
        get("/static/{build}/{*path}", Public, assets::file),
        get("/health", Public, async || "ok\n"),
        post("/theme", Public, account::theme),
        get("/sign-in", Public, sign_in::form),
        post("/sign-in", Public, sign_in::enter),
        get("/invitations/{secret}", Public, invitation::form),
        post("/invitations/{secret}", Public, invitation::accept),
        post("/sign-out", Member, account::sign_out),
        post("/sign-out-everywhere", Member, account::sign_out_everywhere),
        get("/account", Member, account::form),
        form_of("/account/password", Member, "/account"),
        post("/account/password", Member, account::change_password),
        get("/people", Lead, people::list),
        form_of("/people/invite", Lead, "/people"),
        post("/people/invite", Lead, people::invite),
        post("/people/revoke", Lead, people::revoke),
        form_of("/people/{user}/link", Lead, "/people"),
        post("/people/{user}/link", Lead, people::link_again),
        post("/people/{user}/role", Lead, people::change_role),
        post("/people/{user}/remove", Lead, people::remove),
        get("/", Member, projects::list),
        get("/projects/new", Lead, new_project::form),
        form_of("/projects/check", Lead, "/projects/new"),
        post("/projects/check", Lead, new_project::check),
        form_of("/projects", Lead, "/projects/new"),
        post("/projects", Lead, new_project::create),
        get("/projects/{project}", Member, project::overview),
        get("/projects/{project}/set-up", Lead, new_project::mend),
        post("/projects/{project}/set-up", Lead, new_project::mended),
        get("/projects/{project}/events", Member, live::stream),
        post("/projects/{project}/import", Lead, control::import),
        post("/projects/{project}/stages/{stage}", Lead, control::start),
        post("/projects/{project}/jobs/{job}/stop", Lead, control::stop),
        post("/projects/{project}/jobs/{job}/resume", Lead, control::resume),
        get("/projects/{project}/jobs/{job}/log", Lead, log::end),
        post("/projects/{project}/answer", Lead, control::answer),
        post("/projects/{project}/rounds", Lead, control::next_round),
        form_of("/projects/{project}/choice", Lead, "/projects/{project}/picks"),
        // A list of frames, and the names that its numbers count: 140 kB for Cityscapes.
        post("/projects/{project}/choice", Lead, choosing::choose).up_to(4 * MIB),
        get("/projects/{project}/picks", Member, picks::of_round),
        get("/projects/{project}/models", Member, models::compare),
        get("/models/{model}/weights", Member, models::weights),
        get("/models/{model}/card", Member, models::card),
        get("/models/{model}/pictures/{frame}", Member, models::picture),
        get("/projects/{project}/export", Member, export::form),
        post("/projects/{project}/export", Lead, export::make),
        get("/projects/{project}/exports/{file}", Member, export::download),
        post("/projects/{project}/exports/{file}/delete", Lead, export::delete),
        get("/projects/{project}/queue", Member, queue::mine),
        get("/projects/{project}/settings", Lead, settings::form),
        post("/projects/{project}/settings", Lead, settings::save),
        post("/projects/{project}/archive", Lead, settings::archive),
        get("/projects/{project}/examples", Member, frames::examples),
        get("/frames/{frame}/image", Member, frames::image),
        get("/frames/{frame}/thumbnail", Member, frames::thumbnail),
        get("/frames/{frame}/truth", Member, frames::truth),
        get("/frames/{frame}/preview", Member, frames::preview),
        post("/projects/{project}/queue/next", Member, annotate::next),
        get("/frames/{frame}/annotate", Member, annotate::page),
        post("/frames/{frame}/take", Member, annotate::take),
        post("/frames/{frame}/take-over", Lead, annotate::take_over),
        post("/frames/{frame}/leave-out", Lead, annotate::leave_out),
        post("/frames/{frame}/lease", Member, annotate::lease),
        post("/frames/{frame}/release", Member, annotate::release),
        post("/frames/{frame}/submit", Member, annotate::submit).up_to(256 * KIB),
        post("/frames/{frame}/reopen", Member, annotate::reopen),
        post("/frames/{frame}/reopen-for", Member, annotate::reopen_for),
        get("/frames/{frame}/mask", Member, mask::read),
        // It takes the body as it comes: no more than its frame has pixels.
        patch("/frames/{frame}/mask", Member, mask::save),
        get("/frames/{frame}/history", Member, mask::history),
        get("/frames/{frame}/uncertainty", Member, mask::uncertainty),
        get("/frames/{frame}/segments", Member, mask::segments),
    ]
}

/// The whole site.
pub fn router(app: App) -> Router {
    let guarded = |policy| from_fn_with_state((app.clone(), policy), session::guard);
    let mut router = Router::new();
    for Route { path, policy, body_limit, handler, .. } in routes() {
        router = router.route(path, handler.layer(DefaultBodyLimit::max(body_limit)).layer(guarded(policy)));
    }
    router
        .fallback(nowhere.layer(guarded(Policy::Public)))
        .layer(from_fn(origin::check))
        .layer(from_fn(error::dress))
        .layer(CompressionLayer::new().compress_when(DefaultPredicate::new().and(is_shown)))
        .with_state(app)
}

/// Weights and zip files are not shown but kept: they get no smaller, and a browser says how much is left only by their
/// length.
fn is_shown(_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    !headers.contains_key(header::CONTENT_DISPOSITION)
}

async fn nowhere() -> WebError {
    WebError::NotFound
}

/// Percent-encodes a value of a query.
pub(crate) fn encode(text: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    text.bytes().map(|byte| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
