//! What a project's jobs are made from: one method a stage, each giving the spec of its job.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::{
    AnchorSet, Choice, Class, FeatureSet, FrameId, FrameRef, JobSpec, LabelCode, Recipe, SPEC_VERSION, Stage, Task,
};

/// The name in [`JobSpec::codes`] of our own mask files, whose values are class indices. Every spec knows it.
pub const OWN_CODE: &str = "own";

/// What all jobs of a project share. Paths are absolute.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// In order of class index.
    pub classes: Vec<Class>,
    /// Every knob.
    pub recipe: Recipe,
    /// All randomness comes from it.
    pub seed: u64,
    /// `auto`, `cpu`, `cuda:1`.
    pub device: String,
    /// CPU threads of a job; 0 for all.
    pub threads: usize,
    /// What the warm-up starts from: ImageNet's weights of the backbone, or a whole model's of the same classes.
    pub imagenet: PathBuf,
    /// How label files are to be read; [`OWN_CODE`] need not stand here.
    pub codes: BTreeMap<String, LabelCode>,
    /// The source's training frames, labelled.
    pub source: Vec<FrameRef>,
    /// The target's training frames. Labels that they may have never reach a job through here.
    pub target: Vec<FrameRef>,
    /// Of the target's training frames: the city, the sequence, the folder that each is from.
    pub groups: BTreeMap<FrameId, String>,
    /// The target's validation frames, labelled.
    pub val: Vec<FrameRef>,
}

impl Plan {
    /// Section 3.2: adversarial training from ImageNet's weights or an earlier model's.
    pub fn warmup(&self) -> JobSpec {
        let (imagenet, source) = (self.imagenet.clone(), self.source.clone());
        self.spec(Stage::Warmup, Task::Warmup { imagenet, source, target: self.unlabelled_target() })
    }

    /// Eq. 1, 4: feature vectors of both domains, as sets `source` and `target`. The warm-up's discriminator, where there
    /// is one, says how foreign the target's frames look.
    pub fn features(&self, model: PathBuf, discriminator: Option<PathBuf>) -> JobSpec {
        let source = FeatureSet { name: "source".into(), frames: self.source.clone() };
        let sets = vec![source, self.target_set()];
        self.spec(Stage::Features, Task::Features { model, discriminator, sets })
    }

    /// Eq. 2, 3: `recipe.k` anchors of the source and `recipe.v` of the target.
    pub fn anchors(&self, features: PathBuf) -> JobSpec {
        let sets = vec![self.anchor_set("source", self.recipe.k), self.anchor_set("target", self.recipe.v)];
        self.spec(Stage::Anchors, Task::Anchors { features, sets })
    }

    /// The round's target frames, of those that `labelled` does not have yet.
    pub fn select(&self, features: PathBuf, anchors: PathBuf, labelled: &[FrameRef], choice: &Choice) -> JobSpec {
        let candidates: Vec<FrameId> = self.target_without(labelled).into_iter().map(|frame| frame.id).collect();
        let budget = choice.budget.of(self.target.len(), labelled.len());
        let group = |id: &FrameId| self.groups.get(id).cloned().unwrap_or_default();
        let groups = candidates.iter().map(group).collect();
        let Choice { strategy, stratified, quota, listed, .. } = choice.clone();
        self.spec(
            Stage::Select,
            Task::Select { features, anchors, candidates, budget, strategy, stratified, quota, groups, listed },
        )
    }

    /// Start masks of these target frames, in this order. Ids that the target does not have are left out.
    pub fn prelabel(&self, model: PathBuf, picks: &[FrameId]) -> JobSpec {
        let by_id: BTreeMap<FrameId, &FrameRef> = self.target.iter().map(|frame| (frame.id, frame)).collect();
        let frames = picks.iter().filter_map(|id| by_id.get(id)).map(|frame| unlabelled(frame)).collect();
        self.spec(Stage::Prelabel, Task::Prelabel { model, frames })
    }

    /// Step 1 (Eq. 6, 7): fine-tuning on the source and on all target frames that people have labelled.
    pub fn inject(&self, model: PathBuf, labelled: Vec<FrameRef>) -> JobSpec {
        self.spec(Stage::Inject, Task::Inject { model, source: self.source.clone(), labelled })
    }

    /// Step 2: feature vectors of the target by the injected model, as set `target`.
    pub fn target_features(&self, model: PathBuf) -> JobSpec {
        self.spec(Stage::TargetFeatures, Task::Features { model, discriminator: None, sets: vec![self.target_set()] })
    }

    /// Step 2: `recipe.v` anchors of the target.
    pub fn target_anchors(&self, features: PathBuf) -> JobSpec {
        self.spec(
            Stage::TargetAnchors,
            Task::Anchors { features, sets: vec![self.anchor_set("target", self.recipe.v)] },
        )
    }

    /// Step 3 (Eq. 13-15): training on source, labelled and all other target frames. `features` and `anchors` are of the
    /// model and have a set `target`.
    pub fn adapt(&self, model: PathBuf, features: PathBuf, anchors: PathBuf, labelled: Vec<FrameRef>) -> JobSpec {
        let unlabelled = self.target_without(&labelled);
        let (features, source) = (Some(features), self.source.clone());
        self.spec(Stage::Adapt, Task::Adapt { model, features, anchors, source, labelled, unlabelled })
    }

    /// IoU on the validation frames; keeps prediction pictures of the first `pictures` frames.
    pub fn evaluate(&self, model: PathBuf, pictures: usize, predictions: bool) -> JobSpec {
        let frames = self.val.clone();
        self.spec(Stage::Evaluate, Task::Evaluate { model, frames, pictures, predictions })
    }

    fn spec(&self, stage: Stage, task: Task) -> JobSpec {
        let mut codes = self.codes.clone();
        codes.insert(OWN_CODE.into(), LabelCode::own(self.classes.len()));
        JobSpec {
            version: SPEC_VERSION,
            stage,
            seed: self.seed,
            device: self.device.clone(),
            threads: self.threads,
            classes: self.classes.clone(),
            recipe: self.recipe.clone(),
            codes,
            task,
        }
    }

    fn anchor_set(&self, name: &str, k: usize) -> AnchorSet {
        AnchorSet { name: name.into(), k }
    }

    fn target_set(&self) -> FeatureSet {
        FeatureSet { name: "target".into(), frames: self.unlabelled_target() }
    }

    fn unlabelled_target(&self) -> Vec<FrameRef> {
        self.target.iter().map(unlabelled).collect()
    }

    fn target_without(&self, labelled: &[FrameRef]) -> Vec<FrameRef> {
        let labelled: BTreeSet<FrameId> = labelled.iter().map(|frame| frame.id).collect();
        self.target.iter().filter(|frame| !labelled.contains(&frame.id)).map(unlabelled).collect()
    }
}

fn unlabelled(frame: &FrameRef) -> FrameRef {
    FrameRef { label: None, ..frame.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Backbone, Budget, LabelRef, Size, Taxonomy};

    fn frame(id: i64) -> FrameRef {
        let label = Some(LabelRef { path: format!("/data/{id}_label.png").into(), code: "cityscapes".into() });
        let size = Size { width: 64, height: 32 };
        FrameRef { id: FrameId(id), image: format!("/data/{id}.png").into(), size, label }
    }

    fn plan() -> Plan {
        Plan {
            classes: Taxonomy::built_in("cityscapes19").unwrap().classes,
            recipe: Recipe { budget: Budget::Frames(2), ..Recipe::recommended(Backbone::EfficientnetLite0) },
            seed: 1,
            device: "cpu".into(),
            threads: 0,
            imagenet: "/weights/lite0.safetensors".into(),
            codes: BTreeMap::new(),
            source: (0..3).map(frame).collect(),
            target: (10..15).map(frame).collect(),
            groups: (10..15).map(|id| (FrameId(id), format!("city {}", id % 2))).collect(),
            val: vec![frame(20)],
        }
    }

    #[test]
    fn labels_of_target_frames_reach_no_job_but_through_people() {
        let (plan, model) = (plan(), PathBuf::from("/m"));
        let labelled = vec![frame(11)];
        let specs = [
            plan.warmup(),
            plan.features(model.clone(), None),
            plan.prelabel(model.clone(), &[FrameId(12)]),
            plan.target_features(model.clone()),
            plan.adapt(model, "/f".into(), "/a".into(), labelled),
        ];
        for spec in specs {
            let json = serde_json::to_string(&spec).unwrap();
            for target in (10..15).filter(|&id| id != 11) {
                assert!(!json.contains(&format!("/data/{target}_label.png")), "{:?}", spec.stage);
            }
            assert!(json.contains("/data/1") && JobSpec::parse(&json).unwrap() == spec);
            assert!(spec.codes.contains_key(OWN_CODE));
        }
    }

    #[test]
    fn a_later_round_selects_among_frames_that_nobody_has_labelled() {
        let plan = plan();
        let mut choice = Choice::of(&plan.recipe);
        let labelled = [frame(10), frame(14)];
        let spec = plan.select("/f".into(), "/a".into(), &labelled, &choice);
        let Task::Select { candidates, budget, groups, .. } = spec.task else { panic!("{spec:?}") };
        assert_eq!((candidates, budget, groups.len()), (vec![FrameId(11), FrameId(12), FrameId(13)], 2, 3));
        assert_eq!(groups[1], "city 0");

        choice.budget = Budget::TotalPercent(60.0);
        let spec = plan.select("/f".into(), "/a".into(), &labelled, &choice);
        let Task::Select { budget, .. } = spec.task else { panic!("{spec:?}") };
        assert_eq!(budget, 1, "three of five, and two are labelled");
    }

    #[test]
    fn what_is_labelled_is_not_unlabelled_too() {
        let spec = plan().adapt("/m".into(), "/f".into(), "/a".into(), vec![frame(12)]);
        let Task::Adapt { labelled, unlabelled, .. } = spec.task else { panic!("{spec:?}") };
        assert_eq!((labelled.len(), unlabelled.len()), (1, 4));
    }

    #[test]
    fn start_masks_are_made_in_the_order_of_the_picks() {
        let spec = plan().prelabel("/m".into(), &[FrameId(14), FrameId(99), FrameId(10)]);
        let Task::Prelabel { frames, .. } = spec.task else { panic!("{spec:?}") };
        assert_eq!(frames.iter().map(|frame| frame.id.0).collect::<Vec<_>>(), [14, 10]);
    }
}
