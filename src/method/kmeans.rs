//! K-means over feature vectors: the anchors of a domain are the centres (Eq. 2, 3).
//!
//! Lloyd's iterations from k-means++ starts. The rows do not fit into any cache, so an iteration reads those only whose
//! nearest centre is in doubt. Every sum has its order, so the result does not depend on the number of threads.

mod members;
mod start;

use rayon::prelude::*;

use super::anchors::squared_distance;
use members::{Change, Members};
use start::plus_plus;

/// How to cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Knobs {
    /// How many centres.
    pub k: usize,
    /// Lloyd iterations at most; fewer where no row changes its cluster any more.
    pub iterations: usize,
    /// k-means++ starts, of which the one with the smallest inertia is kept. 0 counts as 1.
    pub restarts: usize,
}

/// A clustering.
#[derive(Clone, Debug, PartialEq)]
pub struct Clustering {
    /// `[k, d]`.
    pub centres: Vec<f32>,
    /// Rows nearest to each centre.
    pub counts: Vec<usize>,
    /// Sum of squared distances of the rows to their nearest centre (Eq. 2).
    pub inertia: f64,
    /// Times that the centres moved.
    pub iterations: usize,
}

/// Why rows cannot be clustered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum KmeansError {
    #[error("{k} anchors were asked for, but there are only {rows} frames: lower k or add frames")]
    TooFewRows { k: usize, rows: usize },
    #[error("0 anchors were asked for: give at least 1")]
    NoCentres,
    #[error("a feature vector holds a number that is not finite: the model that made it is broken")]
    NotFinite,
}

/// Clusters `rows`, `[n, d]`; the best of several k-means++ starts, ties to the earliest.
pub fn kmeans(rows: &[f32], d: usize, knobs: Knobs, seed: u64) -> Result<Clustering, KmeansError> {
    check(rows, d, knobs.k)?;
    let mut best: Option<Clustering> = None;
    for start in plus_plus(rows, d, knobs.k, knobs.restarts.max(1), seed) {
        let found = lloyd(rows, d, start, knobs.iterations)?;
        if best.as_ref().is_none_or(|best| found.inertia < best.inertia) {
            best = Some(found);
        }
    }
    Ok(best.expect("there is at least one start"))
}

/// Clusters `rows`, `[n, d]`, from the rows of the given numbers as first centres.
pub fn kmeans_from(rows: &[f32], d: usize, start: &[usize], iterations: usize) -> Result<Clustering, KmeansError> {
    check(rows, d, start.len())?;
    let centres = start.iter().flat_map(|&row| &rows[row * d..][..d]).copied().collect();
    lloyd(rows, d, centres, iterations)
}

fn check(rows: &[f32], d: usize, k: usize) -> Result<(), KmeansError> {
    assert!(d > 0 && rows.len().is_multiple_of(d), "rows are [n, d]");
    let n = rows.len() / d;
    match k {
        0 => Err(KmeansError::NoCentres),
        k if k > n => Err(KmeansError::TooFewRows { k, rows: n }),
        _ => Ok(()),
    }
}

fn lloyd(rows: &[f32], d: usize, mut centres: Vec<f32>, max_iterations: usize) -> Result<Clustering, KmeansError> {
    let k = centres.len() / d;
    let mut members = Members::new(rows, d, k);
    let mut sums = Sums { of: vec![0.0; k * d], counts: vec![0; k] };
    let mut moved = vec![0.0; k];
    for iterations in 0.. {
        let changes = members.assign(&centres, &moved);
        if !members.are_finite() {
            return Err(KmeansError::NotFinite);
        }
        sums.follow(&changes, rows);
        if changes.is_empty() || iterations == max_iterations {
            let inertia = members.distances(&centres).iter().sum();
            return Ok(Clustering { centres, counts: sums.counts, inertia, iterations });
        }
        let mut next = sums.means(&centres);
        if sums.counts.contains(&0) {
            reseed_empty(&mut next, &sums.counts, rows, &members.distances(&centres));
        }
        moved = centres.chunks_exact(d).zip(next.chunks_exact(d)).map(|(a, b)| squared_distance(a, b).sqrt()).collect();
        centres = next;
    }
    unreachable!("the loop ends at max_iterations")
}

/// Sums of the rows of each centre.
///
/// Of values in f32 a sum in f64 keeps every digit, so a row that goes leaves nothing behind.
struct Sums {
    of: Vec<f64>, // [k, d]
    counts: Vec<usize>,
}

impl Sums {
    fn follow(&mut self, changes: &[Change], rows: &[f32]) {
        let d = self.of.len() / self.counts.len();
        self.of.par_chunks_exact_mut(d).zip(&mut self.counts).enumerate().for_each(|(centre, (sum, count))| {
            for change in changes.iter().filter(|change| change.from == Some(centre) || change.to == centre) {
                let row = &rows[change.row * d..][..d];
                if change.to == centre {
                    *count += 1;
                    sum.iter_mut().zip(row).for_each(|(sum, &value)| *sum += f64::from(value));
                } else {
                    *count -= 1;
                    sum.iter_mut().zip(row).for_each(|(sum, &value)| *sum -= f64::from(value));
                }
            }
        });
    }

    /// Eq. 3. An empty cluster keeps its centre.
    fn means(&self, centres: &[f32]) -> Vec<f32> {
        let d = self.of.len() / self.counts.len();
        let mut means = centres.to_vec();
        for ((mean, sums), &count) in means.chunks_exact_mut(d).zip(self.of.chunks_exact(d)).zip(&self.counts) {
            if count > 0 {
                mean.iter_mut().zip(sums).for_each(|(value, sum)| *value = (sum / count as f64) as f32);
            }
        }
        means
    }
}

/// Moves the centres of empty clusters to the rows that lie farthest from theirs, ties to the lowest row.
fn reseed_empty(centres: &mut [f32], counts: &[usize], rows: &[f32], distances: &[f64]) {
    let d = centres.len() / counts.len();
    let mut far: Vec<usize> = (0..distances.len()).filter(|&row| distances[row] > 0.0).collect();
    far.sort_by(|&a, &b| distances[b].total_cmp(&distances[a]).then(a.cmp(&b)));
    let empty = (0..counts.len()).filter(|&centre| counts[centre] == 0);
    for (centre, row) in empty.zip(far) {
        centres[centre * d..][..d].copy_from_slice(&rows[row * d..][..d]);
    }
}

#[cfg(test)]
mod tests {
    use rand::{Rng, SeedableRng};

    use super::*;
    use crate::method::anchors::nearest;
    use crate::method::golden;

    fn blobs(n: usize, d: usize, k: usize) -> Vec<f32> {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(7);
        (0..n).flat_map(|row| (0..d).map(move |_| (row % k) as f32)).map(|mean| mean + rng.random::<f32>()).collect()
    }

    #[test]
    fn the_result_is_the_same_on_one_thread_and_on_many() {
        let rows = blobs(1003, 37, 6);
        let knobs = Knobs { k: 6, iterations: 20, restarts: 3 };
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| kmeans(&rows, 37, knobs, 1).unwrap())
        };
        let alone = on(1);
        assert_eq!(alone, on(3));
        assert_eq!(alone.counts.iter().sum::<usize>(), 1003);
    }

    #[test]
    fn rows_that_are_not_read_again_are_where_reading_all_would_put_them() {
        let (d, k) = (16, 5);
        let rows: Vec<f32> = blobs(700, d, 3).iter().map(|value| value * 0.4).collect(); // blobs that overlap, and more centres
        let start = [0, 1, 2, 3, 4];
        let mut centres: Vec<f32> = start.iter().flat_map(|&row| &rows[row * d..][..d]).copied().collect();
        for iterations in 0..8 {
            let found = kmeans_from(&rows, d, &start, iterations).unwrap();
            golden::close(&found.centres, &centres, 1e-6);
            let (mut sums, mut counts) = (vec![0.0; k * d], vec![0; k]);
            for row in rows.chunks_exact(d) {
                let own = nearest(row, &centres).index;
                counts[own] += 1;
                sums[own * d..][..d].iter_mut().zip(row).for_each(|(sum, &value)| *sum += f64::from(value));
            }
            assert_eq!(found.counts, counts, "after {iterations} iterations");
            let mean = |(at, sum): (usize, &f64)| (sum / counts[at / d] as f64) as f32;
            centres = sums.iter().enumerate().map(mean).collect();
        }
    }

    #[test]
    fn every_start_has_a_centre_in_each_of_distant_blobs() {
        let rows: Vec<f32> = blobs(300, 8, 6).iter().map(|value| value + 9.0 * value.floor()).collect(); // ten apart
        for start in plus_plus(&rows, 8, 6, 4, 1) {
            let mut blobs: Vec<i32> = start.chunks_exact(8).map(|centre| centre[0] as i32 / 10).collect();
            blobs.sort_unstable();
            assert_eq!(blobs, [0, 1, 2, 3, 4, 5]);
        }
    }

    #[test]
    fn more_starts_never_end_worse() {
        let rows = blobs(400, 8, 5);
        let inertia = |restarts| kmeans(&rows, 8, Knobs { k: 5, iterations: 30, restarts }, 3).unwrap().inertia;
        assert!(inertia(8) <= inertia(1));
    }

    #[test]
    fn an_empty_cluster_gets_the_farthest_row() {
        let rows = [0.0, 0.0, 0.0, 1.0, 9.0];
        let found = kmeans_from(&rows, 1, &[0, 1, 2], 20).unwrap();
        let mut counts = found.counts.clone();
        counts.sort_unstable();
        assert_eq!(counts, [1, 1, 3]);
        assert_eq!(found.inertia, 0.0);
    }

    #[test]
    fn equal_rows_leave_clusters_empty_and_end() {
        let found = kmeans(&[2.0; 12], 3, Knobs { k: 3, iterations: 50, restarts: 2 }, 0).unwrap();
        assert_eq!((found.inertia, found.counts.as_slice()), (0.0, &[4, 0, 0][..]));
    }

    #[test]
    fn what_cannot_be_clustered_is_refused() {
        let knobs = |k| Knobs { k, iterations: 5, restarts: 1 };
        assert_eq!(kmeans(&[0.0; 6], 2, knobs(4), 0), Err(KmeansError::TooFewRows { k: 4, rows: 3 }));
        assert_eq!(kmeans(&[0.0; 6], 2, knobs(0), 0), Err(KmeansError::NoCentres));
        assert_eq!(kmeans(&[0.0, f32::NAN, 1.0], 1, knobs(1), 0), Err(KmeansError::NotFinite));
    }

    #[test]
    fn from_the_same_rows_it_ends_where_scikit_learn_does() {
        let golden = golden::load();
        let case = &golden["kmeans"];
        let rows = golden::floats(&case["rows"]);
        let start: Vec<usize> = serde_json::from_value(case["start"].clone()).unwrap();
        let found = kmeans_from(&rows, 6, &start, 50).unwrap();
        golden::close(&found.centres, &golden::floats(&case["centres"]), 1e-5);
        assert_eq!(serde_json::to_value(&found.counts).unwrap(), case["counts"]);
        let inertia = case["inertia"].as_f64().unwrap();
        assert!((found.inertia - inertia).abs() < 1e-5 * inertia, "{} and {inertia}", found.inertia);
    }
}
