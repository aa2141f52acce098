//! Warm-up: cross entropy on the source, while a discriminator that tells source from target by the soft-max maps is
//! fooled on the target (section 3.2; Tsai et al. 2018, with least squares).

use std::path::Path;

use anyhow::Result;
use tch::nn::VarStore;
use tch::{Kind, Tensor};
use windlass::domain::{Backbone, FrameRef, Size, Stream, files};

use crate::batch::{Batches, Set};
use crate::checkpoint::named;
use crate::job::{Job, Outcome};
use crate::loss::{cross_entropy, ls_gan};
use crate::model::Model;
use crate::net::Discriminator;
use crate::optimizer::{Adam, Sgd, poly};
use crate::training::Training;
use crate::weights;

/// Trains from ImageNet weights; leaves the model and the discriminator.
pub fn run(job: &Job, imagenet: &Path, source: &[FrameRef], target: &[FrameRef]) -> Result<Outcome> {
    let (recipe, schedule) = (&job.spec.recipe, &job.spec.recipe.warmup);
    let model = Model::from_imagenet(job, imagenet)?;
    let judge_weights = VarStore::new(job.device);
    let judge = Discriminator::new(&judge_weights.root(), job.spec.classes.len());
    let (mut sgd, mut adam) = (Sgd::new(&model.vs, schedule), Adam::new(&judge_weights));
    let state = [
        named("model", model.vs.variables()),
        named("sgd", sgd.state()),
        named("discriminator", judge_weights.variables()),
        named("adam", adam.state()),
    ];
    let training = Training::begin(job, schedule.steps, state.into_iter().flatten().collect())?;
    let source = Set { frames: source.into(), batch: recipe.batch_source, order: Stream::SourceOrder, labelled: true };
    let target =
        Set { frames: target.into(), batch: recipe.batch_target, order: Stream::UnlabelledOrder, labelled: false };
    let (n_source, n_target) = (source.batch as i64, target.batch as i64);
    let mut batches = Batches::start(job, [source, target], training.steps())?;

    for step in training.steps() {
        let [source, target] = batches.take()?;
        training.seed(step);
        let logits = model.see(&Tensor::cat(&[&source.rgb, &target.rgb], 0), true).logits;
        let full = model.net.enlarge(&logits.narrow(0, 0, n_source), recipe.crop); // [n_source, C, h, w]
        let segmentation = cross_entropy(&full, &source.label);

        // The network makes target maps look like source maps.
        let maps = model.net.enlarge(&logits, judged(recipe.backbone, recipe.crop)).softmax(1, Kind::Float);
        let fooled = ls_gan(&judge.forward(&maps.narrow(0, n_source, n_target)), 0.0);
        let loss = &segmentation + &fooled * recipe.adversarial_weight;
        sgd.step(&loss, step);

        // The discriminator learns to tell them apart.
        let verdict = judge.forward(&maps.detach());
        let told = ls_gan(&verdict.narrow(0, 0, n_source), 0.0) + ls_gan(&verdict.narrow(0, n_source, n_target), 1.0);
        adam.step(&told, step, recipe.discriminator_rate * poly(schedule, step));

        let curves = [("loss/source", &segmentation), ("loss/adversarial", &fooled), ("loss/discriminator", &told)];
        if !training.after(step, &loss, &curves, sgd.rate(step))? {
            return Ok(Outcome::Stopped(step + 1));
        }
    }
    weights::save(&judge_weights, job.out(files::DISCRIMINATOR)?)?;
    model.finish(job, imagenet)?;
    Ok(Outcome::Done)
}

/// The size of the maps that the discriminator sees: the crop's, as the paper's; half of it for the small network, whose
/// maps hold nothing finer and whose steps are to stay near a second on two cores.
pub(super) fn judged(backbone: Backbone, crop: Size) -> Size {
    match backbone {
        Backbone::Resnet101 => crop,
        Backbone::EfficientnetLite0 => Size { width: crop.width / 2, height: crop.height / 2 },
    }
}
