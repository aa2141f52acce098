//! Every knob of a project's training, with the paper's value.

use serde::{Deserialize, Serialize};

use super::{Size, Strategy};

/// The feature extractor of DeepLab v3+.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Backbone {
    /// The paper's: ASPP and decoder 256 wide, dense convolutions.
    Resnet101,
    /// The one that trains on two CPU cores: ASPP and decoder 128 wide, separable convolutions.
    EfficientnetLite0,
}

impl Backbone {
    /// Channels of the map before the classifier: the length of one class's part of a feature vector.
    pub fn feature_channels(self) -> usize {
        match self {
            Self::Resnet101 => 256,
            Self::EfficientnetLite0 => 128,
        }
    }
}

/// What a batch norm of the backbone does while training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Norm {
    /// ImageNet's statistics, scale and shift stay: the choice when a batch has fewer than 8 frames.
    Frozen,
    /// Trained as usual.
    Trained,
}

/// The numbers that the network computes with. Weights, losses and optimisers are always f32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// 32-bit floats.
    #[default]
    F32,
    /// bfloat16 where the job runs on a card; f32 on a CPU.
    Bf16,
}

/// How many frames people label in a round.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Budget {
    /// Of the target's training frames, rounded to the nearest, at least one. The paper: 5.
    Percent(f64),
    /// So many.
    Frames(usize),
    /// Percent of the target's training frames, with those that earlier rounds had labelled: 1, then 2.2, then 5.
    TotalPercent(f64),
}

impl Budget {
    /// How many more of `n_frames`, of which `n_labelled` are labelled.
    ///
    /// May be more than there are left. 0 only where a total is reached.
    pub fn of(self, n_frames: usize, n_labelled: usize) -> usize {
        let share = |percent: f64| ((percent / 100.0 * n_frames as f64).round() as usize).clamp(1, n_frames.max(1));
        match self {
            Self::Percent(percent) => share(percent),
            Self::Frames(frames) => frames,
            Self::TotalPercent(percent) => share(percent).saturating_sub(n_labelled),
        }
    }

    /// Says what cannot be.
    pub fn check(self) -> Result<(), String> {
        match self {
            Self::Percent(percent) | Self::TotalPercent(percent) if !(percent > 0.0 && percent <= 100.0) => {
                Err(format!("the budget is {percent} %: give more than 0 and at most 100"))
            }
            Self::Frames(0) => Err("the budget is 0 frames: give at least 1".into()),
            Self::Percent(_) | Self::Frames(_) | Self::TotalPercent(_) => Ok(()),
        }
    }
}

/// How one training stage moves the weights: SGD with momentum under a poly schedule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Schedule {
    /// Steps of the whole stage. The paper: 20 epochs of warm-up, 200 of adaptation.
    pub steps: u64,
    /// Learning rate of the backbone at the first step. The paper: 2.5e-4.
    pub rate: f64,
    /// How many times faster ASPP, decoder and classifier learn. AdaptSegNet and ProDA: 10.
    pub head_times: f64,
    /// 0.9.
    pub momentum: f64,
    /// The paper's lineage: 5e-4.
    pub weight_decay: f64,
    /// The rate falls as `(1 - step / steps) ^ power`. The paper: 0.9.
    pub power: f64,
}

/// Every knob of a project's training. Saved with each model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// The network.
    pub backbone: Backbone,
    /// Of the backbone; the head's norms are always trained.
    pub norm: Norm,
    /// Of the network on a card.
    #[serde(default)]
    pub precision: Precision,
    /// Frames are resized to this before anything else, for training and for inference alike.
    pub frame: Size,
    /// What the network sees while training. The paper: 896x512.
    pub crop: Size,
    /// A frame is resized by a factor drawn from here before it is cropped. The paper: 0.5 to 1.5.
    pub scale: [f64; 2],
    /// Source frames a step. MADAv2's code: 4.
    pub batch_source: usize,
    /// Target frames a step, labelled ones or, in the warm-up, any. MADAv2's code: 4.
    pub batch_target: usize,
    /// Unlabelled target frames a step of the adaptation. MADAv2's code: 2.
    pub batch_unlabelled: usize,

    /// Warm-up (section 3.2).
    pub warmup: Schedule,
    /// Weight of the adversarial loss. The paper: 0.01.
    pub adversarial_weight: f64,
    /// Adam's rate for the discriminator. ProDA: 1e-4.
    pub discriminator_rate: f64,

    /// Pixels of the stride-4 map that a class needs to count as present. MADAv2's code: 10.
    pub min_pixels: usize,
    /// Anchors of the source. The paper: 10.
    pub k: usize,
    /// Anchors of the target, for selection and for the adaptation. MADAv2's code: 10.
    pub v: usize,
    /// Lloyd iterations at most. MADAv2's code: 20.
    pub kmeans_iterations: usize,
    /// k-means++ starts, of which the best is kept.
    pub kmeans_restarts: usize,
    /// Frames to label in a round.
    pub budget: Budget,
    /// By what they are chosen, unless a round says otherwise.
    #[serde(default)]
    pub strategy: Strategy,
    /// At most so many of one group, such as a city; 0: as they come.
    #[serde(default)]
    pub quota: usize,

    /// Step 1 (Eq. 6, 7).
    pub inject: Schedule,
    /// Step 3 (Eq. 15).
    pub adapt: Schedule,
    /// OHEM keeps pixels whose class got less than this. AEL: 0.7.
    pub ohem_threshold: f64,
    /// And at least this share of all pixels. AEL: 100 000 of four 896x512 crops.
    pub ohem_min_kept: f64,
    /// Weight of the consistency loss (Eq. 13).
    pub consistency_weight: f64,
    /// The teacher follows the student: `teacher = decay * teacher + (1 - decay) * student`.
    pub teacher_decay: f64,
    /// Weight of the soft alignment (Eq. 14) with mean-squared distances. MADAv2's code: 0.1.
    pub alignment_weight: f64,
    /// Share of the steps before the alignment begins. MADAv2's code: a quarter.
    pub alignment_start: f64,
    /// Eq. 8: how much of an anchor stays. The paper: 0.999.
    pub anchor_decay: f64,

    /// A checkpoint every so many steps.
    pub checkpoint_every: u64,
}

impl Recipe {
    /// What measures best here, for a box with a card (`resnet101`) or without one (`efficientnet_lite0`).
    pub fn recommended(backbone: Backbone) -> Self {
        let schedule =
            |steps, rate| Schedule { steps, rate, head_times: 10.0, momentum: 0.9, weight_decay: 5e-4, power: 0.9 };
        let size = |width, height| Size { width, height };
        let small = backbone == Backbone::EfficientnetLite0;
        Self {
            backbone,
            norm: Norm::Frozen,
            precision: if small { Precision::F32 } else { Precision::Bf16 },
            frame: if small { size(512, 256) } else { size(2048, 1024) },
            crop: if small { size(256, 256) } else { size(896, 512) },
            scale: if small { [1.0, 1.5] } else { [0.5, 1.5] },
            batch_source: 4,
            batch_target: 4,
            batch_unlabelled: 2,
            warmup: if small { schedule(600, 0.01) } else { schedule(14_860, 2.5e-4) },
            adversarial_weight: 0.01,
            discriminator_rate: 1e-4,
            min_pixels: 10,
            k: 10,
            v: 10,
            kmeans_iterations: 50,
            kmeans_restarts: 5,
            budget: Budget::Percent(5.0),
            strategy: Strategy::Madav2,
            quota: 0,
            inject: if small { schedule(300, 0.01) } else { schedule(20_000, 2.5e-4) },
            adapt: if small { schedule(300, 0.005) } else { schedule(40_000, 2.5e-4) },
            ohem_threshold: 0.7,
            ohem_min_kept: 0.055,
            consistency_weight: 1.0,
            teacher_decay: if small { 0.99 } else { 0.999 },
            alignment_weight: 0.1,
            alignment_start: 0.25,
            anchor_decay: 0.999,
            checkpoint_every: if small { 50 } else { 500 },
        }
    }

    /// Says which knob cannot be, before anything is started with it.
    pub fn check(&self) -> Result<(), String> {
        let schedule = |name: &str, s: &Schedule| match () {
            () if s.steps == 0 => Err(format!("{name}.steps is 0: give at least 1")),
            () if !(s.rate > 0.0 && s.rate.is_finite()) => Err(format!("{name}.rate must be above 0")),
            () if !(0.0..1.0).contains(&s.momentum) => Err(format!("{name}.momentum must be at least 0 and below 1")),
            () => Ok(()),
        };
        schedule("warmup", &self.warmup)?;
        schedule("inject", &self.inject)?;
        schedule("adapt", &self.adapt)?;
        let Size { width, height } = self.crop;
        if width == 0 || height == 0 || width % 16 != 0 || height % 16 != 0 {
            return Err(format!("crop is {}: both sides must be multiples of 16", self.crop));
        }
        if self.frame.pixels() == 0 || self.frame.width > 8192 || self.frame.height > 8192 {
            return Err(format!("frame is {}: both sides must be between 1 and 8192", self.frame));
        }
        if !(self.scale[0] > 0.0 && self.scale[0] <= self.scale[1] && self.scale[1] <= 8.0) {
            return Err(format!("scale is {:?}: give the smallest and the largest factor, 8 at most", self.scale));
        }
        if self.batch_source == 0 || self.batch_target == 0 || self.batch_unlabelled == 0 {
            return Err("batches must hold at least one frame".into());
        }
        if self.k == 0 || self.v == 0 || self.kmeans_restarts == 0 {
            return Err("k and v must be at least 1, and so must kmeans_restarts".into());
        }
        if self.frame.width < 32 || self.frame.height < 32 {
            return Err(format!("frame is {}: both sides must be at least 32", self.frame));
        }
        let smallest = |side: u32| f64::from(side) * self.scale[0];
        if smallest(self.frame.width) < f64::from(width) || smallest(self.frame.height) < f64::from(height) {
            return Err(format!(
                "the crop of {} does not fit into a frame of {} scaled by {}: what lies beyond it would be learnt from. \
                 Lower crop, or raise frame or scale",
                self.crop, self.frame, self.scale[0]
            ));
        }
        let shares = [
            ("ohem_threshold", self.ohem_threshold),
            ("ohem_min_kept", self.ohem_min_kept),
            ("teacher_decay", self.teacher_decay),
            ("anchor_decay", self.anchor_decay),
            ("alignment_start", self.alignment_start),
        ];
        if let Some((name, value)) = shares.into_iter().find(|(_, value)| !(0.0..=1.0).contains(value)) {
            return Err(format!("{name} is {value}: give 0 to 1"));
        }
        let weights = [
            ("adversarial_weight", self.adversarial_weight),
            ("discriminator_rate", self.discriminator_rate),
            ("consistency_weight", self.consistency_weight),
            ("alignment_weight", self.alignment_weight),
        ];
        if let Some((name, value)) = weights.into_iter().find(|(_, value)| !(value.is_finite() && *value >= 0.0)) {
            return Err(format!("{name} is {value}: give 0 or more"));
        }
        self.budget.check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_per_cent_of_cityscapes_is_149_frames() {
        assert_eq!(Budget::Percent(5.0).of(2975, 0), 149);
        assert_eq!(Budget::Percent(0.001).of(20, 0), 1);
        assert_eq!(Budget::Percent(100.0).of(20, 5), 20);
        assert_eq!(Budget::Frames(9).of(4, 0), 9);
    }

    #[test]
    fn totals_of_three_rounds_add_up() {
        let mut labelled = 0;
        let rounds = [1.0, 2.2, 5.0, 5.0].map(|percent| {
            let more = Budget::TotalPercent(percent).of(2975, labelled);
            labelled += more;
            more
        });
        assert_eq!((rounds, labelled), ([30, 35, 84, 0], 149));
    }

    #[test]
    fn a_recipe_says_what_is_wrong_with_it() {
        let mut recipe = Recipe::recommended(Backbone::EfficientnetLite0);
        assert_eq!(recipe.check(), Ok(()));
        recipe.crop.width = 250;
        assert!(recipe.check().unwrap_err().contains("multiples of 16"));
        recipe.crop.width = 1024;
        assert!(recipe.check().unwrap_err().contains("does not fit into a frame"));
        recipe.crop.width = 256;
        recipe.ohem_min_kept = 1.5;
        assert_eq!(recipe.check().unwrap_err(), "ohem_min_kept is 1.5: give 0 to 1");
    }
}
