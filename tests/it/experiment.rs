//! `windlass run` with a fake engine: what it starts, what it does not start again, what it leaves.

use std::fs;
use std::path::{Path, PathBuf};

use windlass::config::{EngineArgs, Run};
use windlass::domain::{FrameId, FrameRef, JobSpec, Task};
use windlass::experiment::run;

use crate::fake::Fake;

const EXPERIMENT: &str = r#"
name = "Fake & fast"
taxonomy = "camvid11"
seeds = [1]
source = { layout = "camvid", root = "source", split = "train" }
target = { layout = "camvid", root = "target", split = "train" }
val = { layout = "camvid", root = "val", split = "train" }
[recipe]
budget = { frames = 2 }
[[arm]]
name = "M0"
stage = "warmup"
[[arm]]
name = "two random"
stage = "inject"
from = "M0"
strategy = "random"
[[arm]]
name = "two selected"
stage = "inject"
from = "M0"
strategy = "madav2"
[[arm]]
name = "adapted"
stage = "adapt"
from = "two selected"
"#;

/// Writes down what it was started for.
const COUNTING: &str = r#"echo "$stage" >> "$fake/started""#;

struct Play {
    fake: Fake,
}

impl Play {
    async fn new(experiment: &str) -> Self {
        let play = Self { fake: Fake::new().await };
        play.fake.engine(COUNTING);
        play.write(experiment);
        play
    }

    fn path(&self, name: &str) -> PathBuf {
        self.fake.folder.path().join(name)
    }

    fn write(&self, experiment: &str) {
        fs::write(self.path("experiment.toml"), experiment).unwrap();
    }

    async fn run(&self) -> Result<(), String> {
        let engine = EngineArgs {
            engine: Some(self.path("engine")),
            launcher: String::new(),
            device: "cpu".into(),
            threads: 0,
            weights: Some(self.path("weights")),
        };
        let (file, data, out) = (self.path("experiment.toml"), Some(self.path("data")), self.path("out"));
        run(&Run { file, data, out, jobs: None, engine }).await.map_err(|error| format!("{error:#}"))
    }

    fn started(&self) -> Vec<String> {
        let started = fs::read_to_string(self.path("started")).unwrap_or_default();
        started.lines().map(str::to_owned).collect()
    }

    fn spec(&self, job: &str) -> JobSpec {
        let path = self.path("out/jobs/seed-1").join(job).join("spec.json");
        JobSpec::parse(&fs::read_to_string(path).unwrap()).unwrap()
    }

    fn report(&self, name: &str) -> String {
        fs::read_to_string(self.path("out").join(name)).unwrap()
    }
}

fn ids(frames: &[FrameRef]) -> Vec<FrameId> {
    frames.iter().map(|frame| frame.id).collect()
}

#[tokio::test]
async fn every_arm_is_played_once_and_never_again() {
    let play = Play::new(EXPERIMENT).await;
    play.run().await.unwrap();
    let once = play.started();
    let first = ["warmup", "evaluate", "features", "anchors", "select", "inject", "evaluate", "select", "inject"];
    assert_eq!(once[..9], first, "the second inject finds features and anchors there");
    assert_eq!(once[9..], ["evaluate", "target_features", "target_anchors", "adapt", "evaluate"]);

    play.run().await.unwrap();
    assert_eq!(play.started(), once, "what is done is not done again");
    let report = play.report("report.md");
    for line in ["# Fake & fast", "two selected       2", "| road | ", "](charts/classes.svg)"] {
        assert!(report.contains(line), "{line}: {report}");
    }
    let json: serde_json::Value = serde_json::from_str(&play.report("report.json")).unwrap();
    assert_eq!(json["arms"][3]["runs"][0]["labelled"], 2);
    assert!(play.report("charts/classes.svg").starts_with("<svg"));
}

#[tokio::test]
async fn only_picked_frames_are_answered_by_the_targets_labels() {
    let play = Play::new(EXPERIMENT).await;
    play.run().await.unwrap();
    let Task::Inject { labelled, .. } = play.spec("two-selected/inject").task else { panic!("it injects") };
    assert_eq!(ids(&labelled), [FrameId(6), FrameId(9)]);
    let label = labelled[0].label.as_ref().unwrap();
    assert!(label.path.ends_with("data/target/trainannot/1.png") && label.code == "target");
    let Task::Adapt { labelled, unlabelled, .. } = play.spec("adapted/adapt").task else { panic!("it adapts") };
    assert_eq!((ids(&labelled), unlabelled.len()), (vec![FrameId(6), FrameId(9)], 4));
    assert!(unlabelled.iter().all(|frame| frame.label.is_none()));
    let Task::Warmup { source, target, .. } = play.spec("m0/warmup").task else { panic!("it warms up") };
    assert!(source.iter().all(|frame| frame.label.is_some()) && target.iter().all(|frame| frame.label.is_none()));
}

#[tokio::test]
async fn a_job_that_failed_is_the_only_one_to_run_again() {
    let play = Play::new(EXPERIMENT).await;
    let body = format!(r#"{COUNTING}; [ "$stage" = inject ] && say '"failed","message":"no room"' && exit 1"#);
    play.fake.engine(&body);
    let said = play.run().await.unwrap_err();
    assert!(said.contains("[seed 1, 2/4] two random, inject") && said.ends_with("no room"), "{said}");
    let before = play.started();
    assert_eq!(before.last().unwrap(), "inject");

    play.fake.engine("exit 9");
    let said = play.run().await.unwrap_err();
    assert!(said.contains("ended without a word"), "{said}");

    play.fake.engine(COUNTING);
    play.run().await.unwrap();
    assert_eq!(play.started()[before.len()..][..2], ["inject", "evaluate"]);
}

#[tokio::test]
async fn other_knobs_do_not_go_into_the_same_folder() {
    let play = Play::new(EXPERIMENT).await;
    play.run().await.unwrap();
    play.write(&EXPERIMENT.replace("frames = 2", "frames = 3"));
    let said = play.run().await.unwrap_err();
    assert!(said.contains("holds a job with other knobs or frames: give another --out"), "{said}");
}

#[tokio::test]
async fn a_mistake_in_the_file_or_the_data_is_said_before_anything_starts() {
    let play = Play::new(&EXPERIMENT.replace("budget", "bugdet")).await;
    let said = play.run().await.unwrap_err();
    assert!(said.contains("there is no knob recipe.bugdet"), "{said}");
    play.write(&EXPERIMENT.replace(r#"root = "val""#, r#"root = "nowhere""#));
    let said = play.run().await.unwrap_err();
    assert!(said.contains("data/nowhere") && play.started().is_empty(), "{said}");
    assert!(!Path::new(&play.path("out/jobs")).exists());
}
