//! Pictures of frames: PNG and JPEG with 8 bits a channel.
//!
//! The orientation that a camera notes in EXIF is ignored: labels belong to the pixels as they are stored.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use image::codecs::jpeg::JpegEncoder;
use png::{BitDepth, Transformations};

use super::opened::Opened;
pub use super::opened::{MAX_PIXELS, MAX_SIDE, PictureError, PictureFault};
pub use super::resize::resize_rgb;
use crate::domain::Size;

/// Red, green and blue, 8 bits each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rgb {
    /// Width and height.
    pub size: Size,
    /// `3 * width * height` bytes, row by row.
    pub pixels: Vec<u8>,
}

/// The size of a picture, from its header alone. Refuses what the header shows to be unfit; a cut-off file may pass.
pub fn probe(path: &Path) -> Result<Size, PictureError> {
    let opened = open(path).map_err(|fault| fault.of(path))?;
    Ok(match opened {
        Opened::Png(png) => png.size,
        Opened::Jpeg(jpeg) => jpeg.size,
    })
}

/// The size of a picture, whose file has its proper end: a cut-off one is found without decoding the others.
pub fn check(path: &Path) -> Result<Size, PictureError> {
    let size = probe(path)?;
    if !has_proper_end(path).map_err(|error| PictureFault::from(error).of(path))? {
        // Some cameras and tools put bytes of their own behind the end; only decoding can tell.
        read_rgb(path)?;
    }
    Ok(size)
}

/// Decodes a whole picture: PNG in gray, palette or RGB, where an alpha channel is dropped; JPEG in gray or colour.
pub fn read_rgb(path: &Path) -> Result<Rgb, PictureError> {
    let decode = || {
        Ok(match open(path)? {
            Opened::Png(png) => {
                let size = png.size;
                let (samples, color) = png.decode(Transformations::EXPAND)?;
                Rgb { size, pixels: to_rgb(samples, color.samples()) }
            }
            Opened::Jpeg(jpeg) => {
                let size = jpeg.size;
                let (samples, channels) = jpeg.decode()?;
                Rgb { size, pixels: to_rgb(samples, channels) }
            }
        })
    };
    decode().map_err(|fault: PictureFault| fault.of(path))
}

/// A small JPEG of a picture, its longer side `max_side` at most.
pub fn thumbnail(path: &Path, max_side: u32) -> Result<Vec<u8>, PictureError> {
    let picture = read_rgb(path)?;
    let longer = picture.size.width.max(picture.size.height);
    let shrink = |side: u32| (u64::from(side) * u64::from(max_side) / u64::from(longer)).max(1) as u32;
    let small = if longer > max_side {
        resize_rgb(&picture, Size { width: shrink(picture.size.width), height: shrink(picture.size.height) })
    } else {
        picture
    };
    Ok(encode_jpeg(&small, 82))
}

/// A JPEG file of a picture; `quality` is 1 to 100.
pub fn encode_jpeg(picture: &Rgb, quality: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality)
        .encode(&picture.pixels, picture.size.width, picture.size.height, image::ExtendedColorType::Rgb8)
        .expect("memory takes every byte, and no picture is longer than JPEG allows");
    bytes
}

/// A PNG file of a picture, without loss.
pub fn encode_png(picture: &Rgb) -> Vec<u8> {
    super::mask_png::encode(picture.size, png::ColorType::Rgb, &picture.pixels)
}

fn open(path: &Path) -> Result<Opened, PictureFault> {
    match Opened::open(path)? {
        Opened::Png(png) if png.depth == BitDepth::Sixteen => Err(PictureFault::SixteenBit),
        opened => Ok(opened),
    }
}

/// Whether the file ends with PNG's last chunk or JPEG's end marker.
fn has_proper_end(path: &Path) -> std::io::Result<bool> {
    const IEND: &[u8] = b"\0\0\0\0IEND\xaeB`\x82";
    let mut file = File::open(path)?;
    let mut end = [0; IEND.len()];
    file.seek(SeekFrom::End(-(IEND.len() as i64)))?;
    file.read_exact(&mut end)?;
    Ok(end == IEND || end.ends_with(&[0xff, 0xd9]))
}

/// Repeats gray, drops alpha.
fn to_rgb(samples: Vec<u8>, channels: usize) -> Vec<u8> {
    match channels {
        3 => samples,
        1 | 2 => samples.chunks_exact(channels).flat_map(|pixel| [pixel[0]; 3]).collect(),
        _ => samples.chunks_exact(channels).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect(),
    }
}

#[cfg(test)]
mod tests {
    use png::ColorType;

    use super::super::test_files::*;
    use super::*;

    fn reads(bytes: &[u8]) -> Result<Rgb, String> {
        let folder = Folder::new();
        let path = folder.put("frame.png", bytes);
        read_rgb(&path).map_err(|error| {
            let whole = error.to_string();
            assert!(whole.starts_with(path.to_str().unwrap()), "{whole} names the file");
            error.fault.to_string()
        })
    }

    fn is_refused(bytes: &[u8], sentence: &str) {
        let said = reads(bytes).unwrap_err();
        assert!(said.starts_with(sentence), "{said:?} is not {sentence:?}");
    }

    #[test]
    fn png_comes_in_gray_palette_and_colour_and_loses_its_alpha() {
        let two = size(2, 1);
        let pixels = |color, depth, samples: &[u8]| reads(&png(two, color, depth, samples)).unwrap().pixels;
        use BitDepth::{Eight, Four, One};
        assert_eq!(pixels(ColorType::Grayscale, Eight, &[7, 9]), [7, 7, 7, 9, 9, 9]);
        assert_eq!(pixels(ColorType::Grayscale, One, &[0b0100_0000]), [0, 0, 0, 255, 255, 255]);
        assert_eq!(pixels(ColorType::GrayscaleAlpha, Eight, &[7, 0, 9, 255]), [7, 7, 7, 9, 9, 9]);
        assert_eq!(pixels(ColorType::Indexed, Four, &[0x3a]), [3, 6, 9, 10, 20, 30]);
        assert_eq!(pixels(ColorType::Rgb, Eight, &[1, 2, 3, 4, 5, 6]), [1, 2, 3, 4, 5, 6]);
        assert_eq!(pixels(ColorType::Rgba, Eight, &[1, 2, 3, 0, 4, 5, 6, 255]), [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn jpeg_comes_in_colour_and_gray() {
        let flat = Rgb { size: size(20, 10), pixels: [200, 100, 50].repeat(200) };
        let read = reads(&jpeg(&flat)).unwrap();
        assert_eq!(read.size, flat.size);
        assert!(read.pixels.iter().zip(&flat.pixels).all(|(a, b)| a.abs_diff(*b) < 4));
        let mut bytes = Vec::new();
        JpegEncoder::new(&mut bytes).encode(&[90; 200], 20, 10, image::ExtendedColorType::L8).unwrap();
        let gray = reads(&bytes).unwrap().pixels;
        assert!(gray.len() == 600 && gray.iter().all(|sample| sample.abs_diff(90) < 3));
    }

    #[test]
    fn a_cut_off_file_is_an_error_wherever_it_was_cut() {
        let picture = noise(size(40, 30));
        for bytes in [png(picture.size, ColorType::Rgb, BitDepth::Eight, &picture.pixels), jpeg(&picture)] {
            assert!(reads(&bytes).is_ok());
            for part in (4..bytes.len() - 1).step_by(61).chain([bytes.len() - 2]) {
                is_refused(&bytes[..part], "is damaged or cut short: copy it again");
            }
        }
    }

    #[test]
    fn a_huge_size_in_a_header_is_refused_before_memory_is_taken() {
        is_refused(&png_header(size(65_535, 65_535)), "is 65535x65535, where at most 16384 a side");
        is_refused(&png_header(size(16_384, 16_384)), "is 16384x16384, where at most 16384 a side and 67108864 pixels");
        is_refused(&jpeg_header(size(65_535, 65_535), 3), "is 65535x65535, where at most 16384 a side");
        let folder = Folder::new();
        assert!(probe(&folder.put("bomb.png", &png_header(size(65_535, 65_535)))).is_err());
    }

    #[test]
    fn sixteen_bits_and_printing_colours_are_refused_with_what_to_do() {
        is_refused(
            &png(size(1, 1), ColorType::Rgb, BitDepth::Sixteen, &[0; 6]),
            "has 16 bits a channel: save it with 8",
        );
        is_refused(&jpeg_header(size(8, 8), 4), "is in printing colours (CMYK): save it as RGB");
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        is_refused(b"", "is neither PNG nor JPEG");
        is_refused(b"GIF89a, an old animation", "is neither PNG nor JPEG");
        let folder = Folder::new();
        assert_eq!(probe(folder.path()).unwrap_err().fault.to_string(), "is not a file");
        let missing = probe(&folder.path().join("none.png")).unwrap_err();
        assert!(missing.fault.to_string().starts_with("cannot be read: No such file"));
    }

    #[test]
    fn a_thumbnail_keeps_the_proportions_and_never_grows() {
        let folder = Folder::new();
        let path = folder.put("frame.jpg", &jpeg(&noise(size(200, 100))));
        let small = |side| reads(&thumbnail(&path, side).unwrap()).unwrap().size;
        assert_eq!(small(50), size(50, 25));
        assert_eq!(small(500), size(200, 100));
    }
}
