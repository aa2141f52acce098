//! Where adaptive cutmix cuts (Eq. 9; AEL, Hu et al. 2021): which frame a class is found in, and which box of it.

use crate::domain::Size;

/// The share of a frame that a class must cover to count as present in it. AEL: 0.01.
pub const PRESENT: f64 = 0.01;
/// The share of a frame that a piece of a class must cover to be cut out. AEL: 0.005.
pub const PIECE: f64 = 0.005;
/// The share of a frame that a box covers where there is no such piece. AEL: a half.
pub const ANYWHERE: f64 = 0.5;

/// A box of whole pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rectangle {
    /// First column.
    pub left: u32,
    /// First row.
    pub top: u32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

/// The classes that cover more than [`PRESENT`] of a prediction.
pub fn present(prediction: &[u8], n_classes: usize) -> Vec<bool> {
    let mut counts = vec![0_usize; n_classes];
    for &class in prediction {
        if let Some(count) = counts.get_mut(usize::from(class)) {
            *count += 1;
        }
    }
    counts.into_iter().map(|count| count as f64 > PRESENT * prediction.len() as f64).collect()
}

/// The frame at `draw`, 0 to 1, of those that have the class; of all where none has it.
///
/// `has` says of each frame whether the class was seen in it.
pub fn partner(has: &[bool], draw: f64) -> usize {
    let having: Vec<usize> = (0..has.len()).filter(|&frame| has[frame]).collect();
    match having.len() {
        0 => at(draw, has.len()),
        n => having[at(draw, n)],
    }
}

/// The box to cut for `class` out of a frame with this prediction, `[size.height, size.width]`: round one of its pieces
/// larger than [`PIECE`], or, where there is none, anywhere, [`ANYWHERE`] large and of any shape.
///
/// The first draw, 0 to 1, picks the piece or the shape, the others the place.
pub fn cut(prediction: &[u8], size: Size, class: u8, draws: [f64; 3]) -> Rectangle {
    let least = PIECE * size.pixels() as f64;
    let pieces = pieces(prediction, size, class);
    let large: Vec<Rectangle> =
        pieces.into_iter().filter(|(area, _)| *area as f64 > least).map(|(_, bounds)| bounds).collect();
    match large.len() {
        0 => anywhere(size, draws),
        n => large[at(draws[0], n)],
    }
}

/// Log-uniform in shape, uniform in place.
fn anywhere(size: Size, [shape, x, y]: [f64; 3]) -> Rectangle {
    let side = |side: u32, share: f64| ((f64::from(side) * share).round() as u32).clamp(1, side);
    let height = side(size.height, ANYWHERE.powf(shape));
    let width = side(size.width, ANYWHERE.powf(1.0 - shape));
    let place = |draw, room: u32| at(draw, room as usize + 1) as u32;
    Rectangle { left: place(x, size.width - width), top: place(y, size.height - height), width, height }
}

/// Pixels and bounds of each 8-connected piece of a class, in the order of their first pixels.
fn pieces(prediction: &[u8], size: Size, class: u8) -> Vec<(usize, Rectangle)> {
    let (width, height) = (size.width as usize, size.height as usize);
    let mut left_over: Vec<bool> = prediction.iter().map(|&other| other == class).collect();
    let (mut pieces, mut open) = (vec![], vec![]);
    for first in 0..prediction.len() {
        if !std::mem::take(&mut left_over[first]) {
            continue;
        }
        open.push(first);
        let (mut area, mut columns, mut rows) = (0, (width, 0), (height, 0));
        while let Some(pixel) = open.pop() {
            let (x, y) = (pixel % width, pixel / width);
            area += 1;
            columns = (columns.0.min(x), columns.1.max(x));
            rows = (rows.0.min(y), rows.1.max(y));
            for y in y.saturating_sub(1)..=(y + 1).min(height - 1) {
                for x in x.saturating_sub(1)..=(x + 1).min(width - 1) {
                    if std::mem::take(&mut left_over[y * width + x]) {
                        open.push(y * width + x);
                    }
                }
            }
        }
        let span = |(first, last): (usize, usize)| (first as u32, (last - first + 1) as u32);
        let ((left, width), (top, height)) = (span(columns), span(rows));
        pieces.push((area, Rectangle { left, top, width, height }));
    }
    pieces
}

/// The place of a draw, 0 to 1, among `n`.
fn at(draw: f64, n: usize) -> usize {
    ((draw * n as f64) as usize).min(n.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::method::golden::mixing;

    #[test]
    fn boxes_are_cut_as_the_reference_cuts_them() {
        let cases = mixing()["cut"].clone();
        for case in cases.as_array().unwrap() {
            let prediction: Vec<u8> = serde_json::from_value(case["prediction"].clone()).unwrap();
            let number = |name: &str| case[name].as_u64().unwrap() as u32;
            let size = Size { width: number("width"), height: number("height") };
            let draws: [f64; 3] = serde_json::from_value(case["draws"].clone()).unwrap();
            let Rectangle { left, top, width, height } = cut(&prediction, size, number("class") as u8, draws);
            let want: [u32; 4] = serde_json::from_value(case["box"].clone()).unwrap();
            assert_eq!([left, top, width, height], want, "{case}");
            let here: Vec<bool> = serde_json::from_value(case["present"].clone()).unwrap();
            assert_eq!(present(&prediction, here.len()), here);
        }
    }

    #[test]
    fn touching_corners_make_one_piece() {
        let size = Size { width: 4, height: 3 };
        #[rustfmt::skip]
        let prediction = [
            1, 0, 0, 1,
            0, 1, 0, 1,
            0, 0, 0, 0,
        ];
        let bounds = |left, top, width, height| Rectangle { left, top, width, height };
        assert_eq!(pieces(&prediction, size, 1), [(2, bounds(0, 0, 2, 2)), (2, bounds(3, 0, 1, 2))]);
    }

    #[test]
    fn a_class_seen_nowhere_may_be_sought_anywhere() {
        assert_eq!([0.0, 0.5, 1.0].map(|draw| partner(&[false, true, true], draw)), [1, 2, 2]);
        assert_eq!([0.0, 0.5, 1.0].map(|draw| partner(&[false; 3], draw)), [0, 1, 2]);
        let size = Size { width: 8, height: 4 };
        for draws in [[0.0, 0.0, 0.0], [1.0, 1.0, 1.0], [0.5, 0.3, 0.9]] {
            let Rectangle { left, top, width, height } = cut(&[0; 32], size, 1, draws);
            assert!(left + width <= 8 && top + height <= 4 && (14..=18).contains(&(width * height)));
        }
    }
}
