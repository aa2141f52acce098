//! Labels of datasets: files whose pixels are ids, turned into class indices.

use std::path::{Path, PathBuf};

use png::{BitDepth, ColorType, Transformations};

use super::opened::{Opened, PictureFault, Png};
pub use super::resize::resize_nearest;
use crate::domain::{Encoding, LabelCode, Mask, Size};

/// A label that cannot be used, and why.
#[derive(Debug, thiserror::Error)]
#[error("{} {fault}", path.display())]
pub struct LabelError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub fault: LabelFault,
}

/// What is wrong with a label: the end of a sentence that begins with the file's name.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum LabelFault {
    #[error(transparent)]
    File(#[from] PictureFault),
    #[error("is {label}, where its picture is {picture}: the two must have one size")]
    OtherSize { label: Size, picture: Size },
    #[error("holds id {id} at pixel ({x}, {y}), which is given no class: add it to the mapping file")]
    UnknownId { id: u16, x: u32, y: u32 },
    #[error("is a JPEG file, which blurs ids: save labels as PNG")]
    Jpeg,
    #[error("is in colours, where ids are expected: save it as 8-bit gray or with a palette, one id a pixel")]
    Colours,
    #[error("has 16 bits a channel, where ids of 8 bits are expected: save it as 8-bit gray")]
    SixteenBit,
    #[error("has fewer than 16 bits a channel, where 16-bit ids are expected: take the dataset's original file")]
    NotSixteenBit,
}

/// Reads a label file as a mask of the size that its picture has.
///
/// The ids are taken as stored: a palette's indices, never its colours.
pub fn read_label(path: &Path, code: &LabelCode, expected: Size) -> Result<Mask, LabelError> {
    read(path, code, expected).map_err(|fault| LabelError { path: path.into(), fault })
}

fn read(path: &Path, code: &LabelCode, expected: Size) -> Result<Mask, LabelFault> {
    let Opened::Png(png) = Opened::open(path)? else { return Err(LabelFault::Jpeg) };
    if png.size != expected {
        return Err(LabelFault::OtherSize { label: png.size, picture: expected });
    }
    let pixels = match code.encoding {
        Encoding::Index => bytes_to_classes(index_bytes(png)?, code, expected)?,
        Encoding::FirstOf16Bit => {
            if png.depth != BitDepth::Sixteen {
                return Err(LabelFault::NotSixteenBit);
            }
            let (samples, color) = png.decode(Transformations::IDENTITY)?;
            // PNG's samples are big-endian.
            let ids = samples.chunks_exact(2 * color.samples()).map(|pixel| u16::from_be_bytes([pixel[0], pixel[1]]));
            to_classes(ids, code, expected)?
        }
    };
    Ok(Mask::new(expected, pixels, 256).expect("every pixel was read, and any byte is below 256"))
}

/// One byte a pixel, of a file that holds 1, 2, 4 or 8 bits a pixel.
pub(super) fn index_bytes(png: Png) -> Result<Vec<u8>, LabelFault> {
    let (depth, width) = (png.depth, png.size.width as usize);
    if depth == BitDepth::Sixteen {
        return Err(LabelFault::SixteenBit);
    }
    if !matches!(png.color, ColorType::Grayscale | ColorType::Indexed) {
        return Err(LabelFault::Colours);
    }
    let (samples, _) = png.decode(Transformations::IDENTITY)?;
    let bits = depth as usize;
    if bits == 8 {
        return Ok(samples);
    }
    // Rows begin at whole bytes, the leftmost pixel in the highest bits.
    let unpack = |row: &[u8]| -> Vec<u8> {
        (0..width).map(|x| row[x * bits / 8] >> (8 - bits - x * bits % 8) & ((1 << bits) - 1)).collect()
    };
    Ok(samples.chunks_exact((width * bits).div_ceil(8)).flat_map(unpack).collect())
}

/// Stands for an id that is given no class.
const UNKNOWN: u16 = 1 << 8;

/// The class of every id below `N`.
fn table<const N: usize>(code: &LabelCode) -> Box<[u16; N]> {
    let mut table = Box::new([UNKNOWN; N]);
    for (&id, &class) in &code.classes {
        if let Some(entry) = table.get_mut(usize::from(id)) {
            *entry = class.into();
        }
    }
    table
}

/// Looks every id up. Most pixels are as those before them: eight that are need no looking up.
fn bytes_to_classes(mut ids: Vec<u8>, code: &LabelCode, size: Size) -> Result<Vec<u8>, LabelFault> {
    let table = table::<{ 1 << 8 }>(code);
    let (mut before, mut found) = ([0; 8], [0; 8]);
    for (n, eight) in ids.chunks_mut(8).enumerate() {
        if n == 0 || *eight != before {
            before[..eight.len()].copy_from_slice(eight);
            for (place, &id) in eight.iter().enumerate() {
                let class = table[usize::from(id)];
                if class == UNKNOWN {
                    return Err(unknown(id.into(), 8 * n + place, size));
                }
                found[place] = class as u8;
            }
        }
        eight.copy_from_slice(&found[..eight.len()]);
    }
    Ok(ids)
}

/// Looks every id up.
fn to_classes(ids: impl Iterator<Item = u16>, code: &LabelCode, size: Size) -> Result<Vec<u8>, LabelFault> {
    let table = table::<{ 1 << 16 }>(code);
    let class = |(at, id)| match table[usize::from(id)] {
        UNKNOWN => Err(unknown(id, at, size)),
        class => Ok(class as u8),
    };
    ids.enumerate().map(class).collect()
}

fn unknown(id: u16, at: usize, size: Size) -> LabelFault {
    LabelFault::UnknownId { id, x: at as u32 % size.width, y: at as u32 / size.width }
}

#[cfg(test)]
mod tests {
    use super::super::test_files::*;
    use super::*;
    use crate::domain::IGNORE;

    fn code(encoding: Encoding, ids: &[(u16, u8)]) -> LabelCode {
        LabelCode { encoding, classes: ids.iter().copied().collect() }
    }

    fn reads(bytes: &[u8], code: &LabelCode, expected: Size) -> Result<Vec<u8>, String> {
        let folder = Folder::new();
        let path = folder.put("label.png", bytes);
        let read = read_label(&path, code, expected);
        read.map(Mask::into_pixels).map_err(|error| {
            assert!(error.to_string().contains("label.png "), "{error} names the file");
            error.fault.to_string()
        })
    }

    #[test]
    fn a_palettes_indices_are_the_ids_whatever_its_colours() {
        let code = code(Encoding::Index, &[(0, IGNORE), (1, 4), (2, 5), (3, 6), (9, 7)]);
        use BitDepth::{Eight, Four, One, Two};
        for color in [ColorType::Indexed, ColorType::Grayscale] {
            let read =
                |depth, samples: &[u8]| reads(&png(size(3, 2), color, depth, samples), &code, size(3, 2)).unwrap();
            assert_eq!(read(Eight, &[0, 1, 2, 3, 9, 9]), [255, 4, 5, 6, 7, 7]);
            assert_eq!(read(Four, &[0x01, 0x20, 0x39, 0x90]), [255, 4, 5, 6, 7, 7]);
            assert_eq!(read(Two, &[0b0001_1000, 0b1100_0100]), [255, 4, 5, 6, 255, 4]);
            assert_eq!(read(One, &[0b0100_0000, 0b1100_0000]), [255, 4, 255, 4, 4, 255]);
        }
    }

    #[test]
    fn synthias_class_is_the_first_of_its_16_bit_channels() {
        let code = code(Encoding::FirstOf16Bit, &[(3, 0), (300, 1)]);
        let rgb = png(size(2, 1), ColorType::Rgb, BitDepth::Sixteen, &[0, 3, 9, 9, 9, 9, 1, 44, 0, 0, 0, 0]);
        assert_eq!(reads(&rgb, &code, size(2, 1)).unwrap(), [0, 1]);
        let one = png(size(2, 1), ColorType::Grayscale, BitDepth::Sixteen, &[1, 44, 0, 3]);
        assert_eq!(reads(&one, &code, size(2, 1)).unwrap(), [1, 0]);
        let eight = reads(&gray(size(2, 1), &[3, 3]), &code, size(2, 1)).unwrap_err();
        assert!(eight.starts_with("has fewer than 16 bits"));
    }

    #[test]
    fn long_runs_and_their_ends_are_looked_up_alike() {
        let code = code(Encoding::Index, &[(3, 0), (5, 1), (9, IGNORE)]);
        // Runs of every length up to 40, so that they begin and end at every place of eight.
        let ids: Vec<u8> = (0..41).flat_map(|n| std::iter::repeat_n([3, 5, 9][n % 3], n)).collect();
        let wanted: Vec<u8> = ids.iter().map(|id| code.classes[&u16::from(*id)]).collect();
        let width = ids.len() as u32;
        assert_eq!(reads(&gray(size(width, 1), &ids), &code, size(width, 1)).unwrap(), wanted);
        for at in [0, 8, 500, ids.len() - 1] {
            let mut ids = ids.clone();
            ids[at] = 77;
            let refused = reads(&gray(size(width, 1), &ids), &code, size(width, 1)).unwrap_err();
            assert!(refused.starts_with(&format!("holds id 77 at pixel ({at}, 0)")), "{refused}");
        }
    }

    #[test]
    fn an_unknown_id_is_named_with_its_pixel() {
        let code = code(Encoding::Index, &[(7, 0)]);
        let refused = reads(&gray(size(3, 2), &[7, 7, 7, 7, 7, 99]), &code, size(3, 2)).unwrap_err();
        assert_eq!(refused, "holds id 99 at pixel (2, 1), which is given no class: add it to the mapping file");
    }

    #[test]
    fn another_size_than_the_pictures_is_refused_with_both() {
        let refused = reads(&gray(size(3, 2), &[0; 6]), &LabelCode::own(1), size(2, 3)).unwrap_err();
        assert_eq!(refused, "is 3x2, where its picture is 2x3: the two must have one size");
    }

    #[test]
    fn colours_16_bits_and_jpeg_are_refused_with_what_to_do() {
        let own = LabelCode::own(3);
        let refused = |bytes: &[u8]| reads(bytes, &own, size(8, 8)).unwrap_err();
        let rgb = png(size(8, 8), ColorType::Rgb, BitDepth::Eight, &[0; 192]);
        assert!(refused(&rgb).starts_with("is in colours, where ids are expected: save it"));
        let deep = png(size(8, 8), ColorType::Grayscale, BitDepth::Sixteen, &[0; 128]);
        assert!(refused(&deep).starts_with("has 16 bits a channel, where ids of 8 bits"));
        assert!(refused(&jpeg(&noise(size(8, 8)))).starts_with("is a JPEG file"));
        assert!(refused(&png_header(size(65_535, 65_535))).starts_with("is 65535x65535"));
    }

    #[test]
    fn a_cut_off_label_is_an_error_not_half_a_mask() {
        let whole = gray(size(64, 64), &noise(size(64, 64)).pixels[..64 * 64]);
        let own = LabelCode::own(255);
        assert!(reads(&whole, &own, size(64, 64)).is_ok());
        for part in [40, whole.len() / 2, whole.len() - 13, whole.len() - 2] {
            let refused = reads(&whole[..part], &own, size(64, 64)).unwrap_err();
            assert!(refused.starts_with("is damaged or cut short"), "{refused}");
        }
    }
}
