//! A project of a few drawn frames, and an engine that is a shell script: jobs without libtorch, in milliseconds.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;
use windlass::domain::{
    Backbone, Budget, ClassMix, Confusion, Dataset, Evaluation, Event, FrameId, GroupMix, JobId, Layout, MapPoint,
    ModelCard, Pick, PointKind, ProjectId, Proposal, Recipe, RoundId, Selection, Size, Stage, Strategy, Taxonomy,
    files,
};
use windlass::formats::mask_png::encode_gray;
use windlass::formats::segments::Segments;
use windlass::store::jobs::{Job, JobState};
use windlass::store::projects::{ImportState, NewProject};
use windlass::store::{Workspace, events, jobs, projects, rounds};
use windlass::supervisor::{Config, Supervisor};

/// More than anything here takes, also on a busy machine.
const DEADLINE: Duration = Duration::from_secs(30);

pub(crate) const SIZE: Size = Size { width: 32, height: 16 };

/// A folder with everything: data, workspace, the fake engine and what it leaves behind.
pub(crate) struct Fake {
    pub(crate) folder: TempDir,
    pub(crate) workspace: Workspace,
    pub(crate) supervisor: Supervisor,
}

impl Fake {
    /// With an engine that does its work at once.
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        draw(folder.path());
        leave_results(folder.path());
        let fake = Self::open(folder).await;
        fake.engine("");
        fake
    }

    /// A server on what another one left.
    pub(crate) async fn open(folder: TempDir) -> Self {
        let workspace = Workspace::open(&folder.path().join("workspace")).await.unwrap();
        let supervisor = Supervisor::start(workspace.clone(), config(folder.path())).await.unwrap();
        Self { folder, workspace, supervisor }
    }

    /// Ends the server, lets an operator do something to the workspace's folder, and starts another server on it.
    pub(crate) async fn reopened(self, meanwhile: impl FnOnce(&Path)) -> Self {
        let folder = self.closed().await;
        meanwhile(&folder.path().join("workspace"));
        Self::open(folder).await
    }

    /// Ends the server, jobs running on; gives the folder.
    pub(crate) async fn closed(self) -> TempDir {
        let Self { folder, workspace, supervisor } = self;
        supervisor.shutdown().await;
        workspace.db().close().await;
        folder
    }

    /// Gives the engine a body of its own, in sh. `say` prints an event, `wait_for NAME` waits for a file beside it, for as
    /// long as the test lives.
    pub(crate) fn engine(&self, body: &str) {
        let path = self.folder.path().join("engine");
        let script = format!(
            r#"#!/bin/sh
fake=$(dirname "$0")
exec 9>"$1/lock"
flock -n 9 || exit 7
stage=$(sed -n 's/^  "stage": "\([a-z_]*\)".*/\1/p' "$1/spec.json")
say() {{ echo "{{\"at\":1,\"event\":$1}}"; }}
wait_for() {{ while [ ! -e "$fake/$1" ]; do [ -d "$fake" ] && kill -0 {test} || exit 9; sleep 0.02; done; }}
say '"started","device":"cpu","resumed_from":null'
{body}
mkdir -p "$1/out"
if [ -e "$fake/results/$stage" ]; then cp -r "$fake/results/$stage/." "$1/out/"; fi
asked=$(sed -n 's/^    "strategy": "\([a-z0-9_]*\)".*/\1/p' "$1/spec.json" | tail -n 1)
if [ "$stage" = select ]; then sed -i 's/"strategy":"[a-z0-9_]*"/"strategy":"'$asked'"/' "$1/out/selection.json"; fi
say '"done","seconds":1.0'
"#,
            test = std::process::id()
        );
        // Written beside and moved: a script that is being written cannot be run.
        let new = self.folder.path().join("engine.new");
        fs::write(&new, script).unwrap();
        fs::set_permissions(&new, fs::Permissions::from_mode(0o755)).unwrap();
        fs::rename(&new, &path).unwrap();
    }

    /// Lets an engine that does `wait_for NAME` go on.
    pub(crate) fn allow(&self, name: &str) {
        fs::write(self.folder.path().join(name), "").unwrap();
    }

    /// A project whose frames are imported: 1 to 4 source, 5 to 10 target, 11 and 12 to measure on; its first round.
    pub(crate) async fn project(&self, auto_advance: bool) -> (ProjectId, RoundId) {
        self.import(&new_project(self.folder.path(), auto_advance)).await
    }

    /// Another project, and its first round.
    pub(crate) async fn import(&self, new: &NewProject) -> (ProjectId, RoundId) {
        let project = projects::create(self.workspace.db(), new).await.unwrap();
        self.supervisor.import(project).await.unwrap();
        let imported = async || projects::get(self.workspace.db(), project).await.unwrap().import.state;
        until("the import ends", async || !matches!(imported().await, ImportState::Queued | ImportState::Running))
            .await;
        let import = projects::get(self.workspace.db(), project).await.unwrap().import;
        assert_eq!((import.state, import.error), (ImportState::Done, None));
        let round = rounds::newest(self.workspace.db(), project).await.unwrap().unwrap();
        (project, round.id)
    }

    pub(crate) async fn job(&self, job: JobId) -> Job {
        jobs::get(self.workspace.db(), job).await.unwrap()
    }

    pub(crate) fn dir(&self, job: JobId) -> PathBuf {
        self.workspace.job_dir(job)
    }

    /// Waits until a job is in that state, and gives it.
    pub(crate) async fn wait(&self, job: JobId, state: JobState) -> Job {
        until(&format!("job {job} is {}", state.slug()), async || self.job(job).await.state == state).await;
        self.job(job).await
    }

    /// Waits for the newest job of a stage to be done.
    pub(crate) async fn wait_for_stage(&self, round: RoundId, stage: Stage) -> Job {
        let newest = async || {
            let jobs = jobs::of_round(self.workspace.db(), round).await.unwrap();
            jobs.into_iter().rfind(|job| job.stage == stage)
        };
        until(stage.title(), async || {
            let job = newest().await;
            assert_ne!(job.as_ref().map(|job| job.state), Some(JobState::Failed), "{job:?}");
            job.is_some_and(|job| job.state == JobState::Done)
        })
        .await;
        newest().await.unwrap()
    }

    /// Starts a stage that is expected to start.
    pub(crate) async fn start(&self, (project, round): (ProjectId, RoundId), stage: Stage) -> JobId {
        self.supervisor.enqueue(project, round, stage).await.unwrap()
    }

    /// Ends the supervisor as a killed server would, jobs running on, and starts another.
    pub(crate) async fn restart(&mut self, meanwhile: impl AsyncFnOnce()) {
        self.supervisor.shutdown().await;
        meanwhile().await;
        self.supervisor = Supervisor::start(self.workspace.clone(), config(self.folder.path())).await.unwrap();
    }

    /// Waits until a job has said something that the test wants.
    pub(crate) async fn hear(&self, job: JobId, wanted: impl Fn(&Event) -> bool) {
        until("the engine says it", async || self.said(job).await.iter().any(&wanted)).await;
    }

    /// All that a job said, as it is in the database.
    pub(crate) async fn said(&self, job: JobId) -> Vec<Event> {
        let said = events::of_job(self.workspace.db(), job, 0, 10_000).await.unwrap();
        said.into_iter().map(|said| said.line.event).collect()
    }

    /// Steps of the scalars that a job said, in order.
    pub(crate) async fn steps(&self, job: JobId) -> Vec<u64> {
        let step = |event| match event {
            Event::Scalars { step, .. } => Some(step),
            _ => None,
        };
        self.said(job).await.into_iter().filter_map(step).collect()
    }
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, so: impl AsyncFn() -> bool) {
    let begun = Instant::now();
    while !so().await {
        assert!(begun.elapsed() < DEADLINE, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub(crate) fn config(folder: &Path) -> Config {
    let (grace, tick) = (Duration::from_secs(30), Duration::from_millis(20));
    Config { grace, tick, ..Config::new(folder.join("engine")) }
}

fn dataset(folder: &Path, name: &str) -> Dataset {
    let root = folder.join("data").join(name);
    Dataset { layout: Layout::Camvid, root, split: Some("train".into()), labels: None, mapping: None }
}

pub(crate) fn new_project(folder: &Path, auto_advance: bool) -> NewProject {
    let imagenet = folder.join("imagenet.safetensors");
    fs::write(&imagenet, "weights").unwrap();
    NewProject {
        name: "Harbour".into(),
        taxonomy: Taxonomy::built_in("camvid11").unwrap(),
        recipe: recipe(),
        seed: 7,
        device: "cpu".into(),
        imagenet,
        auto_advance,
        oracle: true,
        source: dataset(folder, "source"),
        target: dataset(folder, "target"),
        val: Some(dataset(folder, "val")),
    }
}

pub(crate) fn recipe() -> Recipe {
    let strategy = Strategy::Madav2;
    Recipe { budget: Budget::Frames(2), strategy, ..Recipe::recommended(Backbone::EfficientnetLite0) }
}

/// Pictures and labels in CamVid's layout.
fn draw(folder: &Path) {
    for (name, n_frames) in [("source", 4), ("target", 6), ("val", 2)] {
        let root = folder.join("data").join(name);
        fs::create_dir_all(root.join("train")).unwrap();
        fs::create_dir_all(root.join("trainannot")).unwrap();
        for frame in 0..n_frames {
            let picture =
                image::RgbImage::from_fn(SIZE.width, SIZE.height, |x, y| image::Rgb([x as u8, y as u8, frame]));
            picture.save(root.join(format!("train/{frame}.png"))).unwrap();
            let label = vec![frame; SIZE.pixels()];
            fs::write(root.join(format!("trainannot/{frame}.png")), encode_gray(SIZE, &label)).unwrap();
        }
    }
}

/// What the engine would leave behind, by stage.
fn leave_results(folder: &Path) {
    let put = |stage: Stage, name: &str, bytes: &[u8]| {
        let path = folder.join("results").join(stage.slug()).join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    for stage in [Stage::Warmup, Stage::Inject, Stage::Adapt] {
        let classes = Taxonomy::built_in("camvid11").unwrap().classes;
        let (parent, sha256) = ("0".repeat(64), "1".repeat(64));
        let card = ModelCard { stage, classes, recipe: recipe(), seed: 7, parent, sha256 };
        put(stage, files::MODEL, b"weights");
        put(stage, files::MODEL_CARD, &serde_json::to_vec(&card).unwrap());
    }
    for stage in [Stage::Features, Stage::TargetFeatures] {
        put(stage, files::FEATURES, b"vectors");
    }
    for stage in [Stage::Anchors, Stage::TargetAnchors] {
        put(stage, files::ANCHORS, b"centres");
        put(stage, files::ANCHOR_REPORT, json!([]).to_string().as_bytes());
    }
    put(Stage::Select, files::SELECTION, &serde_json::to_vec(&selection(&[6, 9])).unwrap());
    let map = [(PointKind::Source, 1.0), (PointKind::Target, 2.0), (PointKind::Picked, 3.0)];
    let map = map.map(|(kind, x)| MapPoint { kind, x, y: x * x });
    put(Stage::Select, files::MAP, &serde_json::to_vec(&map).unwrap());
    put(Stage::Prelabel, files::PROPOSALS, &serde_json::to_vec(&[proposal(6), proposal(9)]).unwrap());
    for frame in [6, 9] {
        put(Stage::Prelabel, &format!("prelabel/{frame}.png"), &encode_gray(SIZE, &[3; SIZE_PIXELS]));
        put(Stage::Prelabel, &format!("prelabel/{frame}_uncertainty.png"), &encode_gray(SIZE, &[9; SIZE_PIXELS]));
        put(Stage::Prelabel, &format!("prelabel/{frame}.segments.gz"), &SEGMENTS.encode());
    }
    let mut confusion = Confusion::new(11);
    confusion.add(&[0, 0, 1, 1], &[0, 0, 1, 0]);
    let last = Some(confusion.clone());
    let evaluation = Evaluation { frames: 2, confusion, last, pictures: vec![FrameId(11)] };
    put(Stage::Evaluate, &format!("{}/11.png", files::PICTURES), &encode_gray(SIZE, &[2; SIZE_PIXELS]));
    put(Stage::Evaluate, files::EVALUATION, &serde_json::to_vec(&evaluation).unwrap());
}

pub(crate) const SIZE_PIXELS: usize = 32 * 16;

pub(crate) fn selection(frames: &[i64]) -> Selection {
    let pick = |&frame: &i64| {
        let (per_class, absent) = (vec![0.5; 11], vec![1]);
        Pick { frame: FrameId(frame), score: 5.5, source: 3.0, target: 2.5, per_class, absent }
    };
    let mix = ClassMix {
        picked_frames: vec![1.0; 11],
        pool_frames: vec![0.5; 11],
        picked_pixels: vec![0.1; 11],
        pool_pixels: vec![0.1; 11],
    };
    let picks = frames.iter().map(pick).collect();
    let (strategy, anchors) = (Strategy::Madav2, [10, 10]);
    let group = |name: &str, picked| GroupMix { name: name.into(), candidates: 3, picked };
    let groups = vec![group("aachen", frames.len()), group("zurich", 0)];
    Selection {
        strategy,
        budget: frames.len(),
        stratified: false,
        quota: None,
        anchors,
        candidates: 6,
        mix,
        groups,
        picks,
    }
}

/// Of one superpixel.
const SEGMENTS: Segments = Segments { size: SIZE, ids: &[0; SIZE_PIXELS], parents: &[0], vectors: &[0.0], d: 1 };

fn proposal(frame: i64) -> Proposal {
    let (mask, uncertainty) = (format!("prelabel/{frame}.png"), format!("prelabel/{frame}_uncertainty.png"));
    Proposal {
        frame: FrameId(frame),
        mask,
        uncertainty,
        segments: Some(format!("prelabel/{frame}.segments.gz")),
        mean_uncertainty: 0.25,
    }
}
