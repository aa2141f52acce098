//! What cannot be done is refused with a sentence that says what to do.

use std::fs::{self, File};
use std::process::Command;

use windlass::domain::{Budget, Choice, Event, FrameId, FrameRef, JobSpec, Size, Strategy, files};

use crate::toy::Toy;

#[test]
fn a_loss_that_is_no_number_stops_the_job_and_keeps_the_last_checkpoint() {
    let toy = Toy::draw();
    let mut spec = toy.plan.warmup();
    spec.recipe.warmup.rate = 1e30;
    spec.recipe.checkpoint_every = 1;
    let job = toy.job("astray", &spec);
    let (events, ok) = job.run();
    let Some(Event::Failed { message }) = events.last() else { panic!("{events:?}") };
    assert!(!ok && message.contains("no longer a number at step") && message.contains("learning rate"), "{message}");
    assert!(fs::read_dir(job.dir.join(files::CHECKPOINT)).unwrap().count() > 0);
    assert!(!job.model().exists());
}

#[test]
fn missing_weights_are_named_with_the_way_to_get_them() {
    let toy = Toy::draw();
    let mut plan = toy.plan.clone();
    plan.imagenet = "/nowhere/lite0.safetensors".into();
    let message = toy.job("imagenet", &plan.warmup()).refusal();
    assert_eq!(
        message,
        "there are no weights to start from at /nowhere/lite0.safetensors: `make setup` fetches EfficientNet-Lite0's of ImageNet; bring torchvision's ResNet-101 with `windlass-engine weights convert`"
    );
    let message = toy.job("model", &plan.features("/nowhere/model.safetensors".into(), None)).refusal();
    assert!(message.starts_with("there is no weights file at /nowhere/model.safetensors"), "{message}");
}

#[test]
fn a_model_of_other_classes_is_refused_by_their_names() {
    let toy = Toy::draw();
    let warmup = toy.done("warmup", &toy.plan.warmup());
    let mut plan = toy.plan.clone();
    plan.classes.swap(0, 1);
    let message = toy.job("features", &plan.features(warmup.model(), None)).refusal();
    assert!(message.contains("take a model of the same classes"), "{message}");
    plan.imagenet = warmup.model();
    let message = toy.job("start", &plan.warmup()).refusal();
    assert!(message.contains("take a model of the same classes"), "{message}");
}

#[test]
fn an_unreadable_frame_is_named() {
    let toy = Toy::draw();
    let frame = &toy.plan.source[3];
    let bytes = fs::read(&frame.image).unwrap();
    fs::write(&frame.image, &bytes[..bytes.len() / 2]).unwrap();
    let message = toy.job("cut", &toy.plan.warmup()).refusal();
    assert!(message.contains("source4.png") && message.contains("cut short"), "{message}");
    fs::remove_file(&frame.image).unwrap();
    let message = toy.job("gone", &toy.plan.warmup()).refusal();
    assert!(message.contains("source4.png") && message.contains("cannot be read"), "{message}");
}

#[test]
fn specs_that_cannot_be_followed_say_why() {
    let toy = Toy::draw();
    let refused = |name: &str, change: &dyn Fn(&mut JobSpec)| {
        let mut spec = toy.plan.warmup();
        change(&mut spec);
        toy.job(name, &spec).refusal()
    };
    let newer = refused("newer", &|spec| spec.version = 99);
    assert_eq!(newer, "spec.json is of version 99, this engine reads up to 1: upgrade windlass-engine");
    let device = refused("device", &|spec| spec.device = "gpu".into());
    assert_eq!(device, "there is no device \"gpu\": give auto, cpu, or cuda:0");
    let crop = refused("crop", &|spec| spec.recipe.crop = Size { width: 33, height: 32 });
    assert!(crop.contains("multiples of 16"), "{crop}");
    let empty = refused("empty", &|spec| {
        if let windlass::domain::Task::Warmup { target, .. } = &mut spec.task {
            target.clear();
        }
    });
    assert_eq!(empty, "there are no target frames to train on: import some first");
    let job = toy.job("broken", &toy.plan.warmup());
    fs::write(job.dir.join(files::SPEC), "{").unwrap();
    assert!(job.refusal().starts_with("spec.json is not a job"));
}

#[test]
fn anchors_of_another_network_are_refused() {
    let toy = Toy::draw();
    let warmup = toy.done("warmup", &toy.plan.warmup());
    let anchors = toy.job("anchors", &toy.plan.warmup()).dir.join("anchors.safetensors");
    windlass_engine::feature_file::write_anchors(&anchors, vec![("target".into(), vec![0.0; 20])], 10).unwrap();
    let features = toy.done("features", &toy.plan.target_features(warmup.model())).out(files::FEATURES);
    let adapt = toy.plan.adapt(warmup.model(), features, anchors, toy.plan.target[..2].to_vec());
    let message = toy.job("adapt", &adapt).refusal();
    assert!(message.contains("10 long where the network's vectors are 384"), "{message}");
}

#[test]
fn a_folder_without_a_job_is_named_with_what_to_give() {
    let empty = tempfile::tempdir().unwrap();
    let said = |folder: &std::path::Path| {
        let mut engine = Command::new(env!("CARGO_BIN_EXE_windlass-engine"));
        let engine = engine.arg(folder).env("RUST_BACKTRACE", "1").output().unwrap();
        assert!(!engine.status.success() && engine.stdout.is_empty());
        String::from_utf8(engine.stderr).unwrap()
    };
    for folder in [empty.path().to_owned(), empty.path().join("none")] {
        let want = format!("there is no job in {}: give a folder that holds a spec.json", folder.display());
        assert!(said(&folder).starts_with(&want), "{}", said(&folder));
        assert_eq!(said(&folder).lines().count(), 1, "and no more");
    }
    assert_eq!(fs::read_dir(empty.path()).unwrap().count(), 0, "nothing is left there");
}

#[test]
fn what_cannot_be_chosen_says_what_to_do() {
    let toy = Toy::draw();
    let warmup = toy.done("warmup", &toy.plan.warmup());
    let features = toy.done("features", &toy.plan.features(warmup.model(), None)).out(files::FEATURES);
    let mut plan = toy.plan.clone();
    plan.recipe.v = 13;
    let message = toy.job("anchors13", &plan.anchors(features.clone())).refusal();
    assert_eq!(message, "13 anchors were asked for, but there are only 12 frames: lower k or add frames");
    let anchors = toy.done("anchors", &toy.plan.anchors(features.clone())).out(files::ANCHORS);
    let refused = |name: &str, labelled: &[FrameRef], change: &dyn Fn(&mut Choice)| {
        let mut choice = Choice::of(&toy.plan.recipe);
        change(&mut choice);
        toy.job(name, &toy.plan.select(features.clone(), anchors.clone(), labelled, &choice)).refusal()
    };
    let target = &toy.plan.target;
    let spent = refused("spent", &target[..2], &|choice| choice.budget = Budget::TotalPercent(10.0));
    assert!(spent.contains("budget of this round is 0 frames"), "{spent}");
    assert!(refused("all", target, &|_| {}).contains("every target frame is labelled"));
    let aada = refused("aada", &[], &|choice| choice.strategy = Strategy::Aada);
    assert!(aada.contains("aada asks the warm-up's discriminator"), "{aada}");
    let listed =
        refused("listed", &[], &|choice| (choice.strategy, choice.listed) = (Strategy::Listed, vec![FrameId(1)]));
    assert!(listed.contains("frame 1 of the list is no target frame"), "{listed}");

    let mut choice = Choice { budget: Budget::Frames(99), ..Choice::of(&toy.plan.recipe) };
    let (events, ok) = toy.job("more", &toy.plan.select(features.clone(), anchors.clone(), &[], &choice)).run();
    let note = "99 frames were asked for and 12 are chosen: there are no more";
    assert!(ok && events.contains(&Event::Note { message: note.into() }), "{events:?}");
    (choice.budget, choice.quota) = (Budget::Percent(100.0), Some(2));
    plan.groups = target.iter().map(|frame| (frame.id, format!("street {}", frame.id.0 % 2))).collect();
    let (events, ok) = toy.job("quota", &plan.select(features, anchors, &[], &choice)).run();
    let note = "12 frames were asked for and 4 are chosen: the quota leaves no more";
    assert!(ok && events.contains(&Event::Note { message: note.into() }), "{events:?}");
}

#[test]
fn a_second_engine_on_a_folder_leaves_it_alone() {
    let toy = Toy::draw();
    let job = toy.job("job", &toy.plan.warmup());
    let lock = File::create(job.dir.join(files::LOCK)).unwrap();
    lock.try_lock().unwrap();
    let second = Command::new(env!("CARGO_BIN_EXE_windlass-engine")).arg(&job.dir).output().unwrap();
    assert!(!second.status.success());
    assert!(second.stdout.is_empty(), "the job's events are the first engine's");
    let said = String::from_utf8(second.stderr).unwrap();
    assert!(said.starts_with("another engine runs the job in"), "{said}");
    lock.unlock().unwrap();
    assert!(job.run().1);
}

#[test]
fn an_evaluation_cannot_be_measured_without_label_files() {
    let bench = Command::new(env!("CARGO_BIN_EXE_windlass-engine")).args(["bench", "evaluate"]).output().unwrap();
    let said = String::from_utf8_lossy(&bench.stderr);
    assert!(!bench.status.success() && said.contains("give --pairs LABELS PREDICTIONS"), "{said}");
}
