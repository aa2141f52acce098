//! Superpixels by simple linear iterative clustering (SLIC; Achanta et al., TPAMI 2012).
//!
//! K-means over colour and place, each centre looking no further than its surroundings, from a grid of centres. Ties go
//! to the earlier centre: the same picture gives the same superpixels on any number of threads.

use rayon::prelude::*;

use crate::domain::Size;

/// Units of CIELAB that a distance of one grid step counts as. Lower than is usual: segments that cling to edges save
/// an annotator more than round ones please.
const COMPACTNESS: f32 = 4.0;
const ITERATIONS: usize = 8;
/// How far a centre looks, in steps.
const REACH: f32 = 1.25;
/// Parts of a superpixel smaller than a cell divided by this join their neighbour.
const SMALLEST: usize = 6;
const NONE: u32 = u32::MAX;
/// Superpixels of a frame that is large enough for them.
const COUNT: usize = 21_000;
/// Smaller ones than this would be specks.
const SMALLEST_STEP: usize = 6;

/// The step for a frame: 10 at 2048x1024.
pub fn step_for(size: Size) -> usize {
    let even = (size.pixels() as f64 / COUNT as f64).sqrt().round() as usize;
    even.max(SMALLEST_STEP)
}

/// What each superpixel is on average: `ids` `[pixels]`, one value a pixel -> the mean of every channel of every one.
pub fn means<const D: usize>(ids: &[u32], values: impl Iterator<Item = [f32; D]>) -> Vec<[f32; D]> {
    let count = ids.iter().max().map_or(0, |&id| id as usize + 1);
    let mut sums = vec![([0.0_f64; D], 0.0_f64); count];
    for (&id, value) in ids.iter().zip(values) {
        let (sum, pixels) = &mut sums[id as usize];
        sum.iter_mut().zip(value).for_each(|(sum, value)| *sum += f64::from(value));
        *pixels += 1.0;
    }
    sums.into_iter().map(|(sum, pixels)| sum.map(|sum| (sum / pixels) as f32)).collect()
}

/// Superpixels of about `step` x `step` pixels, each connected: `rgb` `[height * width * 3]` -> the superpixel of every
/// pixel `[height * width]`, numbered from 0 in the order of their first pixels.
///
/// # Panics
/// Where there are not three bytes for every pixel, or `step` is 0.
pub fn superpixels(rgb: &[u8], size: Size, step: usize) -> Vec<u32> {
    assert!(rgb.len() == size.pixels() * 3 && step > 0, "three bytes a pixel, and a step");
    let lab = to_lab(rgb);
    let width = size.width as usize;
    let mut centres = grid(&lab, size, step);
    let mut ids = vec![0; size.pixels()];
    for _ in 0..ITERATIONS {
        assign(&mut ids, &lab, &centres, width, step);
        move_to_means(&mut centres, &ids, &lab, width);
    }
    connect(&ids, width, (step * step / SMALLEST).max(1))
}

#[derive(Clone, Copy)]
struct Centre {
    lab: [f32; 3],
    x: f32,
    y: f32,
}

/// One in the middle of every cell; cells share the frame evenly.
fn grid(lab: &[[f32; 3]], size: Size, step: usize) -> Vec<Centre> {
    let (width, height) = (size.width as usize, size.height as usize);
    let (columns, rows) = (width.div_ceil(step), height.div_ceil(step));
    let middle = |cell: usize, cells: usize, length: usize| (2 * cell + 1) * length / (2 * cells);
    let centre = |cell: usize| {
        let (x, y) = (middle(cell % columns, columns, width), middle(cell / columns, rows, height));
        Centre { lab: lab[y * width + x], x: x as f32, y: y as f32 }
    };
    (0..columns * rows).map(centre).collect()
}

/// Gives each pixel its nearest centre; one that no centre reaches keeps the one it had.
fn assign(ids: &mut [u32], lab: &[[f32; 3]], centres: &[Centre], width: usize, step: usize) {
    let reach = REACH * step as f32;
    let weight = (COMPACTNESS / step as f32).powi(2);
    ids.par_chunks_mut(width * step).enumerate().for_each(|(band, ids)| {
        let (top, rows) = (band * step, ids.len() / width);
        let mut nearest = vec![f32::INFINITY; ids.len()];
        for (centre, id) in centres.iter().zip(0..) {
            let within = |at: f32, from: usize, length: usize| {
                let clamp = |edge: f32| (edge.max(0.0) as usize).clamp(from, from + length) - from;
                clamp(at - reach)..clamp(at + reach + 1.0)
            };
            for row in within(centre.y, top, rows) {
                let down = weight * ((top + row) as f32 - centre.y).powi(2);
                let columns = within(centre.x, 0, width);
                let start = row * width + columns.start;
                let lab = &lab[top * width + start..][..columns.len()];
                let here = ids[start..].iter_mut().zip(&mut nearest[start..]);
                for ((x, lab), (owner, nearest)) in columns.zip(lab).zip(here) {
                    let colour: f32 = lab.iter().zip(&centre.lab).map(|(a, b)| (a - b) * (a - b)).sum();
                    let distance = colour + down + weight * (x as f32 - centre.x).powi(2);
                    if distance < *nearest {
                        *nearest = distance;
                        *owner = id;
                    }
                }
            }
        }
    });
}

/// A centre without pixels stays where it is.
fn move_to_means(centres: &mut [Centre], ids: &[u32], lab: &[[f32; 3]], width: usize) {
    let mut sums = vec![[0.0_f32; 6]; centres.len()];
    for (at, (&id, [l, a, b])) in ids.iter().zip(lab).enumerate() {
        let values = [*l, *a, *b, (at % width) as f32, (at / width) as f32, 1.0];
        sums[id as usize].iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
    }
    for (centre, [l, a, b, x, y, n]) in centres.iter_mut().zip(sums).filter(|(_, sums)| sums[5] > 0.0) {
        *centre = Centre { lab: [l / n, a / n, b / n], x: x / n, y: y / n };
    }
}

/// Numbers connected parts anew; a part of fewer than `smallest` pixels joins the part before it.
fn connect(ids: &[u32], width: usize, smallest: usize) -> Vec<u32> {
    let mut parts = vec![NONE; ids.len()];
    let mut count = 0;
    let mut pixels = vec![];
    for first in 0..ids.len() {
        if parts[first] != NONE {
            continue;
        }
        pixels.clear();
        pixels.push(first);
        parts[first] = count;
        let mut seen = 0;
        while let Some(&at) = pixels.get(seen) {
            seen += 1;
            let beside = [
                (at % width > 0).then(|| at - 1),
                ((at + 1) % width > 0).then_some(at + 1),
                at.checked_sub(width),
                (at + width < ids.len()).then_some(at + width),
            ];
            for next in beside.into_iter().flatten() {
                if parts[next] == NONE && ids[next] == ids[first] {
                    parts[next] = count;
                    pixels.push(next);
                }
            }
        }
        // Left of its first pixel, else above: pixels there have their part already.
        let before = if first % width > 0 { Some(first - 1) } else { first.checked_sub(width) };
        match before {
            Some(before) if pixels.len() < smallest => pixels.iter().for_each(|&at| parts[at] = parts[before]),
            _ => count += 1,
        }
    }
    parts
}

/// sRGB -> CIELAB under D65, in which distances are about as large as they look.
pub fn to_lab(rgb: &[u8]) -> Vec<[f32; 3]> {
    let linear: Vec<f32> = (0..=255_u8)
        .map(|value| {
            let value = f32::from(value) / 255.0;
            if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        })
        .collect();
    let root = |t: f32| if t > 216.0 / 24_389.0 { t.cbrt() } else { (24_389.0 / 27.0 * t + 16.0) / 116.0 };
    let lab = |rgb: &[u8; 3]| {
        let [r, g, b] = rgb.map(|value| linear[usize::from(value)]);
        let x = root((0.412_456_4 * r + 0.357_576_1 * g + 0.180_437_5 * b) / 0.950_47);
        let y = root(0.212_672_9 * r + 0.715_152_2 * g + 0.072_175 * b);
        let z = root((0.019_333_9 * r + 0.119_192 * g + 0.950_304_1 * b) / 1.088_83);
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    };
    rgb.as_chunks::<3>().0.par_iter().map(lab).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size { width: 60, height: 40 };

    /// Dark on the left, light on the right of a slanting edge.
    fn light(at: usize) -> bool {
        at % 60 > 20 + at / 60 / 2
    }

    fn two_halves() -> Vec<u8> {
        (0..SIZE.pixels()).flat_map(|at| if light(at) { [200, 190, 160] } else { [40, 60, 90] }).collect()
    }

    #[test]
    fn superpixels_keep_to_edges_and_to_their_size() {
        let ids = superpixels(&two_halves(), SIZE, 8);
        let lightness = means(&ids, (0..SIZE.pixels()).map(|at| [f32::from(u8::from(light(at)))]));
        assert!(lightness.iter().all(|[share]| *share == 0.0 || *share == 1.0), "each lies on one side");
        assert!((35..=60).contains(&lightness.len()), "{} of about 40", lightness.len());
    }

    #[test]
    fn superpixels_are_connected_and_numbered_as_they_are_met() {
        let mut grain = 7_u32;
        let noise: Vec<u8> = (0..SIZE.pixels() * 3)
            .map(|_| {
                grain = grain.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (grain >> 24) as u8
            })
            .collect();
        let ids = superpixels(&noise, SIZE, 7);
        let mut next = 0;
        for &id in &ids {
            assert!(id <= next, "{id} before {next}");
            next = next.max(id + 1);
        }
        // Parts of equal ids, however small, are as many as ids.
        assert_eq!(connect(&ids, 60, 0), ids);
        assert_eq!(superpixels(&noise, SIZE, 7), ids);
    }

    #[test]
    fn lab_is_that_of_the_standard() {
        // White, black, and the primaries as tables of CIELAB under D65 have them.
        let rgb = [255, 255, 255, 0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255];
        let expected = [
            [100.0, 0.0, 0.0],
            [0.0, 0.0, 0.0],
            [53.24, 80.09, 67.20],
            [87.73, -86.18, 83.18],
            [32.30, 79.19, -107.86],
        ];
        for (lab, expected) in to_lab(&rgb).iter().zip(expected) {
            assert!(lab.iter().zip(expected).all(|(a, b)| (a - b).abs() < 0.02), "{lab:?} for {expected:?}");
        }
    }

    #[test]
    fn a_frame_has_about_as_many_superpixels_whatever_its_size() {
        let step = |width, height| step_for(Size { width, height });
        assert_eq!((step(2048, 1024), step(4096, 2048), step(256, 256)), (10, 20, 6));
    }
}
