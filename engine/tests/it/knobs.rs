//! What knobs do to a job: presets, held-out frames, views, and checkpoints of other knobs.

use std::fs;

use tch::Tensor;
use windlass::domain::{
    Backbone, Evaluation, Event, Gan, Input, JobSpec, ModelCard, Plan, Preset, Recipe, Schedule, files,
};
use windlass_engine::checkpoint::{difference, origin};

use crate::toy::{JobFolder, Toy};

#[test]
fn every_preset_can_be_trained_by() {
    let toy = Toy::draw();
    let warmup = toy.done("warmup", &toy.plan.warmup());
    let features = toy.done("features", &toy.plan.target_features(warmup.model()));
    let anchors = toy.done("anchors", &toy.plan.target_anchors(features.out(files::FEATURES)));
    for (name, preset) in [("paper", Preset::Paper), ("released", Preset::ReleasedCode)] {
        let mut spec = toy.plan.adapt(
            warmup.model(),
            features.out(files::FEATURES),
            anchors.out(files::ANCHORS),
            toy.plan.target[..3].to_vec(),
        );
        let toys = &spec.recipe;
        let method = Recipe::preset(preset, Backbone::EfficientnetLite0);
        spec.recipe = Recipe {
            frame: toys.frame,
            crop: toys.crop,
            scale: toys.scale,
            batch_source: toys.batch_source,
            batch_target: toys.batch_target,
            adapt: toys.adapt.clone(),
            min_pixels: toys.min_pixels,
            ..method
        };
        let job = toy.job(name, &spec);
        let (events, ok) = job.run();
        assert!(ok, "{name}: {events:?}");
        let curves = |wanted: &str| {
            events.iter().any(|event| matches!(event, Event::Scalars { values, .. } if values.contains_key(wanted)))
        };
        assert_eq!(curves("loss/source"), preset == Preset::Paper, "the released code has no source");
        assert!(curves("loss/consistency") && curves("loss/alignment"));
    }
}

#[test]
fn a_warm_up_can_start_from_an_earlier_project_s_model() {
    let toy = Toy::draw();
    let earlier = toy.done("earlier", &toy.plan.warmup());
    let mut next = Plan { imagenet: earlier.model(), ..toy.plan.clone() };
    next.recipe.warmup = Schedule { steps: 1, rate: 1e-9, ..next.recipe.warmup };
    let next = toy.done("next", &next.warmup());
    let weight = |job: &JobFolder, wanted: &str| {
        let all = Tensor::read_safetensors(job.model()).unwrap();
        all.into_iter().find(|(name, _)| name == wanted).unwrap().1
    };
    for name in ["backbone._conv_stem.weight", "head.classifier.weight"] {
        let (before, after) = (weight(&earlier, name), weight(&next, name));
        assert!(before.allclose(&after, 0.0, 1e-6, false), "{name}");
    }
    let [earlier, next] = [earlier, next].map(|job| job.json::<ModelCard>(files::MODEL_CARD));
    assert_eq!(next.parent, earlier.sha256);
}

#[test]
fn a_model_sees_and_is_judged_as_its_warm_up_was_whatever_the_knobs_say_by_now() {
    let mut toy = Toy::draw();
    // Frames smaller than the crop: what lies beyond them has a colour of the model's, too.
    toy.plan.recipe.scale = [0.3, 1.4];
    let warmup = toy.done("warmup", &toy.plan.warmup());
    let after = |folder: &str, recipe: Recipe| {
        let plan = Plan { recipe, ..toy.plan.clone() };
        let done = |name: &str, spec: &JobSpec| toy.done(&format!("{folder} {name}"), spec);
        let features = plan.features(warmup.model(), Some(warmup.out(files::DISCRIMINATOR)));
        let features = done("features", &features).out(files::FEATURES);
        let anchors = done("anchors", &plan.target_anchors(features.clone())).out(files::ANCHORS);
        let labelled = || plan.target[..3].to_vec();
        let injected = done("inject", &plan.inject(warmup.model(), labelled()));
        let adapted = done("adapt", &plan.adapt(warmup.model(), features.clone(), anchors, labelled()));
        let measured = done("evaluate", &plan.evaluate(injected.model(), 0, false));
        let card: ModelCard = injected.json(files::MODEL_CARD);
        let measured: Evaluation = measured.json(files::EVALUATION);
        (card.recipe.input, fs::read(features).unwrap(), injected.weights(), adapted.weights(), measured.confusion)
    };
    let before = after("same", toy.plan.recipe.clone());
    let others = Recipe { input: Input::Unit, gan: Gan::CrossEntropy, ..toy.plan.recipe.clone() };
    let now = after("others", others);
    assert_eq!((before.0, now.0), (Input::Imagenet, Input::Imagenet));
    assert!(before.1 == now.1, "features and verdicts");
    assert!(before.2 == now.2 && before.3 == now.3 && before.4 == now.4, "what it learns and how it is measured");
}

#[test]
fn held_out_frames_choose_among_the_states() {
    let toy = Toy::draw();
    let warmup = toy.done("warmup", &toy.plan.warmup());
    let mut spec = toy.plan.inject(warmup.model(), toy.plan.target[..4].to_vec());
    spec.recipe.holdout = 0.5;
    let job = toy.job("chosen", &spec);
    let (events, ok) = job.run();
    assert!(ok, "{events:?}");
    let scores: Vec<(u64, f64)> = events.iter().filter_map(held_out).collect();
    assert_eq!(scores.len(), 6, "each of the six steps is looked at: {events:?}");
    let best = scores.iter().copied().reduce(|best, next| if next.1 > best.1 { next } else { best }).unwrap();
    let said = events.iter().find_map(|event| if let Event::Note { message } = event { Some(message) } else { None });
    assert!(said.unwrap().starts_with(&format!("the model is the state after step {}: mIoU", best.0)), "{said:?}");
    let last = fs::read(job.out(files::LAST_MODEL)).unwrap();
    assert_eq!(last == job.weights(), best.0 == 6);
    let measured = |name: &str, job: &JobFolder| {
        let measure = toy.done(name, &toy.plan.evaluate(job.model(), 0, false));
        measure.json::<Evaluation>(files::EVALUATION)
    };
    let both = measured("measure", &job);
    assert_eq!(both.last.as_ref() == Some(&both.confusion), best.0 == 6, "both are measured");
    assert_eq!(measured("measure warm-up", &warmup).last, None);
    // Killed and gone on, it chooses alike.
    let killed = toy.job("killed", &spec);
    let mut running = killed.start();
    running.until_step(4);
    running.child.kill().unwrap();
    running.child.wait().unwrap();
    assert!(killed.run().1);
    assert!(killed.weights() == job.weights());
}

#[test]
fn windows_and_mirrors_are_another_way_to_measure() {
    let toy = Toy::draw();
    let warmup = toy.done("warmup", &toy.plan.warmup());
    let measure = |name: &str, sliding, flip| {
        let mut spec = toy.plan.evaluate(warmup.model(), 0, false);
        (spec.recipe.sliding, spec.recipe.flip) = (sliding, flip);
        toy.done(name, &spec).json::<Evaluation>(files::EVALUATION).confusion
    };
    let whole = measure("whole", false, false);
    let total = |confusion: &windlass::domain::Confusion| (0..9).map(|i| confusion.count(i / 3, i % 3)).sum::<u64>();
    for (name, sliding, flip) in [("windows", true, false), ("mirrored", false, true), ("both", true, true)] {
        let other = measure(name, sliding, flip);
        assert_eq!(total(&other), total(&whole));
        assert_ne!(other, whole, "{name}");
    }
}

#[test]
fn a_checkpoint_of_other_knobs_is_named_and_one_of_another_place_is_used() {
    let toy = Toy::draw();
    let spec = toy.plan.warmup();
    let changed = |name: &str, change: &dyn Fn(&mut JobSpec)| {
        let job = toy.job(name, &spec);
        let mut running = job.start();
        running.until_step(7);
        running.child.kill().unwrap();
        running.child.wait().unwrap();
        let mut other = spec.clone();
        change(&mut other);
        fs::write(job.dir.join(files::SPEC), serde_json::to_vec(&other).unwrap()).unwrap();
        went_on(&job)
    };
    let (resumed, notes) = changed("moved", &|spec| {
        spec.threads = 2;
        spec.recipe.checkpoint_every = 5;
        spec.recipe.preset = Preset::Paper;
    });
    assert!(resumed >= Some(6) && notes.is_empty(), "{resumed:?} {notes:?}");
    let (resumed, notes) = changed("changed", &|spec| {
        spec.recipe.warmup.rate *= 2.0;
        spec.recipe.k = 3;
    });
    assert_eq!(resumed, None);
    assert!(notes[0].ends_with("is of no use: it was made with other knobs: warmup.rate, k"), "{notes:?}");
    let (resumed, notes) = changed("other seed", &|spec| spec.seed = 8);
    assert_eq!(resumed, None);
    assert!(notes[0].contains("other frames, classes or another seed"), "{notes:?}");
}

#[test]
fn a_checkpoint_from_before_a_knob_is_used_where_the_knob_is_off() {
    let toy = Toy::draw();
    let mut spec = toy.plan.warmup();
    (spec.recipe.cutmix, spec.recipe.copy_paste) = (false, 0.0);
    let mut old: serde_json::Value = serde_json::from_str(&origin(&spec).unwrap()).unwrap();
    let knobs = old["recipe"].as_object_mut().unwrap();
    assert!(knobs.remove("cutmix").is_some() && knobs.remove("copy_paste").is_some());
    assert_eq!(difference(&old.to_string(), &origin(&spec).unwrap()), None);
    spec.recipe.cutmix = true;
    assert_eq!(difference(&old.to_string(), &origin(&spec).unwrap()).unwrap(), "it was made with other knobs: cutmix");
}

#[test]
fn what_a_checkpoint_holds_is_always_finite() {
    let toy = Toy::draw();
    let mut spec = toy.plan.warmup();
    spec.recipe.warmup.rate = 1e18;
    spec.recipe.checkpoint_every = 1;
    let job = toy.job("astray", &spec);
    let (events, ok) = job.run();
    assert!(!ok, "{events:?}");
    let kept: Vec<_> =
        fs::read_dir(job.dir.join(files::CHECKPOINT)).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!kept.is_empty());
    for path in kept {
        for (name, tensor) in Tensor::read_safetensors(path).unwrap() {
            assert!(bool::try_from(tensor.isfinite().all()).unwrap(), "{name}");
        }
    }
}

fn held_out(event: &Event) -> Option<(u64, f64)> {
    match event {
        Event::Scalars { step, values } => Some((*step, *values.get("mIoU/held out")?)),
        _ => None,
    }
}

/// Where a job went on from, and what it told a person.
fn went_on(job: &JobFolder) -> (Option<u64>, Vec<String>) {
    let (events, ok) = job.run();
    assert!(ok, "{events:?}");
    let resumed = events.iter().find_map(|event| match event {
        Event::Started { resumed_from, .. } => Some(*resumed_from),
        _ => None,
    });
    let note = |event| if let Event::Note { message } = event { Some(message) } else { None };
    (resumed.unwrap(), events.into_iter().filter_map(note).collect())
}
