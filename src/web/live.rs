//! The stream of a project's page: parts of it, rendered from the database whenever something was said.
//!
//! Nothing is queued for a reader. A part is rendered anew and sent if it differs from what this reader has, so a line
//! that dropped, a reload or a reader that fell behind costs nothing but one rendering, whatever `Last-Event-ID` says.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;

use super::error::Result;
use super::page::Page;
use super::pages::project::ProjectPage;
use super::session::Person;
use super::{App, WebError};
use crate::domain::{ProjectId, UserId};
use crate::store::events::Said;
use crate::store::{people, projects};

/// Pages of one person that listen at once. Browsers keep six lines to a server over HTTP/1.1.
const MOST_LISTENERS: usize = 12;
/// Jobs speak twice a second; people need no more.
const AT_MOST_EVERY: Duration = Duration::from_millis(400);
/// Not everything is said by a job: an import, a queue, a frame that was submitted. Looked for this often.
const AT_LEAST_EVERY: Duration = Duration::from_secs(3);
/// A reader that takes nothing for so long is let go.
const PATIENCE: Duration = Duration::from_secs(30);

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
    let heard = app.supervisor.subscribe();
    // One message at most waits for the reader.
    let (send, messages) = mpsc::channel(1);
    tokio::spawn(async move {
        let _seat = seat;
        if let Err(error) = follow(&app, page, &person, id, heard, &send).await {
            tracing::warn!(project.id = %id, "a page is no longer followed: {error:?}");
        }
    });
    let lines = ReceiverStream::new(messages);
    Ok(Sse::new(lines).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}

async fn follow(
    app: &App,
    page: Page,
    person: &Person,
    id: ProjectId,
    mut heard: broadcast::Receiver<Said>,
    send: &mpsc::Sender<Result<Event, Infallible>>,
) -> Result<()> {
    let mut has: HashMap<&str, String> = HashMap::new();
    loop {
        // What was said so far is in the database, and what is said from here on is heard.
        heard = heard.resubscribe();
        // Signed out meanwhile: the line ends, and the next one is refused.
        if people::by_session(app.workspace.db(), &person.session).await?.is_none() {
            return Ok(());
        }
        let view = ProjectPage::load(app, page.clone(), id, None).await?;
        let mut message = String::new();
        for (part, content) in view.parts()? {
            if has.get(part) != Some(&content) {
                message +=
                    &format!("<hx-partial hx-target=\"#{part}\" hx-swap=\"innerMorph\">{content}</hx-partial>\n");
                has.insert(part, content);
            }
        }
        if !message.is_empty() {
            let event = Event::default().id(view.newest_event().to_string()).data(message);
            if !matches!(timeout(PATIENCE, send.send(Ok(event))).await, Ok(Ok(()))) {
                return Ok(());
            }
        }
        tokio::select! {
            () = send.closed() => return Ok(()),
            () = something(&mut heard, id) => {}
            () = sleep(AT_LEAST_EVERY) => {}
        }
        sleep(AT_MOST_EVERY).await;
    }
}

/// Until a job of this project says something.
async fn something(heard: &mut broadcast::Receiver<Said>, id: ProjectId) {
    loop {
        match heard.recv().await {
            Ok(said) if said.project != id => {}
            // Fell behind: there is surely something.
            Ok(_) | Err(RecvError::Lagged(_)) => return,
            // The supervisor is gone; the clock goes on.
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}
