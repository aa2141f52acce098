//! Follows one job from its start to its last word, and beyond the server's own end.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};

use super::process::Process;
use super::start::hand_back;
use super::tail::Tail;
use super::{Inner, ingest, launch, prepare};
use crate::domain::{Event, Line, files};
use crate::store::jobs::{Job, JobState};
use crate::store::{Error, events, jobs, now};

/// An engine that has said its last word ends at once; one that does not is killed after this.
const AFTER_THE_LAST_WORD: Duration = Duration::from_secs(30);

/// Between tries, when the database or the disk does not let us.
const AGAIN: Duration = Duration::from_secs(5);

/// Starts a queued job and stays with it.
pub(super) async fn begin(inner: &Inner, job: &Job, stop: &Notify) {
    match jobs::claim(inner.workspace.db(), job.id).await {
        Ok(true) => run(inner, job, stop).await,
        // Stopped before its turn.
        Ok(false) => {}
        Err(error) => {
            tracing::error!("job {} cannot be started, trying again: {error}", job.id);
            sleep(AGAIN).await;
        }
    }
}

/// Stays with a job that an earlier server started; one that died without a last word goes on from its checkpoint.
pub(super) async fn take_up(inner: &Inner, job: &Job, process: Process, stop: &Notify) {
    if job.state == JobState::Stopping {
        stop.notify_one();
    }
    let end = follow(inner, job, process, stop).await;
    let went_down = matches!(&end, End::Died(None)) || matches!(&end, End::Said(line, _) if is_stopped(line));
    if !went_down || !is_running(inner, job).await {
        return finish(inner, job, end).await;
    }
    if let End::Said(line, read) = end {
        until_it_works(job, || say(inner, job, vec![line.clone()], Some(read))).await;
    }
    tracing::info!("job {} ended while no server ran: it goes on from its checkpoint", job.id);
    run(inner, job, stop).await;
}

async fn run(inner: &Inner, job: &Job, stop: &Notify) {
    let dir = inner.workspace.job_dir(job.id);
    let started = match prepare::prepare(inner, job).await {
        Ok(()) => launch::launch(&inner.config.engine, &inner.config.launcher, &dir),
        Err(sentence) => Err(sentence),
    };
    let end = match started {
        Ok(child) => {
            let process = Process::started(&dir, child);
            if let Some(pid) = process.pid() {
                until_it_works(job, || async move { Ok(jobs::set_pid(inner.workspace.db(), job.id, pid).await?) })
                    .await;
            }
            follow(inner, job, process, stop).await
        }
        Err(sentence) => End::Failed(sentence, None),
    };
    // Somebody outside ended it, such as a service manager that ends server and engines together.
    let unasked = matches!(&end, End::Said(line, _) if is_stopped(line)) && is_running(inner, job).await;
    finish(inner, job, end).await;
    if unasked {
        tracing::info!("job {} was ended from outside: it goes on from its checkpoint", job.id);
        until_it_works(job, || async {
            let mut tx = inner.workspace.db().begin().await?;
            jobs::requeue(&mut tx, job.id).await?;
            Ok(tx.commit().await.map_err(Error::from)?)
        })
        .await;
        inner.wake.notify_one();
    }
}

/// How a job ended.
#[derive(Debug)]
enum End {
    /// With that last word, which ends at that byte of the event file.
    Said(Line, u64),
    /// Without one.
    Died(Option<ExitStatus>),
    /// Before the engine began, or, up to that byte of the event file, after its last word.
    Failed(String, Option<u64>),
}

/// Stores what the engine says until it says no more. The last word is left to [`finish`].
async fn follow(inner: &Inner, job: &Job, mut process: Process, stop: &Notify) -> End {
    let db = inner.workspace.db();
    let read = until_it_works(job, || async { Ok(jobs::get(db, job.id).await?.events_read) }).await;
    let mut tail = Tail::new(inner.workspace.job_dir(job.id).join(files::EVENTS), read);
    let mut deadline = None;
    loop {
        // Asked before the file is read: what a dead engine said last is then in the file.
        let lives = process.lives();
        match hear(inner, job, &mut tail).await {
            Ok(Heard { last: Some((line, end)), .. }) => {
                see_it_end(&mut process, inner.config.tick).await;
                return End::Said(line, end);
            }
            Ok(Heard { lines: 0, .. }) if !lives => return End::Died(process.status()),
            Ok(_) => {}
            Err(error) => complain(job, &error).await,
        }
        if timeout(inner.config.tick, stop.notified()).await.is_ok() {
            process.ask_to_stop();
            deadline.get_or_insert(Instant::now() + inner.config.grace);
        }
        if deadline.is_some_and(|deadline| Instant::now() > deadline) {
            process.kill();
        }
    }
}

struct Heard {
    /// Bytes stored.
    lines: u64,
    last: Option<(Line, u64)>,
}

/// Stores the next lines, up to a last word.
async fn hear(inner: &Inner, job: &Job, tail: &mut Tail) -> anyhow::Result<Heard> {
    let batch = tail.next()?;
    let lines = batch.read - tail.position();
    if lines > 0 {
        say(inner, job, batch.lines, Some(batch.read)).await?;
        tail.stored(batch.read);
    }
    Ok(Heard { lines, last: batch.last })
}

/// Stores lines and the newest progress among them, and tells who listens.
async fn say(inner: &Inner, job: &Job, lines: Vec<Line>, read: Option<u64>) -> anyhow::Result<()> {
    let mut tx = inner.workspace.db().begin().await?;
    let progress = lines.iter().rev().find_map(|line| match line.event {
        Event::Progress { done, total, seconds_left, .. } => Some((done, total, seconds_left)),
        _ => None,
    });
    if let Some((done, total, seconds_left)) = progress {
        jobs::set_progress(&mut tx, job.id, done, total, seconds_left).await?;
    }
    events::append(&mut tx, job.project, job.id, lines, read).await?;
    tx.commit().await.map_err(Error::from)?;
    inner.tell(job.project);
    Ok(())
}

/// Waits for the process behind a last word, so that its memory is free for the next job.
async fn see_it_end(process: &mut Process, tick: Duration) {
    let deadline = Instant::now() + AFTER_THE_LAST_WORD;
    while process.lives() {
        if Instant::now() > deadline {
            return process.kill();
        }
        sleep(tick).await;
    }
}

/// Ends the job in the database: its results, its state and its last word together, and tells who listens.
async fn finish(inner: &Inner, job: &Job, end: End) {
    let end = match end {
        End::Said(line, read) if matches!(line.event, Event::Done { .. }) => {
            match keep_results(inner, job, &line, read).await {
                Ok(()) => return inner.wake.notify_one(),
                Err(sentence) => End::Failed(sentence, Some(read)),
            }
        }
        other => other,
    };
    until_it_works(job, || end_without_results(inner, job, &end)).await;
}

/// Takes the results in, waiting for the database if it must. The error is a sentence about the results.
async fn keep_results(inner: &Inner, job: &Job, last: &Line, read: u64) -> Result<(), String> {
    let results = ingest::read(&inner.workspace, job).await?;
    loop {
        match ingest::keep(inner, job, &results, last.clone(), read).await {
            Ok(()) => return Ok(()),
            Err(error) if error.downcast_ref().is_some_and(Error::may_pass) => complain(job, &error).await,
            Err(error) => return Err(format!("The results of the engine cannot be used: {error:#}.")),
        }
    }
}

async fn end_without_results(inner: &Inner, job: &Job, end: &End) -> anyhow::Result<()> {
    let db = inner.workspace.db();
    let line = |event| Line { at: now().cast_unsigned(), event };
    let asked = jobs::get(db, job.id).await?.state == JobState::Stopping;
    let (line, read) = match end {
        End::Said(line, read) => (line.clone(), Some(*read)),
        End::Died(_) if asked => (line(Event::Stopped { step: events::newest_checkpoint(db, job.id).await? }), None),
        End::Died(status) => {
            let message = obituary(*status, &inner.workspace.job_dir(job.id).join(files::LOG));
            (line(Event::Failed { message }), None)
        }
        End::Failed(message, read) => (line(Event::Failed { message: message.clone() }), *read),
    };
    let (state, error) = match &line.event {
        Event::Failed { message } => (JobState::Failed, Some(message.clone())),
        _ => (JobState::Stopped, None),
    };
    let mut tx = db.begin().await?;
    jobs::end(&mut tx, job.id, state, error.as_deref()).await?;
    // One that was ended from outside goes on at once.
    if asked || state == JobState::Failed {
        hand_back(db, &mut tx, job).await?;
    }
    events::append(&mut tx, job.project, job.id, vec![line], read).await?;
    tx.commit().await.map_err(Error::from)?;
    inner.tell(job.project);
    Ok(())
}

/// Why an engine that said nothing more is gone, and what to do.
fn obituary(status: Option<ExitStatus>, log: &Path) -> String {
    let tail = tail_of(log);
    match status.and_then(|status| status.signal()) {
        Some(9) => {
            "The engine was killed (signal 9), most often because memory ran out: lower the batch sizes or the crop \
                    in the recipe (Settings), then start the stage over; or close other programs and let it go on."
                .into()
        }
        Some(signal) => format!("The engine was ended by signal {signal}. {tail}"),
        None => match status.and_then(|status| status.code()) {
            Some(code) => format!("The engine ended with code {code} before its work was done. {tail}"),
            None => format!("The engine ended before its work was done. {tail}"),
        },
    }
}

/// The last lines of a log, as one line.
fn tail_of(log: &Path) -> String {
    let text = read_end(log, 2000).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    match &lines[lines.len().saturating_sub(5)..] {
        [] => "Its log is empty.".into(),
        last => format!("The end of its log: {}", last.join(" | ")),
    }
}

/// The last bytes of a file that may be long.
fn read_end(path: &Path, n_bytes: u64) -> std::io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let from = file.metadata()?.len().saturating_sub(n_bytes);
    file.seek(SeekFrom::Start(from))?;
    let mut end = vec![];
    file.read_to_end(&mut end)?;
    Ok(end)
}

fn is_stopped(line: &Line) -> bool {
    matches!(line.event, Event::Stopped { .. })
}

/// Whether nobody has asked the job to stop.
async fn is_running(inner: &Inner, job: &Job) -> bool {
    let db = inner.workspace.db();
    until_it_works(job, || async { Ok(jobs::get(db, job.id).await?.state) }).await == JobState::Running
}

/// Tries until the database or the disk lets us: what an engine has computed is not given up for a full disk.
async fn until_it_works<T, F: Future<Output = anyhow::Result<T>>>(job: &Job, step: impl Fn() -> F) -> T {
    loop {
        match step().await {
            Ok(value) => return value,
            Err(error) => complain(job, &error).await,
        }
    }
}

async fn complain(job: &Job, error: &anyhow::Error) {
    tracing::error!("job {}: trying again in {} s: {error:#}", job.id, AGAIN.as_secs());
    sleep(AGAIN).await;
}
