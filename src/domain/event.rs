//! What a job says while it runs: one JSON object a line on its standard output.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A line of a job's event file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Milliseconds since 1970.
    pub at: u64,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The engine has read the spec and begins, or goes on from a checkpoint.
    Started {
        /// `cpu`, `cuda:0`.
        device: String,
        /// Steps that an earlier run had finished.
        resumed_from: Option<u64>,
    },
    /// How far it is. At most two a second.
    Progress {
        /// Finished.
        done: u64,
        /// Of.
        total: u64,
        /// `step` or `frame`.
        unit: String,
        /// By the pace of this run so far.
        seconds_left: Option<f64>,
    },
    /// Points of the curves: a loss, a learning rate. A step said twice (after a resume) has the same values.
    Scalars {
        /// Counted from 1.
        step: u64,
        /// By curve name, such as `loss/source`.
        values: BTreeMap<String, f64>,
    },
    /// A checkpoint is safely on disk.
    Checkpoint {
        /// Steps finished.
        step: u64,
    },
    /// Something that a person should read, such as a frame that was left out.
    Note {
        /// A sentence.
        message: String,
    },
    /// It was asked to stop and has written a checkpoint.
    Stopped {
        /// Steps finished.
        step: u64,
    },
    /// The results are complete.
    Done {
        /// Of this run.
        seconds: f64,
    },
    /// It cannot go on.
    Failed {
        /// A sentence that says what to do.
        message: String,
    },
}

impl Event {
    /// Whether nothing follows.
    pub fn is_last(&self) -> bool {
        matches!(self, Self::Stopped { .. } | Self::Done { .. } | Self::Failed { .. })
    }
}
