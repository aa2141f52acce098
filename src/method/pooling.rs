//! Class-wise means of a frame's feature map: its feature vector (Eq. 1, 4).

use rayon::prelude::*;

/// A frame's feature vector.
#[derive(Clone, Debug, PartialEq)]
pub struct Vector {
    /// `[n_classes * d]`: for each class the mean of every channel; zeros where the class is absent.
    pub values: Vec<f32>,
    /// `[n_classes]`: whether the class had enough pixels.
    pub present: Vec<bool>,
}

/// Eq. 1, 4: for each class the mean of `features` over the pixels of that class.
///
/// `features` is `[d, pixels]`, the map before the classifier; `classes_of_pixels` is `[pixels]`. Pixels whose value is
/// no class below `n_classes` (such as 255) count nowhere. A class with fewer than `min_pixels` pixels, or none, is
/// absent: a block of zeros.
///
/// # Panics
/// Where `features` is no whole number of channels.
pub fn class_means(features: &[f32], classes_of_pixels: &[u8], n_classes: usize, min_pixels: usize) -> Vector {
    let pixels = classes_of_pixels.len();
    assert!(pixels > 0 && features.len().is_multiple_of(pixels), "features are [d, pixels]");
    let d = features.len() / pixels;
    let runs = runs(classes_of_pixels, n_classes);
    let mut counts = vec![0; n_classes];
    for run in &runs {
        counts[run.class] += run.pixels.len();
    }
    let present: Vec<bool> = counts.iter().map(|&count| count >= min_pixels.max(1)).collect();

    let of_channel = |channel: &[f32]| {
        let mut sums = vec![0.0; n_classes];
        for run in &runs {
            sums[run.class] += sum(&channel[run.pixels.clone()]);
        }
        sums
    };
    let sums: Vec<Vec<f64>> = features.par_chunks_exact(pixels).map(of_channel).collect(); // [d][n_classes]
    let mut values = vec![0.0; n_classes * d];
    for class in (0..n_classes).filter(|&class| present[class]) {
        for (value, sums) in values[class * d..][..d].iter_mut().zip(&sums) {
            *value = (sums[class] / counts[class] as f64) as f32;
        }
    }
    Vector { values, present }
}

/// Neighbouring pixels of one class. Labels are made of long ones, which add up without looking at the class again.
struct Run {
    class: usize,
    pixels: std::ops::Range<usize>,
}

fn runs(classes: &[u8], n_classes: usize) -> Vec<Run> {
    let mut start = 0;
    let run = |same: &[u8]| {
        let pixels = start..start + same.len();
        start = pixels.end;
        Run { class: usize::from(same[0]), pixels }
    };
    classes.chunk_by(|a, b| a == b).map(run).filter(|run| run.class < n_classes).collect()
}

/// Adds up in eight lanes, which the compiler turns into vector instructions.
fn sum(values: &[f32]) -> f64 {
    let (chunks, rest) = values.as_chunks::<8>();
    let mut lanes = [0.0_f64; 8];
    for chunk in chunks {
        for (lane, &value) in lanes.iter_mut().zip(chunk) {
            *lane += f64::from(value);
        }
    }
    lanes.iter().sum::<f64>() + rest.iter().copied().map(f64::from).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::method::golden;

    #[test]
    fn a_class_with_too_few_pixels_is_a_block_of_zeros() {
        let features = [1.0, 2.0, 3.0, 4.0, 10.0, 20.0, 30.0, 40.0]; // [2, 4]
        let vector = class_means(&features, &[0, 1, 0, 255], 3, 2);
        assert_eq!(vector.values, [2.0, 20.0, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(vector.present, [true, false, false]);
    }

    #[test]
    fn a_class_without_pixels_is_absent_even_if_none_are_asked_for() {
        assert_eq!(class_means(&[1.0], &[0], 2, 0).present, [true, false]);
    }

    #[test]
    fn means_agree_with_numpy() {
        let golden = golden::load();
        let case = &golden["pooling"];
        let classes: Vec<u8> = golden::floats(&case["classes"]).iter().map(|&class| class as u8).collect();
        let vector = class_means(&golden::floats(&case["features"]), &classes, 5, 10);
        golden::close(&vector.values, &golden::floats(&case["means"]), 1e-6);
        assert_eq!(serde_json::to_value(&vector.present).unwrap(), case["present"]);
    }
}
