//! One job's folder: written, run, followed to its end; left alone where an earlier run has done it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use super::play::read;
use super::progress::{Terminal, span};
use crate::config::EngineArgs;
use crate::domain::{Event, JobSpec, Line, files};
use crate::formats::atomic;
use crate::formats::digest::sha256;
use crate::supervisor::launch::launch;
use crate::supervisor::process::Process;
use crate::supervisor::tail::Tail;

/// How often the event file is looked at.
const TICK: Duration = Duration::from_millis(200);

/// What a job said while it ran, over all its runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Told {
    /// At work, without the time between runs.
    pub seconds: f64,
    pub device: String,
    /// Points of each curve by step.
    pub curves: BTreeMap<String, Vec<(f64, f64)>>,
    pub notes: Vec<String>,
    last: Option<Event>,
    since: u64,
}

/// Runs jobs one after another.
pub(super) struct Runner<'a> {
    pub engine: &'a EngineArgs,
    pub terminal: &'a Terminal,
    /// Whether somebody pressed Ctrl-C.
    pub stopped: Cell<bool>,
    /// Of files that jobs of this run went by.
    pub digests: RefCell<Digests>,
}

/// SHA-256 of files, by their paths.
pub(super) type Digests = BTreeMap<PathBuf, String>;

/// The digests of what a job goes by, beside its spec. Jobs of earlier versions have none.
const INPUTS: &str = "inputs.json";

impl Runner<'_> {
    /// Runs a job to its end, or takes the results of an earlier run of the same spec. Says its `out` folder too.
    pub(super) async fn run(&self, dir: &Path, spec: &JobSpec, what: &str) -> Result<(PathBuf, Told)> {
        let there = prepare(dir, spec, &self.inputs(spec).await?)?;
        let mut told = Told::default();
        let mut tail = Tail::new(dir.join(files::EVENTS), 0);
        told.read(&mut tail)?;
        if !told.is_done() {
            if (&there.device, there.threads) != (&spec.device, spec.threads) {
                // Its own knobs stay, by which the engine knows the checkpoints that are there.
                write(dir, &JobSpec { device: spec.device.clone(), threads: spec.threads, ..there })?;
            }
            let process = self.start(dir)?;
            self.follow(process, &mut tail, &mut told, what)
                .await
                .with_context(|| format!("{what} ({})", dir.display()))?;
            self.terminal.say(&format!("{what}: {}", span(told.seconds)));
        }
        Ok((dir.join(files::OUT), told))
    }

    /// What a job goes by, as far as it is there; if it is not, the engine says so. Features are large: each file is read once
    /// a run, beside the runtime.
    async fn inputs(&self, spec: &JobSpec) -> Result<Digests> {
        let mut inputs = Digests::new();
        for path in spec.task.inputs().into_iter().filter(|path| path.is_file()).map(Path::to_owned) {
            let known = self.digests.borrow().get(&path).cloned();
            let digest = match known {
                Some(digest) => digest,
                None => {
                    let file = path.clone();
                    let digest = tokio::task::spawn_blocking(move || sha256(&file)).await?;
                    digest.with_context(|| format!("{} cannot be read", path.display()))?
                }
            };
            self.digests.borrow_mut().insert(path.clone(), digest.clone());
            inputs.insert(path, digest);
        }
        Ok(inputs)
    }

    /// Whether the run is to end, instead of going on with other arms.
    pub(super) fn was_stopped(&self) -> bool {
        self.stopped.get()
    }

    /// The engine at work in the folder: a new one, or one that an earlier run of this experiment left behind.
    fn start(&self, dir: &Path) -> Result<Process> {
        let mut process = Process::found(dir, None);
        if process.lives() {
            return Ok(process);
        }
        let config = self.engine.supervisor();
        let child = launch(&config.engine, &config.launcher, dir).map_err(anyhow::Error::msg)?;
        Ok(Process::started(dir, child))
    }

    async fn follow(&self, mut process: Process, tail: &mut Tail, told: &mut Told, what: &str) -> Result<()> {
        let mut interrupted = false;
        loop {
            // Before the last look, so that nothing said before the end is missed.
            let lives = process.lives();
            if let Some(progress) = told.read(tail)? {
                self.terminal.show(&format!("{what}: {progress}"));
            }
            if !lives {
                break;
            }
            tokio::select! {
                () = tokio::time::sleep(TICK) => {}
                _ = tokio::signal::ctrl_c(), if !interrupted => {
                    interrupted = true;
                    self.stopped.set(true);
                    self.terminal.say("Stopping at the next step ...");
                    process.ask_to_stop();
                }
            }
        }
        match &told.last {
            Some(Event::Done { .. }) => Ok(()),
            Some(Event::Failed { message }) => bail!("{message}"),
            Some(Event::Stopped { .. }) => bail!("stopped: the same command goes on from here"),
            _ => bail!("the engine ended without a word: see {} there, then run the same command again", files::LOG),
        }
    }
}

/// Writes the spec, unless it is there, and gives the one that is. A folder of another experiment is not touched.
fn prepare(dir: &Path, spec: &JobSpec, inputs: &Digests) -> Result<JobSpec> {
    let path = dir.join(files::SPEC);
    if path.exists() {
        let other = |what: &str| {
            let dir = dir.display();
            format!(
                "{dir} holds a job with other {what}: give another --jobs (or --out, where there is none), or delete that folder"
            )
        };
        let text = std::fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        let is_same = |there: &JobSpec| {
            let (theirs, ours) = (there.recipe.read_by(spec.stage), spec.recipe.read_by(spec.stage));
            // Where it runs makes no other job of it.
            let JobSpec { recipe, device, .. } = spec.clone();
            theirs == ours && JobSpec { recipe, device, threads: spec.threads, ..there.clone() } == *spec
        };
        let there = JobSpec::parse(&text).ok().filter(is_same).with_context(|| other("knobs or frames"))?;
        let before = dir.join(INPUTS);
        if before.exists() {
            let differs = |(path, digest): (&PathBuf, &String)| inputs.get(path).is_some_and(|now| now != digest);
            let changed = read::<Digests>(&before)?;
            ensure!(!changed.iter().any(differs), other("weights, features or anchors, which were made anew since"));
        }
        return Ok(there);
    }
    std::fs::create_dir_all(dir).with_context(|| format!("{} cannot be made", dir.display()))?;
    // Before the spec, without which there is no job.
    atomic::write(&dir.join(INPUTS), &serde_json::to_vec_pretty(inputs)?)
        .with_context(|| format!("{} cannot be written to", dir.display()))?;
    write(dir, spec)?;
    Ok(spec.clone())
}

fn write(dir: &Path, spec: &JobSpec) -> Result<()> {
    let path = dir.join(files::SPEC);
    atomic::write(&path, &serde_json::to_vec_pretty(spec)?)
        .with_context(|| format!("{} cannot be written", path.display()))
}

impl Told {
    fn is_done(&self) -> bool {
        matches!(self.last, Some(Event::Done { .. }))
    }

    /// Reads what was said since; gives the newest progress.
    fn read(&mut self, tail: &mut Tail) -> Result<Option<String>> {
        let mut progress = None;
        loop {
            let batch = tail.next()?;
            if batch.lines.is_empty() && batch.last.is_none() {
                return Ok(progress);
            }
            tail.stored(batch.last.as_ref().map_or(batch.read, |(_, end)| *end));
            for line in batch.lines.into_iter().chain(batch.last.map(|(line, _)| line)) {
                progress = self.hear(line).or(progress);
            }
        }
    }

    fn hear(&mut self, Line { at, event }: Line) -> Option<String> {
        if !matches!(event, Event::Started { .. }) && self.since > 0 {
            self.seconds += at.saturating_sub(self.since) as f64 / 1000.0;
        }
        self.since = at;
        self.last = None;
        match event {
            Event::Started { device, .. } => self.device = device,
            Event::Scalars { step, values } => {
                for (name, value) in values {
                    let points = self.curves.entry(name).or_default();
                    // A step said again after a resume has the same values.
                    if points.last().is_none_or(|&(last, _)| last < step as f64) {
                        points.push((step as f64, value));
                    }
                }
            }
            Event::Note { message } => self.notes.push(message),
            Event::Progress { done, total, unit, seconds_left } => {
                let left = seconds_left.map(|seconds| format!(", {} left", span(seconds))).unwrap_or_default();
                return Some(format!("{unit} {done} of {total}{left}"));
            }
            Event::Checkpoint { .. } => {}
            Event::Stopped { .. } | Event::Done { .. } | Event::Failed { .. } => self.last = Some(event),
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(lines: Vec<(u64, Event)>) -> Told {
        let mut told = Told::default();
        for (at, event) in lines {
            told.hear(Line { at, event });
        }
        told
    }

    fn started() -> Event {
        Event::Started { device: "cpu".into(), resumed_from: None }
    }

    fn loss(step: u64) -> Event {
        Event::Scalars { step, values: [("loss/source".to_owned(), 1.0 / step as f64)].into() }
    }

    #[test]
    fn time_between_runs_does_not_count_and_a_step_said_twice_is_one_point() {
        let told = heard(vec![
            (1_000, started()),
            (3_000, loss(1)),
            (4_000, loss(2)),
            (900_000, started()),
            (901_000, loss(2)),
            (902_000, loss(3)),
            (903_000, Event::Done { seconds: 3.0 }),
        ]);
        assert_eq!(told.seconds, 6.0);
        assert_eq!(told.curves["loss/source"].iter().map(|point| point.0).collect::<Vec<_>>(), [1.0, 2.0, 3.0]);
        assert!(told.is_done());
    }

    #[test]
    fn a_job_that_goes_on_after_a_failure_is_not_failed() {
        let failed = Event::Failed { message: "no memory".into() };
        let told = heard(vec![(1, started()), (2, failed), (3, started())]);
        assert_eq!(told.last, None);
    }
}
