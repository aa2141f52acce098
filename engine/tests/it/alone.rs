//! A frame's answer is its own, to the bit, whatever frames go through the network beside it.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use rand::Rng;
use windlass::domain::{Confusion, Evaluation, Event, FrameId, FrameRef, Plan, Proposal, Stream, files, rng};
use windlass::formats::mask_png::read_gray;

use crate::toy::{JobFolder, Toy};

#[test]
fn frames_measured_one_by_one_count_what_they_count_together() {
    let toy = Toy::draw();
    let warmup = toy.done("warmup", &toy.plan.warmup());
    let (together, answers) = evaluate(&toy, "together", warmup.model(), &toy.plan.val);
    differ(&answers);
    let mut one_by_one = Confusion::new(3);
    for (frame, answer) in toy.plan.val.iter().zip(&answers) {
        let (own, alone) = evaluate(&toy, &format!("{}", frame.id), warmup.model(), std::slice::from_ref(frame));
        assert!(alone == [answer.clone()], "frame {}", frame.id);
        one_by_one.merge(&own);
    }
    assert_eq!(one_by_one, together);
}

#[test]
fn held_out_frames_choose_by_what_an_evaluation_counts_on_them() {
    let toy = Toy::draw();
    let warmup = toy.done("warmup", &toy.plan.warmup());
    let labelled = &toy.plan.target[..8];
    let mut spec = toy.plan.inject(warmup.model(), labelled.to_vec());
    spec.recipe.holdout = 0.5;
    let job = toy.job("inject", &spec);
    let (events, ok) = job.run();
    assert!(ok, "{events:?}");
    let of_the_last = |event: &Event| match event {
        Event::Scalars { step: 6, values } => values.get("mIoU/held out").copied(),
        _ => None,
    };
    let score = events.iter().find_map(of_the_last);

    let is_held = |frame: &&FrameRef| rng(spec.seed, Stream::HoldOut, frame.id.0 as u64).random::<f64>() < 0.5;
    let held: Vec<FrameRef> = labelled.iter().filter(is_held).cloned().collect();
    let (measured, answers) = evaluate(&toy, "measured", job.out(files::LAST_MODEL), &held);
    assert!((2..8).contains(&answers.len()));
    differ(&answers);
    assert_eq!(score, measured.mean_iou());
}

#[test]
fn a_frame_s_start_mask_is_the_same_alone_and_among_others() {
    let toy = Toy::draw();
    let warmup = toy.done("warmup", &toy.plan.warmup());
    let prelabel = |name: &str, picks: &[FrameId]| {
        let job = toy.done(name, &toy.plan.prelabel(warmup.model(), picks));
        let of = |proposal: Proposal| {
            let maps = [&proposal.mask, &proposal.uncertainty].map(|name| gray(&job, name));
            let segments = fs::read(job.out(proposal.segments.as_ref().unwrap())).unwrap();
            (maps, segments, proposal)
        };
        job.json::<Vec<Proposal>>(files::PROPOSALS).into_iter().map(of).collect::<Vec<_>>()
    };
    let picks: Vec<_> = toy.plan.target[..4].iter().map(|frame| frame.id).collect();
    let together = prelabel("together", &picks);
    for which in [0, 1] {
        differ(&together.iter().map(|(maps, ..)| maps[which].clone()).collect::<Vec<_>>());
    }
    assert!(prelabel("alone", &picks[2..3])[0] == together[2]);
}

/// What a model's answers to some frames count, and the answers.
fn evaluate(toy: &Toy, name: &str, model: PathBuf, frames: &[FrameRef]) -> (Confusion, Vec<Vec<u8>>) {
    let plan = Plan { val: frames.to_vec(), ..toy.plan.clone() };
    let job = toy.done(name, &plan.evaluate(model, 0, true));
    let answer = |frame: &FrameRef| gray(&job, &format!("{}/{}.png", files::PREDICTIONS, frame.id));
    (job.json::<Evaluation>(files::EVALUATION).confusion, frames.iter().map(answer).collect())
}

fn gray(job: &JobFolder, name: &str) -> Vec<u8> {
    read_gray(&job.out(name)).unwrap().1
}

/// No two answers are alike, or nothing could be told by them.
fn differ(answers: &[Vec<u8>]) {
    assert_eq!(answers.iter().collect::<BTreeSet<_>>().len(), answers.len());
}
