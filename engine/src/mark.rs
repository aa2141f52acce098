//! How far a job came that goes through frames once: a mark in the checkpoint folder.

use std::fs;
use std::path::PathBuf;
use std::rc::Rc;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use windlass::domain::files;
use windlass::formats::atomic;

use crate::checkpoint::{difference, origin};
use crate::events::Events;
use crate::job::Job;

/// Says how many frames' results are safely on disk.
pub struct Mark {
    path: PathBuf,
    origin: String,
    events: Rc<Events>,
}

#[derive(Serialize, Deserialize)]
struct Reached {
    origin: String,
    frames: usize,
}

impl Mark {
    /// Of a job.
    pub fn of(job: &Job) -> Result<Self> {
        let folder = job.dir.join(files::CHECKPOINT);
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(Self { path: folder.join("frames.json"), origin: origin(&job.spec)?, events: job.events.clone() })
    }

    /// 0 where there is no mark, or one of another origin, of which a person is told.
    pub fn reached(&self) -> usize {
        let reached = fs::read(&self.path).ok().and_then(|json| serde_json::from_slice::<Reached>(&json).ok());
        let Some(Reached { origin, frames }) = reached else { return 0 };
        match difference(&origin, &self.origin) {
            None => frames,
            Some(why) => {
                // Whoever does not listen will be missed at the next event.
                let _ = self.events.note(format!("the work on {frames} frames begins anew: {why}"));
                0
            }
        }
    }

    /// To be called once the frames' results are on disk.
    pub fn move_to(&self, frames: usize) -> Result<()> {
        let reached = Reached { origin: self.origin.clone(), frames };
        atomic::write(&self.path, &serde_json::to_vec(&reached)?).context("cannot write to the checkpoint folder")
    }
}
