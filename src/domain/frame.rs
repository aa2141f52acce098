//! Frames and their sizes.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::FrameId;
use super::words;

/// Pixels. Named fields, so that no two numbers are swapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Size {
    pub width: u32,
    pub height: u32,
}

impl Size {
    /// Width times height.
    pub fn pixels(self) -> usize {
        self.width as usize * self.height as usize
    }
}

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

words! {
    /// Where a frame is from.
    pub enum Domain {
        /// Labelled, plentiful, not quite what the model will see.
        Source = "source",
        /// What the model will see; labels are to be paid for.
        Target = "target",
    }
}

impl Domain {
    /// The part of a project's data that frames of a split belong to; the key of its label code.
    pub fn part(self, split: Split) -> &'static str {
        match (self, split) {
            (Self::Source, _) => "source",
            (Self::Target, Split::Train) => "target",
            (Self::Target, Split::Val) => "val",
        }
    }
}

words! {
    /// What a frame may be used for.
    pub enum Split {
        /// Training and selection.
        Train = "train",
        /// Measuring only.
        Val = "val",
    }
}

/// One picture of a dataset, read where it lies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// Its name for good.
    pub id: FrameId,
    /// Source or target.
    pub domain: Domain,
    /// Training or measuring.
    pub split: Split,
    /// Path below the dataset's root without suffixes: `aachen/aachen_000000_000019`. Unique in domain and split.
    pub name: String,
    /// What frames are grouped by, such as the city; empty where the layout has no groups.
    pub group: String,
    /// The picture.
    pub image: PathBuf,
    /// The dataset's own label, if it has one. Of a target training frame only an oracle may read it.
    pub label: Option<PathBuf>,
    /// Of the picture; its label has the same.
    pub size: Size,
}
