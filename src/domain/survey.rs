//! What the source's labels tell about classes: which never lie side by side, and where each is seen best.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::FrameId;

/// What was seen in a sample of the labels.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Survey {
    /// Labels that were read.
    pub labels: u32,
    /// Pairs of class indices that were often seen and never side by side, the smaller index first.
    pub never_touch: Vec<(u8, u8)>,
    /// The source frame in which a class is large, by class index.
    pub examples: BTreeMap<u8, FrameId>,
}
