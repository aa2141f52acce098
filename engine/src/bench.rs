//! `windlass-engine bench`: how fast this box is at what takes the time, one line of JSON each.
//!
//! Sizes are the paper's (ResNet-101: 896x512, frames of 2048x1024, 24 966 and 2 975 vectors of 19 x 256 numbers), and
//! 256x256 for the network that trains without a card. Figures are medians over runs after one that does not count.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rayon::prelude::*;
use serde_json::{Value, json};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor, no_grad};
use windlass::domain::{Backbone, Confusion, FrameId, Layout, Norm, Recipe, Size, Strategy, Taxonomy};
use windlass::formats::codes::label_code;
use windlass::formats::label::read_label;
use windlass::formats::picture::check;
use windlass::method::kmeans::{Knobs, kmeans, kmeans_from};
use windlass::method::scores::{Anchors, Described, Measure};
use windlass::method::selection::{Asked, Pool, choose};

use crate::loss::cross_entropy;
use crate::net::Segmenter;
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
        let say = |what: &str, case: Value, mut times: Vec<f64>| {
            times.sort_by(f64::total_cmp);
            let seconds = times[times.len() / 2];
            let spread = [times[0], times[times.len() - 1]];
            let figures = json!({
                "what": what, "case": case, "seconds": seconds, "spread": spread, "runs": times.len(),
                "threads": threads, "device": device::name(device), "peak_mib": peak_mib(),
            });
            println!("{figures}");
        };
        for what in wanted {
            match what {
                What::Train => {
                    let norms = (Norm::Trained, Norm::Frozen);
                    for (backbone, norm, crop, batch) in
                        [(Backbone::EfficientnetLite0, norms.1, SMALL_CROP, 8), (Backbone::Resnet101, norms.0, CROP, 1)]
                    {
                        let case =
                            json!({ "network": backbone, "norm": norm, "size": crop.to_string(), "batch": batch });
                        say("training step", case, self.train(device, backbone, norm, crop, batch));
                    }
                }
                What::Infer => {
                    for backbone in [Backbone::EfficientnetLite0, Backbone::Resnet101] {
                        let case = json!({ "network": backbone, "size": FRAME.to_string() });
                        say("inference", case, self.infer(device, backbone));
                    }
                }
                What::Pool => {
                    let (frames, times) = self.pool(device);
                    say("pooling", json!({ "map": [CHANNELS, 64, 128], "frames": frames }), times);
                }
                What::Anchors => self.anchors(&say)?,
                What::Select => say("selection", json!({ "frames": 2975, "anchors": 20 }), self.select()),
                What::Evaluate => match &self.pairs[..] {
                    [labels, predictions] => {
                        let (case, times) = self.evaluate(labels, predictions)?;
                        say("evaluation", case, times);
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

    fn train(&self, device: Device, backbone: Backbone, norm: Norm, crop: Size, batch: i64) -> Vec<f64> {
        tch::manual_seed(0);
        let vs = VarStore::new(device);
        let net = Segmenter::new(&vs.root(), backbone, norm, CLASSES);
        let mut sgd = Sgd::new(&vs, &Recipe::recommended(backbone).inject);
        let (height, width) = (i64::from(crop.height), i64::from(crop.width));
        let rgb = Tensor::randint(256, [batch, height, width, 3], (Kind::Uint8, device));
        let labels = Tensor::randint(CLASSES as i64, [batch, height, width], (Kind::Int64, device));
        self.time(|| {
            let logits = net.forward(&net.normalise(&rgb), true).logits.contiguous();
            let loss = cross_entropy(&net.enlarge(&logits, crop), &labels);
            sgd.step(&loss, 0);
            assert!(loss.double_value(&[]).is_finite(), "waits for the device, too");
        })
    }

    fn infer(&self, device: Device, backbone: Backbone) -> Vec<f64> {
        tch::manual_seed(0);
        let vs = VarStore::new(device);
        let net = Segmenter::new(&vs.root(), backbone, Norm::Frozen, CLASSES);
        let rgb = Tensor::randint(256, [1, i64::from(FRAME.height), i64::from(FRAME.width), 3], (Kind::Uint8, device));
        self.time(|| {
            no_grad(|| {
                let logits = net.forward(&net.normalise(&rgb), false).logits.contiguous();
                let classes = net.enlarge(&logits, FRAME).argmax(1, false);
                assert!(classes.max().int64_value(&[]) < CLASSES as i64, "waits for the device, too");
            });
        })
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

    fn anchors(&self, say: &impl Fn(&str, Value, Vec<f64>)) -> Result<()> {
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
        say("anchors", case("given rows", iterations, inertia), times);
        let knobs = Knobs { k, iterations: 50, restarts: 5 };
        let begun = Instant::now();
        let best = kmeans(&rows, d, knobs, 1)?;
        say("anchors", case("k-means++, 5 starts", best.iterations, best.inertia), vec![begun.elapsed().as_secs_f64()]);
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
        let asked = Asked { strategy: Strategy::Madav2, budget: 149, quota: None, listed: &[], seed: 1 };
        self.time(|| assert_eq!(choose(&pool, &asked).map(|picks| picks.len()), Ok(149)))
    }

    fn evaluate(&self, labels: &Path, predictions: &Path) -> Result<(Value, Vec<f64>)> {
        let taxonomy = Taxonomy::built_in("cityscapes19").context("built in")?;
        let code = label_code(Layout::Cityscapes, &taxonomy).context("Cityscapes has codes")?;
        let (labels, predictions) = (pngs(labels, "_gtFine_labelIds.png")?, pngs(predictions, ".png")?);
        ensure!(labels.len() == predictions.len() && !labels.is_empty(), "there must be one prediction a label");
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
