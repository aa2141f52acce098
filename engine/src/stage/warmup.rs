//! Warm-up: cross entropy on the source, while a discriminator that tells source from target by the soft-max maps is
//! fooled on the target (section 3.2; Tsai et al. 2018).

use std::path::Path;

use anyhow::Result;
use tch::nn::VarStore;
use tch::{Kind, Tensor, no_grad};
use windlass::domain::{Backbone, FrameRef, Recipe, Size, Stream, files};

use crate::batch::{Batch, Set};
use crate::checkpoint::{Named, named};
use crate::job::{Job, Outcome};
use crate::loss::{adversarial, cross_entropy, padded_at};
use crate::model::Model;
use crate::net::Discriminator;
use crate::optimizer::{Adam, Sgd, poly};
use crate::training::{Lesson, Losses, seed_of, train};
use crate::weights;

/// Trains from ImageNet's weights or an earlier model's; leaves the model and the discriminator.
pub fn run(job: &Job, start: &Path, source: &[FrameRef], target: &[FrameRef]) -> Result<Outcome> {
    let recipe = &job.spec.recipe;
    let mut lesson = Warmup::new(Model::start(job, start)?, recipe, job.spec.classes.len());
    let sets = [
        Set::labelled(source, recipe.batch_source, Stream::SourceOrder, recipe),
        Set::plain(target, recipe.batch_target, Stream::UnlabelledOrder, recipe),
    ];
    let outcome = train(job, seed_of(job.spec.seed, job.spec.stage, start)?, &recipe.warmup, sets, None, &mut lesson)?;
    if outcome == Outcome::Done {
        weights::save(&lesson.judge_weights, job.out(files::DISCRIMINATOR)?)?;
        lesson.model.finish(job, start)?;
    }
    Ok(outcome)
}

/// A network and the judge that it learns to fool.
pub struct Warmup {
    model: Model,
    judge_weights: VarStore,
    judge: Discriminator,
    sgd: Sgd,
    adam: Adam,
    recipe: Recipe,
}

impl Warmup {
    /// The judge's weights are drawn from libtorch's generator as the model left it.
    pub fn new(model: Model, recipe: &Recipe, n_classes: usize) -> Self {
        let judge_weights = VarStore::new(model.vs.device());
        let judge = Discriminator::new(&judge_weights.root(), n_classes);
        let (sgd, adam) = (Sgd::new(&model.vs, &recipe.warmup), Adam::new(&judge_weights));
        Self { model, judge_weights, judge, sgd, adam, recipe: recipe.clone() }
    }
}

impl Lesson<2> for Warmup {
    fn model(&self) -> &Model {
        &self.model
    }

    fn state(&self) -> Named {
        let parts = [
            named("model", self.model.vs.variables()),
            named("sgd", self.sgd.state()),
            named("discriminator", self.judge_weights.variables()),
            named("adam", self.adam.state()),
        ];
        parts.into_iter().flatten().collect()
    }

    fn learn(&mut self, [source, target]: [Batch; 2], step: u64) -> Result<Losses> {
        let Self { model, judge, recipe, .. } = self;
        let (n_source, n_target) = (source.len(), target.len());
        let logits = model.see(&Tensor::cat(&[&source.rgb, &target.rgb], 0), true).logits;
        let full = model.net.enlarge(&logits.narrow(0, 0, n_source), recipe.crop); // [n_source, C, h, w]
        let segmentation = cross_entropy(&full, &source.label);

        let maps = |first, n, padding: Option<&Tensor>| {
            let size = judged(recipe.backbone, recipe.crop);
            let maps = model.net.enlarge(&logits.narrow(0, first, n), size).softmax(1, Kind::Float);
            // As if the map ended where its frame does.
            padding
                .map_or(maps.shallow_clone(), |padding| maps.masked_fill(&padded_at(padding, &maps).unsqueeze(1), 0.0))
        };
        // The network makes target maps look like source maps, whose own need no gradient.
        let of_target = maps(n_source, n_target, target.padding.as_ref());
        let of_source = no_grad(|| maps(0, n_source, source.padding.as_ref()));
        let fooled = adversarial(&judge.forward(&of_target), 0.0, recipe.gan, target.padding.as_ref());
        let total = &segmentation + &fooled * recipe.adversarial_weight;
        self.sgd.step(&total, step);

        // The discriminator learns to tell them apart.
        let verdict = judge.forward(&Tensor::cat(&[of_source, of_target.detach()], 0));
        let told = adversarial(&verdict.narrow(0, 0, n_source), 0.0, recipe.gan, source.padding.as_ref())
            + adversarial(&verdict.narrow(0, n_source, n_target), 1.0, recipe.gan, target.padding.as_ref());
        self.adam.step(&told, step, recipe.discriminator_rate * poly(&recipe.warmup, step));

        let parts = vec![("loss/source", segmentation), ("loss/adversarial", fooled), ("loss/discriminator", told)];
        Ok(Losses { total, parts, rate: self.sgd.rate(step) })
    }
}

/// The size of the maps that the discriminator sees: the crop's, as the paper's; half of it for the small network, whose
/// maps hold nothing finer and whose steps are to stay near a second on two cores.
pub(super) fn judged(backbone: Backbone, crop: Size) -> Size {
    match backbone {
        Backbone::Resnet101 => crop,
        Backbone::EfficientnetLite0 => Size { width: crop.width / 2, height: crop.height / 2 },
    }
}
