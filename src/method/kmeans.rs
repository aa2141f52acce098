//! K-means over feature vectors: the anchors of a domain are the centres (Eq. 2, 3).
//!
//! Lloyd's iterations from k-means++ starts. Each iteration goes through the rows once, assigning and adding up
//! together. Rows are worked in a fixed number of parts whose sums are added in order, so the result does not depend
//! on the number of threads.

use rand::Rng;
use rayon::prelude::*;

use super::tile::{TILE, tile_distances};
use crate::domain::{Stream, rng};

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
    for restart in 0..knobs.restarts.max(1) {
        let start = plus_plus(rows, d, knobs.k, &mut rng(seed, Stream::Kmeans, restart as u64));
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
    let mut nearest = vec![Nearest { centre: usize::MAX, distance: 0.0 }; rows.len() / d];
    for iterations in 0.. {
        let pass = assign(rows, d, &centres, &mut nearest);
        if !pass.inertia.is_finite() {
            return Err(KmeansError::NotFinite);
        }
        if !pass.changed || iterations == max_iterations {
            return Ok(Clustering { centres, counts: pass.counts, inertia: pass.inertia, iterations });
        }
        centres = means(&pass, centres, d);
        reseed_empty(&mut centres, &pass.counts, rows, d, &nearest);
    }
    unreachable!("the loop ends at max_iterations")
}

#[derive(Clone, Copy)]
struct Nearest {
    centre: usize,
    distance: f64,
}

/// What one way through the rows finds.
struct Pass {
    sums: Vec<f64>, // [k, d]
    counts: Vec<usize>,
    inertia: f64,
    changed: bool,
}

/// Parts that the rows are cut into, whatever the number of threads.
const PARTS: usize = 16;

/// Gives each row its nearest centre, ties to the lowest, and adds the rows of each centre up.
fn assign(rows: &[f32], d: usize, centres: &[f32], nearest: &mut [Nearest]) -> Pass {
    let k = centres.len() / d;
    let part = nearest.len().div_ceil(PARTS).next_multiple_of(TILE);
    let of_part = |(rows, nearest): (&[f32], &mut [Nearest])| {
        let mut pass = Pass { sums: vec![0.0; k * d], counts: vec![0; k], inertia: 0.0, changed: false };
        for (rows, nearest) in rows.chunks(TILE * d).zip(nearest.chunks_mut(TILE)) {
            let distances = tile_distances(rows, centres, d); // [k][TILE]
            for (at, (row, before)) in rows.chunks_exact(d).zip(nearest).enumerate() {
                let now = smallest(distances.iter().map(|of_rows| of_rows[at]));
                pass.changed |= now.centre != before.centre;
                pass.inertia += now.distance;
                pass.counts[now.centre] += 1;
                for (sum, &value) in pass.sums[now.centre * d..][..d].iter_mut().zip(row) {
                    *sum += f64::from(value);
                }
                *before = now;
            }
        }
        pass
    };
    let mut passes: Vec<Pass> = rows.par_chunks(part * d).zip(nearest.par_chunks_mut(part)).map(of_part).collect();
    let rest = passes.split_off(1);
    rest.iter().fold(passes.remove(0), merge)
}

fn merge(mut a: Pass, b: &Pass) -> Pass {
    a.sums.iter_mut().zip(&b.sums).for_each(|(a, b)| *a += b);
    a.counts.iter_mut().zip(&b.counts).for_each(|(a, b)| *a += b);
    Pass { inertia: a.inertia + b.inertia, changed: a.changed || b.changed, ..a }
}

fn smallest(distances: impl Iterator<Item = f64>) -> Nearest {
    let mut best = Nearest { centre: 0, distance: f64::INFINITY };
    for (centre, distance) in distances.enumerate() {
        if distance < best.distance || distance.is_nan() {
            best = Nearest { centre, distance };
        }
    }
    best
}

/// Eq. 3. An empty cluster keeps its centre.
fn means(pass: &Pass, mut centres: Vec<f32>, d: usize) -> Vec<f32> {
    for ((centre, sums), &count) in centres.chunks_exact_mut(d).zip(pass.sums.chunks_exact(d)).zip(&pass.counts) {
        if count > 0 {
            centre.iter_mut().zip(sums).for_each(|(value, sum)| *value = (sum / count as f64) as f32);
        }
    }
    centres
}

/// Moves the centres of empty clusters to the rows that lie farthest from theirs, ties to the lowest row.
fn reseed_empty(centres: &mut [f32], counts: &[usize], rows: &[f32], d: usize, nearest: &[Nearest]) {
    let empty: Vec<usize> = (0..counts.len()).filter(|&centre| counts[centre] == 0).collect();
    if empty.is_empty() {
        return;
    }
    let mut far: Vec<usize> = (0..nearest.len()).filter(|&row| nearest[row].distance > 0.0).collect();
    far.sort_by(|&a, &b| nearest[b].distance.total_cmp(&nearest[a].distance).then(a.cmp(&b)));
    for (centre, row) in empty.into_iter().zip(far) {
        centres[centre * d..][..d].copy_from_slice(&rows[row * d..][..d]);
    }
}

/// Arthur and Vassilvitskii's start: each further centre is a row drawn by its squared distance to those there are.
fn plus_plus(rows: &[f32], d: usize, k: usize, rng: &mut impl Rng) -> Vec<f32> {
    let n = rows.len() / d;
    let mut centres = Vec::with_capacity(k * d);
    let mut distances = vec![f64::INFINITY; n];
    let mut row = rng.random_range(0..n as u64) as usize;
    loop {
        centres.extend_from_slice(&rows[row * d..][..d]);
        if centres.len() == k * d {
            return centres;
        }
        let newest = &centres[centres.len() - d..];
        rows.par_chunks(TILE * d).zip(distances.par_chunks_mut(TILE)).for_each(|(rows, distances)| {
            let to_newest = tile_distances(rows, newest, d)[0];
            distances.iter_mut().zip(to_newest).for_each(|(distance, new)| *distance = distance.min(new));
        });
        let mut left = rng.random::<f64>() * distances.iter().sum::<f64>();
        let reached = |&distance: &f64| {
            left -= distance;
            left < 0.0
        };
        row = distances.iter().position(reached).unwrap_or_else(|| rng.random_range(0..n as u64) as usize);
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;
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
