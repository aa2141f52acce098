//! How far a job came that goes through frames once: a mark in the checkpoint folder.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use windlass::domain::files;
use windlass::formats::atomic;

use crate::checkpoint::fingerprint;
use crate::job::Job;

/// Says how many frames' results are safely on disk.
pub struct Mark {
    path: PathBuf,
    spec: String,
}

#[derive(Serialize, Deserialize)]
struct Reached {
    spec: String,
    frames: usize,
}

impl Mark {
    /// Of a job.
    pub fn of(job: &Job) -> Result<Self> {
        let folder = job.dir.join(files::CHECKPOINT);
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(Self { path: folder.join("frames.json"), spec: fingerprint(&job.spec)? })
    }

    /// 0 where there is no mark of this spec.
    pub fn reached(&self) -> usize {
        let reached = fs::read(&self.path).ok().and_then(|json| serde_json::from_slice::<Reached>(&json).ok());
        reached.filter(|reached| reached.spec == self.spec).map_or(0, |reached| reached.frames)
    }

    /// To be called once the frames' results are on disk.
    pub fn move_to(&self, frames: usize) -> Result<()> {
        let reached = Reached { spec: self.spec.clone(), frames };
        atomic::write(&self.path, &serde_json::to_vec(&reached)?).context("cannot write to the checkpoint folder")
    }
}
