//! What a mask is looked at for before it is submitted.

use serde::{Deserialize, Serialize};

/// A project's limits. They advise: a person may overrule each with a word, which is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Checks {
    /// Of the frame, that may be without a class, 0 to 100.
    pub unlabelled_percent: f64,
    /// Connected regions of one class below so many pixels are specks; 0: nothing is.
    pub speck_pixels: u32,
    /// Pairs of classes, by name, that never lie side by side here.
    pub never_touch: Vec<(String, String)>,
}

impl Default for Checks {
    fn default() -> Self {
        Self { unlabelled_percent: 5.0, speck_pixels: 8, never_touch: vec![] }
    }
}
