//! Feature vectors of whole frames (Eq. 1, 4).

use std::path::Path;

use anyhow::Result;
use tch::nn::VarStore;
use tch::{Kind, Tensor};
use windlass::domain::{FeatureSet, Gan, IGNORE, Size, files};
use windlass::formats::resize::resize_nearest;

use crate::feature_file::{FeatureWriter, Rows, partial};
use crate::job::{Job, Outcome};
use crate::mark::Mark;
use crate::model::{Model, card};
use crate::net::{Discriminator, probability};
use crate::pooling::class_means;
use crate::predict::{Count, Seen, each, entropy};
use crate::stage::warmup::judged;

/// Leaves one vector a frame, and what the scores need besides. Where a frame has a label, only rightly predicted pixels
/// count for the vector, as in the authors' code.
pub fn run(job: &Job, model: &Path, discriminator: Option<&Path>, sets: &[FeatureSet]) -> Result<Outcome> {
    let (path, mut mark) = (job.out(files::FEATURES)?, Mark::<()>::of(job)?);
    let before = if partial(&path).exists() { mark.reached().0 } else { 0 };
    job.started((before > 0).then_some(before as u64))?;
    let model = Model::load(job, model)?;
    let (recipe, n_classes) = (&job.spec.recipe, job.spec.classes.len());
    let judge = discriminator.map(|path| Judge::load(job, path)).transpose()?;
    let is_judged = |set: &FeatureSet| judge.is_some() && set.name == "target";
    let writer = FeatureWriter::open(&path, sets, is_judged, n_classes, recipe.backbone.feature_channels())?;
    let mut count = Count { done: 0, total: sets.iter().map(|set| set.frames.len()).sum() };
    let mut keep = |frames: usize, at_once: bool| {
        if !at_once && !mark.is_due() {
            return Ok(());
        }
        writer.sync()?;
        mark.move_to(frames, &())
    };
    for set in sets {
        let skipped = before.saturating_sub(count.done).min(set.frames.len());
        count.done += skipped;
        let mut done = count.done;
        let all = each(job, &model, &set.frames[skipped..], true, &mut count, |seen: Seen<'_>| {
            let guess = seen.output.logits.argmax(1, false); // [n, h/4, w/4]
            let right = guess.eq_tensor(&labels_or(&guess, &seen)?);
            let counted = guess.where_scalarother(&right, i64::from(IGNORE));
            let vectors = class_means(&seen.output.features, &counted, n_classes, recipe.min_pixels);
            let masks = one_hot(&guess, n_classes);
            let look = |judge: &Judge| by_class(&masks, &judge.look(&model, &seen.output.logits));
            let foreign = judge.as_ref().filter(|_| is_judged(set)).map(look);
            let rows = Rows {
                vectors: &vectors.values,
                present: &vectors.present,
                pixels: &masks.mean_dim([2, 3].as_slice(), false, Kind::Float),
                entropy: &by_class(&masks, &entropy(&seen.output.logits)),
                foreign: foreign.as_ref(),
            };
            writer.rows(&set.name, skipped + seen.first, &rows)?;
            done += seen.frames.len();
            keep(done, false)
        })?;
        keep(done, true)?;
        if !all {
            return Ok(Outcome::Stopped(count.done as u64));
        }
    }
    writer.finish()?;
    Ok(Outcome::Done)
}

/// The warm-up's discriminator.
struct Judge {
    net: Discriminator,
    /// Of the maps that it was trained on, for frames of the recipe's size.
    size: Size,
    gan: Gan,
    _weights: VarStore,
}

impl Judge {
    fn load(job: &Job, path: &Path) -> Result<Self> {
        anyhow::ensure!(
            path.is_file(),
            "there is no discriminator at {}: put it back, or run the warm-up again",
            path.display()
        );
        let mut weights = VarStore::new(job.device);
        let net = Discriminator::new(&weights.root(), job.spec.classes.len());
        crate::weights::load(&mut weights, path)?;
        let recipe = &job.spec.recipe;
        // Its verdicts mean what its warm-up taught it, whatever the recipe says by now.
        let gan = card(path)?.map_or(recipe.gan, |card| card.recipe.gan);
        Ok(Self { net, size: judged(recipe.backbone, recipe.frame), gan, _weights: weights })
    }

    /// The probability that a place is of the target: logits `[n, C, h, w]` -> `[n, h, w]`.
    fn look(&self, model: &Model, logits: &Tensor) -> Tensor {
        let maps = model.net.enlarge(logits, self.size).softmax(1, Kind::Float);
        let (_, _, height, width) = logits.size4().expect("logits are [n, C, h, w]");
        probability(&self.net.forward(&maps), self.gan).upsample_nearest2d([height, width], None, None).squeeze_dim(1)
    }
}

/// i64 `[n, h, w]` -> f32 `[n, C, h, w]`.
fn one_hot(classes: &Tensor, n_classes: usize) -> Tensor {
    let every = Tensor::arange(n_classes as i64, (Kind::Int64, classes.device())).view([1, -1, 1, 1]);
    classes.unsqueeze(1).eq_tensor(&every).to_kind(Kind::Float)
}

/// What the pixels of each class add to the mean of a map: masks `[n, C, h, w]` and map `[n, h, w]` -> `[n, C]`.
fn by_class(masks: &Tensor, map: &Tensor) -> Tensor {
    (masks * map.unsqueeze(1)).mean_dim([2, 3].as_slice(), false, Kind::Float)
}

/// The labels of the frames at the size of `guess` i64 `[n, h, w]`; the guess itself where a frame has none.
fn labels_or(guess: &Tensor, seen: &Seen<'_>) -> Result<Tensor> {
    let (n, height, width) = guess.size3()?;
    let size = Size { width: width as u32, height: height as u32 };
    let truth = (0..n).zip(&seen.labels).map(|(frame, label)| match label {
        None => guess.get(frame),
        Some(label) => {
            let label = Tensor::from_slice(resize_nearest(label, size).pixels()).view([height, width]);
            label.to_device(guess.device()).to_kind(Kind::Int64)
        }
    });
    Ok(Tensor::stack(&truth.collect::<Vec<_>>(), 0))
}
