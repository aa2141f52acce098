//! What a job says while it runs, as JSON lines; each is flushed, so that a reader sees it at once.

use std::cell::{Cell, RefCell};
use std::io::{self, Write};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use windlass::domain::{Event, Line};

/// The least time between two lines of progress.
const PROGRESS_EVERY: Duration = Duration::from_millis(500);

/// Writes events.
pub struct Events {
    out: RefCell<Box<dyn Write>>,
    began: Instant,
    pace: Cell<Option<Pace>>,
}

/// Where this run's first progress was, for the time left, and when it was last told.
#[derive(Clone, Copy)]
struct Pace {
    began: Instant,
    first: u64,
    told: Option<Instant>,
}

impl Events {
    /// To `out`: one JSON object a line.
    pub fn new(out: impl Write + 'static) -> Self {
        Self { out: RefCell::new(Box::new(out)), began: Instant::now(), pace: Cell::new(None) }
    }

    /// Writes a line. Fails where nobody listens any more or the disk is full.
    pub fn say(&self, event: Event) -> io::Result<()> {
        let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64;
        let mut line = serde_json::to_string(&Line { at, event })?;
        line.push('\n');
        let mut out = self.out.borrow_mut();
        out.write_all(line.as_bytes())?;
        out.flush()
    }

    /// Something that a person should read.
    pub fn note(&self, message: impl Into<String>) -> io::Result<()> {
        self.say(Event::Note { message: message.into() })
    }

    /// Says how far the job is, at most twice a second and once at the end. The first call starts the clock.
    pub fn progress(&self, done: u64, total: u64, unit: &str) -> io::Result<()> {
        let now = Instant::now();
        let mut pace = self.pace.get().unwrap_or(Pace { began: now, first: done, told: None });
        let quiet = pace.told.is_some_and(|told| now - told < PROGRESS_EVERY) && done < total;
        if !quiet {
            pace.told = Some(now);
            let passed = (now - pace.began).as_secs_f64();
            let seconds_left =
                (done > pace.first).then(|| passed / (done - pace.first) as f64 * (total.saturating_sub(done)) as f64);
            self.say(Event::Progress { done, total, unit: unit.into(), seconds_left })?;
        }
        self.pace.set(Some(pace));
        Ok(())
    }

    /// Seconds since the engine began.
    pub fn seconds(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }
}
