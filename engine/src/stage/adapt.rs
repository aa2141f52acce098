//! Step 3: semi-supervised adaptation (Eq. 9-15). The source and the labelled target teach directly, a slow teacher
//! labels the rest, mixed so that classes come up that the student is unsure of, and vectors of unlabelled frames are
//! drawn to the target's anchors.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Result, ensure};
use tch::{Kind, Tensor, no_grad};
use windlass::domain::{Consistency, FrameId, FrameRef, IGNORE, Recipe, Stream, Supervision};

use crate::adaptive::{Adaptive, Mixed};
use crate::batch::{Batch, OnDemand, Set};
use crate::best::Best;
use crate::checkpoint::{Named, named};
use crate::ema::Teacher;
use crate::feature_file::{FeatureFile, read_anchors};
use crate::job::{Job, Outcome};
use crate::loss::{PseudoLabels, alignment, consistency, cross_entropy, keep_at_random, ohem, padded_at};
use crate::mixing::class_confidences;
use crate::model::Model;
use crate::optimizer::Sgd;
use crate::pooling::{class_means, follow};
use crate::training::{Lesson, Losses, seed_of, train};

/// A labelled frame that gives pixels away is shown at any of these scales (AEL).
const PASTE_SCALE: [f64; 2] = [0.1, 2.0];

/// Trains the model at `parent` further; leaves the student, which measured better than its teacher in so few steps.
pub fn run(
    job: &Job,
    parent: &Path,
    features: Option<&Path>,
    anchors: &Path,
    source: &[FrameRef],
    labelled: &[FrameRef],
    unlabelled: &[FrameRef],
) -> Result<Outcome> {
    let recipe = &job.spec.recipe;
    let seed = seed_of(job.spec.seed, job.spec.stage, parent)?;
    let length = job.spec.classes.len() * recipe.backbone.feature_channels();
    let anchors = read_anchors(anchors, "target", length)?.to_device(job.device); // [v, C * D]
    let student = Model::load(job, parent)?;
    let teacher = Teacher::new(Model::load(job, parent)?, &student, recipe.teacher_decay);
    let (labelled, best) = Best::split(job, &student, labelled);
    // Where everything is labelled there is still something to be consistent on.
    let unlabelled = if unlabelled.is_empty() { &labelled } else { unlabelled };
    let found = found_in(features, unlabelled, job.spec.classes.len())?;
    let adaptive = Adaptive::new(seed, recipe, &job.spec.classes, found);
    let pad = student.net.nothing();
    let on_demand = recipe.cutmix.then(|| OnDemand::start(job, seed, unlabelled.to_vec(), pad)).transpose()?;
    let mut lesson =
        WithPartners { adaptation: Adaptation::new(student, teacher, anchors, adaptive, recipe), on_demand };

    let (drawn, _) = pairs(recipe);
    let n_source = if recipe.source_weight > 0.0 { recipe.batch_source } else { 0 };
    let n_givers = if recipe.copy_paste > 0.0 { recipe.batch_target } else { 0 };
    let givers = Set::labelled(&labelled, n_givers, Stream::PartnerOrder, recipe);
    let sets = [
        Set::labelled(source, n_source, Stream::SourceOrder, recipe),
        Set::labelled(&labelled, recipe.batch_target, Stream::LabelledOrder, recipe),
        Set::plain(unlabelled, drawn, Stream::UnlabelledOrder, recipe),
        Set { scale: PASTE_SCALE, ..givers },
    ];
    let outcome = train(job, seed, &recipe.adapt, sets, best, &mut lesson)?;
    if outcome == Outcome::Done {
        lesson.model().finish(job, parent)?;
    }
    Ok(outcome)
}

/// Which classes the model that is to be adapted found in which frames, f32 `[frames, C]`, as the features file says: so
/// cutmix knows from its first step where to cut. Nothing is known of frames without a row.
fn found_in(features: Option<&Path>, frames: &[FrameRef], n_classes: usize) -> Result<Tensor> {
    let mut found = vec![0.0_f32; frames.len() * n_classes];
    if let Some(path) = features {
        let file = FeatureFile::open(path)?;
        let ((present, n_present), ids) = (file.bytes("target", "present")?, file.ids("target")?);
        ensure!(n_present == n_classes, "the features are of other classes: extract features again");
        let rows: HashMap<FrameId, &[u8]> = ids.into_iter().zip(present.chunks_exact(n_classes)).collect();
        for (own, frame) in found.chunks_exact_mut(n_classes).zip(frames) {
            let row = rows.get(&frame.id).copied().unwrap_or_default();
            own.iter_mut().zip(row).for_each(|(own, here)| *own = f32::from(*here));
        }
    }
    Ok(Tensor::from_slice(&found).view([frames.len() as i64, n_classes as i64]))
}

/// How many unlabelled frames a step are drawn, and how many are chosen for the classes seen in them.
fn pairs(recipe: &Recipe) -> (usize, usize) {
    match recipe.cutmix {
        true => (recipe.batch_unlabelled / 2, recipe.batch_unlabelled / 2),
        false => (recipe.batch_unlabelled, 0),
    }
}

/// An adaptation whose chosen frames are read while the step before runs.
struct WithPartners {
    adaptation: Adaptation,
    on_demand: Option<OnDemand>,
}

impl Lesson<4> for WithPartners {
    fn model(&self) -> &Model {
        &self.adaptation.student
    }

    fn state(&self) -> Named {
        self.adaptation.state()
    }

    fn learn(&mut self, [source, labelled, drawn, givers]: [Batch; 4], step: u64) -> Result<Losses> {
        let Self { adaptation, on_demand } = self;
        let chosen = match on_demand {
            Some(reader) if reader.is_idle() => {
                reader.ask(step, adaptation.adaptive.partners(step, pairs(&adaptation.recipe).1))?;
                Some(reader.take()?)
            }
            Some(reader) => Some(reader.take()?),
            None => None,
        };
        let frames = Frames { source, labelled, givers, drawn, chosen };
        adaptation.learn(frames, step, |adaptive| match on_demand {
            Some(reader) => reader.ask(step + 1, adaptive.partners(step + 1, pairs(&adaptive.recipe).1)),
            None => Ok(()),
        })
    }
}

/// What a step of the adaptation sees.
pub struct Frames {
    /// None where the source does not count.
    pub source: Batch,
    /// Target frames that people labelled.
    pub labelled: Batch,
    /// As many labelled frames to paste from; none where nothing is pasted.
    pub givers: Batch,
    /// Unlabelled target frames.
    pub drawn: Batch,
    /// As many more for cutmix, chosen by [`Adaptive::partners`].
    pub chosen: Option<Batch>,
}

/// A student, its teacher, and what they remember of the target.
pub struct Adaptation {
    student: Model,
    teacher: Teacher,
    /// f32 `[v, C * D]`.
    anchors: Tensor,
    adaptive: Adaptive,
    sgd: Sgd,
    recipe: Recipe,
}

impl Adaptation {
    /// `anchors` f32 `[v, C * D]` are the target's.
    pub fn new(mut student: Model, teacher: Teacher, anchors: Tensor, adaptive: Adaptive, recipe: &Recipe) -> Self {
        student.train_decoder(recipe.train_decoder);
        let sgd = Sgd::new(&student.vs, &recipe.adapt);
        Self { student, teacher, anchors, adaptive, sgd, recipe: recipe.clone() }
    }

    /// Everything that steps change.
    pub fn state(&self) -> Named {
        let parts = [
            named("model", self.student.vs.variables()),
            named("sgd", self.sgd.state()),
            named("teacher", self.teacher.model().vs.variables()),
            vec![("anchors".to_owned(), self.anchors.shallow_clone())],
            named("adaptive", self.adaptive.state()),
        ];
        parts.into_iter().flatten().collect()
    }

    /// One step. `known` is called once the banks hold what the step has shown, before the weights move.
    pub fn learn(&mut self, frames: Frames, step: u64, known: impl FnOnce(&Adaptive) -> Result<()>) -> Result<Losses> {
        let Self { student, teacher, anchors, adaptive, sgd, recipe } = self;
        let Frames { source, labelled, givers, drawn, chosen } = frames;
        let labelled = adaptive.paste(step, labelled, &givers);
        let (n_source, n_labelled) = (source.len(), labelled.len());
        let plain = chosen
            .as_ref()
            .map_or_else(|| drawn.rgb.shallow_clone(), |chosen| Tensor::cat(&[&drawn.rgb, &chosen.rgb], 0));
        let n_rest = plain.size()[0];
        let guided = recipe.consistency_on_labelled && recipe.consistency != Consistency::Ohem;
        let n_guided = if guided { n_labelled } else { 0 };
        let guide = no_grad(|| {
            let rgb = Tensor::cat(&[&labelled.rgb.narrow(0, 0, n_guided), &plain], 0);
            student.net.enlarge(&teacher.model().see(&rgb, false).logits, recipe.crop) // [n_guided + n_rest, C, h, w]
        });
        let guide = [guide.narrow(0, 0, n_guided), guide.narrow(0, n_guided, n_rest)];
        let padding = Batch::padding(&[&drawn].into_iter().chain(&chosen).collect::<Vec<_>>());
        let mixed = match &chosen {
            Some(chosen) => adaptive.cutmix(step, &drawn, chosen, &guide[1]),
            None => Mixed {
                rgb: plain.shallow_clone(),
                guide: guide[1].shallow_clone(),
                padding: drawn.padding.as_ref().map(Tensor::shallow_clone),
            },
        };

        // Until then the classes of a frame are too unsure for its vector to mean much.
        let align =
            recipe.alignment_weight > 0.0 && step >= (recipe.alignment_start * recipe.adapt.steps as f64) as u64;
        let coloured = adaptive.recolour(step, &mixed.rgb);
        let mut seen = vec![&source.rgb, &labelled.rgb, &coloured];
        // A vector is of a frame as it is, not of a mixture.
        seen.extend((align && chosen.is_some()).then_some(&plain));
        let seen = student.see(&Tensor::cat(&seen, 0), true);
        let full = student.net.enlarge(&seen.logits.narrow(0, 0, n_source + n_labelled + n_rest), recipe.crop);
        let on_labelled = full.narrow(0, n_source, n_labelled);
        let on_mixed = full.narrow(0, n_source + n_labelled, n_rest);

        let hard = |logits: &Tensor, labels: &Tensor| ohem(logits, labels, recipe.ohem_threshold, recipe.ohem_min_kept);
        let labelled_loss = match recipe.labelled_loss {
            Supervision::Ohem => hard(&on_labelled, &labelled.label),
            Supervision::CrossEntropy => cross_entropy(&on_labelled, &labelled.label),
        };
        let left = 1.0 - step as f64 / recipe.adapt.steps as f64;
        let (surest, doubtful) = (recipe.drop_surest * left, recipe.drop_doubtful * left);
        let pseudo = PseudoLabels::of(&mixed.guide, mixed.padding.as_ref(), surest, doubtful);
        let odds = (recipe.consistency == Consistency::Sampled).then(|| adaptive.keep_odds());
        let agreement = |logits: &Tensor, labels: PseudoLabels| match (recipe.consistency, &odds) {
            (Consistency::Ohem, _) => hard(logits, &labels.classes),
            (_, None) => consistency(logits, &labels),
            (_, Some(odds)) => {
                let (n, _, height, width) = logits.size4().expect("logits are [n, C, h, w]");
                let draws = Tensor::rand([n, height, width], (Kind::Float, logits.device()));
                consistency(logits, &keep_at_random(labels, logits, odds, &draws))
            }
        };
        let once_more = recipe.consistency_on_labelled.then(|| match recipe.consistency {
            // To the letter of Eq. 13 by their labels once more, not by the teacher's.
            Consistency::Ohem => hard(&on_labelled, &labelled.label),
            _ => agreement(&on_labelled, PseudoLabels::of(&guide[0], labelled.padding.as_ref(), 0.0, 0.0)),
        });
        let mut consistency_loss = agreement(&on_mixed, pseudo);
        if let Some(once_more) = once_more {
            consistency_loss += once_more;
        }
        let mut total = &labelled_loss + &consistency_loss * recipe.consistency_weight;
        let mut parts = vec![];
        if n_source > 0 {
            let source_loss = cross_entropy(&full.narrow(0, 0, n_source), &source.label);
            total += &source_loss * recipe.source_weight;
            parts.push(("loss/source", source_loss));
        }
        parts.extend([("loss/labelled", labelled_loss), ("loss/consistency", consistency_loss)]);

        let mut vectors = None;
        if align {
            let last = seen.logits.size()[0] - n_rest;
            let mut classes = seen.logits.narrow(0, last, n_rest).argmax(1, false); // [n_rest, h/4, w/4]
            let features = seen.features.narrow(0, last, n_rest);
            if let Some(padding) = &padding {
                classes = classes.masked_fill(&padded_at(padding, &features), i64::from(IGNORE));
            }
            let n_classes = seen.logits.size()[1] as usize;
            let found = class_means(&features, &classes, n_classes, recipe.min_pixels);
            let distance = alignment(&found.values.flatten(1, 2), anchors);
            total += &distance * recipe.alignment_weight;
            parts.push(("loss/alignment", distance));
            vectors = Some(found);
        }

        adaptive.follow(&class_confidences(&on_labelled, &labelled.label));
        known(adaptive)?;
        sgd.step(&total, step);
        teacher.follow();
        if let Some(mut vectors) = vectors {
            if recipe.anchor_absent {
                vectors.present = vectors.present.ones_like();
            }
            follow(anchors, &vectors, recipe.anchor_decay);
        }
        Ok(Losses { total, parts, rate: sgd.rate(step) })
    }
}
