//! Squared distances of a few rows to all centres at a time: what K-means spends its time on.

/// Rows in a tile: as many as keep their sums in registers.
pub(super) const TILE: usize = 4;
/// Columns worked at a time, so that they stay in the fastest cache; longer sums in single precision would lose digits.
const BLOCK: usize = 512;
const LANES: usize = 8;

/// Squared distances of rows of a length to all `centres`, `[k, length]`: `[k][TILE]`.
///
/// The bytes are the same with and without AVX.
pub(super) fn tile_distances(rows: [&[f32]; TILE], centres: &[f32]) -> Vec<[f64; TILE]> {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has just said that it has AVX2.
        return unsafe { with_avx2(rows, centres) };
    }
    plain(rows, centres)
}

/// The same code, twice as wide. Without `fma`, whose rounding would differ.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn with_avx2(rows: [&[f32]; TILE], centres: &[f32]) -> Vec<[f64; TILE]> {
    plain(rows, centres)
}

#[inline(always)]
fn plain(rows: [&[f32]; TILE], centres: &[f32]) -> Vec<[f64; TILE]> {
    let d = rows[0].len();
    let mut distances = vec![[0.0; TILE]; centres.len() / d];
    for from in (0..d).step_by(BLOCK) {
        let width = BLOCK.min(d - from);
        let [a, b, c, e] = rows;
        let rows = [&a[from..][..width], &b[from..][..width], &c[from..][..width], &e[from..][..width]];
        for (distances, centre) in distances.iter_mut().zip(centres.chunks_exact(d)) {
            let further = block_distances(rows, &centre[from..][..width]);
            for row in 0..TILE {
                distances[row] += further[row];
            }
        }
    }
    distances
}

#[inline(always)]
fn block_distances(rows: [&[f32]; TILE], centre: &[f32]) -> [f64; TILE] {
    let (centre, centre_rest) = centre.as_chunks::<LANES>();
    let [(a, a_rest), (b, b_rest), (c, c_rest), (e, e_rest)] = [
        rows[0].as_chunks::<LANES>(),
        rows[1].as_chunks::<LANES>(),
        rows[2].as_chunks::<LANES>(),
        rows[3].as_chunks::<LANES>(),
    ];
    let mut sums = [[0.0_f32; LANES]; TILE];
    for ((((centre, a), b), c), e) in centre.iter().zip(a).zip(b).zip(c).zip(e) {
        // Written out: where the compiler calls a closure for a row instead, this takes three times as long.
        for lane in 0..LANES {
            let [a, b, c, e] =
                [a[lane] - centre[lane], b[lane] - centre[lane], c[lane] - centre[lane], e[lane] - centre[lane]];
            sums[0][lane] += a * a;
            sums[1][lane] += b * b;
            sums[2][lane] += c * c;
            sums[3][lane] += e * e;
        }
    }
    let mut distances = [0.0; TILE];
    for (row, rest) in [a_rest, b_rest, c_rest, e_rest].into_iter().enumerate() {
        for lane in sums[row] {
            distances[row] += f64::from(lane);
        }
        for (a, b) in rest.iter().zip(centre_rest) {
            distances[row] += f64::from(a - b).powi(2);
        }
    }
    distances
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_the_definition_with_and_without_avx() {
        let d = 301; // neither whole blocks nor whole lanes
        let number = |at: usize| (at as f32 * 0.37).sin();
        let rows: Vec<f32> = (0..TILE * d).map(number).collect();
        let centres: Vec<f32> = (5000..5000 + 2 * d).map(number).collect();
        let tile = std::array::from_fn(|row| &rows[row * d..][..d]);
        let found = tile_distances(tile, &centres);
        assert_eq!(found, plain(tile, &centres));
        for (centre, distances) in centres.chunks_exact(d).zip(&found) {
            for (row, distance) in rows.chunks_exact(d).zip(distances) {
                let want: f64 = row.iter().zip(centre).map(|(a, b)| f64::from(a - b).powi(2)).sum();
                assert!((distance - want).abs() < 1e-5 * want, "{distance} and {want}");
            }
        }
    }
}
