//! Files for the tests of this room, drawn on the spot.

use std::path::{Path, PathBuf};

use png::{BitDepth, ColorType};

use super::picture::{Rgb, encode_jpeg};
use crate::domain::Size;

/// A folder that goes when the test ends.
pub(super) struct Folder(tempfile::TempDir);

impl Folder {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Puts a file, and the folders above it, below this one.
    pub(super) fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

pub(super) fn size(width: u32, height: u32) -> Size {
    Size { width, height }
}

/// A PNG file of raw samples.
pub(super) fn png(size: Size, color: ColorType, depth: BitDepth, samples: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, size.width, size.height);
    encoder.set_color(color);
    encoder.set_depth(depth);
    if color == ColorType::Indexed {
        // Index i is the colour (i, 2i, 3i).
        let entry = |i: u16| [i as u8, (2 * i) as u8, (3 * i) as u8];
        encoder.set_palette((0..1u16 << (depth as u16)).flat_map(entry).collect::<Vec<_>>());
    }
    encoder.write_header().unwrap().write_image_data(samples).unwrap();
    bytes
}

/// An 8-bit gray PNG file.
pub(super) fn gray(size: Size, samples: &[u8]) -> Vec<u8> {
    png(size, ColorType::Grayscale, BitDepth::Eight, samples)
}

/// A noisy RGB picture, so that its files are long enough to be cut.
pub(super) fn noise(size: Size) -> Rgb {
    use rand::RngCore;
    let mut pixels = vec![0; 3 * size.pixels()];
    crate::domain::rng(1, crate::domain::Stream::Scene, 0).fill_bytes(&mut pixels);
    Rgb { size, pixels }
}

pub(super) fn jpeg(picture: &Rgb) -> Vec<u8> {
    encode_jpeg(picture, 90)
}

/// The first bytes of a PNG file that says it has this size: signature, IHDR, and the start of its pixels.
pub(super) fn png_header(size: Size) -> Vec<u8> {
    let mut ihdr = b"IHDR".to_vec();
    ihdr.extend(size.width.to_be_bytes());
    ihdr.extend(size.height.to_be_bytes());
    ihdr.extend([8, 2, 0, 0, 0]);
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0d".to_vec();
    bytes.extend(&ihdr);
    bytes.extend(crc32(&ihdr).to_be_bytes());
    bytes.extend(b"\0\0\0\x04IDAT");
    bytes
}

/// A JPEG file's headers with that many colour components (4 for CMYK), of 8x8 pixels, and no scan data.
pub(super) fn jpeg_header(size: Size, components: u8) -> Vec<u8> {
    let mut bytes = vec![0xff, 0xd8];
    bytes.extend([0xff, 0xdb, 0, 67, 0]); // one table of 64 divisors
    bytes.extend([1; 64]);
    bytes.extend([0xff, 0xc0, 0, 8 + 3 * components, 8]);
    bytes.extend((size.height as u16).to_be_bytes());
    bytes.extend((size.width as u16).to_be_bytes());
    bytes.push(components);
    bytes.extend((1..=components).flat_map(|id| [id, 0x11, 0]));
    bytes.extend([0xff, 0xda, 0, 6 + 2 * components, components]);
    bytes.extend((1..=components).flat_map(|id| [id, 0]));
    bytes.extend([0, 63, 0, 0xff, 0xd9]);
    bytes
}

/// The checksum of PNG chunks (ISO 3309).
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, &byte: &u8| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 })
    };
    !bytes.iter().fold(!0, step)
}
