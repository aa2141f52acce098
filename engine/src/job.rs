//! A job: a folder with a spec, turned into results.

use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, anyhow, bail};
use signal_hook::consts::{SIGINT, SIGTERM};
use tch::Device;
use windlass::domain::{Event, JobSpec, files};
use windlass::formats::atomic;

use crate::events::Events;
use crate::frames::Shelf;
use crate::{device, failure, memory, stage};

/// A job at work.
pub struct Job {
    /// Its folder.
    pub dir: PathBuf,
    /// What to do.
    pub spec: JobSpec,
    /// Where tensors live.
    pub device: Device,
    /// Threads that compute.
    threads: usize,
    /// What it says.
    pub events: Rc<Events>,
    /// Frames that were read.
    pub shelf: Arc<Shelf>,
    stop: Arc<AtomicBool>,
}

/// How a job ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The results are complete.
    Done,
    /// It was asked to stop, after so many steps or frames.
    Stopped(u64),
}

/// Runs the job in `dir` and says how it ends. False where it failed.
///
/// # Errors
/// Where another engine runs it, or there is no such folder: then nothing was said on `events`.
pub fn run(dir: &Path, events: Events) -> Result<bool> {
    let _lock = lock(dir)?;
    let outcome = told(events, |events| stage::run(&Job::open(dir, events)?))?;
    if outcome == Some(Outcome::Done) {
        // Only now: a job killed before it could say that it is done goes on from them. Left over they only cost room.
        let _ = fs::remove_dir_all(dir.join(files::CHECKPOINT));
    }
    Ok(outcome.is_some())
}

/// Works and says on `events` how it ended. None where it failed.
pub(crate) fn told(events: Events, work: impl FnOnce(Rc<Events>) -> Result<Outcome>) -> Result<Option<Outcome>> {
    memory::keep();
    let events = Rc::new(events);
    // libtorch's errors arrive as panics.
    let outcome = match catch_unwind(AssertUnwindSafe(|| work(events.clone()))) {
        Ok(outcome) => outcome.map_err(|error| {
            // The log gets all of it; a person gets a sentence.
            let _ = writeln!(std::io::stderr(), "{error:#}");
            failure::sentence(&error)
        }),
        Err(panic) => Err(failure::panic_sentence(&*panic)),
    };
    let last = match &outcome {
        Ok(Outcome::Done) => Event::Done { seconds: events.seconds() },
        Ok(Outcome::Stopped(step)) => Event::Stopped { step: *step },
        Err(message) => Event::Failed { message: message.clone() },
    };
    events.say(last).context("cannot say how the job ended")?;
    Ok(outcome.ok())
}

impl Job {
    /// Reads the spec and makes ready what every stage needs.
    fn open(dir: &Path, events: Rc<Events>) -> Result<Self> {
        atomic::sweep(&dir.join(files::OUT));
        let path = dir.join(files::SPEC);
        let json = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::of(JobSpec::parse(&json)?, dir, events)
    }

    /// Makes ready what every stage needs.
    pub(crate) fn of(spec: JobSpec, dir: &Path, events: Rc<Events>) -> Result<Self> {
        spec.recipe.check().map_err(|wrong| anyhow!("the recipe cannot be followed: {wrong}"))?;
        let (device, note) = device::open(&spec.device)?;
        if let Some(note) = note {
            events.note(note)?;
        }
        let stop = Arc::new(AtomicBool::new(false));
        for signal in [SIGTERM, SIGINT] {
            signal_hook::flag::register(signal, stop.clone())?;
        }
        let shelf = Arc::new(Shelf::new(spec.recipe.frame, spec.codes.clone()));
        let threads = device::use_threads(spec.threads)?;
        Ok(Self { dir: dir.into(), spec, device, threads, events, shelf, stop })
    }

    /// Says that work begins, `resumed_from` so many finished steps.
    pub fn started(&self, resumed_from: Option<u64>) -> Result<()> {
        Ok(self.events.say(Event::Started { device: device::name(self.device), resumed_from })?)
    }

    /// Whether it was asked to stop.
    pub fn stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// A path below `out`, whose folder is made.
    pub fn out(&self, name: &str) -> Result<PathBuf> {
        let path = self.dir.join(files::OUT).join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        Ok(path)
    }

    /// Threads that decode frames: all of them while a card computes, a quarter beside a CPU that does.
    pub fn readers(&self) -> usize {
        if self.device.is_cuda() { self.threads } else { self.threads.div_ceil(4) }
    }
}

/// Takes the folder for this process.
fn lock(dir: &Path) -> Result<File> {
    if !dir.join(files::SPEC).is_file() {
        bail!(
            "there is no job in {}: give a folder that holds a {}, as the server and `windlass run` make them",
            dir.display(),
            files::SPEC
        );
    }
    let path = dir.join(files::LOCK);
    let file = File::create(&path).with_context(|| format!("cannot open {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!("another engine runs the job in {}: wait for it or stop it", dir.display())
        }
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("cannot lock {}", path.display())),
    }
}
