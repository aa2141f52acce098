//! A network with its weights: built, loaded, looked through, left behind as a result.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use rand::RngCore;
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};
use windlass::domain::{Class, ModelCard, Precision, Recipe, Stream, files, rng};
use windlass::formats::atomic;

use crate::job::Job;
use crate::net::{Output, Segmenter};
use crate::weights;

fn names(classes: &[Class]) -> String {
    classes.iter().map(|class| class.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// What made the weights at `path`; none where they came without a card.
pub fn card(path: &Path) -> Result<Option<ModelCard>> {
    let Ok(card) = fs::read(path.with_file_name(files::MODEL_CARD)) else { return Ok(None) };
    serde_json::from_slice(&card).with_context(|| format!("the card beside {}", path.display())).map(Some)
}

/// A network on the job's device.
pub struct Model {
    /// Its weights by name.
    pub vs: VarStore,
    /// What they are weights of.
    pub net: Segmenter,
    kind: Kind,
}

impl Model {
    /// With random weights, drawn from the seed.
    pub fn fresh(recipe: &Recipe, n_classes: usize, seed: u64, device: Device) -> Self {
        let vs = VarStore::new(device);
        tch::manual_seed(rng(seed, Stream::Init, 0).next_u64() as i64);
        let net = Segmenter::new(&vs.root(), recipe.backbone, recipe.norm, n_classes);
        let net = net.with_input(recipe.input).with_dropout(recipe.dropout);
        let half = recipe.precision == Precision::Bf16 && device.is_cuda();
        Self { vs, net, kind: if half { Kind::BFloat16 } else { Kind::Float } }
    }

    fn of(job: &Job, recipe: &Recipe) -> Self {
        Self::fresh(recipe, job.spec.classes.len(), job.spec.seed, job.device)
    }

    /// What a warm-up starts from: random weights but for the backbone, whose are ImageNet's or another network's; or a whole
    /// model, as an earlier project left it.
    pub fn start(job: &Job, path: &Path) -> Result<Self> {
        ensure!(
            path.is_file(),
            "there are no weights to start from at {}: `make setup` fetches EfficientNet-Lite0's of ImageNet; bring torchvision's ResNet-101 with `windlass-engine weights convert`",
            path.display()
        );
        if weights::is_whole(path)? {
            return Self::load(job, path);
        }
        let mut model = Self::of(job, &job.spec.recipe);
        weights::load_backbone(&mut model.vs, path)?;
        Ok(model)
    }

    /// With the weights that an earlier job left. Their card says what they take a pixel for, whatever the recipe says by now.
    pub fn load(job: &Job, path: &Path) -> Result<Self> {
        ensure!(
            path.is_file(),
            "there is no weights file at {}: put it back, or run the stage that makes it again",
            path.display()
        );
        let mut recipe = job.spec.recipe.clone();
        if let Some(card) = card(path)? {
            let (theirs, ours) = (names(&card.classes), names(&job.spec.classes));
            ensure!(
                theirs == ours,
                "{} tells apart {theirs}, not {ours}: take a model of the same classes",
                path.display()
            );
            recipe.input = card.recipe.input;
        }
        let mut model = Self::of(job, &recipe);
        weights::load(&mut model.vs, path)?;
        Ok(model)
    }

    /// Whether decoder and classifier learn too, or backbone and pyramid alone.
    pub fn train_decoder(&mut self, learns: bool) {
        for (name, weight) in self.vs.variables() {
            let decodes = ["head.decoder.", "head.classifier."].iter().any(|part| name.starts_with(part));
            if decodes && !learns {
                let _ = weight.set_requires_grad(false);
            }
        }
    }

    /// Pictures u8 `[n, h, w, 3]` through the network; maps are f32 whatever the precision.
    pub fn see(&self, rgb: &Tensor, train: bool) -> Output {
        let x = self.net.normalise(rgb).to_kind(self.kind);
        let Output { features, logits } = self.net.forward(&x, train);
        // Losses go along the classes of a pixel: with planes of classes, as they need them, ten times larger maps are
        // not reordered later.
        Output { features: features.to_kind(Kind::Float), logits: logits.to_kind(Kind::Float).contiguous() }
    }

    /// Writes `out/model.safetensors` and, last of all, the card that says what made it.
    pub fn finish(&self, job: &Job, parent: &Path) -> Result<()> {
        let path = job.out(files::MODEL)?;
        weights::save(&self.vs, &path)?;
        let card = ModelCard {
            stage: job.spec.stage,
            classes: job.spec.classes.clone(),
            recipe: Recipe { input: self.net.input(), ..job.spec.recipe.clone() },
            seed: job.spec.seed,
            parent: weights::sha256(parent)?,
            sha256: weights::sha256(&path)?,
        };
        atomic::write(&job.out(files::MODEL_CARD)?, &serde_json::to_vec_pretty(&card)?)?;
        Ok(())
    }
}
