//! The confusion matrix and what is read from it.

use serde::{Deserialize, Serialize};

use super::IGNORE;

/// How often a pixel of one class was taken for another: `classes x classes`, row = truth, column = prediction.
///
/// Counts as cityscapesScripts' pixel-level evaluation does: pixels whose truth is [`IGNORE`] are skipped; a
/// prediction of [`IGNORE`] on a labelled pixel is a miss of its class and nobody's false alarm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confusion {
    n_classes: usize,
    counts: Vec<u64>,
    missed: Vec<u64>,
}

impl Confusion {
    /// Nothing counted yet.
    pub fn new(n_classes: usize) -> Self {
        Self { n_classes, counts: vec![0; n_classes * n_classes], missed: vec![0; n_classes] }
    }

    /// Counts a frame. Both slices hold one class index a pixel and have one length.
    pub fn add(&mut self, truth: &[u8], prediction: &[u8]) {
        assert_eq!(truth.len(), prediction.len(), "truth and prediction have one size");
        for (truth, guess) in truth.chunks(8).zip(prediction.chunks(8)) {
            // Most pixels are as their neighbours: eight of them at once.
            if truth.iter().all(|&other| other == truth[0]) && guess.iter().all(|&other| other == guess[0]) {
                self.count_pixels(truth[0], guess[0], truth.len() as u64);
            } else {
                truth.iter().zip(guess).for_each(|(&truth, &guess)| self.count_pixels(truth, guess, 1));
            }
        }
    }

    fn count_pixels(&mut self, truth: u8, guess: u8, n: u64) {
        if truth == IGNORE {
            return;
        }
        match usize::from(guess) {
            guess if guess < self.n_classes => self.counts[usize::from(truth) * self.n_classes + guess] += n,
            _ => self.missed[usize::from(truth)] += n,
        }
    }

    /// Adds another's counts.
    pub fn merge(&mut self, other: &Self) {
        assert_eq!(self.n_classes, other.n_classes, "the same classes");
        self.counts.iter_mut().zip(&other.counts).for_each(|(mine, theirs)| *mine += theirs);
        self.missed.iter_mut().zip(&other.missed).for_each(|(mine, theirs)| *mine += theirs);
    }

    /// How many classes there are.
    pub fn n_classes(&self) -> usize {
        self.n_classes
    }

    /// Pixels of class `truth` taken for class `prediction`.
    pub fn count(&self, truth: usize, prediction: usize) -> u64 {
        self.counts[truth * self.n_classes + prediction]
    }

    /// Intersection over union of a class, 0 to 1; `None` where it is in neither truth nor prediction.
    pub fn iou(&self, class: usize) -> Option<f64> {
        let hit = self.count(class, class);
        let row: u64 = (0..self.n_classes).map(|other| self.count(class, other)).sum::<u64>() + self.missed[class];
        let column: u64 = (0..self.n_classes).map(|other| self.count(other, class)).sum();
        let union = row + column - hit;
        (union > 0).then(|| hit as f64 / union as f64)
    }

    /// The mean over all classes that occur, 0 to 1; `None` where nothing was counted.
    pub fn mean_iou(&self) -> Option<f64> {
        self.mean_iou_of(0..self.n_classes)
    }

    /// The mean over those of the given classes that occur.
    pub fn mean_iou_of(&self, classes: impl IntoIterator<Item = usize>) -> Option<f64> {
        let ious: Vec<f64> = classes.into_iter().filter_map(|class| self.iou(class)).collect();
        (!ious.is_empty()).then(|| ious.iter().sum::<f64>() / ious.len() as f64)
    }

    /// The share of labelled pixels that were right, 0 to 1.
    pub fn accuracy(&self) -> Option<f64> {
        let total: u64 = self.counts.iter().chain(&self.missed).sum();
        let right: u64 = (0..self.n_classes).map(|class| self.count(class, class)).sum();
        (total > 0).then(|| right as f64 / total as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_truth_is_skipped_and_an_ignored_prediction_is_a_miss() {
        let mut confusion = Confusion::new(3);
        confusion.add(&[0, 0, 1, 1, IGNORE], &[0, 1, 1, IGNORE, 2]);
        assert_eq!(confusion.iou(0), Some(0.5));
        assert_eq!(confusion.iou(1), Some(1.0 / 3.0));
        assert_eq!(confusion.iou(2), None, "in neither: it drops out of the mean");
        assert_eq!(confusion.mean_iou(), Some((0.5 + 1.0 / 3.0) / 2.0));
        assert_eq!(confusion.accuracy(), Some(0.5));
    }

    #[test]
    fn runs_count_as_their_pixels_do() {
        let runs = |values: [u8; 3], step: usize| -> Vec<u8> {
            (1..40).flat_map(|n| std::iter::repeat_n(values[n % 3], n * step % 23)).take(301).collect()
        };
        let (truth, guess) = (runs([0, 1, IGNORE], 1), runs([1, 0, IGNORE], 2));
        let (mut at_once, mut one_by_one) = (Confusion::new(2), Confusion::new(2));
        at_once.add(&truth, &guess);
        truth.iter().zip(&guess).for_each(|(truth, guess)| one_by_one.add(&[*truth], &[*guess]));
        assert_eq!(at_once, one_by_one);
        assert!(at_once.accuracy().is_some_and(|accuracy| accuracy > 0.0 && accuracy < 1.0));
    }
}
