//! Where K-means begins: greedy k-means++ (Arthur and Vassilvitskii 2007).

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::domain::{Stream, rng};
use crate::method::tile::{TILE, tile_distances};

/// A start in the making.
struct Start {
    rng: ChaCha8Rng,
    centres: Vec<f32>, // [centres so far, d]
    /// Of each row to its nearest centre, squared; infinite before the first.
    distances: Vec<f64>,
}

/// Some starts from `rows` `[n, d]`: centres `[k, d]` each. All are made together, so that the rows are read `k` times only.
///
/// Of a few rows drawn by their squared distance to the centres there are, each further centre is the one that leaves the
/// smallest inertia, ties to the earliest. The first are drawn evenly.
pub(super) fn plus_plus(rows: &[f32], d: usize, k: usize, n_starts: usize, seed: u64) -> Vec<Vec<f32>> {
    let n = rows.len() / d;
    let trials = 2 + (k as f64).ln() as usize; // as many as the authors' and scikit-learn's
    let begin = |number: usize| Start {
        rng: rng(seed, Stream::Kmeans, number as u64),
        centres: Vec::with_capacity(k * d),
        distances: vec![f64::INFINITY; n],
    };
    let mut starts: Vec<Start> = (0..n_starts).map(begin).collect();
    for _ in 0..k {
        let drawn: Vec<usize> = starts.iter_mut().flat_map(|start| start.draw(trials)).collect();
        let candidates: Vec<f32> = drawn.iter().flat_map(|&row| &rows[row * d..][..d]).copied().collect();
        let distances = all_distances(rows, &candidates, d);
        starts.par_iter_mut().enumerate().for_each(|(number, start)| {
            let own = number * trials..(number + 1) * trials;
            start.take_best(&distances, drawn.len(), own.clone(), &candidates[own.start * d..own.end * d]);
        });
    }
    starts.into_iter().map(|start| start.centres).collect()
}

impl Start {
    fn draw(&mut self, trials: usize) -> Vec<usize> {
        let n = self.distances.len() as u64;
        let sum: f64 = self.distances.iter().sum();
        let one = |_| {
            let mut left = self.rng.random::<f64>() * sum;
            let reached = |&distance: &f64| {
                left -= distance;
                left < 0.0
            };
            let reached = if sum.is_finite() { self.distances.iter().position(reached) } else { None };
            reached.unwrap_or_else(|| self.rng.random_range(0..n) as usize)
        };
        (0..trials).map(one).collect()
    }

    /// `distances` are of all rows to the candidates of all starts, `[n, width]`; in the columns `own` stand those of this
    /// one, whose vectors are `candidates`.
    fn take_best(&mut self, distances: &[f64], width: usize, own: std::ops::Range<usize>, candidates: &[f32]) {
        let nearest = |column: usize| {
            let to_candidate = distances.iter().skip(column).step_by(width);
            self.distances.iter().zip(to_candidate).map(|(&old, &new)| old.min(new))
        };
        let inertia: Vec<f64> = own.clone().map(|column| nearest(column).sum()).collect();
        let best = (1..inertia.len()).fold(0, |best, other| if inertia[other] < inertia[best] { other } else { best });
        self.distances = nearest(own.start + best).collect();
        let d = candidates.len() / own.len();
        self.centres.extend_from_slice(&candidates[best * d..][..d]);
    }
}

/// Squared distances of rows `[n, d]` to centres `[m, d]`: `[n, m]`.
fn all_distances(rows: &[f32], centres: &[f32], d: usize) -> Vec<f64> {
    let m = centres.len() / d;
    let mut distances = vec![0.0; rows.len() / d * m];
    rows.par_chunks(TILE * d).zip(distances.par_chunks_mut(TILE * m)).for_each(|(rows, distances)| {
        let last = rows.len() / d - 1;
        let of_tile = tile_distances(std::array::from_fn(|row| &rows[row.min(last) * d..][..d]), centres); // [m][TILE]
        for (row, distances) in distances.chunks_exact_mut(m).enumerate() {
            distances.iter_mut().zip(&of_tile).for_each(|(distance, of_rows)| *distance = of_rows[row]);
        }
    });
    distances
}
