//! Which target frames people should label: those far from every anchor of both domains (Eq. 5).

use rand::seq::SliceRandom;
use rayon::prelude::*;

use super::anchors::{nearest, per_class};
use crate::domain::{FrameId, Pick, Stream, rng};

/// Eq. 5: for each frame the distance to its nearest source anchor plus that to its nearest target anchor.
///
/// `rows` is `[ids.len(), n_classes * d]`; both anchor sets are `[k, n_classes * d]`. Picks stand in the order of `ids`.
///
/// # Panics
/// Where rows and anchors are of different lengths, or there is no anchor.
pub fn dual_domain_distance(
    rows: &[f32],
    ids: &[FrameId],
    source_anchors: &[f32],
    target_anchors: &[f32],
    n_classes: usize,
) -> Vec<Pick> {
    if ids.is_empty() {
        return Vec::new();
    }
    assert!(rows.len().is_multiple_of(ids.len()), "one row an id");
    let length = rows.len() / ids.len();
    let pick = |(row, &frame): (&[f32], &FrameId)| {
        let (source, target) = (nearest(row, source_anchors), nearest(row, target_anchors));
        let parts = |anchors: &[f32], index: usize| per_class(row, &anchors[index * length..][..length], n_classes);
        let target_parts = parts(target_anchors, target.index);
        let per_class = parts(source_anchors, source.index).iter().zip(target_parts).map(|(s, t)| s + t).collect();
        let score = source.distance + target.distance;
        Pick { frame, score, source: source.distance, target: target.distance, per_class }
    };
    rows.par_chunks_exact(length).zip(ids).map(pick).collect()
}

/// The `budget` picks with the largest score, the largest first; ties by frame id.
///
/// Section 3.2 and the authors' code take the largest; the "smallest" of Algorithm 1 is a slip.
pub fn largest(mut picks: Vec<Pick>, budget: usize) -> Vec<Pick> {
    picks.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.frame.cmp(&b.frame)));
    picks.truncate(budget);
    picks
}

/// `budget` of the frames, drawn with equal chance; in the order of the draw, whatever the order of `ids`.
pub fn random(ids: &[FrameId], budget: usize, seed: u64) -> Vec<FrameId> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.shuffle(&mut rng(seed, Stream::RandomPick, 0));
    ids.truncate(budget);
    ids
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::method::golden;

    #[test]
    fn distances_agree_with_numpy_and_the_parts_add_up() {
        let golden = golden::load();
        let case = &golden["selection"];
        let floats = |name: &str| golden::floats(&case[name]);
        let ids: Vec<FrameId> = (0..12).map(FrameId).collect();
        let picks = dual_domain_distance(&floats("rows"), &ids, &floats("source"), &floats("target"), 4);
        let scores: Vec<f32> = picks.iter().map(|pick| pick.score as f32).collect();
        golden::close(&scores, &floats("scores"), 1e-6);
        for pick in &picks {
            assert!((pick.per_class.iter().sum::<f64>() - pick.score).abs() < 1e-12);
            assert!((pick.source + pick.target - pick.score).abs() < 1e-12);
        }
        let chosen: Vec<i64> = largest(picks, 5).iter().map(|pick| pick.frame.0).collect();
        assert_eq!(serde_json::to_value(chosen).unwrap(), case["largest"]);
    }

    #[test]
    fn equal_scores_are_chosen_by_frame_id() {
        let pick = |frame, score| Pick { frame: FrameId(frame), score, source: 0.0, target: 0.0, per_class: vec![] };
        let chosen = largest(vec![pick(9, 1.0), pick(4, 2.0), pick(3, 1.0), pick(5, 0.5)], 3);
        assert_eq!(chosen.iter().map(|pick| pick.frame.0).collect::<Vec<_>>(), [4, 3, 9]);
    }

    #[test]
    fn a_random_draw_depends_on_the_seed_alone() {
        let ids: Vec<FrameId> = (0..100).map(FrameId).collect();
        let backwards: Vec<FrameId> = ids.iter().rev().copied().collect();
        assert_eq!(random(&ids, 10, 1), random(&backwards, 10, 1));
        assert_ne!(random(&ids, 10, 1), random(&ids, 10, 2));
        let mut all = random(&ids, 1000, 3);
        all.sort_unstable();
        assert_eq!(all, ids);
    }
}
