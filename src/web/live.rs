//! The stream of a project's page: parts of it, rendered from the database whenever something was said.
//!
//! They are rendered once for all leads who look at a project and once for all others, and handed to every reader. Nothing
//! is queued: a reader is sent what differs from what it has, so a line that dropped, a reload or a reader that fell behind
//! loses nothing.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;

use super::error::Result;
use super::page::Page;
use super::pages::project::ProjectPage;
use super::session::Person;
use super::{App, WebError};
use crate::domain::{ProjectId, UserId};
use crate::store::{people, projects};

/// Pages of one person that listen at once. Browsers keep six lines to a server over HTTP/1.1.
const MOST_LISTENERS: usize = 12;
/// Jobs speak twice a second; people need no more.
const AT_MOST_EVERY: Duration = Duration::from_millis(400);
/// Not everything is said by a job: an import, a queue, a frame that was submitted. Looked for this often.
const AT_LEAST_EVERY: Duration = Duration::from_secs(3);
/// A reader that takes nothing for so long is let go.
const PATIENCE: Duration = Duration::from_secs(30);

/// The parts of a page: the id of each and its content.
type Parts = Arc<Vec<(&'static str, String)>>;

/// The pages that somebody follows, as leads see them or as others do.
#[derive(Debug, Default)]
pub(crate) struct Tellers(Mutex<HashMap<(ProjectId, bool), watch::Sender<Parts>>>);

/// Who listens how often.
#[derive(Debug, Default)]
pub(crate) struct Listeners(Mutex<HashMap<UserId, usize>>);

/// Held while somebody listens.
struct Seat(Arc<Listeners>, UserId);

impl Listeners {
    fn sit(self: &Arc<Self>, user: UserId) -> Option<Seat> {
        let mut listening = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = listening.entry(user).or_default();
        (*mine < MOST_LISTENERS).then(|| *mine += 1)?;
        Some(Seat(Arc::clone(self), user))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut listening = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mine) = listening.get_mut(&self.1) {
            *mine -= 1;
            if *mine == 0 {
                listening.remove(&self.1);
            }
        }
    }
}

/// GET `/projects/{project}/events`.
pub(crate) async fn stream(
    State(app): State<App>,
    page: Page,
    person: Person,
    Path(id): Path<i64>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>> {
    let id = ProjectId(id);
    projects::get(app.workspace.db(), id).await?;
    let seat = app.listeners.sit(person.id).ok_or(WebError::TooMany(5))?;
    let parts = listen(&app, page, id);
    // One message at most waits for the reader.
    let (send, messages) = mpsc::channel(1);
    tokio::spawn(async move {
        let _seat = seat;
        if let Err(error) = follow(&app, &person, parts, &send).await {
            tracing::warn!(project.id = %id, "a page is no longer followed: {error:?}");
        }
    });
    let lines = ReceiverStream::new(messages);
    Ok(Sse::new(lines).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}

/// Sends a reader what it does not have yet, until it leaves or is nobody any more who may see it.
async fn follow(
    app: &App,
    person: &Person,
    mut parts: watch::Receiver<Parts>,
    send: &mpsc::Sender<Result<Event, Infallible>>,
) -> Result<()> {
    let mut has = Parts::default();
    loop {
        // Signed out meanwhile, or of another role: the line ends, and the next one is refused or is another.
        let now = people::by_session(app.workspace.db(), &person.session).await?;
        if now.is_none_or(|(user, _)| user.role != person.role) {
            return Ok(());
        }
        let new = Arc::clone(&parts.borrow_and_update());
        let mut message = String::new();
        for (part, content) in new.iter().filter(|part| !has.contains(part)) {
            message += &format!("<hx-partial hx-target=\"#{part}\" hx-swap=\"innerMorph\">{content}</hx-partial>\n");
        }
        has = new;
        if !message.is_empty() {
            let event = Event::default().data(message);
            if !matches!(timeout(PATIENCE, send.send(Ok(event))).await, Ok(Ok(()))) {
                return Ok(());
            }
        }
        tokio::select! {
            () = send.closed() => return Ok(()),
            // Nobody tells any more: the reader comes again.
            told = parts.changed() => if told.is_err() { return Ok(()) },
            () = sleep(AT_LEAST_EVERY) => {}
        }
    }
}

/// Joins those who follow a page; the first one has somebody tell them.
fn listen(app: &App, page: Page, id: ProjectId) -> watch::Receiver<Parts> {
    let key = (id, page.is_lead());
    let mut tellers = app.tellers.0.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(teller) = tellers.get(&key) {
        return teller.subscribe();
    }
    let (teller, parts) = watch::channel(Parts::default());
    tellers.insert(key, teller.clone());
    let (app, all) = (app.clone(), Arc::clone(&app.tellers));
    let telling = tokio::spawn(async move { tell(&app, &page, id, &teller).await });
    tokio::spawn(async move {
        // However it ended, also by a panic: readers come again, and the first one has somebody else tell them.
        if let Err(error) = telling.await.map_err(WebError::from).flatten() {
            tracing::warn!(project.id = %id, "nobody is told of a page any more: {error:?}");
            all.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
        }
    });
    parts
}

/// Renders a page for as long as somebody follows it. Its parts differ by the role of who looks, and by nothing else.
async fn tell(app: &App, page: &Page, id: ProjectId, teller: &watch::Sender<Parts>) -> Result<()> {
    let mut heard = app.supervisor.subscribe();
    loop {
        // What was said so far is in the database, and what is said from here on is heard.
        heard = heard.resubscribe();
        let new = Arc::new(ProjectPage::load(app, page.clone(), id, None).await?.parts()?);
        teller.send_if_modified(|has| {
            let differs = *has != new;
            if differs {
                *has = new;
            }
            differs
        });
        tokio::select! {
            () = something(&mut heard, id) => {}
            () = sleep(AT_LEAST_EVERY) => {}
        }
        sleep(AT_MOST_EVERY).await;
        // Under the lock, so that nobody joins who is told nothing.
        let mut tellers = app.tellers.0.lock().unwrap_or_else(PoisonError::into_inner);
        if teller.receiver_count() == 0 {
            tellers.remove(&(id, page.is_lead()));
            return Ok(());
        }
    }
}

/// Until a job of this project says something.
async fn something(heard: &mut broadcast::Receiver<ProjectId>, id: ProjectId) {
    loop {
        match heard.recv().await {
            Ok(of) if of != id => {}
            // Fell behind: there is surely something.
            Ok(_) | Err(RecvError::Lagged(_)) => return,
            // The supervisor is gone; the clock goes on.
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}
