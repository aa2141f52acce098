//! `spec.json`: everything a job needs to know.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Class, FrameId, LabelCode, Recipe, Size, Stage, Strategy};

/// A box with a card has one of these, of NVIDIA's driver or of Windows' below Linux.
pub const CARD_DRIVERS: [&str; 3] = ["/dev/nvidiactl", "/dev/nvidia0", "/dev/dxg"];

/// Of the spec's layout. An engine refuses a newer one.
pub const SPEC_VERSION: u32 = 1;

/// Names of files in a job's folder.
pub mod files {
    #![expect(missing_docs, reason = "the names say it")]
    pub const SPEC: &str = "spec.json";
    /// The engine's standard output: one event a line.
    pub const EVENTS: &str = "events.jsonl";
    /// The engine's standard error.
    pub const LOG: &str = "log.txt";
    /// Locked (`flock`) by the engine for as long as it lives.
    pub const LOCK: &str = "lock";
    pub const CHECKPOINT: &str = "checkpoint";
    /// Results; complete once the last event says `done`.
    pub const OUT: &str = "out";
    pub const MODEL: &str = "model.safetensors";
    /// The last state, where the model is an earlier and better one.
    pub const LAST_MODEL: &str = "last.safetensors";
    pub const MODEL_CARD: &str = "model.json";
    pub const DISCRIMINATOR: &str = "discriminator.safetensors";
    /// For each set: `<set>.vectors` f32 `[n, classes * channels]`, `<set>.present` u8 `[n, classes]`, `<set>.ids` i64
    /// `[n]`, `<set>.entropy`, `<set>.foreign` and `<set>.pixels` f32 `[n, classes]`.
    pub const FEATURES: &str = "features.safetensors";
    /// For each set: `<set>.anchors` f32 `[k, classes * channels]`.
    pub const ANCHORS: &str = "anchors.safetensors";
    /// A list of `AnchorReport`.
    pub const ANCHOR_REPORT: &str = "anchors.json";
    pub const SELECTION: &str = "selection.json";
    /// A list of `MapPoint`: both domains in the plane.
    pub const MAP: &str = "map.json";
    /// A list of `Proposal`.
    pub const PROPOSALS: &str = "proposals.json";
    pub const EVALUATION: &str = "evaluation.json";
    pub const PICTURES: &str = "pictures";
    pub const PREDICTIONS: &str = "predictions";
}

/// A job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobSpec {
    /// [`SPEC_VERSION`].
    pub version: u32,
    /// Which stage of the flow it is.
    pub stage: Stage,
    /// All randomness comes from it.
    pub seed: u64,
    /// `auto` (the first card, else the CPU), `cpu`, `cuda:1`.
    pub device: String,
    /// CPU threads; 0 for all.
    pub threads: usize,
    /// In order of class index.
    pub classes: Vec<Class>,
    /// Every knob.
    pub recipe: Recipe,
    /// How label files are to be read, by the name that [`LabelRef::code`] gives.
    pub codes: BTreeMap<String, LabelCode>,
    /// What to do, with what.
    pub task: Task,
}

/// A frame as a job sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameRef {
    /// Its name for good.
    pub id: FrameId,
    /// Absolute.
    pub image: PathBuf,
    /// Of the file, checked at import.
    pub size: Size,
    /// Where the classes of its pixels stand.
    pub label: Option<LabelRef>,
}

/// A label file and how to read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelRef {
    /// Absolute.
    pub path: PathBuf,
    /// A key of [`JobSpec::codes`].
    pub code: String,
}

/// Frames whose feature vectors go into one set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeatureSet {
    /// `source` or `target`. Where frames have labels, only rightly predicted pixels count.
    pub name: String,
    /// In the order of the rows.
    pub frames: Vec<FrameRef>,
}

/// How many anchors of a set of a features file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnchorSet {
    /// `source` or `target`.
    pub name: String,
    /// Anchors.
    pub k: usize,
}

/// What to do, with what. All paths are absolute.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the types and names say it")]
pub enum Task {
    Warmup {
        /// Weights to start from: ImageNet's of the backbone, or a whole model's of the same classes.
        imagenet: PathBuf,
        source: Vec<FrameRef>,
        target: Vec<FrameRef>,
    },
    Features {
        model: PathBuf,
        /// The warm-up's, which says of the target's frames how foreign they look.
        discriminator: Option<PathBuf>,
        sets: Vec<FeatureSet>,
    },
    /// Anchors of some sets of a features file.
    Anchors {
        features: PathBuf,
        sets: Vec<AnchorSet>,
    },
    /// Target frames of the features file that are no candidates are labelled already.
    Select {
        features: PathBuf,
        anchors: PathBuf,
        candidates: Vec<FrameId>,
        /// Frames to choose.
        budget: usize,
        strategy: Strategy,
        /// At most its share of a group.
        #[serde(default)]
        stratified: bool,
        /// At most so many of a group.
        quota: Option<usize>,
        /// Of each candidate in turn.
        groups: Vec<String>,
        /// For [`Strategy::Listed`].
        listed: Vec<FrameId>,
    },
    Prelabel {
        model: PathBuf,
        frames: Vec<FrameRef>,
    },
    Inject {
        model: PathBuf,
        source: Vec<FrameRef>,
        labelled: Vec<FrameRef>,
    },
    Adapt {
        model: PathBuf,
        /// A file with set `target`, of this model: which classes it finds where.
        #[serde(default)]
        features: Option<PathBuf>,
        /// A file with set `target`.
        anchors: PathBuf,
        source: Vec<FrameRef>,
        labelled: Vec<FrameRef>,
        unlabelled: Vec<FrameRef>,
    },
    Evaluate {
        model: PathBuf,
        frames: Vec<FrameRef>,
        /// Prediction pictures to keep, of the first so many frames.
        pictures: usize,
        /// Write every prediction as `out/predictions/<frame id>.png`, class indices at the label's size.
        predictions: bool,
    },
}

impl Task {
    /// The files of numbers that it goes by: weights, features, anchors. With others it is another job.
    pub fn inputs(&self) -> Vec<&Path> {
        let files = match self {
            Self::Warmup { imagenet, .. } => vec![Some(imagenet)],
            Self::Features { model, discriminator, .. } => vec![Some(model), discriminator.as_ref()],
            Self::Anchors { features, .. } => vec![Some(features)],
            Self::Select { features, anchors, .. } => vec![Some(features), Some(anchors)],
            Self::Prelabel { model, .. } | Self::Inject { model, .. } | Self::Evaluate { model, .. } => {
                vec![Some(model)]
            }
            Self::Adapt { model, features, anchors, .. } => vec![Some(model), features.as_ref(), Some(anchors)],
        };
        files.into_iter().flatten().map(PathBuf::as_path).collect()
    }
}

/// Why a spec cannot be followed.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum SpecError {
    #[error("spec.json is of version {0}, this engine reads up to {SPEC_VERSION}: upgrade windlass-engine")]
    Newer(u32),
    #[error("spec.json is not a job: {0}")]
    Malformed(#[from] serde_json::Error),
}

impl JobSpec {
    /// Reads a spec, the version before all else.
    pub fn parse(json: &str) -> Result<Self, SpecError> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        let Versioned { version } = serde_json::from_str(json)?;
        if version > SPEC_VERSION {
            return Err(SpecError::Newer(version));
        }
        Ok(serde_json::from_str(json)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spec_from_a_newer_version_is_refused_by_its_version() {
        let refused = JobSpec::parse(r#"{"version": 2, "task": {"task": "dream"}}"#).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "spec.json is of version 2, this engine reads up to 1: upgrade windlass-engine"
        );
    }
}
