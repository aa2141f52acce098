//! A toy pair of domains drawn in code, and jobs on it: seconds for all stages.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rand::Rng;
use tch::nn::VarStore;
use tch::{Device, Tensor};
use tempfile::TempDir;
use windlass::domain::{
    Backbone, Budget, Class, Event, FrameId, FrameRef, JobSpec, LabelRef, Line, Mask, Norm, OWN_CODE, Plan, Recipe,
    Schedule, Size, Stream, Taxonomy, files, rng,
};
use windlass::formats::mask_png::{encode_color, write_gray};
use windlass_engine::net::Segmenter;

pub(crate) const FRAME: Size = Size { width: 64, height: 48 };

/// Files of two domains and a folder for jobs; gone when dropped.
pub(crate) struct Toy {
    folder: TempDir,
    pub(crate) plan: Plan,
}

impl Toy {
    /// 12 source frames, 12 target frames and 4 to measure on, of 3 classes; the same every time.
    pub(crate) fn draw() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let draw = |domain: &str, ids: std::ops::Range<i64>, colors| {
            ids.map(|id| draw_frame(folder.path(), domain, id, colors)).collect::<Vec<_>>()
        };
        let warm = [[200, 180, 60], [40, 90, 30], [150, 20, 40]];
        let cold = [[120, 140, 200], [20, 60, 90], [90, 10, 120]];
        let plan = Plan {
            classes: taxonomy(warm).classes,
            recipe: recipe(),
            seed: 7,
            device: "cpu".into(),
            threads: 1,
            imagenet: backbone(folder.path()),
            codes: [].into(),
            source: draw("source", 1..13, warm),
            target: draw("target", 101..113, cold),
            groups: [].into(),
            val: draw("val", 201..205, cold),
        };
        Self { folder, plan }
    }

    /// A new job's folder.
    pub(crate) fn job(&self, name: &str, spec: &JobSpec) -> JobFolder {
        let dir = self.folder.path().join(name);
        fs::create_dir(&dir).unwrap();
        fs::write(dir.join(files::SPEC), serde_json::to_vec(spec).unwrap()).unwrap();
        JobFolder { dir }
    }

    /// Runs a job that must succeed.
    pub(crate) fn done(&self, name: &str, spec: &JobSpec) -> JobFolder {
        let job = self.job(name, spec);
        let (events, ok) = job.run();
        assert!(ok && matches!(events.last(), Some(Event::Done { .. })), "{name}: {events:?}");
        job
    }
}

/// The folder of a job.
pub(crate) struct JobFolder {
    pub(crate) dir: PathBuf,
}

impl JobFolder {
    /// Runs the engine to its end: what it said, and whether it ended well.
    pub(crate) fn run(&self) -> (Vec<Event>, bool) {
        let mut running = self.start();
        let events = running.events().collect();
        (events, running.child.wait().unwrap().success())
    }

    /// Runs a job that must fail: its sentence.
    pub(crate) fn refusal(&self) -> String {
        match self.run() {
            (mut events, false) => match events.pop() {
                Some(Event::Failed { message }) => message,
                other => panic!("{other:?} after {events:?}"),
            },
            (events, true) => panic!("it went well: {events:?}"),
        }
    }

    pub(crate) fn start(&self) -> Running {
        let log = File::create(self.dir.join(files::LOG)).unwrap();
        let mut engine = Command::new(env!("CARGO_BIN_EXE_windlass-engine"));
        let mut child = engine.arg(&self.dir).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Running { child, lines }
    }

    pub(crate) fn out(&self, name: &str) -> PathBuf {
        self.dir.join(files::OUT).join(name)
    }

    pub(crate) fn model(&self) -> PathBuf {
        self.out(files::MODEL)
    }

    pub(crate) fn weights(&self) -> Vec<u8> {
        fs::read(self.model()).unwrap()
    }

    pub(crate) fn json<T: serde::de::DeserializeOwned>(&self, name: &str) -> T {
        serde_json::from_slice(&fs::read(self.out(name)).unwrap()).unwrap()
    }
}

/// An engine at work.
pub(crate) struct Running {
    pub(crate) child: Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl Running {
    /// What it says from here on, until its last line.
    pub(crate) fn events(&mut self) -> impl Iterator<Item = Event> {
        let parse = |line: std::io::Result<String>| serde_json::from_str::<Line>(&line.unwrap()).unwrap().event;
        (&mut self.lines).lines().map(parse)
    }

    /// Waits until it has said that a step is finished.
    pub(crate) fn until_step(&mut self, wanted: u64) {
        let reached = |event| matches!(event, Event::Scalars { step, .. } if step >= wanted);
        assert!(self.events().any(reached), "it ended before step {wanted}");
    }

    /// Waits until it has said that some frames are finished.
    pub(crate) fn until_frames(&mut self) {
        let reached = |event| matches!(event, Event::Progress { done, .. } if done > 0);
        assert!(self.events().any(reached), "it ended before it had seen a frame");
    }

    pub(crate) fn terminate(&self) {
        let sent = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }
}

fn taxonomy(colors: [[u8; 3]; 3]) -> Taxonomy {
    let class = |(name, color): (&str, [u8; 3])| Class { name: name.into(), color, label_id: 0, thing: false };
    let classes = ["sky", "ground", "box"].into_iter().zip(colors).map(class).collect();
    Taxonomy { name: "toy".into(), classes, subsets: vec![] }
}

/// A sky over ground with a box on it; its label has a border of nothing.
fn draw_frame(folder: &Path, domain: &str, id: i64, colors: [[u8; 3]; 3]) -> FrameRef {
    let mut draw = rng(1, Stream::Scene, id as u64);
    let horizon = draw.random_range(12..36);
    let (left, top, side) = (draw.random_range(0..44), draw.random_range(0..28), draw.random_range(8..20));
    let class = |x: u32, y: u32| match () {
        () if (left..left + side).contains(&x) && (top..top + side).contains(&y) => 2,
        () if y < horizon => 0,
        () => 1,
    };
    let places = || (0..FRAME.height).flat_map(|y| (0..FRAME.width).map(move |x| (x, y)));
    let picture = Mask::new(FRAME, places().map(|(x, y)| class(x, y)).collect(), 3).unwrap();
    let border = |x, y| x < 2 || y < 2;
    let label: Vec<u8> = places().map(|(x, y)| if border(x, y) { 255 } else { class(x, y) }).collect();
    let (image, path) = (folder.join(format!("{domain}{id}.png")), folder.join(format!("{domain}{id}_label.png")));
    fs::write(&image, encode_color(&picture, &taxonomy(colors))).unwrap();
    write_gray(&path, FRAME, &label).unwrap();
    FrameRef { id: FrameId(id), image, size: FRAME, label: Some(LabelRef { path, code: OWN_CODE.into() }) }
}

fn recipe() -> Recipe {
    let schedule = |steps, rate| Schedule {
        steps,
        rate,
        head_times: 10.0,
        momentum: 0.9,
        weight_decay: 5e-4,
        power: 0.9,
        horizon: 0,
    };
    let crop = Size { width: 32, height: 32 };
    Recipe {
        frame: FRAME,
        crop,
        scale: [0.7, 1.4],
        batch_source: 2,
        batch_target: 2,
        batch_unlabelled: 2,
        warmup: schedule(12, 0.005),
        inject: schedule(6, 0.005),
        adapt: schedule(12, 0.005),
        min_pixels: 2,
        k: 2,
        v: 2,
        budget: Budget::Frames(3),
        checkpoint_every: 3,
        ..Recipe::recommended(Backbone::EfficientnetLite0)
    }
}

/// A file of random weights that stand for ImageNet's, the same every time: libtorch's own generator, of which a process
/// has one, is drawn from by tests on other threads too.
fn backbone(folder: &Path) -> PathBuf {
    let vs = VarStore::new(Device::Cpu);
    Segmenter::new(&vs.root(), Backbone::EfficientnetLite0, Norm::Frozen, 3);
    let mut variables: Vec<(String, Tensor)> = vs.variables().into_iter().collect();
    variables.sort_by(|a, b| a.0.cmp(&b.0));
    let mut draw = rng(1, Stream::Init, 0);
    let weight = |(name, tensor): (String, Tensor)| {
        let name = name.strip_prefix("backbone.")?.to_owned();
        let size = tensor.size();
        let [_, inputs, height, width] = size[..] else { return Some((name, tensor)) };
        // As wide as He et al. draw them.
        let most = (6.0 / (inputs * height * width) as f32).sqrt();
        let numbers: Vec<f32> = (0..tensor.numel()).map(|_| draw.random_range(-most..most)).collect();
        Some((name, Tensor::from_slice(&numbers).view(&size[..])))
    };
    let path = folder.join("imagenet.safetensors");
    Tensor::write_safetensors(&variables.into_iter().filter_map(weight).collect::<Vec<_>>(), &path).unwrap();
    path
}
