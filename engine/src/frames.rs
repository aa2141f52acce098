//! Frames from files, scaled to the recipe's size, kept while there is room.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use windlass::domain::{FrameId, FrameRef, LabelCode, Mask, Size};
use windlass::formats::label::read_label;
use windlass::formats::picture::read_rgb;
use windlass::formats::resize::{resize_nearest, resize_rgb};

/// What decoded frames may take: at 256x256 all of 4000 frames.
const ROOM: usize = 1 << 30;

/// A frame at the recipe's size.
pub struct Picture {
    /// u8 `[height, width, 3]`.
    pub rgb: Vec<u8>,
    /// u8 `[height, width]`, where it was asked for.
    pub label: Option<Vec<u8>>,
}

/// Reads frames and keeps the decoded ones.
///
/// Once full it keeps what it has. Each epoch goes through all frames once, so a cache that drops the oldest would
/// drop most frames just before they come again; this one saves as large a share of the decoding as it holds frames.
pub struct Shelf {
    size: Size,
    codes: BTreeMap<String, LabelCode>,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    pictures: HashMap<(FrameId, bool), Arc<Picture>>,
    bytes: usize,
}

impl Shelf {
    /// For frames of `size`, labels by `codes`.
    pub fn new(size: Size, codes: BTreeMap<String, LabelCode>) -> Self {
        Self { size, codes, kept: Mutex::default() }
    }

    /// Of every picture.
    pub fn size(&self) -> Size {
        self.size
    }

    /// A frame, with its label if wanted.
    ///
    /// # Errors
    /// A file that cannot be read, a wanted label that is not there or does not fit.
    pub fn picture(&self, frame: &FrameRef, labelled: bool) -> Result<Arc<Picture>> {
        let key = (frame.id, labelled);
        if let Some(picture) = self.lock().pictures.get(&key) {
            return Ok(picture.clone());
        }
        let label = if labelled { Some(resize_nearest(&self.label(frame)?, self.size).into_pixels()) } else { None };
        let picture = Arc::new(Picture { rgb: self.rgb(frame)?, label });
        let bytes = picture.rgb.len() + picture.label.as_ref().map_or(0, Vec::len);
        let mut kept = self.lock();
        if kept.bytes + bytes <= ROOM && kept.pictures.insert(key, picture.clone()).is_none() {
            kept.bytes += bytes;
        }
        Ok(picture)
    }

    /// A frame's picture u8 `[height, width, 3]`, not kept.
    pub fn rgb(&self, frame: &FrameRef) -> Result<Vec<u8>> {
        Ok(resize_rgb(&read_rgb(&frame.image)?, self.size).pixels)
    }

    /// A frame's label at its own size.
    pub fn label(&self, frame: &FrameRef) -> Result<Mask> {
        let label = frame.label.as_ref().with_context(|| format!("frame {} needs a label and has none", frame.id))?;
        let code = self.codes.get(&label.code);
        let code =
            code.with_context(|| format!("the spec's codes lack {:?}, which frame {} uses", label.code, frame.id))?;
        Ok(read_label(&label.path, code, frame.size)?)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
