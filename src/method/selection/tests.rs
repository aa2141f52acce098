//! Choosing from small pools drawn by hand, and from the numbers that numpy chose from.

use super::*;
use crate::method::golden;
use crate::method::scores::Anchors;

/// Frames of one class of one channel: a frame is a number, and so is an anchor.
struct Line {
    vectors: Vec<f32>,
    entropy: Vec<[f32; 2]>,
}

impl Line {
    fn of(values: &[f32]) -> Self {
        let vectors = values.iter().flat_map(|&value| [value, 0.0]).collect();
        Self { vectors, entropy: vec![[0.25, 0.25]; values.len()] }
    }

    fn frames(&self) -> Vec<Described<'_>> {
        (0..self.entropy.len())
            .map(|at| Described {
                frame: FrameId(at as i64 + 10),
                vector: &self.vectors[at * 2..][..2],
                present: &[1, 0],
                entropy: &self.entropy[at],
                foreign: None,
                pixels: &[1.0, 0.0],
            })
            .collect()
    }
}

const NO_GROUPS: &[String] = &[];

fn ask(strategy: Strategy, budget: usize) -> Asked<'static> {
    Asked { strategy, budget, stratified: false, quota: None, listed: &[], seed: 1 }
}

fn chosen(line: &Line, groups: &[String], n_labelled: usize, asked: &Asked<'_>) -> Result<Vec<i64>, SelectError> {
    Ok(picks(line, groups, n_labelled, asked)?.into_iter().map(|pick| pick.frame.0).collect())
}

fn picks(line: &Line, groups: &[String], n_labelled: usize, asked: &Asked<'_>) -> Result<Vec<Pick>, SelectError> {
    let frames = line.frames();
    let (labelled, candidates) = frames.split_at(n_labelled);
    let anchors = Anchors { centres: &[0.0, 0.0], presence: &[1.0, 0.0] };
    let measure = Measure { source: anchors, target: anchors, mean: &[0.0, 0.0] };
    let picks = choose(&Pool { candidates, labelled, groups, measure }, asked)?;
    for pick in &picks {
        assert!((pick.per_class.iter().sum::<f64>() - pick.score).abs() < 1e-9, "{pick:?}");
    }
    Ok(picks)
}

#[test]
fn the_picks_of_numpy_are_ours() {
    let golden = golden::load();
    let case = &golden["scores"];
    let floats = |name: &str| golden::floats(&case[name]);
    let [rows, entropy, foreign, pixels, source, target] =
        ["rows", "entropy", "foreign", "pixels", "source", "target"].map(floats);
    let present: Vec<u8> = floats("present").into_iter().map(|value| value as u8).collect();
    let frames: Vec<Described<'_>> = (0..12)
        .map(|at| Described {
            frame: FrameId(at as i64),
            vector: &rows[at * 20..][..20],
            present: &present[at * 4..][..4],
            entropy: &entropy[at * 4..][..4],
            foreign: Some(&foreign[at * 4..][..4]),
            pixels: &pixels[at * 4..][..4],
        })
        .collect();
    let (labelled, candidates) = frames.split_at(2);
    let anchors = |centres| Anchors { centres, presence: &[1.0; 16] };
    let measure = Measure { source: anchors(&source), target: anchors(&target), mean: &source[..20] };
    for strategy in [Strategy::Madav2, Strategy::Closest, Strategy::Entropy, Strategy::Diverse, Strategy::Coverage] {
        let pool = Pool { candidates, labelled, groups: NO_GROUPS, measure };
        let picks = choose(&pool, &ask(strategy, 5)).unwrap();
        let ids: Vec<i64> = picks.iter().map(|pick| pick.frame.0).collect();
        assert_eq!(serde_json::to_value(ids).unwrap(), case["picks"][strategy.slug()], "{strategy:?}");
    }
}

#[test]
fn equal_scores_are_chosen_by_frame_id_by_every_strategy_that_needs_no_discriminator() {
    let line = Line::of(&[2.0; 6]);
    for &strategy in Strategy::ALL {
        let by_chance = matches!(strategy, Strategy::Random | Strategy::Listed);
        let asks_discriminator = matches!(strategy, Strategy::Adversarial | Strategy::Aada);
        match chosen(&line, NO_GROUPS, 0, &ask(strategy, 3)) {
            Ok(ids) if !by_chance => assert_eq!(ids, [10, 11, 12], "{strategy:?}"),
            Ok(_) => {}
            Err(error) => assert!(asks_discriminator, "{strategy:?}: {error}"),
        }
    }
}

#[test]
fn a_near_duplicate_of_what_is_chosen_or_labelled_is_not_chosen() {
    let line = Line::of(&[9.0, 9.1, 8.9, 4.0, -3.0]);
    assert_eq!(chosen(&line, NO_GROUPS, 0, &ask(Strategy::Madav2, 3)).unwrap(), [11, 10, 12]);
    assert_eq!(chosen(&line, NO_GROUPS, 0, &ask(Strategy::Diverse, 3)).unwrap(), [11, 13, 14]);
    assert_eq!(chosen(&line, NO_GROUPS, 1, &ask(Strategy::Diverse, 2)).unwrap(), [13, 14], "9.0 is labelled");
}

#[test]
fn coverage_adds_what_the_chosen_ones_lack() {
    let mut line = Line::of(&[0.0; 4]);
    // The second class is rare. Its frame comes first, then more of the first class.
    line.entropy = vec![[0.4, 0.0], [0.39, 0.0], [0.1, 0.1], [0.2, 0.0]];
    assert_eq!(chosen(&line, NO_GROUPS, 0, &ask(Strategy::Coverage, 3)).unwrap(), [12, 10, 11]);
    line.entropy = vec![[0.1, 0.1], [0.39, 0.0], [0.1, 0.1], [0.4, 0.0]];
    assert_eq!(chosen(&line, NO_GROUPS, 1, &ask(Strategy::Coverage, 1)).unwrap(), [12], "its class stays the rare one");
    line.entropy = vec![[0.0, 0.0]; 4];
    assert_eq!(chosen(&line, NO_GROUPS, 0, &ask(Strategy::Coverage, 1)).unwrap(), [10], "no class in doubt anywhere");
}

#[test]
fn a_quota_holds_for_every_strategy_and_frames_without_a_group_are_free() {
    let line = Line::of(&[9.0, 8.0, 7.0, 6.0, 5.0, 4.0]);
    let groups: Vec<String> = ["a", "a", "a", "b", "b", ""].map(String::from).into();
    for strategy in [Strategy::Madav2, Strategy::Diverse, Strategy::Coverage, Strategy::Random] {
        let asked = Asked { quota: Some(1), ..ask(strategy, 5) };
        let ids = chosen(&line, &groups, 0, &asked).unwrap();
        let of_group = |range: std::ops::Range<i64>| ids.iter().filter(|id| range.contains(id)).count();
        assert_eq!((of_group(10..13), of_group(13..15), of_group(15..16)), (1, 1, 1), "{strategy:?}: {ids:?}");
    }
    let asked = Asked { quota: Some(2), ..ask(Strategy::Madav2, 4) };
    assert_eq!(chosen(&line, &groups, 0, &asked).unwrap(), [10, 11, 13, 14]);
}

#[test]
fn stratified_picks_are_of_each_group_what_it_is_of_the_candidates() {
    let line = Line::of(&[9.0, 8.0, 7.0, 6.0, 5.0, 4.0]);
    let groups: Vec<String> = ["a", "a", "a", "a", "b", "c"].map(String::from).into();
    let of = |strategy, budget, quota| {
        let asked = Asked { stratified: true, quota, ..ask(strategy, budget) };
        let mix = group_mix(&line.frames(), &groups, &picks(&line, &groups, 0, &asked).unwrap());
        assert_eq!(mix.iter().map(|group| group.candidates).collect::<Vec<_>>(), [4, 1, 1]);
        mix.into_iter().map(|group| group.picked).collect::<Vec<_>>()
    };
    for strategy in [Strategy::Madav2, Strategy::Diverse, Strategy::Coverage, Strategy::Random, Strategy::Closest] {
        assert_eq!(of(strategy, usize::MAX, None), [4, 1, 1], "{strategy:?}: all of them");
        assert!(of(strategy, 3, None)[0] <= 2, "{strategy:?}: two thirds are a's");
        assert_eq!(of(strategy, 6, Some(2)), [2, 1, 1], "{strategy:?}: a quota holds besides");
    }
    assert_eq!(of(Strategy::Madav2, 3, None), [2, 1, 0], "the farthest of two a, a b");
}

#[test]
fn more_frames_than_there_are_is_all_of_them_and_none_is_a_mistake() {
    let line = Line::of(&[1.0, 2.0]);
    for strategy in [Strategy::Madav2, Strategy::Diverse, Strategy::Coverage, Strategy::Random] {
        assert_eq!(chosen(&line, NO_GROUPS, 0, &ask(strategy, 9)).unwrap().len(), 2);
        assert_eq!(chosen(&line, NO_GROUPS, 0, &ask(strategy, 0)), Err(SelectError::NoBudget));
        assert_eq!(chosen(&line, NO_GROUPS, 2, &ask(strategy, 1)), Err(SelectError::NoCandidates));
    }
    assert_eq!(
        chosen(&line, NO_GROUPS, 0, &ask(Strategy::Aada, 1)).unwrap_err().to_string(),
        "aada asks the warm-up's discriminator, which these features do not know: extract features again"
    );
    assert_eq!(
        chosen(&Line::of(&[1.0, f32::NAN]), NO_GROUPS, 0, &ask(Strategy::Madav2, 1)),
        Err(SelectError::NotFinite)
    );
}

#[test]
fn a_list_is_kept_in_its_order_and_holds_only_what_is_still_to_be_labelled() {
    let line = Line::of(&[1.0, 2.0, 3.0]);
    let of = |listed: &[i64], n_labelled| {
        let listed: Vec<FrameId> = listed.iter().copied().map(FrameId).collect();
        chosen(&line, NO_GROUPS, n_labelled, &Asked { listed: &listed, ..ask(Strategy::Listed, 0) })
    };
    assert_eq!(of(&[12, 10, 12], 0).unwrap(), [12, 10]);
    assert_eq!(of(&[10], 1), Err(SelectError::NoCandidate(FrameId(10))));
}

#[test]
fn a_random_draw_depends_on_the_seed_alone() {
    let line = Line::of(&(0..100).map(|at| at as f32).collect::<Vec<_>>());
    let draw = |seed| chosen(&line, NO_GROUPS, 0, &Asked { seed, ..ask(Strategy::Random, 10) }).unwrap();
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
    let mut frames = line.frames();
    let forwards = shuffled(&frames, 1).into_iter().map(|place| frames[place].frame).collect::<Vec<_>>();
    frames.reverse();
    let backwards = shuffled(&frames, 1).into_iter().map(|place| frames[place].frame).collect::<Vec<_>>();
    assert_eq!(forwards, backwards);
}

#[test]
fn a_mix_is_of_frames_and_of_pixels() {
    let line = Line::of(&[0.0]);
    let of = |id, present, pixels| Described { frame: FrameId(id), present, pixels, ..line.frames()[0] };
    let frames = [of(1, &[1, 1], &[0.75, 0.25]), of(2, &[1, 0], &[1.0, 0.0])];
    let pick = Pick { frame: FrameId(1), score: 0.0, source: 0.0, target: 0.0, per_class: vec![], absent: vec![] };
    let mix = class_mix(&frames, &[pick]);
    assert_eq!((mix.picked_frames, mix.pool_frames), (vec![1.0, 1.0], vec![1.0, 0.5]));
    assert_eq!((mix.picked_pixels, mix.pool_pixels), (vec![0.75, 0.25], vec![0.875, 0.125]));
    assert_eq!(class_mix(&[], &[]), ClassMix::default());
}
