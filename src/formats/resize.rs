//! Scaling of pictures and masks.

use super::picture::Rgb;
use crate::domain::{Mask, Size};

/// Weights are whole numbers of `2^-SHIFT`: a row of them times 255 stays below `2^31`, and sums are the same everywhere.
const SHIFT: u32 = 22;

/// Scales a picture with a triangle filter that widens when it shrinks (antialiased bilinear, as Pillow's `BILINEAR`).
///
/// # Panics
/// When either size is empty.
pub fn resize_rgb(picture: &Rgb, to: Size) -> Rgb {
    if picture.size == to {
        return picture.clone();
    }
    let from = picture.size;
    let (across, down) = (taps(from.width, to.width), taps(from.height, to.height));
    let narrow = resize_rows(&picture.pixels, from.width as usize, &across);
    Rgb { size: to, pixels: resize_columns(&narrow, 3 * to.width as usize, &down) }
}

/// Scales a mask: each pixel takes the class of the nearest one, by pixel centres.
pub fn resize_nearest(mask: &Mask, to: Size) -> Mask {
    let from = mask.size();
    let nearest = |at: u32, to: u32, from: u32| {
        ((2 * u64::from(at) + 1) * u64::from(from) / (2 * u64::from(to))) as usize // floor((at + 0.5) * from / to)
    };
    let columns: Vec<_> = (0..to.width).map(|x| nearest(x, to.width, from.width)).collect();
    let rows = (0..to.height).map(|y| &mask.pixels()[nearest(y, to.height, from.height) * from.width as usize..]);
    let pixels = rows.flat_map(|row| columns.iter().map(|&x| row[x])).collect();
    Mask::new(to, pixels, 256).expect("its values come from a mask")
}

/// The inputs that one output pixel is made of.
struct Taps {
    first: usize,
    weights: Vec<i32>,
}

fn taps(from: u32, to: u32) -> Vec<Taps> {
    assert!(from > 0 && to > 0, "an empty picture has no pixels to scale");
    let scale = f64::from(from) / f64::from(to);
    let reach = scale.max(1.0);
    (0..to)
        .map(|at| {
            let center = (f64::from(at) + 0.5) * scale;
            let first = (center - reach + 0.5).max(0.0) as usize;
            let end = ((center + reach + 0.5) as usize).min(from as usize);
            let raw: Vec<f64> =
                (first..end).map(|place| (1.0 - ((place as f64 + 0.5 - center) / reach).abs()).max(0.0)).collect();
            let sum: f64 = raw.iter().sum();
            let whole = |weight: f64| (weight / sum * f64::from(1u32 << SHIFT)).round() as i32;
            Taps { first, weights: raw.into_iter().map(whole).collect() }
        })
        .collect()
}

fn resize_rows(pixels: &[u8], width: usize, across: &[Taps]) -> Vec<u8> {
    let mut out = Vec::with_capacity(pixels.len() / width * across.len());
    for row in pixels.chunks_exact(3 * width) {
        for Taps { first, weights } in across {
            let mut sums = [1 << (SHIFT - 1); 3];
            for (pixel, &weight) in row[3 * first..].chunks_exact(3).zip(weights) {
                for channel in 0..3 {
                    sums[channel] += i32::from(pixel[channel]) * weight;
                }
            }
            out.extend(sums.map(to_byte));
        }
    }
    out
}

fn resize_columns(pixels: &[u8], stride: usize, down: &[Taps]) -> Vec<u8> {
    let mut out = Vec::with_capacity(stride * down.len());
    let mut sums = vec![0i32; stride];
    for Taps { first, weights } in down {
        sums.fill(1 << (SHIFT - 1));
        for (row, &weight) in pixels[first * stride..].chunks_exact(stride).zip(weights) {
            for (sum, &sample) in sums.iter_mut().zip(row) {
                *sum += i32::from(sample) * weight;
            }
        }
        out.extend(sums.iter().map(|&sum| to_byte(sum)));
    }
    out
}

fn to_byte(sum: i32) -> u8 {
    (sum >> SHIFT).clamp(0, 255) as u8
}

#[cfg(test)]
mod tests {
    use super::super::test_files::*;
    use super::*;

    fn gray(width: u32, height: u32, pixels: &[u8]) -> Rgb {
        Rgb { size: size(width, height), pixels: pixels.iter().flat_map(|&sample| [sample; 3]).collect() }
    }

    #[test]
    fn halving_takes_a_triangle_of_each_neighbourhood() {
        // Of four pixels, halves weigh 3, 3, 1 and 1, 3, 3 around their centres (cut at the border), in sevenths.
        let row = gray(4, 1, &[0, 70, 140, 210]);
        let half = resize_rgb(&row, size(2, 1));
        assert_eq!(half, gray(2, 1, &[50, 160]));
        let column = Rgb { size: size(1, 4), ..row };
        assert_eq!(resize_rgb(&column, size(1, 2)).pixels, half.pixels);
    }

    #[test]
    fn growing_blends_and_a_flat_picture_stays_flat() {
        assert_eq!(resize_rgb(&gray(2, 1, &[0, 100]), size(4, 1)), gray(4, 1, &[0, 25, 75, 100]));
        let flat = gray(31, 17, &[255; 31 * 17]);
        for to in [size(7, 5), size(64, 40), size(31, 17)] {
            assert_eq!(resize_rgb(&flat, to), gray(to.width, to.height, &vec![255; to.pixels()]));
        }
    }

    #[test]
    fn a_mask_keeps_its_classes() {
        let mask = Mask::new(size(2, 2), vec![3, 255, 0, 7], 8).unwrap();
        let large = resize_nearest(&mask, size(4, 2));
        assert_eq!(large.pixels(), [3, 3, 255, 255, 0, 0, 7, 7]);
        assert_eq!(resize_nearest(&large, size(2, 2)), mask);
    }
}
