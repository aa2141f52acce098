//! `windlass-engine bench`: how fast this box is at what takes the time, one line of JSON each.
//!
//! Sizes are the paper's (ResNet-101: 896x512, frames of 2048x1024, 24 966 and 2 975 vectors of 19 x 256 numbers), and
//! 256x256 for the network that trains without a card. Figures are medians over runs after one that does not count.
//!
//! On a card the networks are measured with batches of eight, too, and in bfloat16, and each line says which share it gets of
//! what the card does when it multiplies large matrices of bfloat16.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rayon::prelude::*;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor, no_grad};
use windlass::domain::{Backbone, Confusion, FrameId, Layout, Norm, Precision, Recipe, Size, Strategy, Taxonomy};
use windlass::formats::codes::label_code;
use windlass::formats::label::read_label;
use windlass::formats::picture::check;
use windlass::method::kmeans::{Knobs, kmeans, kmeans_from};
use windlass::method::scores::{Anchors, Described, Measure};
use windlass::method::selection::{Asked, Pool, choose};

use crate::loss::cross_entropy;
use crate::net::{Segmenter, products};
use crate::optimizer::Sgd;
use crate::pooling::class_means;
use crate::{device, memory};

const CLASSES: usize = 19;
const CHANNELS: usize = 256;
const WIDTH: usize = CLASSES * CHANNELS;
const CROP: Size = Size { width: 896, height: 512 };
const SMALL_CROP: Size = Size { width: 256, height: 256 };
const FRAME: Size = Size { width: 2048, height: 1024 };

/// What to measure, and on what.
#[derive(Debug, Args)]
pub struct BenchCommand {
    /// Only these. Default: all.
    #[arg(value_enum)]
    what: Vec<What>,
    /// auto, cpu or cuda:0.
    #[arg(long, default_value = "auto")]
    device: String,
    /// CPU threads; 0 for all.
    #[arg(long, default_value_t = 0)]
    threads: usize,
    /// Timed runs of each.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Vectors to cluster instead of drawn ones: f32 `[n, d]` as numpy saves it (.npy).
    #[arg(long, requires = "start")]
    rows: Option<PathBuf>,
    /// Numbers of the rows to start from: i64 `[k]` (.npy).
    #[arg(long, requires = "rows")]
    start: Option<PathBuf>,
    /// A folder of Cityscapes labels, `*_gtFine_labelIds.png`, and one of predictions of the same frames, to evaluate.
    #[arg(long, num_args = 2, value_names = ["LABELS", "PREDICTIONS"])]
    pairs: Vec<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    /// A supervised training step: forward, loss, backward, SGD.
    Train,
    /// A frame of 2048x1024 to its classes.
    Infer,
    /// Feature vectors of maps of 256x64x128 (Eq. 1).
    Pool,
    /// Ten anchors of 24 966 vectors (Eq. 2, 3).
    Anchors,
    /// Distances of 2 975 frames to twenty anchors (Eq. 5).
    Select,
    /// Label files read and compared; needs --pairs, and is left out of all without them.
    Evaluate,
}

/// A network, and what it sees in a run.
#[derive(Clone, Debug, Serialize)]
struct Network {
    #[serde(rename = "network")]
    backbone: Backbone,
    norm: Norm,
    #[serde(serialize_with = "text")]
    size: Size,
    batch: i64,
    precision: Precision,
}

impl Network {
    fn new(backbone: Backbone, norm: Norm, size: Size, batch: i64) -> Self {
        Self { backbone, norm, size, batch, precision: Precision::F32 }
    }

    /// The cases of it that are measured on a device.
    fn on(&self, device: Device) -> Vec<Self> {
        let mut cases = vec![self.clone()];
        if device.is_cuda() {
            cases.push(Self { precision: Precision::Bf16, ..self.clone() });
            if self.batch < 8 {
                cases.push(Self { precision: Precision::Bf16, batch: 8, ..self.clone() });
            }
        }
        cases
    }

    /// Its weights, itself, and pictures u8 `[n, h, w, 3]`, all drawn.
    fn build(&self, device: Device) -> (VarStore, Segmenter, Tensor) {
        tch::manual_seed(0);
        let vs = VarStore::new(device);
        let net = Segmenter::new(&vs.root(), self.backbone, self.norm, CLASSES);
        let size = [self.batch, i64::from(self.size.height), i64::from(self.size.width), 3];
        (vs, net, Tensor::randint(256, size, (Kind::Uint8, device)))
    }

    /// Logits f32, as a model gives them.
    fn see(&self, net: &Segmenter, rgb: &Tensor, train: bool) -> Tensor {
        let kind = if self.precision == Precision::Bf16 { Kind::BFloat16 } else { Kind::Float };
        net.forward(&net.normalise(rgb).to_kind(kind), train).logits.to_kind(Kind::Float).contiguous()
    }
}

/// What a run of a network gets done.
struct Work {
    frames: i64,
    /// Multiplications and additions of its convolutions.
    operations: u64,
}

/// As people write it.
fn text<S: Serializer>(size: &Size, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(size)
}

impl BenchCommand {
    /// Measures and prints.
    #[expect(clippy::print_stdout, reason = "its result")]
    pub fn run(self) -> Result<()> {
        memory::keep();
        let (device, _) = device::open(&self.device)?;
        let threads = device::use_threads(self.threads)?;
        let all: Vec<What> = What::value_variants().to_vec();
        let wanted = if self.what.is_empty() { all } else { self.what.clone() };
        let no_pairs = "to measure evaluation, give --pairs LABELS PREDICTIONS: two folders of Cityscapes PNGs";
        ensure!(!self.what.contains(&What::Evaluate) || !self.pairs.is_empty(), no_pairs);
        let networks = wanted.iter().any(|what| matches!(what, What::Train | What::Infer));
        let peak = (device.is_cuda() && networks).then(|| self.peak(device));
        let say = |what: &str, case: Value, mut times: Vec<f64>, work: Option<Work>| {
            times.sort_by(f64::total_cmp);
            let seconds = times[times.len() / 2];
            let spread = [times[0], times[times.len() - 1]];
            let mut figures = json!({
                "what": what, "case": case, "seconds": seconds, "spread": spread, "runs": times.len(),
                "threads": threads, "device": device::name(device), "peak_mib": peak_mib(),
            });
            if let Some(Work { frames, operations }) = work {
                let rate = operations as f64 / seconds;
                figures["frames_per_second"] = json!(frames as f64 / seconds);
                figures["operations_per_second"] = json!(rate);
                figures["share_of_peak"] = json!(peak.map(|peak| rate / peak));
            }
            println!("{figures}");
        };
        for what in wanted {
            match what {
                What::Train => {
                    let small = Network::new(Backbone::EfficientnetLite0, Norm::Frozen, SMALL_CROP, 8);
                    let paper = Network::new(Backbone::Resnet101, Norm::Trained, CROP, 1);
                    for network in [small, paper].iter().flat_map(|network| network.on(device)) {
                        let (times, work) = self.train(device, &network);
                        say("training step", json!(network), times, Some(work));
                    }
                }
                What::Infer => {
                    for backbone in [Backbone::EfficientnetLite0, Backbone::Resnet101] {
                        for network in Network::new(backbone, Norm::Frozen, FRAME, 1).on(device) {
                            let (times, work) = self.infer(device, &network);
                            say("inference", json!(network), times, Some(work));
                        }
                    }
                }
                What::Pool => {
                    let (frames, times) = self.pool(device);
                    say("pooling", json!({ "map": [CHANNELS, 64, 128], "frames": frames }), times, None);
                }
                What::Anchors => self.anchors(&say)?,
                What::Select => say("selection", json!({ "frames": 2975, "anchors": 20 }), self.select(), None),
                What::Evaluate => match &self.pairs[..] {
                    [labels, predictions] => {
                        let (case, times) = self.evaluate(labels, predictions)?;
                        say("evaluation", case, times, None);
                    }
                    _ => eprintln!("Evaluation is left out: {no_pairs}."),
                },
            }
        }
        Ok(())
    }

    /// The seconds of each run after the first.
    fn time(&self, mut act: impl FnMut()) -> Vec<f64> {
        act();
        let timed = |()| {
            let begun = Instant::now();
            act();
            begun.elapsed().as_secs_f64()
        };
        std::iter::repeat_n((), self.runs.max(1)).map(timed).collect()
    }

    /// Multiplications and additions a second of bfloat16 matrices of 8192 x 8192.
    fn peak(&self, device: Device) -> f64 {
        const N: i64 = 8192;
        let draw = || Tensor::randn([N, N], (Kind::BFloat16, device));
        let (a, b) = (draw(), draw());
        let mut times = self.time(|| {
            let mut product = a.matmul(&b);
            // Several at once: what waiting for the last costs must not count.
            for _ in 1..10 {
                product = a.matmul(&b);
            }
            assert!(product.get(0).get(0).double_value(&[]).is_finite(), "waits for the device");
        });
        times.sort_by(f64::total_cmp);
        10.0 * 2.0 * (N as f64).powi(3) / times[times.len() / 2]
    }

    /// The times and the work of a step: a backward pass has two convolutions for each of the forward pass.
    fn train(&self, device: Device, network: &Network) -> (Vec<f64>, Work) {
        let (vs, net, rgb) = network.build(device);
        let mut sgd = Sgd::new(&vs, &Recipe::recommended(network.backbone).inject);
        let [height, width] = [network.size.height, network.size.width].map(i64::from);
        let labels = Tensor::randint(CLASSES as i64, [network.batch, height, width], (Kind::Int64, device));
        let mut step = || {
            let logits = network.see(&net, &rgb, true);
            let loss = cross_entropy(&net.enlarge(&logits, network.size), &labels);
            sgd.step(&loss, 0);
            assert!(loss.double_value(&[]).is_finite(), "waits for the device, too");
        };
        let work = Work { frames: network.batch, operations: 3 * 2 * products(&mut step) };
        (self.time(step), work)
    }

    /// The times and the work of a batch.
    fn infer(&self, device: Device, network: &Network) -> (Vec<f64>, Work) {
        let (_vs, net, rgb) = network.build(device);
        let see = || {
            no_grad(|| {
                let classes = net.enlarge(&network.see(&net, &rgb, false), network.size).argmax(1, false);
                assert!(classes.max().int64_value(&[]) < CLASSES as i64, "waits for the device, too");
            });
        };
        let work = Work { frames: network.batch, operations: 2 * products(see) };
        (self.time(see), work)
    }

    /// Maps in blocks of classes, as scenes are.
    fn pool(&self, device: Device) -> (usize, Vec<f64>) {
        let frames = 40;
        tch::manual_seed(0);
        let maps: Vec<Tensor> =
            (0..8).map(|_| Tensor::randn([1, CHANNELS as i64, 64, 128], (Kind::Float, device)).relu()).collect();
        let classes = Tensor::randint(CLASSES as i64, [1, 1, 8, 16], (Kind::Float, device));
        let classes = classes.upsample_nearest2d([64, 128], None, None).squeeze_dim(1).to_kind(Kind::Int64);
        let times = self.time(|| {
            for frame in 0..frames {
                let vectors = class_means(&maps[frame % maps.len()], &classes, CLASSES, 10);
                assert!(vectors.values.double_value(&[0, 0, 0]).is_finite(), "waits for the device, too");
            }
        });
        (frames, times)
    }

    fn anchors(&self, say: &impl Fn(&str, Value, Vec<f64>, Option<Work>)) -> Result<()> {
        let (rows, d, start) = match (&self.rows, &self.start) {
            (Some(rows), Some(start)) => {
                let (rows, start) = (npy(rows)?, npy(start)?);
                let d = *rows.size().get(1).context("--rows must be a matrix")?;
                let start =
                    Vec::<i64>::try_from(start)?.into_iter().map(usize::try_from).collect::<Result<Vec<_>, _>>()?;
                let rows = Vec::<f32>::try_from(rows.flatten(0, -1))?;
                ensure!(
                    start.iter().all(|&row| row < rows.len() / d as usize),
                    "--start names a row that is not there"
                );
                (rows, d as usize, start)
            }
            _ => (drawn(24_966), WIDTH, (0..10).map(|at| at * 2_496).collect()),
        };
        let (n, k) = (rows.len() / d, start.len());
        let mut found = None;
        let times = self.time(|| found = Some(kmeans_from(&rows, d, &start, 50)));
        let found = found.context("it ran")??;
        let (iterations, inertia) = (found.iterations, found.inertia);
        let case = |start, iterations, inertia| json!({ "vectors": n, "d": d, "k": k, "start": start, "iterations": iterations, "inertia": inertia });
        say("anchors", case("given rows", iterations, inertia), times, None);
        let knobs = Knobs { k, iterations: 50, restarts: 5 };
        let begun = Instant::now();
        let best = kmeans(&rows, d, knobs, 1)?;
        say(
            "anchors",
            case("k-means++, 5 starts", best.iterations, best.inertia),
            vec![begun.elapsed().as_secs_f64()],
            None,
        );
        Ok(())
    }

    fn select(&self) -> Vec<f64> {
        let rows = drawn(2_975);
        let nothing = [0.0; CLASSES];
        let frame = |(vector, id)| Described {
            frame: FrameId(id),
            vector,
            present: &[1; CLASSES],
            entropy: &nothing,
            foreign: None,
            pixels: &nothing,
        };
        let frames: Vec<Described<'_>> = rows.chunks_exact(WIDTH).zip(0..).map(frame).collect();
        let anchors =
            |from: usize| Anchors { centres: &rows[from * WIDTH..][..10 * WIDTH], presence: &[1.0; 10 * CLASSES] };
        let measure = Measure { source: anchors(0), target: anchors(10), mean: &rows[..WIDTH] };
        let pool = Pool { candidates: &frames, labelled: &[], groups: &[], measure };
        let asked =
            Asked { strategy: Strategy::Madav2, budget: 149, stratified: false, quota: None, listed: &[], seed: 1 };
        self.time(|| assert_eq!(choose(&pool, &asked).map(|picks| picks.len()), Ok(149)))
    }

    fn evaluate(&self, labels: &Path, predictions: &Path) -> Result<(Value, Vec<f64>)> {
        let taxonomy = Taxonomy::built_in("cityscapes19").context("built in")?;
        let code = label_code(Layout::Cityscapes, &taxonomy).context("Cityscapes has codes")?;
        let (labels, predictions) = (pngs(labels, "_gtFine_labelIds.png")?, pngs(predictions, ".png")?);
        let (of, n) = (labels.len(), predictions.len());
        let found =
            format!("{of} labels (*_gtFine_labelIds.png) and {n} predictions (*.png) lie in these folders themselves");
        ensure!(n == of && n > 0, "{found}: there must be one prediction a label, and one at least");
        let pairs: Vec<_> = labels.iter().zip(&predictions).collect();
        let count = || -> Result<Confusion> {
            let of_pair = |(label, prediction): &(&PathBuf, &PathBuf)| -> Result<Confusion> {
                let size = check(label)?;
                let mut confusion = Confusion::new(CLASSES);
                confusion.add(read_label(label, &code, size)?.pixels(), read_label(prediction, &code, size)?.pixels());
                Ok(confusion)
            };
            let all = pairs.par_iter().map(of_pair).collect::<Result<Vec<_>>>()?;
            let mut sum = Confusion::new(CLASSES);
            all.iter().for_each(|confusion| sum.merge(confusion));
            Ok(sum)
        };
        let mut last = count();
        let times = self.time(|| last = count());
        Ok((json!({ "pairs": pairs.len(), "mean_iou": last?.mean_iou() }), times))
    }
}

/// Vectors around fourteen modes, with absent classes.
fn drawn(n: usize) -> Vec<f32> {
    let mut rng = StdRng::seed_from_u64(7);
    let modes: Vec<f32> = (0..14 * WIDTH).map(|_| rng.random::<f32>()).collect();
    let mut rows = vec![0.0; n * WIDTH];
    for row in rows.chunks_exact_mut(WIDTH) {
        let mode = &modes[rng.random_range(0..14) * WIDTH..][..WIDTH];
        for (class, block) in row.chunks_exact_mut(CHANNELS).enumerate() {
            if rng.random::<f32>() < 0.7 {
                let of_mode = &mode[class * CHANNELS..][..CHANNELS];
                block.iter_mut().zip(of_mode).for_each(|(value, &mean)| *value = mean + 0.3 * rng.random::<f32>());
            }
        }
    }
    rows
}

fn npy(path: &Path) -> Result<Tensor> {
    Tensor::read_npy(path).with_context(|| format!("{} is no array of numpy", path.display()))
}

fn pngs(folder: &Path, suffix: &str) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut found: Vec<PathBuf> =
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<std::io::Result<_>>()?;
    found.retain(|path| path.to_string_lossy().ends_with(suffix));
    found.sort();
    Ok(found)
}

/// The most that this process has held, where the system tells.
fn peak_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? / 1024)
}
