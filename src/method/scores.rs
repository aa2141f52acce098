//! The scores that target frames are ranked by: all of Table 4 (Eq. 5, 16 to 19), and a masked distance of our own.
//!
//! Each comes with what every class adds to it, so that a pick can be explained: "for its rider and its fence".

use super::anchors::{self, Nearest};
use crate::domain::{FrameId, Strategy};

/// What the features stage says of a frame. `C` classes of `d` channels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Described<'a> {
    /// The frame.
    pub frame: FrameId,
    /// `[C * d]` (Eq. 4).
    pub vector: &'a [f32],
    /// `[C]`: whether the model found enough of the class.
    pub present: &'a [u8],
    /// `[C]`: what the pixels of each predicted class add to the frame's mean normalised entropy.
    pub entropy: &'a [f32],
    /// `[C]`: what they add to the mean probability that the frame is of the target; none without a discriminator.
    pub foreign: Option<&'a [f32]>,
    /// `[C]`: the share of pixels predicted as each class.
    pub pixels: &'a [f32],
}

impl Described<'_> {
    /// Indices of the classes that the model did not find enough of.
    pub fn absent(&self) -> Vec<usize> {
        (0..self.present.len()).filter(|&class| self.present[class] == 0).collect()
    }
}

/// The anchors of one domain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Anchors<'a> {
    /// `[k, C * d]`.
    pub centres: &'a [f32],
    /// `[k, C]`: the share of each cluster's frames in which the class is present; see [`presence`].
    pub presence: &'a [f64],
}

/// A score and its parts, which sum to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// By the strategy.
    pub value: f64,
    /// `[C]`.
    pub per_class: Vec<f64>,
}

impl Score {
    fn of(per_class: Vec<f64>) -> Self {
        Self { value: per_class.iter().sum(), per_class }
    }

    fn plus(mut self, other: &Self) -> Self {
        self.per_class.iter_mut().zip(&other.per_class).for_each(|(mine, theirs)| *mine += theirs);
        Self { value: self.value + other.value, ..self }
    }

    /// The same parts of a whole of another size.
    fn scaled(mut self, value: f64) -> Self {
        let times = if self.value == 0.0 { 0.0 } else { value / self.value };
        self.per_class.iter_mut().for_each(|part| *part *= times);
        Self { value, ..self }
    }
}

/// A term of Eq. 5: the mean-squared distance to the nearest anchor.
pub fn to_nearest(frame: &Described<'_>, centres: &[f32]) -> (Nearest, Score) {
    let nearest = anchors::nearest(frame.vector, centres);
    let length = frame.vector.len();
    let per_class = anchors::per_class(frame.vector, &centres[nearest.index * length..][..length], frame.present.len());
    (nearest, Score { value: nearest.distance, per_class })
}

/// Ours: the distance to the nearest anchor over the classes that frame and anchor both have, as a mean over those.
///
/// In Eq. 5 an absent class is a block of zeros, so that which classes a frame has outweighs how they look. Here a block
/// of an anchor is first freed of the zeros that its cluster's frames without the class put into it. A frame that has no
/// class in common with any anchor, or none at all, scores 0: there is nothing to tell it by.
pub fn to_nearest_present(frame: &Described<'_>, anchors: &Anchors<'_>) -> Score {
    let (length, n_classes) = (frame.vector.len(), frame.present.len());
    let d = length / n_classes;
    let of_anchor = |(centre, presence): (&[f32], &[f64])| {
        let both = |class: usize| frame.present[class] > 0 && presence[class] > 0.0;
        let n_both = (0..n_classes).filter(|&class| both(class)).count();
        let part = |class: usize| {
            let (row, centre) = (&frame.vector[class * d..][..d], &centre[class * d..][..d]);
            let squares =
                row.iter().zip(centre).map(|(&a, &b)| (f64::from(a) - f64::from(b) / presence[class]).powi(2));
            squares.sum::<f64>() / (n_both * d) as f64
        };
        let parts = (0..n_classes).map(|class| if both(class) { part(class) } else { 0.0 }).collect();
        (n_both > 0).then(|| Score::of(parts))
    };
    let scores = anchors.centres.chunks_exact(length).zip(anchors.presence.chunks_exact(n_classes));
    let nearest = scores.filter_map(of_anchor).min_by(|a, b| a.value.total_cmp(&b.value));
    nearest.unwrap_or_else(|| Score::of(vec![0.0; n_classes]))
}

/// The share of each anchor's frames in which each class is present: `[k, C]`, zeros where an anchor has no frame.
pub fn presence<'a>(frames: impl Iterator<Item = Described<'a>>, centres: &[f32], n_classes: usize) -> Vec<f64> {
    let mut counts: Vec<(f64, Vec<f64>)> = vec![];
    for frame in frames {
        counts.resize(centres.len() / frame.vector.len(), (0.0, vec![0.0; n_classes]));
        let (n, classes) = &mut counts[anchors::nearest(frame.vector, centres).index];
        *n += 1.0;
        classes.iter_mut().zip(frame.present).for_each(|(count, &present)| *count += f64::from(present.min(1)));
    }
    counts.iter().flat_map(|(n, classes)| classes.iter().map(move |count| count / n.max(1.0))).collect()
}

/// Eq. 16, as a mean over pixels instead of a sum: frames are of one size.
pub fn entropy(frame: &Described<'_>) -> Score {
    Score::of(frame.entropy.iter().copied().map(f64::from).collect())
}

/// Eq. 17: `(1 - f) / f`, `f` the discriminator's mean probability that the frame is of the source, kept off 0 and 1 by
/// 1e-6. The parts are those of the probability of the target. None without a discriminator.
pub fn adversarial(frame: &Described<'_>) -> Option<Score> {
    let foreign = Score::of(frame.foreign?.iter().copied().map(f64::from).collect());
    let f = (1.0 - foreign.value).clamp(1e-6, 1.0 - 1e-6);
    Some(foreign.scaled((1.0 - f) / f))
}

/// Eq. 18: the product of both; its parts are the entropy's.
pub fn aada(frame: &Described<'_>) -> Option<Score> {
    let (entropy, adversarial) = (entropy(frame), adversarial(frame)?);
    let value = entropy.value * adversarial.value;
    Some(entropy.scaled(value))
}

/// Eq. 19: the mean-squared distance to one centre, the mean of the source as in MADA with one anchor.
pub fn prototype(frame: &Described<'_>, mean: &[f32]) -> Score {
    Score::of(anchors::per_class(frame.vector, mean, frame.present.len()))
}

/// The mean of some rows, `[length]`.
pub fn mean<'a>(rows: impl Iterator<Item = &'a [f32]>, length: usize) -> Vec<f32> {
    let (mut sums, mut n) = (vec![0.0_f64; length], 0);
    for row in rows {
        sums.iter_mut().zip(row).for_each(|(sum, &value)| *sum += f64::from(value));
        n += 1;
    }
    sums.into_iter().map(|sum| (sum / f64::from(n.max(1))) as f32).collect()
}

/// All that a score may need besides the frame.
#[derive(Clone, Copy, Debug)]
pub struct Measure<'a> {
    /// Of the source.
    pub source: Anchors<'a>,
    /// Of the target.
    pub target: Anchors<'a>,
    /// The source's mean, `[C * d]`.
    pub mean: &'a [f32],
}

impl Measure<'_> {
    /// A frame's score, and its distances to the nearest source and target anchor. None where the strategy asks a
    /// discriminator and there is none. What goes by no score of its own gets that of Eq. 5.
    pub fn score(&self, strategy: Strategy, frame: &Described<'_>) -> Option<(Score, [f64; 2])> {
        let ((source, by_source), (target, by_target)) =
            (to_nearest(frame, self.source.centres), to_nearest(frame, self.target.centres));
        let score = match strategy {
            Strategy::Mada => by_source,
            Strategy::TargetOnly => by_target,
            Strategy::Present => to_nearest_present(frame, &self.source).plus(&to_nearest_present(frame, &self.target)),
            Strategy::Entropy => entropy(frame),
            Strategy::Adversarial => adversarial(frame)?,
            Strategy::Aada => aada(frame)?,
            Strategy::Prototype => prototype(frame, self.mean),
            Strategy::Madav2
            | Strategy::Closest
            | Strategy::Diverse
            | Strategy::Coverage
            | Strategy::Random
            | Strategy::Listed => by_source.plus(&by_target),
        };
        Some((score, [source.distance, target.distance]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::method::golden;

    #[test]
    fn every_score_of_table_4_agrees_with_pytorch_and_its_parts_add_up() {
        let golden = golden::load();
        let case = &golden["scores"];
        let floats = |name: &str| golden::floats(&case[name]);
        let [rows, entropy, foreign, pixels, source, target, source_rows, mean] =
            ["rows", "entropy", "foreign", "pixels", "source", "target", "source_rows", "mean"].map(floats);
        let bytes = |name: &str| floats(name).into_iter().map(|value| value as u8).collect::<Vec<_>>();
        let (present, source_present) = (bytes("present"), bytes("source_present"));
        let (n_classes, length) = (4, 20);
        let described = |at: usize| Described {
            frame: FrameId(at as i64),
            vector: &rows[at * length..][..length],
            present: &present[at * n_classes..][..n_classes],
            entropy: &entropy[at * n_classes..][..n_classes],
            foreign: Some(&foreign[at * n_classes..][..n_classes]),
            pixels: &pixels[at * n_classes..][..n_classes],
        };
        let frames: Vec<Described<'_>> = (0..rows.len() / length).map(described).collect();
        let of_source = source_rows.chunks_exact(length).zip(source_present.chunks_exact(n_classes));
        let of_source = of_source.map(|(vector, present)| Described { vector, present, ..frames[0] });
        let (by_source, by_target) =
            (presence(of_source, &source, n_classes), presence(frames.iter().copied(), &target, n_classes));
        let found = super::mean(source_rows.chunks_exact(length), length);
        golden::close(&found, &mean, 1e-6);
        let measure = Measure {
            source: Anchors { centres: &source, presence: &by_source },
            target: Anchors { centres: &target, presence: &by_target },
            mean: &found,
        };
        for &strategy in Strategy::ALL {
            let Some(want) = case["scores"].get(strategy.slug()) else { continue };
            let want: Vec<f64> = serde_json::from_value(want.clone()).unwrap();
            for (frame, want) in frames.iter().zip(want) {
                let (score, _) = measure.score(strategy, frame).unwrap();
                assert!((score.value - want).abs() <= 1e-5 * want.abs(), "{strategy:?}: {} and {want}", score.value);
                let sum: f64 = score.per_class.iter().sum();
                assert!((sum - score.value).abs() <= 1e-12 * want.abs().max(1.0), "{strategy:?}");
            }
        }
        assert_eq!(
            case["scores"].as_object().unwrap().len(),
            9,
            "random and the greedy ones have no score of their own"
        );
    }

    /// The authors' anchors, every 64th column; all of them by `examples/published.rs`.
    #[test]
    fn the_published_anchors_are_as_far_apart_as_numpy_says() {
        let golden: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/golden/published.json")).expect("made by published.py");
        let [rows, source, target] = ["rows", "source", "target"].map(|name| golden::floats(&golden[name]));
        let length = rows.len() / 10;
        assert_eq!(length % 4, 0);
        for (at, vector) in rows.chunks_exact(length).enumerate() {
            for (domain, anchors) in [&source, &target].into_iter().enumerate() {
                let frame = Described { entropy: &[0.0; 4], pixels: &[0.0; 4], ..frame(vector, &[1; 4], None) };
                let (nearest, score) = to_nearest(&frame, anchors);
                assert_eq!(serde_json::json!(nearest.index), golden["nearest"][domain][at]);
                let want = golden["distances"][domain][at].as_f64().unwrap();
                assert!((score.value - want).abs() < 1e-6 * want && score.per_class.len() == 4);
            }
        }
    }

    fn frame<'a>(vector: &'a [f32], present: &'a [u8], foreign: Option<&'a [f32]>) -> Described<'a> {
        Described { frame: FrameId(1), vector, present, entropy: &[0.2, 0.1], foreign, pixels: &[0.5, 0.5] }
    }

    #[test]
    fn a_frame_without_any_class_scores_nothing_where_only_present_classes_count() {
        let anchors = Anchors { centres: &[1.0, 2.0], presence: &[0.5, 1.0] };
        assert_eq!(to_nearest_present(&frame(&[0.0, 0.0], &[0, 0], None), &anchors).value, 0.0);
        let both = to_nearest_present(&frame(&[2.0, 5.0], &[1, 1], None), &anchors);
        assert_eq!(both.per_class, [0.0, 4.5], "1.0 over half of the frames is 2.0 where it is");
        let one = to_nearest_present(&frame(&[3.0, 0.0], &[1, 0], None), &anchors);
        assert_eq!(one.per_class, [1.0, 0.0]);
        let never = Anchors { centres: &[0.0, 2.0], presence: &[0.0, 1.0] };
        assert_eq!(to_nearest_present(&frame(&[3.0, 0.0], &[1, 0], None), &never).value, 0.0);
    }

    #[test]
    fn a_discriminator_that_is_sure_gives_a_large_number_and_none_gives_no_score() {
        let score = |foreign| adversarial(&frame(&[0.0, 0.0], &[1, 1], foreign));
        assert_eq!(score(None), None);
        let sure = score(Some(&[0.75, 0.25])).unwrap();
        assert!((sure.value - (1.0 - 1e-6) / 1e-6).abs() < 1e-3 && sure.per_class[0] > 2.9 * sure.per_class[1]);
        assert!((score(Some(&[0.25, 0.25])).unwrap().value - 1.0).abs() < 1e-12);
        assert!((score(Some(&[0.0, 0.0])).unwrap().value - 1e-6).abs() < 1e-9);
    }
}
