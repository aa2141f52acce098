//! What jobs leave behind, besides tensors: the JSON files in a job's `out` folder.

use serde::{Deserialize, Serialize};

use super::{Class, Confusion, FrameId, Recipe, Stage, Strategy};

/// Stands beside every weights file: what made it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelCard {
    /// The stage that trained it.
    pub stage: Stage,
    /// The classes, in the order of the classifier's channels.
    pub classes: Vec<Class>,
    /// Every knob.
    pub recipe: Recipe,
    /// Of the job.
    pub seed: u64,
    /// SHA-256 of the weights it started from, hexadecimal.
    pub parent: String,
    /// SHA-256 of the weights file, hexadecimal.
    pub sha256: String,
}

/// How the clustering of one domain went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnchorReport {
    /// `source` or `target`.
    pub set: String,
    /// Frames in each cluster.
    pub counts: Vec<usize>,
    /// Sum of squared distances to the nearest anchor (Eq. 2).
    pub inertia: f64,
    /// Lloyd iterations of the best start.
    pub iterations: usize,
}

/// A chosen frame and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pick {
    /// The frame.
    pub frame: FrameId,
    /// By the strategy. Distances are mean-squared; `Dual_Domain_Distance` (Eq. 5) is the sum of the two below.
    pub score: f64,
    /// Distance to the nearest source anchor.
    pub source: f64,
    /// Distance to the nearest target anchor.
    pub target: f64,
    /// What each class adds to the score; sums to it.
    pub per_class: Vec<f64>,
    /// Indices of the classes that the model did not find in the frame: what they add, they add by being missing.
    #[serde(default)]
    pub absent: Vec<usize>,
}

/// How much there is of each class, as the model predicts it, among the picks and among all candidates. Shares, 0 to 1,
/// in the order of the classes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClassMix {
    /// Of the picks, those in which the class is present.
    pub picked_frames: Vec<f64>,
    /// Of the candidates, those in which the class is present.
    pub pool_frames: Vec<f64>,
    /// Of the picks' pixels.
    pub picked_pixels: Vec<f64>,
    /// Of the candidates' pixels.
    pub pool_pixels: Vec<f64>,
}

/// How many frames of a group, such as a city, are candidates, and how many are picked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct GroupMix {
    pub name: String,
    pub candidates: usize,
    pub picked: usize,
}

/// The outcome of a selection.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Selection {
    /// How it was done.
    pub strategy: Strategy,
    /// Frames that were asked for; there may have been fewer.
    #[serde(default)]
    pub budget: usize,
    /// Of a group, at most its share of the candidates.
    #[serde(default)]
    pub stratified: bool,
    /// Of a group, at most.
    #[serde(default)]
    pub quota: Option<usize>,
    /// Anchors of the source and of the target.
    #[serde(default)]
    pub anchors: [usize; 2],
    /// Candidates there were.
    pub candidates: usize,
    /// What the picks are made of, beside the candidates.
    #[serde(default)]
    pub mix: ClassMix,
    /// What groups they are from, in order of name; empty where frames have none.
    #[serde(default)]
    pub groups: Vec<GroupMix>,
    /// The chosen, in the order of being chosen; ties by frame id.
    pub picks: Vec<Pick>,
}

/// What a point of a map stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum PointKind {
    Source,
    Target,
    /// A target frame that was chosen.
    Picked,
    SourceAnchor,
    TargetAnchor,
}

/// A feature vector in the plane.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct MapPoint {
    pub kind: PointKind,
    pub x: f64,
    pub y: f64,
}

/// A start mask that lies in `out/prelabel/`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proposal {
    /// The frame.
    pub frame: FrameId,
    /// Class indices as an 8-bit PNG at the frame's own size, below `out`.
    pub mask: String,
    /// Normalised entropy, 0 to 255, as an 8-bit PNG at the frame's own size, below `out`.
    pub uncertainty: String,
    /// Superpixels and how they merge, below `out`; a job of an older engine left none.
    #[serde(default)]
    pub segments: Option<String>,
    /// Mean normalised entropy, 0 to 1.
    pub mean_uncertainty: f64,
}

/// IoU of a model on some frames.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// How many frames.
    pub frames: usize,
    /// Truth by prediction, at the labels' own size.
    pub confusion: Confusion,
    /// The same of the last state of the training, where the model is an earlier and better one.
    #[serde(default)]
    pub last: Option<Confusion>,
    /// Frames with a prediction picture in `out/pictures/<frame id>.png` (class indices).
    pub pictures: Vec<FrameId>,
}
