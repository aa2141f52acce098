//! Picks that look at what is chosen already: one after another, each the best beside those before it.

use rayon::prelude::*;

use super::anchors::{mean_squared, nearest, per_class};
use super::scores::Described;
use crate::domain::Pick;

/// A way of choosing one by one.
pub trait Greedy {
    /// What a candidate would add now.
    fn gain(&self, candidate: usize) -> f64;
    /// The candidate as a pick, as it stands now.
    fn pick(&self, candidate: usize) -> Pick;
    /// Takes it in.
    fn add(&mut self, candidate: usize);
}

/// Eq. 5 with every labelled and every chosen frame as one more anchor of both domains: a near-duplicate of one scores
/// next to nothing. Without anchors this is farthest-first traversal (Gonzalez 1985).
pub struct Diverse<'a> {
    frames: &'a [Described<'a>],
    /// To source anchors, and to target anchors: the nearest and its distance.
    nearest: Vec<[(&'a [f32], f64); 2]>,
    /// As Eq. 5 has it, for people to see.
    plain: Vec<[f64; 2]>,
}

impl<'a> Diverse<'a> {
    /// Before anything is chosen. Anchors are `[k, C * d]`.
    pub fn new(
        frames: &'a [Described<'a>],
        labelled: &[Described<'a>],
        source_anchors: &'a [f32],
        target_anchors: &'a [f32],
    ) -> Self {
        let to = |vector: &'a [f32], anchors: &'a [f32]| {
            let found = nearest(vector, anchors);
            (&anchors[found.index * vector.len()..][..vector.len()], found.distance)
        };
        let nearest: Vec<_> = frames
            .par_iter()
            .map(|frame| [to(frame.vector, source_anchors), to(frame.vector, target_anchors)])
            .collect();
        let plain = nearest.iter().map(|near| near.map(|(_, distance)| distance)).collect();
        let mut this = Self { frames, nearest, plain };
        labelled.iter().for_each(|frame| this.cover(frame.vector));
        this
    }

    fn cover(&mut self, vector: &'a [f32]) {
        self.nearest.par_iter_mut().zip(self.frames).for_each(|(near, frame)| {
            let distance = mean_squared(frame.vector, vector);
            near.iter_mut().filter(|near| distance < near.1).for_each(|near| *near = (vector, distance));
        });
    }
}

impl Greedy for Diverse<'_> {
    fn gain(&self, candidate: usize) -> f64 {
        self.nearest[candidate].iter().map(|near| near.1).sum()
    }

    fn pick(&self, candidate: usize) -> Pick {
        let frame = &self.frames[candidate];
        let parts = self.nearest[candidate].map(|near| per_class(frame.vector, near.0, frame.present.len()));
        let [source, target] = self.plain[candidate];
        let per_class = parts[0].iter().zip(&parts[1]).map(|(a, b)| a + b).collect();
        Pick { frame: frame.frame, score: self.gain(candidate), source, target, per_class, absent: frame.absent() }
    }

    fn add(&mut self, candidate: usize) {
        self.cover(self.frames[candidate].vector);
    }
}

/// The sum over classes of `ln(1 + doubt)`, where doubt is the entropy on the pixels of a class over all chosen and
/// labelled frames, in units of what a frame of the pool has of it: a rare class weighs as much as the road, a doubtful
/// frame more than a sure one, and what is covered already adds little.
pub struct Coverage<'a> {
    frames: &'a [Described<'a>],
    /// Distances to the nearest source and target anchor, for people to see.
    plain: Vec<[f64; 2]>,
    /// One over what a frame has on average of each class; 0 where the class never occurs.
    weights: Vec<f64>,
    covered: Vec<f64>,
}

impl<'a> Coverage<'a> {
    /// Before anything is chosen. `plain` are the distances of the frames.
    pub fn new(frames: &'a [Described<'a>], labelled: &[Described<'_>], plain: Vec<[f64; 2]>) -> Self {
        let n_classes = frames.first().map_or(0, |frame| frame.entropy.len());
        let total = |class: usize| frames.iter().map(|frame| f64::from(frame.entropy[class])).sum::<f64>();
        let weight = |total: f64| if total > 0.0 { frames.len() as f64 / total } else { 0.0 };
        let weights = (0..n_classes).map(|class| weight(total(class))).collect();
        let mut this = Self { frames, plain, weights, covered: vec![0.0; n_classes] };
        labelled.iter().for_each(|frame| this.cover(frame));
        this
    }

    fn cover(&mut self, frame: &Described<'_>) {
        for ((covered, weight), &doubt) in self.covered.iter_mut().zip(&self.weights).zip(frame.entropy) {
            *covered += weight * f64::from(doubt);
        }
    }

    fn parts(&self, candidate: usize) -> impl Iterator<Item = f64> {
        let classes = self.covered.iter().zip(&self.weights).zip(self.frames[candidate].entropy);
        classes.map(|((covered, weight), &doubt)| (weight * f64::from(doubt) / (1.0 + covered)).ln_1p())
    }
}

impl Greedy for Coverage<'_> {
    fn gain(&self, candidate: usize) -> f64 {
        self.parts(candidate).sum()
    }

    fn pick(&self, candidate: usize) -> Pick {
        let per_class: Vec<f64> = self.parts(candidate).collect();
        let [source, target] = self.plain[candidate];
        let Described { frame, .. } = self.frames[candidate];
        let (score, absent) = (per_class.iter().sum(), self.frames[candidate].absent());
        Pick { frame, score, source, target, per_class, absent }
    }

    fn add(&mut self, candidate: usize) {
        let frames = self.frames;
        self.cover(&frames[candidate]);
    }
}
