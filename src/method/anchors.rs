//! Distances to anchors (Eq. 5).
//!
//! Distances are mean-squared, as in MADAv2's code: the paper's squared L2 divided by the length of a row, which ranks
//! alike and does not swamp the other losses.

/// The anchor nearest to a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Nearest {
    /// Which.
    pub index: usize,
    /// Mean-squared.
    pub distance: f64,
}

/// The nearest of `anchors`, `[k, row.len()]`; ties to the lowest.
///
/// # Panics
/// Where there is no anchor, or `anchors` are no whole rows.
pub fn nearest(row: &[f32], anchors: &[f32]) -> Nearest {
    let d = row.len();
    assert!(!anchors.is_empty() && anchors.len().is_multiple_of(d), "anchors are [k, d], k at least 1");
    let of_anchor = |(index, anchor)| Nearest { index, distance: mean_squared(row, anchor) };
    let nearer = |best: Nearest, other: Nearest| if other.distance < best.distance { other } else { best };
    anchors.chunks_exact(d).enumerate().map(of_anchor).reduce(nearer).expect("there is an anchor")
}

/// What each class adds to the mean-squared distance between a row and an anchor: `[n_classes]`, summing to it.
pub fn per_class(row: &[f32], anchor: &[f32], n_classes: usize) -> Vec<f64> {
    let d = row.len() / n_classes;
    let of_class = |(row_part, anchor_part)| squared_distance(row_part, anchor_part) / row.len() as f64;
    row.chunks_exact(d).zip(anchor.chunks_exact(d)).map(of_class).collect()
}

/// Mean-squared distance of two rows.
pub fn mean_squared(a: &[f32], b: &[f32]) -> f64 {
    squared_distance(a, b) / a.len() as f64
}

/// Exact to double precision, so that the parts of the classes add up to the whole.
pub(super) fn squared_distance(a: &[f32], b: &[f32]) -> f64 {
    let square = |(&a, &b): (&f32, &f32)| (f64::from(a) - f64::from(b)).powi(2);
    // In eight lanes, which the compiler turns into vector instructions: choosing one by one asks for millions of these.
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut lanes = [0.0; 8];
    for (a, b) in a.iter().zip(b) {
        for (lane, pair) in lanes.iter_mut().zip(a.iter().zip(b)) {
            *lane += square(pair);
        }
    }
    lanes.iter().sum::<f64>() + a_rest.iter().zip(b_rest).map(square).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::method::golden;

    #[test]
    fn distances_agree_with_numpy() {
        let golden = golden::load();
        let case = &golden["anchors"];
        let (row, anchors) = (golden::floats(&case["row"]), golden::floats(&case["anchors"]));
        let distances: Vec<f64> = anchors.chunks_exact(row.len()).map(|anchor| mean_squared(&row, anchor)).collect();
        let want: Vec<f64> = serde_json::from_value(case["distances"].clone()).unwrap();
        assert!(distances.iter().zip(&want).all(|(got, want)| (got - want).abs() < 1e-6 * want), "{distances:?}");
        assert_eq!(nearest(&row, &anchors).index, case["nearest"].as_u64().unwrap() as usize);
    }

    #[test]
    fn the_parts_of_the_classes_add_up_to_the_distance() {
        let (row, anchor) = ([1.0, 2.0, 3.0, 4.0], [0.0, 2.0, 3.0, 0.0]);
        assert_eq!(per_class(&row, &anchor, 2), [0.25, 4.0]);
        assert_eq!(mean_squared(&row, &anchor), 4.25);
    }

    #[test]
    fn of_two_anchors_as_near_the_first_counts() {
        assert_eq!(nearest(&[0.0], &[2.0, -1.0, 1.0]), Nearest { index: 1, distance: 1.0 });
    }
}
