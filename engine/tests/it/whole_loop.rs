//! All stages, one after another, as the server plays them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use windlass::domain::{
    AnchorReport, Choice, Evaluation, Event, FrameId, FrameRef, MapPoint, ModelCard, Pick, Proposal, Selection, Stage,
    Strategy, files,
};
use windlass::formats::mask_png::{read_gray, read_mask};
use windlass::formats::segments;
use windlass::method::anchors::nearest;
use windlass_engine::feature_file::FeatureFile;

use crate::toy::{FRAME, Toy};

#[test]
fn two_folders_of_frames_become_an_adapted_model() {
    let toy = Toy::draw();
    let plan = &toy.plan;
    let length = 3 * 128;

    let warmup = toy.done("warmup", &plan.warmup());
    let card: ModelCard = warmup.json(files::MODEL_CARD);
    assert_eq!((card.stage, card.seed, &card.recipe), (Stage::Warmup, 7, &plan.recipe));
    assert_eq!(card.sha256, windlass_engine::weights::sha256(warmup.model()).unwrap());
    assert_eq!(card.parent, windlass_engine::weights::sha256(&plan.imagenet).unwrap());
    assert!(warmup.out(files::DISCRIMINATOR).is_file());

    let features = toy.done("features", &plan.features(warmup.model(), Some(warmup.out(files::DISCRIMINATOR))));
    let file = FeatureFile::open(&features.out(files::FEATURES)).unwrap();
    for (set, frames) in [("source", &plan.source), ("target", &plan.target)] {
        assert_eq!(file.ids(set).unwrap(), ids(frames));
        let (vectors, row) = file.floats(set, "vectors").unwrap();
        assert_eq!((row, vectors.len()), (length, 12 * length));
        assert!(vectors.iter().any(|&value| value > 0.0), "somewhere a class was found");
        let by_class = |kind| file.floats(set, kind).unwrap().0.chunks_exact(3).map(|row| row.iter().sum::<f32>());
        assert!(by_class("entropy").all(|entropy| (0.0..=1.0).contains(&entropy)));
        assert!(by_class("pixels").all(|all| (all - 1.0).abs() < 1e-5), "every pixel is of one class");
    }
    assert!(file.floats_if_any("source", "foreign").unwrap().is_none());
    let (foreign, _) = file.floats("target", "foreign").unwrap();
    assert!(foreign.chunks_exact(3).all(|row| (0.0..=1.0).contains(&row.iter().sum::<f32>())));

    let anchors = toy.done("anchors", &plan.anchors(features.out(files::FEATURES)));
    let reports: Vec<AnchorReport> = anchors.json(files::ANCHOR_REPORT);
    assert_eq!(reports.iter().map(|report| report.counts.iter().sum::<usize>()).collect::<Vec<_>>(), [12, 12]);

    let paths = || (features.out(files::FEATURES), anchors.out(files::ANCHORS));
    let already = &plan.target[4..5];
    let selection = |strategy: Strategy| {
        let choice = Choice { strategy, listed: vec![FrameId(103), FrameId(101)], ..Choice::of(&plan.recipe) };
        let job = toy.done(strategy.slug(), &plan.select(paths().0, paths().1, already, &choice));
        let map: Vec<MapPoint> = job.json(files::MAP);
        assert_eq!(map.len(), 12 + 12 + 2 + 2, "both domains and their anchors");
        assert!(map.iter().all(|point| point.x.is_finite() && point.y.is_finite()));
        job.json::<Selection>(files::SELECTION)
    };
    let mut by_strategy = vec![];
    for &strategy in Strategy::ALL {
        let selection = selection(strategy);
        let asked = if strategy == Strategy::Listed { 2 } else { 3 };
        assert_eq!((selection.strategy, selection.candidates, selection.picks.len()), (strategy, 11, asked));
        assert!(selection.picks.iter().all(|pick| pick.frame != already[0].id));
        for Pick { score, per_class, .. } in &selection.picks {
            assert!((per_class.iter().sum::<f64>() - score).abs() < 1e-6, "{strategy:?}");
        }
        check_distances(&paths().0, &paths().1, &selection);
        assert!((selection.mix.picked_pixels.iter().sum::<f64>() - 1.0).abs() < 1e-5);
        assert_eq!(selection.anchors, [2, 2]);
        by_strategy.push(selection);
    }
    let of = |strategy| by_strategy.iter().find(|selection| selection.strategy == strategy).unwrap();
    let (chosen, drawn) = (of(Strategy::Madav2), of(Strategy::Random));
    assert!(chosen.picks.is_sorted_by(|a, b| a.score >= b.score));
    assert!(chosen.picks[0].score >= drawn.picks[0].score);

    let picks: Vec<FrameId> = chosen.picks.iter().map(|pick| pick.frame).collect();
    let prelabel = toy.done("prelabel", &plan.prelabel(warmup.model(), &picks));
    let proposals: Vec<Proposal> = prelabel.json(files::PROPOSALS);
    assert_eq!(proposals.iter().map(|proposal| proposal.frame).collect::<Vec<_>>(), picks);
    for proposal in &proposals {
        read_mask(&prelabel.out(&proposal.mask), 3, FRAME).unwrap();
        assert_eq!(read_gray(&prelabel.out(&proposal.uncertainty)).unwrap().0, FRAME);
        assert!((0.0..=1.0).contains(&proposal.mean_uncertainty));
        let segments = segments::probe(&prelabel.out(proposal.segments.as_ref().unwrap())).unwrap();
        assert_eq!((segments.size, segments.d), (FRAME, 19), "colour and sixteen directions");
        assert!(segments.superpixels > FRAME.pixels() / 100);
    }

    // People answer with the drawn labels.
    let labelled: Vec<FrameRef> = plan.target.iter().filter(|frame| picks.contains(&frame.id)).cloned().collect();
    let inject = toy.done("inject", &plan.inject(warmup.model(), labelled.clone()));
    let target_features = toy.done("target_features", &plan.target_features(inject.model()));
    let target_anchors = toy.done("target_anchors", &plan.target_anchors(target_features.out(files::FEATURES)));
    let adapt =
        plan.adapt(inject.model(), target_features.out(files::FEATURES), target_anchors.out(files::ANCHORS), labelled);
    let adapted = toy.job("adapt", &adapt);
    let (events, ok) = adapted.run();
    assert!(ok, "{events:?}");
    let curves: BTreeSet<String> = events
        .iter()
        .filter_map(|event| if let Event::Scalars { values, .. } = event { Some(values.keys().cloned()) } else { None })
        .flatten()
        .collect();
    let wanted = ["loss/alignment", "loss/consistency", "loss/labelled", "loss/source", "rate"];
    assert_eq!(curves.iter().collect::<Vec<_>>(), wanted);
    let card: ModelCard = adapted.json(files::MODEL_CARD);
    assert_eq!(card.parent, inject.json::<ModelCard>(files::MODEL_CARD).sha256);

    let evaluate = toy.done("evaluate", &plan.evaluate(adapted.model(), 2, false));
    let evaluation: Evaluation = evaluate.json(files::EVALUATION);
    assert_eq!((evaluation.frames, &evaluation.pictures[..]), (4, &ids(&plan.val)[..2]));
    let counted: u64 = (0..9).map(|i| evaluation.confusion.count(i / 3, i % 3)).sum();
    assert_eq!(counted, 4 * 62 * 46, "all pixels but the border");
    assert_eq!(fs::read_dir(evaluate.out(files::PICTURES)).unwrap().count(), 2);
}

/// A pick's distances are those of its own vector to the anchors of either domain.
fn check_distances(features: &Path, anchors: &Path, selection: &Selection) {
    let (features, anchors) = (FeatureFile::open(features).unwrap(), FeatureFile::open(anchors).unwrap());
    let (vectors, length) = features.floats("target", "vectors").unwrap();
    let ids = features.ids("target").unwrap();
    for Pick { frame, score, source, target, .. } in &selection.picks {
        let row = ids.iter().position(|id| id == frame).unwrap();
        let to = |set| nearest(&vectors[row * length..][..length], anchors.floats(set, "anchors").unwrap().0).distance;
        assert_eq!([*source, *target], [to("source"), to("target")], "{:?}", selection.strategy);
        let want = match selection.strategy {
            Strategy::Mada => *source,
            Strategy::TargetOnly => *target,
            Strategy::Madav2 | Strategy::Closest => source + target,
            _ => continue,
        };
        assert!((score - want).abs() < 1e-12 && source != target, "{:?}", selection.strategy);
    }
}

fn ids(frames: &[FrameRef]) -> Vec<FrameId> {
    frames.iter().map(|frame| frame.id).collect()
}
