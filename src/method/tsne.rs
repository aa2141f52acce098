//! Exact t-SNE (van der Maaten and Hinton 2008): feature vectors in the plane, for people to look at (Fig. 1, 4).
//!
//! For the few hundred points of a picture the exact sums take a second. It starts from the two main directions of the
//! vectors instead of from noise, so that the same vectors give the same picture and near points start near. The crates
//! that there are sum in the order in which threads finish, and bring a Fourier transform along.

use rayon::prelude::*;

/// How to lay points out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Knobs {
    /// About how many neighbours a point has; at most a third of the points.
    pub perplexity: f64,
    /// Steps.
    pub iterations: usize,
}

impl Default for Knobs {
    fn default() -> Self {
        Self { perplexity: 30.0, iterations: 500 }
    }
}

/// Of the iterations, those in which points of one cluster are pulled together first, and how much harder.
const EXAGGERATED: f64 = 0.25;
const EXAGGERATION: f64 = 12.0;

/// A place in the plane for each row.
///
/// # Panics
/// Where the rows are of different lengths.
pub fn embed(rows: &[&[f32]], knobs: Knobs) -> Vec<[f64; 2]> {
    let n = rows.len();
    if n < 4 {
        return (0..n).map(|at| [at as f64, 0.0]).collect();
    }
    let squares = squares(rows);
    let p = affinities(&squares, n, knobs.perplexity.min((n - 1) as f64 / 3.0));
    let mut y = main_directions(&squares, n);
    let (mut speed, mut gains) = (vec![[0.0; 2]; n], vec![[1.0_f64; 2]; n]);
    let early = (EXAGGERATED * knobs.iterations as f64) as usize;
    let rate = (n as f64 / EXAGGERATION).max(50.0);
    for iteration in 0..knobs.iterations {
        let (exaggeration, momentum) = if iteration < early { (EXAGGERATION, 0.5) } else { (1.0, 0.8) };
        let slopes = gradient(&p, &y, exaggeration);
        for (((y, speed), gains), slope) in y.iter_mut().zip(&mut speed).zip(&mut gains).zip(&slopes) {
            for axis in 0..2 {
                // Jacobs' gains: faster where it goes on in one direction.
                let turned = (slope[axis] > 0.0) == (speed[axis] > 0.0);
                gains[axis] = if turned { (gains[axis] * 0.8).max(0.01) } else { gains[axis] + 0.2 };
                speed[axis] = momentum * speed[axis] - rate * gains[axis] * slope[axis];
                y[axis] += speed[axis];
            }
        }
    }
    y
}

/// Squared distances, `[n, n]`.
fn squares(rows: &[&[f32]]) -> Vec<f64> {
    let squares = |row: &&[f32]| {
        let to = |other: &&[f32]| {
            assert_eq!(row.len(), other.len(), "rows of one length");
            row.iter().zip(*other).map(|(&a, &b)| f64::from(a - b).powi(2)).sum::<f64>()
        };
        rows.iter().map(to).collect::<Vec<_>>()
    };
    rows.par_iter().flat_map_iter(squares).collect()
}

/// Symmetric affinities that sum to 1, `[n, n]`: each row's Gaussian as wide as its perplexity asks.
fn affinities(squares: &[f64], n: usize, perplexity: f64) -> Vec<f64> {
    let conditional: Vec<f64> = squares
        .par_chunks_exact(n)
        .enumerate()
        .flat_map_iter(|(at, squares)| conditional(squares, at, perplexity.ln()))
        .collect();
    let symmetric = |at: usize| {
        let (i, j) = (at / n, at % n);
        (conditional[at] + conditional[j * n + i]) / (2 * n) as f64
    };
    (0..n * n).map(symmetric).collect()
}

/// One point's neighbours: a Gaussian of that entropy, in nats. Equal where all are equally far.
fn conditional(squares: &[f64], own: usize, entropy: f64) -> Vec<f64> {
    let others = || squares.iter().enumerate().filter(|(at, _)| *at != own).map(|(_, square)| *square);
    let nearest = others().fold(f64::INFINITY, f64::min);
    let mean = others().sum::<f64>() / (squares.len() - 1) as f64;
    let gaussian = |beta: f64| {
        let weight = |(at, square): (usize, &f64)| if at == own { 0.0 } else { (-beta * (square - nearest)).exp() };
        let mut row: Vec<f64> = squares.iter().enumerate().map(weight).collect();
        let sum: f64 = row.iter().sum();
        row.iter_mut().for_each(|p| *p /= sum);
        row
    };
    // From flat to sharp, on a scale of the distances themselves.
    let scale = 1.0 / (mean - nearest).max(f64::MIN_POSITIVE.sqrt());
    let (mut low, mut high) = (-30.0_f64, 60.0_f64);
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        let row = gaussian(scale * middle.exp());
        let found: f64 = row.iter().filter(|p| **p > 0.0).map(|p| -p * p.ln()).sum();
        if found > entropy {
            low = middle;
        } else {
            high = middle;
        }
    }
    gaussian(scale * (0.5 * (low + high)).exp())
}

/// The gradient of the Kullback-Leibler divergence at each point.
fn gradient(p: &[f64], y: &[[f64; 2]], exaggeration: f64) -> Vec<[f64; 2]> {
    let n = y.len();
    let kernel = |a: [f64; 2], b: [f64; 2]| 1.0 / (1.0 + (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2));
    // Sums of rows, then of those in order: the same on any number of threads.
    let sums: Vec<f64> = y.par_iter().map(|&a| y.iter().map(|&b| kernel(a, b)).sum::<f64>() - 1.0).collect();
    let total: f64 = sums.iter().sum();
    let slope = |(&a, p): (&[f64; 2], &[f64])| {
        let mut slope = [0.0; 2];
        for (&b, &p) in y.iter().zip(p) {
            let near = kernel(a, b);
            let force = 4.0 * (exaggeration * p - near / total) * near;
            slope[0] += force * (a[0] - b[0]);
            slope[1] += force * (a[1] - b[1]);
        }
        slope
    };
    y.par_iter().zip(p.par_chunks_exact(n)).map(slope).collect()
}

/// The two main directions by power iteration on the centred Gram matrix, as wide as t-SNE likes to start.
fn main_directions(squares: &[f64], n: usize) -> Vec<[f64; 2]> {
    let means: Vec<f64> = squares.chunks_exact(n).map(|row| row.iter().sum::<f64>() / n as f64).collect();
    let mean = means.iter().sum::<f64>() / n as f64;
    let gram = |i: usize, j: usize| 0.5 * (means[i] + means[j] - mean - squares[i * n + j]);
    let mut found: Vec<Vec<f64>> = vec![];
    for axis in 0..2 {
        // Any start that is along no axis will do.
        let mut v: Vec<f64> = (0..n).map(|at| ((at * (axis + 1) + 1) as f64 * 0.7).sin()).collect();
        for _ in 0..50 {
            for other in &found {
                let along: f64 = v.iter().zip(other).map(|(a, b)| a * b).sum();
                v.iter_mut().zip(other).for_each(|(a, b)| *a -= along * b);
            }
            let norm = v.iter().map(|a| a * a).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
            v.iter_mut().for_each(|a| *a /= norm);
            let next: Vec<f64> =
                (0..n).into_par_iter().map(|i| (0..n).map(|j| gram(i, j) * v[j]).sum::<f64>()).collect();
            if next.iter().all(|a| a.abs() < 1e-12) {
                break; // all points are one: any direction will do
            }
            v = next;
        }
        let norm = v.iter().map(|a| a * a).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
        found.push(v.into_iter().map(|a| a / norm).collect());
    }
    let width = 1e-4 * (n as f64).sqrt();
    (0..n).map(|at| [found[0][at] * width, found[1][at] * width]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::method::golden;

    #[test]
    fn affinities_and_gradient_are_those_of_the_definition_and_of_pytorch() {
        let golden = golden::load();
        let case = &golden["tsne"];
        let doubles = |name: &str| -> Vec<f64> { serde_json::from_value(case[name].clone()).unwrap() };
        let p = affinities(&doubles("squares"), 9, case["perplexity"].as_f64().unwrap());
        let close = |got: &[f64], want: &[f64]| {
            assert_eq!(got.len(), want.len());
            assert!(got.iter().zip(want).all(|(got, want)| (got - want).abs() < 1e-7), "{got:?}\n{want:?}");
        };
        close(&p, &doubles("p"));
        let y: Vec<[f64; 2]> = doubles("y").chunks_exact(2).map(|point| [point[0], point[1]]).collect();
        close(gradient(&p, &y, 1.0).as_flattened(), &doubles("gradient"));
    }

    #[test]
    fn clusters_stay_together_apart_from_each_other_and_the_same_on_any_number_of_threads() {
        let rows: Vec<Vec<f32>> = (0..60)
            .map(|at| {
                let noise = |axis: usize| ((at * 7 + axis * 13) as f32).sin() * 0.1;
                (0..5).map(|axis| noise(axis) + if axis == at % 3 { 4.0 } else { 0.0 }).collect()
            })
            .collect();
        let rows: Vec<&[f32]> = rows.iter().map(Vec::as_slice).collect();
        let knobs = Knobs { perplexity: 10.0, iterations: 250 };
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| embed(&rows, knobs))
        };
        let places = on(1);
        assert_eq!(places, on(3));
        let distance = |a: usize, b: usize| (places[a][0] - places[b][0]).hypot(places[a][1] - places[b][1]);
        for a in 0..60 {
            let nearest = (0..60).filter(|&b| b != a).min_by(|&b, &c| distance(a, b).total_cmp(&distance(a, c)));
            assert_eq!(nearest.unwrap() % 3, a % 3, "the nearest to {a}");
        }
    }

    #[test]
    fn few_points_and_equal_points_still_have_finite_places() {
        let row = [1.0_f32, 2.0];
        for n in [0, 1, 3, 5, 12] {
            let places = embed(&vec![&row[..]; n], Knobs::default());
            assert!(places.len() == n && places.iter().flatten().all(|place| place.is_finite()), "{places:?}");
        }
    }
}
