//! `windlass run` with a fake engine: what it starts, what it does not start again, what it leaves.

use std::fs;
use std::path::{Path, PathBuf};

use windlass::config::{EngineArgs, Run};
use windlass::domain::{FrameId, FrameRef, JobSpec, Strategy, Task};
use windlass::experiment::run;
use windlass::formats::mask_png::encode_gray;

use crate::fake::{Fake, SIZE, SIZE_PIXELS};

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
    /// Of each job.
    threads: usize,
}

impl Play {
    async fn new(experiment: &str) -> Self {
        let play = Self { fake: Fake::new().await, threads: 0 };
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
        self.run_in("out", None).await
    }

    async fn run_in(&self, out: &str, jobs: Option<PathBuf>) -> Result<(), String> {
        self.run_seeds(out, jobs, vec![]).await
    }

    async fn run_seeds(&self, out: &str, jobs: Option<PathBuf>, seeds: Vec<u64>) -> Result<(), String> {
        let engine = EngineArgs {
            engine: Some(self.path("engine")),
            launcher: String::new(),
            device: "cpu".into(),
            threads: self.threads,
            weights: Some(self.path("weights")),
        };
        let (file, data, out) = (self.path("experiment.toml"), Some(self.path("data")), self.path(out));
        run(&Run { file, on: None, data, out, jobs, seeds, engine }).await.map_err(|error| format!("{error:#}"))
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

/// What a refused or failed run has to leave as it was.
fn left(play: &Play) -> [String; 3] {
    ["results.jsonl", "report.json", "report.md"].map(|name| play.report(name))
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
async fn predictions_are_kept_under_the_names_and_ids_that_cityscapes_reads() {
    let play = Play::new(&EXPERIMENT.replace("seeds", "predictions = true\nseeds")).await;
    let left = play.path("results/evaluate/predictions");
    fs::create_dir_all(&left).unwrap();
    for (frame, class) in [(11, 1), (12, 8)] {
        fs::write(left.join(format!("{frame}.png")), encode_gray(SIZE, &[class; SIZE_PIXELS])).unwrap();
    }
    play.run().await.unwrap();
    let kept = play.path("out/jobs/seed-1/m0/predictions/train");
    let ids = |name: &str| image::open(kept.join(name)).unwrap().to_luma8().into_raw();
    assert!(ids("train_0_000000_pred_labelIds.png").iter().all(|&id| id == 11), "building");
    assert!(ids("train_1_000000_pred_labelIds.png").iter().all(|&id| id == 26), "car");
}

#[tokio::test]
async fn each_arm_leaves_a_line_as_it_ends_and_one_that_fails_costs_what_starts_from_it() {
    let play = Play::new(EXPERIMENT).await;
    play.fake.engine(&format!(
        r#"{COUNTING}; case "$1" in *two-random*) say '"failed","message":"no room"'; exit 1;; esac"#
    ));
    let said = play.run().await.unwrap_err();
    assert!(said.contains("two random, select") && said.ends_with("no room"), "{said}");
    let lines = || -> Vec<serde_json::Value> {
        play.report("results.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let broken = lines();
    assert_eq!(
        broken.iter().map(|line| line["arm"].as_str().unwrap()).collect::<Vec<_>>(),
        ["M0", "two random", "two selected", "adapted"]
    );
    assert!(broken[1]["error"].as_str().unwrap().ends_with("no room"));
    let mean = (2.0 / 3.0 + 0.5) / 2.0;
    assert_eq!(
        (&broken[3]["mean_iou"], &broken[3]["labelled"], &broken[3]["seed"]),
        (&mean.into(), &2.into(), &1.into())
    );
    assert_eq!(broken[2]["selection"]["picked"][0]["chiefly"].as_array().unwrap().len(), 3);

    play.fake.engine(COUNTING);
    play.run().await.unwrap();
    let whole = lines();
    assert_eq!(whole.len(), 4);
    assert!(whole.iter().all(|line| line["error"].is_null()), "the line of the arm that failed is replaced");
    let report = play.report("report.md");
    for part in
        ["## Selections", "two selected (madav2, 2 picks, K 10, V 10)", "100.0 of 50.0", "charts/adapted-confusion.svg"]
    {
        assert!(report.contains(part), "{part}: {report}");
    }
    assert!(play.report("charts/two-selected-map.svg").contains("picked <tspan"));
}

const ROUNDS: &str = r#"
name = "Rounds"
taxonomy = "camvid11"
source = { layout = "camvid", root = "source", split = "train" }
target = { layout = "camvid", root = "target", split = "train" }
val = { layout = "camvid", root = "val", split = "train" }
[[arm]]
name = "M0"
stage = "warmup"
[[arm]]
name = "first"
stage = "inject"
from = "M0"
strategy = "coverage"
recipe = { budget = { total_percent = 34.0 }, quota = 1 }
[[arm]]
name = "first, adapted"
stage = "adapt"
from = "first"
[[arm]]
name = "second"
stage = "inject"
from = "first, adapted"
strategy = "diverse"
recipe = { budget = { total_percent = 67.0 }, k = 2 }
[[arm]]
name = "second, longer"
stage = "inject"
from = "second"
control = "first, adapted"
[[arm]]
name = "by name"
stage = "inject"
from = "M0"
strategy = "listed"
list = "list.txt"
names = "names.txt"
"#;

#[tokio::test]
async fn a_later_round_chooses_with_the_adapted_model_up_to_its_total_and_a_list_is_a_choice() {
    let play = Play::new(ROUNDS).await;
    fs::write(play.path("data/list.txt"), "1\n0\n").unwrap();
    fs::write(play.path("data/names.txt"), "4.png\n2.png\n").unwrap();
    // The second round finds others.
    play.fake.engine(&format!(
        r#"{COUNTING}; case "$1/$stage" in */second/select/select) mkdir -p "$1/out"; sed 's/"frame":6/"frame":5/;s/"frame":9/"frame":8/' "$fake/results/select/selection.json" > "$1/out/selection.json"; say '"done","seconds":1.0'; exit;; esac"#
    ));
    play.run().await.unwrap();
    let select = |arm: &str| match play.spec(&format!("{arm}/select")).task {
        Task::Select { candidates, budget, strategy, quota, groups, listed, .. } => {
            (candidates.len(), budget, strategy, quota, groups.len(), ids_of(&listed))
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(select("first"), (6, 2, Strategy::Coverage, Some(1), 6, vec![]));
    assert_eq!(select("second"), (4, 2, Strategy::Diverse, None, 4, vec![]), "four of six, and two are labelled");
    assert_eq!(select("by-name").5, [7, 9]);
    let Task::Features { model, discriminator, .. } = play.spec("first-adapted/features").task else { panic!() };
    assert!(model.ends_with("first-adapted/adapt/out/model.safetensors"));
    assert!(discriminator.unwrap().ends_with("m0/warmup/out/discriminator.safetensors"));
    let Task::Anchors { sets, .. } = play.spec("first-adapted/k-2-v-10/anchors").task else { panic!() };
    assert_eq!(sets.iter().map(|set| set.k).collect::<Vec<_>>(), [2, 10]);
    let features = play.spec("first-adapted/features");
    assert_eq!(features.recipe.k, 10, "arms of other numbers of anchors share the features");
    for arm in ["second", "second-longer"] {
        let Task::Inject { labelled, .. } = play.spec(&format!("{arm}/inject")).task else { panic!() };
        assert_eq!(ids(&labelled), [6, 9, 5, 8].map(FrameId), "{arm}");
    }
    assert!(play.report("report.md").contains("beside first, adapted"));
}

#[tokio::test]
async fn each_arm_has_anchors_by_its_own_knobs_and_a_warm_up_the_weights_of_its_own_network() {
    let arms = r#"
[[arm]]
name = "fewer starts"
stage = "inject"
from = "M0"
strategy = "madav2"
recipe = { v = 3, kmeans_restarts = 1 }
[[arm]]
name = "as published"
stage = "adapt"
from = "two selected"
recipe = { preset = "paper" }
[[arm]]
name = "large"
stage = "warmup"
recipe = { backbone = "resnet101" }
"#;
    let play = Play::new(&format!("{EXPERIMENT}{arms}")).await;
    play.run().await.unwrap();
    let kmeans = |job: &str| {
        let recipe = play.spec(job).recipe;
        (recipe.v, recipe.kmeans_iterations, recipe.kmeans_restarts)
    };
    assert_eq!(kmeans("m0/anchors"), (10, 50, 5));
    assert_eq!(kmeans("m0/k-10-v-3-restarts-1/anchors"), (3, 50, 1));
    assert_eq!(kmeans("two-selected/target_anchors"), (10, 50, 5));
    assert_eq!(kmeans("two-selected/iterations-20/target_anchors"), (10, 20, 5));
    let Task::Adapt { anchors, .. } = play.spec("as-published/adapt").task else { panic!("it adapts") };
    assert!(anchors.ends_with("two-selected/iterations-20/target_anchors/out/anchors.safetensors"));
    for (arm, file) in [("m0", "efficientnet_lite0.safetensors"), ("large", "resnet101.safetensors")] {
        let Task::Warmup { imagenet, .. } = play.spec(&format!("{arm}/warmup")).task else { panic!("it warms up") };
        assert!(imagenet.ends_with(file), "{}", imagenet.display());
    }
}

#[tokio::test]
async fn experiments_that_share_a_folder_of_jobs_warm_up_once() {
    let play = Play::new(EXPERIMENT).await;
    let shared = Some(play.path("shared"));
    play.run_in("first", shared.clone()).await.unwrap();
    let once = play.started();
    play.write(
        &EXPERIMENT
            .replace("Fake & fast", "Other")
            .replace("two selected", "others")
            .replace("adapted", "others, adapted"),
    );
    play.run_in("second", shared).await.unwrap();
    assert_eq!(
        play.started()[once.len()..],
        ["select", "inject", "evaluate", "target_features", "target_anchors", "adapt", "evaluate"]
    );
}

#[tokio::test]
async fn seeds_that_another_box_played_stand_in_the_table_by_their_lines() {
    let play = Play::new(EXPERIMENT).await;
    play.run().await.unwrap();
    fs::remove_dir_all(play.path("out/jobs")).unwrap();
    let before = play.started().len();
    play.run_seeds("out", None, vec![3]).await.unwrap();
    assert_eq!(play.started().len(), 2 * before, "each arm is played once more, with seed 3 alone");
    let json: serde_json::Value = serde_json::from_str(&play.report("report.json")).unwrap();
    for arm in json["arms"].as_array().unwrap() {
        let seeds: Vec<_> = arm["runs"].as_array().unwrap().iter().map(|run| run["seed"].clone()).collect();
        assert_eq!(seeds, [1, 3], "{}", arm["name"]);
    }
    assert!(play.report("report.md").contains("Seeds: 1, 3."));

    fs::remove_dir_all(play.path("out/jobs")).unwrap();
    play.write(&EXPERIMENT.replace("frames = 2", "frames = 2 }\ninject = { steps = 7"));
    play.run_seeds("out", None, vec![4]).await.unwrap();
    let json: serde_json::Value = serde_json::from_str(&play.report("report.json")).unwrap();
    assert_eq!(
        json["arms"][1]["runs"].as_array().unwrap().len(),
        1,
        "what was played with other knobs is another thing"
    );
}

#[tokio::test]
async fn a_line_of_another_choice_or_parent_is_another_thing() {
    let play = Play::new(EXPERIMENT).await;
    play.run().await.unwrap();
    let seeds_with = async |seed, experiment: String| {
        fs::remove_dir_all(play.path("out/jobs")).unwrap();
        play.write(&experiment);
        play.run_seeds("out", None, vec![seed]).await.unwrap();
        let json: serde_json::Value = serde_json::from_str(&play.report("report.json")).unwrap();
        let arms = json["arms"].as_array().unwrap().iter();
        arms.map(|arm| arm["runs"].as_array().unwrap().len()).collect::<Vec<_>>()
    };
    assert_eq!(seeds_with(2, EXPERIMENT.into()).await, [2, 2, 2, 2]);
    let mada = EXPERIMENT.replace(r#""madav2""#, r#""mada""#);
    assert_eq!(seeds_with(2, mada).await, [2, 2, 1, 1], "nor is what was adapted from that choice");
    let stratified = EXPERIMENT.replace(r#""madav2""#, "\"madav2\"\nrecipe = { stratified = true }");
    assert_eq!(seeds_with(2, stratified).await, [2, 2, 1, 1]);
    let from_random = EXPERIMENT.replace(r#"from = "two selected""#, r#"from = "two random""#);
    assert_eq!(seeds_with(2, from_random).await[3], 1);
    let picking = |change: &str| {
        play.fake.engine(&format!(
            r#"{COUNTING}; if [ "$stage" = select ]; then mkdir -p "$1/out"; sed '{change}' "$fake/results/select/selection.json" > "$1/out/selection.json"; say '"done","seconds":1.0'; exit; fi"#
        ));
    };
    picking(r#"s/"frame":9/"frame":6/"#);
    assert_eq!(seeds_with(2, EXPERIMENT.into()).await, [2, 1, 1, 1], "one label where there were two");

    fs::write(play.path("data/list.txt"), "1.png\n4.png\n").unwrap();
    let listed = || EXPERIMENT.replace(r#""random""#, "\"listed\"\nlist = \"list.txt\"");
    picking("s/madav2/listed/");
    seeds_with(2, listed()).await;
    assert_eq!(seeds_with(3, listed()).await[1], 2);
    picking(r#"s/madav2/listed/;s/"frame":9/"frame":8/"#);
    assert_eq!(seeds_with(4, listed()).await[1], 1, "the list named others");
}

fn ids_of(ids: &[FrameId]) -> Vec<i64> {
    ids.iter().map(|id| id.0).collect()
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
    assert!(said.contains("holds a job with other knobs or frames: give another --jobs"), "{said}");
}

#[tokio::test]
async fn a_run_that_is_refused_leaves_results_and_report_of_the_one_before() {
    let play = Play::new(EXPERIMENT).await;
    play.run().await.unwrap();
    let before = left(&play);
    play.write(&EXPERIMENT.replace("frames = 2 }", "frames = 2 }\ndropout = 0.5"));
    let said = play.run().await.unwrap_err();
    assert!(said.contains("holds a job with other knobs"), "{said}");
    assert!(left(&play) == before);
}

#[tokio::test]
async fn where_a_job_runs_makes_no_other_job_of_it() {
    let mut play = Play::new(EXPERIMENT).await;
    play.run().await.unwrap();
    let once = play.started();
    fs::remove_file(play.path("out/jobs/seed-1/adapted/evaluate/events.jsonl")).unwrap();
    play.threads = 3;
    play.run().await.unwrap();
    assert_eq!(play.started()[once.len()..], ["evaluate"], "what is done is not done again");
    assert_eq!((play.spec("adapted/evaluate").threads, play.spec("adapted/adapt").threads), (3, 0));
}

#[tokio::test]
async fn a_job_of_a_model_that_was_made_anew_is_another_job() {
    let play = Play::new(EXPERIMENT).await;
    play.run().await.unwrap();
    let before = left(&play);
    let once = play.started();
    let anew = async || {
        fs::remove_dir_all(play.path("out/jobs/seed-1/m0/warmup")).unwrap();
        play.run().await
    };
    anew().await.unwrap();
    assert_eq!(play.started()[once.len()..], ["warmup"], "it came out the same");

    fs::write(play.path("results/warmup/model.safetensors"), "other weights").unwrap();
    let said = anew().await.unwrap_err();
    let want = "m0/evaluate holds a job with other weights, features or anchors, which were made anew since: give another --jobs";
    assert!(said.contains(want), "{said}");
    assert!(left(&play) == before);
    assert_eq!(play.started()[once.len() + 1..], ["warmup"]);

    // Jobs of earlier versions do not tell what they went by.
    for job in ["m0/evaluate", "m0/features", "two-random/inject", "two-selected/inject"] {
        fs::remove_file(play.path("out/jobs/seed-1").join(job).join("inputs.json")).unwrap();
    }
    play.run().await.unwrap();
    assert_eq!(play.started().len(), once.len() + 2);
}

#[tokio::test]
async fn a_mistake_in_the_file_or_the_data_is_said_before_anything_starts() {
    let play = Play::new(&EXPERIMENT.replace("budget", "bugdet")).await;
    let said = play.run().await.unwrap_err();
    assert!(said.contains("there is no knob recipe.bugdet"), "{said}");
    play.write(&format!("{EXPERIMENT}\nthis is no TOML"));
    let said = play.run().await.unwrap_err();
    assert!(
        said.contains("is no experiment: line ") && said.contains("is no TOML (") && !said.contains('\n'),
        "{said}"
    );
    play.write(&EXPERIMENT.replace(r#"root = "val""#, r#"root = "nowhere""#));
    let said = play.run().await.unwrap_err();
    assert!(said.contains("data/nowhere for the val: say by --data") && play.started().is_empty(), "{said}");
    assert!(!Path::new(&play.path("out/jobs")).exists());
}
