//! How a dataset writes classes into its label files.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Where in a label file's pixel the id stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// One 8-bit channel holds the id (Cityscapes, CamVid, our own masks); a palette's index counts as that too.
    Index,
    /// The first channel of a 16-bit picture holds the id (SYNTHIA).
    FirstOf16Bit,
}

/// How to turn one dataset's labels into class indices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelCode {
    /// Where the id stands.
    pub encoding: Encoding,
    /// Class index, or [`IGNORE`](super::IGNORE), of every id that may occur. Any other id is an error.
    pub classes: BTreeMap<u16, u8>,
}

impl LabelCode {
    /// Our own mask files: ids are class indices.
    pub fn own(n_classes: usize) -> Self {
        let classes = (0..n_classes as u16).map(|c| (c, c as u8)).chain([(255, super::IGNORE)]).collect();
        Self { encoding: Encoding::Index, classes }
    }
}
