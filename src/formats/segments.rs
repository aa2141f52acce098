//! A frame's segments as the editor reads them: superpixels, how they merge, what each looks like.
//!
//! Gzip of, all little-endian: four u32 (width, height, superpixels n, numbers a vector d); u16 `[height, width]`, the
//! superpixel of each pixel less that of the pixel above it, which is mostly 0; u32 `[nodes]`, the parent of each node
//! ([`merge_tree`](crate::method::segment_tree::merge_tree)); i8 `[n, d]`, vectors in units of 1/64.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::domain::Size;

/// More superpixels than their ids have room for.
pub const MAX_SUPERPIXELS: usize = 1 << 16;

/// Parts of a unit that a stored vector tells apart: it reaches from -2 to 2.
const UNIT: f32 = 64.0;

/// What is stored.
pub struct Segments<'a> {
    /// Of the frame.
    pub size: Size,
    /// The superpixel of every pixel, numbered from 0 without a gap.
    pub ids: &'a [u32],
    /// Of every node of the tree of merges.
    pub parents: &'a [u32],
    /// `[n, d]`.
    pub vectors: &'a [f32],
    /// Numbers a vector.
    pub d: usize,
}

impl Segments<'_> {
    /// The file's bytes.
    ///
    /// # Panics
    /// Where there are more superpixels than [`MAX_SUPERPIXELS`].
    pub fn encode(&self) -> Vec<u8> {
        let n = self.vectors.len() / self.d;
        assert!(n <= MAX_SUPERPIXELS, "an id has 16 bits");
        let width = self.size.width as usize;
        let mut bytes = Vec::with_capacity(16 + 2 * self.ids.len() + 4 * self.parents.len() + self.vectors.len());
        for number in [self.size.width, self.size.height, n as u32, self.d as u32] {
            bytes.extend(number.to_le_bytes());
        }
        for (at, &id) in self.ids.iter().enumerate() {
            let above = if at < width { 0 } else { self.ids[at - width] };
            bytes.extend((id as u16).wrapping_sub(above as u16).to_le_bytes());
        }
        self.parents.iter().for_each(|parent| bytes.extend(parent.to_le_bytes()));
        // Beyond its range a float becomes the nearest end.
        bytes.extend(self.vectors.iter().map(|value| (value * UNIT).round() as i8 as u8));
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(&bytes).and_then(|()| gzip.finish()).expect("memory takes every byte")
    }
}
