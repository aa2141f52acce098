//! A frame's segments as the editor reads them: superpixels, how they merge, what each looks like.
//!
//! Gzip of, all little-endian: four u32 (width, height, superpixels n, numbers a vector d); u16 `[height, width]`, the
//! superpixel of each pixel less that of the pixel above it, which is mostly 0; u32 `[nodes]`, the parent of each node
//! ([`merge_tree`](crate::method::segment_tree::merge_tree)); i8 `[n, d]`, vectors in units of 1/64.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use flate2::Compression;
use flate2::read::GzDecoder;
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

/// What the head of a file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Of the frame.
    pub size: Size,
    /// How many there are.
    pub superpixels: usize,
    /// Numbers a vector.
    pub d: usize,
}

/// Reads the head of a file.
pub fn probe(path: &Path) -> io::Result<Head> {
    let mut head = [0; 16];
    GzDecoder::new(File::open(path)?).read_exact(&mut head)?;
    let [width, height, superpixels, d] = [0, 4, 8, 12].map(|at| {
        let bytes = [head[at], head[at + 1], head[at + 2], head[at + 3]];
        u32::from_le_bytes(bytes)
    });
    Ok(Head { size: Size { width, height }, superpixels: superpixels as usize, d: d as usize })
}

#[cfg(test)]
mod tests {
    use super::super::test_files::*;
    use super::*;

    #[test]
    fn a_file_holds_what_its_head_promises() {
        let folder = Folder::new();
        let segments = Segments {
            size: size(3, 2),
            ids: &[0, 0, 1, 0, 2, 1],
            parents: &[3, 4, 3, 4, 4],
            vectors: &[0.5, -1.0, 9.0, 0.0, -9.0, 0.016],
            d: 2,
        };
        let path = folder.put("segments.gz", &segments.encode());
        assert_eq!(probe(&path).unwrap(), Head { size: size(3, 2), superpixels: 3, d: 2 });
        let mut file = vec![];
        GzDecoder::new(&segments.encode()[..]).read_to_end(&mut file).unwrap();
        let (ids, rest) = file[16..].split_at(12);
        assert_eq!(ids, [0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0], "each less the one above");
        let (parents, vectors) = rest.split_at(20);
        assert_eq!(parents, [3, 0, 0, 0, 4, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0]);
        assert_eq!(vectors, [32, -64_i8 as u8, 127, 0, -128_i8 as u8, 1]);
    }
}
