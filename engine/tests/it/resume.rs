//! A job that was killed, stopped or lost a checkpoint ends with the bytes of one that was left alone.

use std::fs;
use std::sync::OnceLock;

use rand::Rng;
use windlass::domain::{Event, JobSpec, Plan, Proposal, Stream, files, rng};

use windlass_engine::checkpoint::origin;
use windlass_engine::feature_file;

use crate::toy::{JobFolder, Toy};

#[test]
fn a_warm_up_killed_at_any_step_ends_with_the_same_bytes() {
    let toy = Toy::draw();
    let spec = toy.plan.warmup();
    for attempt in 0..2 {
        let killed = toy.job(&format!("killed{attempt}"), &spec);
        kill_twice(&killed, attempt);
        assert!(finish(&killed) >= Some(3), "it goes on from a checkpoint");
        assert!(alone().model == killed.weights(), "attempt {attempt}");
        assert!(alone().discriminator == fs::read(killed.out(files::DISCRIMINATOR)).unwrap(), "attempt {attempt}");
    }
}

#[test]
fn an_adaptation_killed_at_any_step_ends_with_the_same_bytes() {
    let toy = Toy::draw();
    let spec = adaptation(&toy);
    let alone = toy.done("alone", &spec);
    let killed = toy.job("killed", &spec);
    kill_twice(&killed, 9);
    // As a writer leaves it that is killed at the end.
    let half = killed.out(".model.safetensors.17-0.tmp");
    fs::create_dir_all(half.parent().unwrap()).unwrap();
    fs::write(&half, "half a model").unwrap();
    assert!(finish(&killed) >= Some(3), "it goes on from a checkpoint");
    assert!(alone.weights() == killed.weights());
    assert!(!half.exists());
}

#[test]
fn a_job_that_is_asked_to_stop_finishes_its_step_and_goes_on_later() {
    let toy = Toy::draw();
    let stopped = toy.job("stopped", &toy.plan.warmup());
    let mut running = stopped.start();
    running.until_step(2);
    running.terminate();
    let events: Vec<Event> = running.events().collect();
    assert!(running.child.wait().unwrap().success(), "{events:?}");
    let Some(Event::Stopped { step }) = events.last() else { panic!("{events:?}") };
    assert!(events.contains(&Event::Checkpoint { step: *step }), "{events:?}");
    assert!(!stopped.model().exists(), "results come when the job is done");
    assert_eq!(finish(&stopped), Some(*step));
    assert!(alone().model == stopped.weights());
}

#[test]
fn a_torn_checkpoint_falls_back_to_the_one_before() {
    let toy = Toy::draw();
    let torn = toy.job("torn", &toy.plan.warmup());
    let mut running = torn.start();
    running.until_step(7);
    running.child.kill().unwrap();
    running.child.wait().unwrap();
    let kept = |step| torn.dir.join(files::CHECKPOINT).join(format!("{step}.safetensors"));
    let whole = fs::read(kept(6)).unwrap();
    // One bit of the last number is wrong in one checkpoint, and the newest was cut off.
    let mut flipped = whole.clone();
    *flipped.last_mut().unwrap() ^= 1;
    fs::write(kept(6), &flipped).unwrap();
    fs::write(kept(9), &whole[..whole.len() / 2]).unwrap();
    assert_eq!(finish(&torn), Some(3));
    assert!(alone().model == torn.weights());
}

#[test]
fn a_checkpoint_of_another_spec_does_not_count() {
    let toy = Toy::draw();
    let spec = toy.plan.warmup();
    let job = toy.job("job", &spec);
    kill_twice(&job, 0);
    let other = JobSpec { seed: 8, ..spec };
    fs::write(job.dir.join(files::SPEC), serde_json::to_vec(&other).unwrap()).unwrap();
    assert_eq!(finish(&job), None);
    assert!(alone().model != job.weights());
    assert!(!job.dir.join(files::CHECKPOINT).exists(), "a job that is done needs them no more");
}

#[test]
fn an_extraction_goes_on_from_the_frames_that_are_on_disk() {
    let toy = Toy::draw();
    let warmup = toy.done("warmup", &toy.plan.warmup());
    let spec = toy.plan.features(warmup.model(), Some(warmup.out(files::DISCRIMINATOR)));
    let job = toy.done("features", &spec);
    let features = job.out(files::FEATURES);
    let alone = fs::read(&features).unwrap();
    // As if it had been killed after the 12 source frames, while it wrote the last bytes.
    let partial = feature_file::partial(&features);
    let mut begun = alone.clone();
    begun.iter_mut().rev().take(9).for_each(|byte| *byte = 0x55);
    fs::write(&partial, begun).unwrap();
    fs::remove_file(&features).unwrap();
    let mark = serde_json::json!({"origin": origin(&spec).unwrap(), "frames": 12, "known": null});
    fs::create_dir(job.dir.join(files::CHECKPOINT)).unwrap();
    fs::write(job.dir.join(files::CHECKPOINT).join("frames.json"), mark.to_string()).unwrap();
    assert_eq!(finish(&job), Some(12));
    assert!(fs::read(&features).unwrap() == alone);
    assert!(!partial.exists());
}

#[test]
fn a_pre_label_that_is_asked_to_stop_goes_on_from_its_frames_later() {
    let toy = Toy::draw();
    let warmup = toy.done("warmup", &toy.plan.warmup());
    let picks: Vec<_> = toy.plan.target.iter().map(|frame| frame.id).collect();
    let spec = toy.plan.prelabel(warmup.model(), &picks.repeat(10));
    let [alone, stopped] = stop_and_go_on(&toy, &spec, 120);
    let proposals: Vec<Proposal> = alone.json(files::PROPOSALS);
    assert_eq!(proposals.len(), 120);
    assert!(read(&stopped, files::PROPOSALS) == read(&alone, files::PROPOSALS));
    for Proposal { mask, uncertainty, segments, .. } in &proposals[..12] {
        for file in [mask, uncertainty, segments.as_ref().unwrap()] {
            assert!(read(&stopped, file) == read(&alone, file), "{file}");
        }
    }
}

#[test]
fn an_evaluation_that_is_asked_to_stop_goes_on_from_what_it_has_counted_later() {
    let toy = Toy::draw();
    let warmup = toy.done("warmup", &toy.plan.warmup());
    let val = toy.plan.val.iter().cycle().take(320).cloned().collect();
    let spec = Plan { val, ..toy.plan.clone() }.evaluate(warmup.model(), 2, false);
    let [alone, stopped] = stop_and_go_on(&toy, &spec, 320);
    assert!(read(&stopped, files::EVALUATION) == read(&alone, files::EVALUATION));
    for frame in &toy.plan.val[..2] {
        let picture = format!("{}/{}.png", files::PICTURES, frame.id);
        assert!(read(&stopped, &picture) == read(&alone, &picture));
    }
}

/// The job left alone, and the same stopped after its first batch and gone on to its end.
fn stop_and_go_on(toy: &Toy, spec: &JobSpec, frames: u64) -> [JobFolder; 2] {
    let stopped = toy.job("stopped", spec);
    let mut running = stopped.start();
    running.until_frames();
    running.terminate();
    let events: Vec<Event> = running.events().collect();
    assert!(running.child.wait().unwrap().success(), "{events:?}");
    let Some(Event::Stopped { step }) = events.last() else { panic!("{events:?}") };
    assert!(*step > 0 && *step < frames && events.contains(&Event::Checkpoint { step: *step }), "{events:?}");
    let mark = fs::read(stopped.dir.join(files::CHECKPOINT).join("frames.json")).unwrap();
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&mark).unwrap()["frames"], *step);
    assert_eq!(finish(&stopped), Some(*step));
    [toy.done("alone", spec), stopped]
}

fn read(job: &JobFolder, name: &str) -> Vec<u8> {
    fs::read(job.out(name)).unwrap()
}

/// What the toy's warm-up leaves when nobody disturbs it.
struct Alone {
    model: Vec<u8>,
    discriminator: Vec<u8>,
}

/// Run once for all tests: a toy is drawn the same every time.
fn alone() -> &'static Alone {
    static ALONE: OnceLock<Alone> = OnceLock::new();
    ALONE.get_or_init(|| {
        let toy = Toy::draw();
        let job = toy.done("alone", &toy.plan.warmup());
        Alone { model: job.weights(), discriminator: fs::read(job.out(files::DISCRIMINATOR)).unwrap() }
    })
}

/// Kills the engine without warning after a drawn step, and once more after it has gone on.
fn kill_twice(job: &JobFolder, attempt: u64) {
    let mut draw = rng(5, Stream::Scene, attempt);
    for steps in [1..6, 6..9] {
        let mut running = job.start();
        running.until_step(draw.random_range(steps));
        running.child.kill().unwrap();
        running.child.wait().unwrap();
        assert!(!job.model().exists(), "killed before its end");
    }
}

/// Lets it end: where it had gone on from.
fn finish(job: &JobFolder) -> Option<u64> {
    let (events, ok) = job.run();
    assert!(ok, "{events:?}");
    events.iter().find_map(|event| if let Event::Started { resumed_from, .. } = event { *resumed_from } else { None })
}

fn adaptation(toy: &Toy) -> JobSpec {
    let plan = &toy.plan;
    let warmup = toy.done("warmup", &plan.warmup());
    let features = toy.done("features", &plan.target_features(warmup.model()));
    let anchors = toy.done("anchors", &plan.target_anchors(features.out(files::FEATURES)));
    plan.adapt(warmup.model(), features.out(files::FEATURES), anchors.out(files::ANCHORS), plan.target[..3].to_vec())
}
