//! Which rows belong to which centre.

use rayon::prelude::*;

use crate::method::anchors::squared_distance;
use crate::method::tile::{TILE, tile_distances};

/// Share by which a computed distance may be off, with room: the members are those of distances computed afresh.
const ROUNDING: f64 = 1e-5;
/// Rows that a thread works at a time.
const PART: usize = 256;

/// The rows with their nearest centres, and how far the others are at least.
///
/// A centre that moves draws the bounds of its distances apart by as much (Elkan 2003). A row is read again only where the
/// bounds no longer tell which centre is the nearest: after a few iterations, few are.
pub(super) struct Members<'a> {
    rows: &'a [f32], // [n, d]
    d: usize,
    of: Vec<Member>, // [n]
    /// The centres are no nearer to a row than this: `[n, k]`.
    clear: Vec<f64>,
}

#[derive(Clone)]
struct Member {
    /// None before the first iteration.
    centre: Option<usize>,
    /// Its centre is no farther than this.
    reach: f64,
}

/// A row that goes to another centre.
pub(super) struct Change {
    pub(super) row: usize,
    pub(super) from: Option<usize>,
    pub(super) to: usize,
}

impl<'a> Members<'a> {
    /// Of no centre yet.
    pub(super) fn new(rows: &'a [f32], d: usize, k: usize) -> Self {
        let n = rows.len() / d;
        Self { rows, d, of: vec![Member { centre: None, reach: f64::INFINITY }; n], clear: vec![0.0; n * k] }
    }

    /// Gives each row its nearest of `centres` `[k, d]`, ties to the lowest, after each has moved by so much since the last time.
    /// What has changed, in the order of the rows.
    pub(super) fn assign(&mut self, centres: &[f32], moved: &[f64]) -> Vec<Change> {
        let (rows, d, k) = (self.rows, self.d, moved.len());
        let of_part = |(part, (members, clear)): (usize, (&mut [Member], &mut [f64]))| {
            let bounds = members.iter_mut().zip(clear.chunks_exact_mut(k)).enumerate();
            let mut doubtful: Vec<_> = bounds
                .filter_map(|(at, (member, clear))| member.doubts(clear, moved).then_some((at, member, clear)))
                .collect();
            let mut changes = Vec::new();
            for tile in doubtful.chunks_mut(TILE) {
                let row = |place: usize| part * PART + tile[place.min(tile.len() - 1)].0;
                let distances = tile_distances(std::array::from_fn(|place| &rows[row(place) * d..][..d]), centres); // [k][TILE]
                for (place, (at, member, clear)) in tile.iter_mut().enumerate() {
                    clear.iter_mut().zip(&distances).for_each(|(clear, of_rows)| *clear = of_rows[place]);
                    let (from, to) = (member.centre, smallest(clear));
                    clear.iter_mut().for_each(|clear| *clear = clear.sqrt());
                    **member = Member { centre: Some(to), reach: clear[to] };
                    if from != Some(to) {
                        changes.push(Change { row: part * PART + *at, from, to });
                    }
                }
            }
            changes
        };
        let parts = self.of.par_chunks_mut(PART).zip(self.clear.par_chunks_mut(PART * k));
        parts.enumerate().flat_map_iter(of_part).collect()
    }

    /// Whether the distance of every row is a number.
    pub(super) fn are_finite(&self) -> bool {
        self.of.iter().all(|member| member.reach.is_finite())
    }

    /// Squared distances of the rows to their centres, `[n]`.
    pub(super) fn distances(&self, centres: &[f32]) -> Vec<f64> {
        let of_row = |(row, member): (&[f32], &Member)| {
            member.centre.map_or(f64::INFINITY, |centre| squared_distance(row, &centres[centre * self.d..][..self.d]))
        };
        self.rows.par_chunks_exact(self.d).zip(&self.of).map(of_row).collect()
    }
}

impl Member {
    /// Draws the bounds apart; whether they leave open which centre is the nearest.
    fn doubts(&mut self, clear: &mut [f64], moved: &[f64]) -> bool {
        clear.iter_mut().zip(moved).for_each(|(clear, moved)| *clear -= moved);
        let Some(own) = self.centre else { return true };
        self.reach += moved[own];
        let reach = self.reach * (1.0 + ROUNDING);
        clear.iter().enumerate().any(|(centre, &clear)| centre != own && clear <= reach)
    }
}

fn smallest(distances: &[f64]) -> usize {
    let nearer = |best: usize, other: usize| if distances[other] < distances[best] { other } else { best };
    (1..distances.len()).fold(0, nearer)
}
