//! Random views of a frame: scaled, cropped, flipped, in one pass over the bytes.

use rand::Rng;
use windlass::domain::{IGNORE, Size};

/// The part of a scaled frame that a network sees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// Size of the whole frame after scaling.
    scaled: Size,
    /// Of the crop's corner in the scaled frame; negative where the frame is smaller than the crop.
    left: i64,
    top: i64,
    flip: bool,
}

impl View {
    /// Draws a factor from `scale`, a place for the crop, and whether to flip. Always four draws.
    pub fn draw(rng: &mut impl Rng, frame: Size, crop: Size, scale: [f64; 2]) -> Self {
        let factor = rng.random_range(scale[0]..=scale[1]);
        let scaled = |side: u32| ((f64::from(side) * factor).round() as u32).max(1);
        let scaled = Size { width: scaled(frame.width), height: scaled(frame.height) };
        let mut place = |scaled: u32, crop: u32| {
            let room = i64::from(scaled) - i64::from(crop);
            rng.random_range(room.min(0)..=room.max(0))
        };
        let (left, top) = (place(scaled.width, crop.width), place(scaled.height, crop.height));
        Self { scaled, left, top, flip: rng.random() }
    }

    /// The view of `rgb` `[frame.height, frame.width, 3]` into `out` `[crop.height, crop.width, 3]`: bilinear between
    /// pixel centres, `pad` outside of the frame.
    pub fn picture(&self, rgb: &[u8], frame: Size, crop: Size, pad: [u8; 3], out: &mut [u8]) {
        let columns = self.columns(frame, crop);
        let row_bytes = frame.width as usize * 3;
        for (y, row) in out.chunks_exact_mut(crop.width as usize * 3).enumerate() {
            let Some(at) = Tap::new(self.top + y as i64, self.scaled.height, frame.height) else {
                row.chunks_exact_mut(3).for_each(|pixel| pixel.copy_from_slice(&pad));
                continue;
            };
            let (upper, lower) =
                (&rgb[at.first * row_bytes..][..row_bytes], &rgb[at.second * row_bytes..][..row_bytes]);
            for (pixel, column) in row.chunks_exact_mut(3).zip(&columns) {
                let Some(column) = column else {
                    pixel.copy_from_slice(&pad);
                    continue;
                };
                let (a, b) = (column.first * 3, column.second * 3);
                for channel in 0..3 {
                    let above = column.mix(upper[a + channel], upper[b + channel]);
                    let below = column.mix(lower[a + channel], lower[b + channel]);
                    pixel[channel] = at.settle(above, below);
                }
            }
        }
    }

    /// The view of `label` `[frame.height, frame.width]` into `out` `[crop.height, crop.width]`: the nearest pixel,
    /// [`IGNORE`] outside of the frame.
    pub fn label(&self, label: &[u8], frame: Size, crop: Size, out: &mut [u8]) {
        let columns = self.columns(frame, crop);
        let width = frame.width as usize;
        for (y, row) in out.chunks_exact_mut(crop.width as usize).enumerate() {
            let Some(at) = Tap::new(self.top + y as i64, self.scaled.height, frame.height) else {
                row.fill(IGNORE);
                continue;
            };
            let from = &label[at.nearest() * width..][..width];
            for (pixel, column) in row.iter_mut().zip(&columns) {
                *pixel = column.map_or(IGNORE, |column| from[column.nearest()]);
            }
        }
    }

    /// What of a crop lies outside of the frame, into `out` `[crop.height, crop.width]`: 1 there, 0 elsewhere.
    pub fn padding(&self, crop: Size, out: &mut [u8]) {
        let beyond = |at: i64, scaled: u32| !(0..i64::from(scaled)).contains(&at);
        for (y, row) in out.chunks_exact_mut(crop.width as usize).enumerate() {
            let row_beyond = beyond(self.top + y as i64, self.scaled.height);
            for (x, pixel) in row.iter_mut().enumerate() {
                *pixel = u8::from(row_beyond || beyond(self.left + x as i64, self.scaled.width));
            }
            if self.flip {
                row.reverse();
            }
        }
    }

    /// Where each column of the crop lies in the frame.
    fn columns(&self, frame: Size, crop: Size) -> Vec<Option<Tap>> {
        let tap = |x: u32| Tap::new(self.left + i64::from(x), self.scaled.width, frame.width);
        let columns = (0..crop.width).map(tap);
        if self.flip { columns.rev().collect() } else { columns.collect() }
    }
}

/// A place between two pixels of a row or column, in whole 128ths: integers give the same bytes on every machine.
#[derive(Clone, Copy)]
struct Tap {
    first: usize,
    second: usize,
    /// Of the second.
    weight: u32,
}

impl Tap {
    const ONE: u32 = 128;

    /// Of pixel `at` of a side scaled from `side` to `scaled`; none outside.
    fn new(at: i64, scaled: u32, side: u32) -> Option<Self> {
        if at < 0 || at >= i64::from(scaled) {
            return None;
        }
        let place = ((at as f64 + 0.5) * f64::from(side) / f64::from(scaled) - 0.5).clamp(0.0, f64::from(side - 1));
        let first = place as usize;
        let weight = ((place - first as f64) * f64::from(Self::ONE)).round() as u32;
        Some(Self { first, second: (first + 1).min(side as usize - 1), weight })
    }

    fn nearest(self) -> usize {
        if 2 * self.weight < Self::ONE { self.first } else { self.second }
    }

    /// Times 128.
    fn mix(self, first: u8, second: u8) -> u32 {
        u32::from(first) * (Self::ONE - self.weight) + u32::from(second) * self.weight
    }

    /// Between two mixes, rounded.
    fn settle(self, first: u32, second: u32) -> u8 {
        let sum = first * (Self::ONE - self.weight) + second * self.weight;
        ((sum + Self::ONE * Self::ONE / 2) / (Self::ONE * Self::ONE)) as u8
    }
}

#[cfg(test)]
mod tests {
    use windlass::domain::{Stream, rng};

    use super::*;

    const FRAME: Size = Size { width: 6, height: 4 };

    fn ramp() -> Vec<u8> {
        (0..FRAME.pixels() as u8).flat_map(|i| [i * 10, 0, 255 - i]).collect()
    }

    #[test]
    fn a_view_of_the_whole_frame_is_the_frame() {
        let view = View { scaled: FRAME, left: 0, top: 0, flip: false };
        let (mut picture, mut label) = (vec![0; FRAME.pixels() * 3], vec![0; FRAME.pixels()]);
        view.picture(&ramp(), FRAME, FRAME, [0; 3], &mut picture);
        assert_eq!(picture, ramp());
        let classes: Vec<u8> = (0..24).collect();
        view.label(&classes, FRAME, FRAME, &mut label);
        assert_eq!(label, classes);
        View { flip: true, ..view }.label(&classes, FRAME, FRAME, &mut label);
        assert_eq!(label[..6], [5, 4, 3, 2, 1, 0]);
    }

    #[test]
    fn a_frame_smaller_than_the_crop_is_padded_and_its_padding_is_ignored() {
        let crop = Size { width: 8, height: 8 };
        for flip in [false, true] {
            let view = View { scaled: FRAME, left: 0, top: -2, flip };
            let [mut picture, mut label, mut padding] = [3, 1, 1].map(|channels| vec![0; crop.pixels() * channels]);
            view.picture(&ramp(), FRAME, crop, [1, 2, 3], &mut picture);
            view.label(&[7; 24], FRAME, crop, &mut label);
            view.padding(crop, &mut padding);
            assert_eq!(label.iter().filter(|&&class| class == 7).count(), FRAME.pixels());
            for ((class, pixel), padding) in label.iter().zip(picture.chunks_exact(3)).zip(padding) {
                assert_eq!((*class == IGNORE, pixel == [1, 2, 3]), (padding == 1, padding == 1));
            }
        }
    }

    #[test]
    fn scaling_interpolates_between_pixel_centres() {
        let frame = Size { width: 2, height: 1 };
        let crop = Size { width: 4, height: 2 };
        let view = View { scaled: crop, left: 0, top: 0, flip: false };
        let mut out = vec![0; crop.pixels() * 3];
        view.picture(&[0, 0, 0, 100, 200, 40], frame, crop, [0; 3], &mut out);
        assert_eq!(out[..12], [0, 0, 0, 25, 50, 10, 75, 150, 30, 100, 200, 40], "as PyTorch's interpolate");
    }

    #[test]
    fn draws_stay_within_their_bounds() {
        let crop = Size { width: 5, height: 5 };
        for step in 0..200 {
            let view = View::draw(&mut rng(1, Stream::Augment, step), FRAME, crop, [0.5, 2.0]);
            assert!((3..=12).contains(&view.scaled.width) && (2..=8).contains(&view.scaled.height));
            let room = i64::from(view.scaled.width) - 5;
            assert!((room.min(0)..=room.max(0)).contains(&view.left));
        }
    }
}
