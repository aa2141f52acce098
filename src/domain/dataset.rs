//! Where a project's frames come from.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::words;

words! {
    /// How a dataset lays its files out.
    pub enum Layout {
        /// `leftImg8bit/<split>/<city>/*_leftImg8bit.{png,jpg}` and `gtFine/<split>/<city>/*_gtFine_labelIds.png`.
        Cityscapes = "cityscapes",
        /// `images/00001.png` and `labels/00001.png`, whose palette indices are Cityscapes ids.
        Gta5 = "gta5",
        /// `RGB/0000000.png` and `GT/LABELS/0000000.png`, 16-bit, the class in the first channel.
        Synthia = "synthia",
        /// `<split>/*.{png,jpg}` and `<split>annot/*.png`, ids 0 to 10 and 11 for void.
        Camvid = "camvid",
        /// Any two folders whose files pair by name, with a mapping file from ids to class names.
        Folder = "folder",
    }
}

impl Layout {
    /// On pages.
    pub fn title(self) -> &'static str {
        match self {
            Self::Cityscapes => "Cityscapes",
            Self::Gta5 => "GTA5",
            Self::Synthia => "SYNTHIA",
            Self::Camvid => "CamVid",
            Self::Folder => "Plain folders",
        }
    }
}

/// One domain's frames of one split.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dataset {
    /// How it is laid out.
    pub layout: Layout,
    /// Its folder; for [`Layout::Folder`] that of the pictures.
    pub root: PathBuf,
    /// Folder name of the split, where the layout has splits: `train`, or several as `train,val,test`.
    #[serde(default)]
    pub split: Option<String>,
    /// Folder of the labels, for [`Layout::Folder`] only.
    #[serde(default)]
    pub labels: Option<PathBuf>,
    /// A TOML file that gives each id its class: `7 = "road"`, `0 = "ignore"`. Needed for [`Layout::Folder`]; elsewhere
    /// it replaces the built-in table.
    #[serde(default)]
    pub mapping: Option<PathBuf>,
}
