//! How far a job came that goes through frames once: a mark in the checkpoint folder.

use std::fs::{self, File};
use std::marker::PhantomData;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use windlass::domain::{Event, files};
use windlass::formats::atomic;

use crate::checkpoint::{difference, origin};
use crate::events::Events;
use crate::job::Job;

/// What a killed job does again at most.
const EVERY: Duration = Duration::from_secs(10);

/// Says how many frames' results are safely on disk, and keeps what is known of them that stands in no file yet.
pub struct Mark<T> {
    path: PathBuf,
    origin: String,
    events: Rc<Events>,
    moved: Instant,
    written: Vec<PathBuf>,
    of: PhantomData<T>,
}

#[derive(Serialize, Deserialize)]
struct Reached<T> {
    origin: String,
    frames: usize,
    known: T,
}

impl<T: Default + Serialize + DeserializeOwned> Mark<T> {
    /// Of a job.
    pub fn of(job: &Job) -> Result<Self> {
        let folder = job.dir.join(files::CHECKPOINT);
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let (path, origin) = (folder.join("frames.json"), origin(&job.spec)?);
        Ok(Self { path, origin, events: job.events.clone(), moved: Instant::now(), written: vec![], of: PhantomData })
    }

    /// Nothing where there is no mark, or one of another origin, of which a person is told.
    pub fn reached(&self) -> (usize, T) {
        let reached = fs::read(&self.path).ok().and_then(|json| serde_json::from_slice::<Reached<T>>(&json).ok());
        let Some(Reached { origin, frames, known }) = reached else { return Default::default() };
        match difference(&origin, &self.origin) {
            None => (frames, known),
            Some(why) => {
                // Whoever does not listen will be missed at the next event.
                let _ = self.events.note(format!("the work on {frames} frames begins anew: {why}"));
                Default::default()
            }
        }
    }

    /// A file that has to be on the disk before the mark moves.
    pub fn wrote(&mut self, path: PathBuf) {
        self.written.push(path);
    }

    /// Whether it has stood for so long that it is worth moving.
    pub fn is_due(&self) -> bool {
        self.moved.elapsed() >= EVERY
    }

    /// To be called between two batches: so a resumed job sees the batches of one left alone.
    pub fn move_to(&mut self, frames: usize, known: &T) -> Result<()> {
        for path in self.written.drain(..) {
            let synced = File::open(&path).and_then(|file| file.sync_all());
            synced.with_context(|| format!("cannot write {}", path.display()))?;
        }
        let reached = Reached { origin: self.origin.clone(), frames, known };
        atomic::write(&self.path, &serde_json::to_vec(&reached)?).context("cannot write to the checkpoint folder")?;
        self.moved = Instant::now();
        Ok(self.events.say(Event::Checkpoint { step: frames as u64 })?)
    }
}
