//! Every knob of a project's training, with the paper's value.

use super::knobs::{choice, knobs};
use super::{Budget, Size, Strategy};

choice! {
    /// The feature extractor of DeepLab v3+.
    pub enum Backbone {
        /// The paper's: ASPP and decoder 256 wide, dense convolutions.
        Resnet101 = "resnet101",
        /// The one that trains on two CPU cores: ASPP and decoder 128 wide, separable convolutions.
        #[default]
        EfficientnetLite0 = "efficientnet_lite0",
    }
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

choice! {
    /// What a recipe was made from; single knobs may have been changed since.
    pub enum Preset {
        /// The text, its misprints resolved.
        Paper = "paper",
        /// What the authors' repository does, as far as it can be meant: its dead copy-paste, its bank that never
        /// changes, its decoder that never learns, no source.
        ReleasedCode = "released-code",
        /// What measures best here.
        #[default]
        Recommended = "recommended",
    }
}

choice! {
    /// What a batch norm of the backbone does while training.
    pub enum Norm {
        /// ImageNet's statistics, scale and shift stay: a third less memory.
        #[default]
        Frozen = "frozen",
        /// Statistics of the batch in training, of the domains at rest; scale and shift are learnt.
        Trained = "trained",
    }
}

choice! {
    /// What the network takes a pixel's bytes for.
    pub enum Input {
        /// Standardised as the backbone's ImageNet weights expect it.
        #[default]
        Imagenet = "imagenet",
        /// Divided by 255 and no more.
        Unit = "unit",
    }
}

choice! {
    /// The numbers that the network computes with. Weights, losses and optimisers are always f32.
    pub enum Precision {
        /// 32-bit floats.
        #[default]
        F32 = "f32",
        /// bfloat16 where the job runs on a card; f32 on a CPU.
        Bf16 = "bf16",
    }
}

choice! {
    /// How the discriminator of the warm-up is taught, and fooled.
    pub enum Gan {
        /// Mao et al.: its verdicts are pulled to 0 and 1.
        #[default]
        LeastSquares = "least_squares",
        /// Binary cross entropy: its verdicts are probabilities, as the adversarial scores (Eq. 17, 18) want them.
        /// AdaptSegNet weighs it 0.001.
        CrossEntropy = "cross_entropy",
    }
}

choice! {
    /// What labelled target frames teach the adaptation by.
    pub enum Supervision {
        /// Only the pixels that are hard (OHEM).
        #[default]
        Ohem = "ohem",
        /// All pixels alike.
        CrossEntropy = "cross_entropy",
    }
}

choice! {
    /// How the student learns from its teacher's labels.
    pub enum Consistency {
        /// Cross entropy, each pixel weighted by the square of the teacher's confidence.
        #[default]
        Weighted = "weighted",
        /// The same, and pixels of classes that the bank is sure of are left out at random (AEL).
        Sampled = "sampled",
        /// Eq. 13 to the letter: OHEM on mixed frames and, once more, on pasted labelled ones.
        Ohem = "ohem",
    }
}

knobs! {
    /// How one training stage moves the weights: SGD with momentum under a poly schedule.
    pub struct Schedule {
        "" {
            /// Of the whole stage. The paper: 20 epochs of warm-up, 200 of adaptation, which is 14 860 and 148 600.
            "steps" steps: u64,
            /// Of the backbone at the first step. The paper: 2.5e-4. MADAv2's code: 1e-4.
            "learning rate" rate: f64,
            /// So many times as fast as the backbone learn ASPP, decoder and classifier. AdaptSegNet and ProDA: 10.
            "head faster by" head_times: f64,
            /// 0.9 everywhere.
            "momentum" momentum: f64,
            /// The paper's lineage: 5e-4. MADAv2's code: 2e-4.
            "weight decay" weight_decay: f64,
            /// The rate falls as (1 - step / steps) ^ power. The paper: 0.9.
            "power" power: f64,
            /// The rate falls as if there were so many steps; 0: as many as there are. MADAv2's code: 900 000, which
            /// leaves it almost constant.
            #[serde(default)]
            "horizon" horizon: u64,
        }
    }
}

knobs! {
    /// Every knob of a project's training. Saved with each model.
    ///
    /// A knob that a file lacks has the value that Windlass worked by before it had that knob.
    pub struct Recipe {
        "Network" {
            /// What the recipe was made from.
            #[serde(default)]
            "Preset" preset: Preset,
            /// The network. The paper: ResNet-101.
            "Network" backbone: Backbone,
            /// Batch norms of the backbone; the head's are always trained. MADAv2's code: trained.
            "Backbone's norms" norm: Norm,
            /// What a pixel's bytes become. Only the warm-up reads it; a model goes on with its own. MADAv2's code: unit,
            /// though its weights expect imagenet.
            #[serde(default)]
            "Input" input: Input,
            /// What the network computes with on a card.
            #[serde(default)]
            "Precision" precision: Precision,
            /// Of the head, times the network's own rates (ResNet-101: 0.5, 0.5, 0.1). 1 as published, 0 for none.
            #[serde(default = "one")]
            "Dropout" dropout: f64,
        }
        "Frames and batches" {
            /// Frames are resized to this before anything else, for training and for inference alike.
            "Frame" frame: Size,
            /// What the network sees while training, in multiples of 16. The paper: 896x512.
            "Crop" crop: Size,
            /// A frame is resized by a factor drawn from here before it is cropped. Where it is smaller than the crop, what
            /// lies beyond it counts nowhere. The paper: 0.5 to 1.5. MADAv2's code: 0.54 to 1.61 on Cityscapes.
            "Scale" scale: [f64; 2],
            /// A step. MADAv2's code: 4.
            "Source frames" batch_source: usize,
            /// A step, labelled ones or, in the warm-up, any. MADAv2's code: 4.
            "Target frames" batch_target: usize,
            /// A step of the adaptation. MADAv2's code: 2.
            "Unlabelled frames" batch_unlabelled: usize,
        }
        "Warm-up" {
            /// Section 3.2.
            "Warm-up" warmup: Schedule,
            /// How domains are told apart. Only the warm-up reads it. The paper does not say; ProDA, its nearest relative:
            /// least_squares.
            #[serde(default)]
            "Adversarial loss" gan: Gan,
            /// How hard the domains are pulled together. The paper: 0.01. With cross_entropy rather 0.001.
            "Adversarial weight" adversarial_weight: f64,
            /// Adam's rate. ProDA: 1e-4.
            "Discriminator's rate" discriminator_rate: f64,
        }
        "Selection and anchors" {
            /// Pixels of the stride-4 map that a class needs to count as present. MADAv2's code: 10.
            "Pixels of a class" min_pixels: usize,
            /// Of the source. The paper: 10.
            "Anchors K" k: usize,
            /// Of the target, for selection and for the adaptation. MADAv2's code: 10.
            "Anchors V" v: usize,
            /// Of Lloyd, at most. MADAv2's code: 20.
            "K-means iterations" kmeans_iterations: usize,
            /// k-means++ starts, of which the best is kept. MADAv2's code: 1.
            "K-means restarts" kmeans_restarts: usize,
            /// Frames to label in a round. The paper: 5 %.
            "Budget" budget: Budget,
            /// By what they are chosen, unless a round says otherwise. The paper: madav2.
            #[serde(default)]
            "Chosen by" strategy: Strategy,
            /// Of each group, such as a city, at most its share of the candidates. The paper: no.
            #[serde(default)]
            "Stratified" stratified: bool,
            /// At most so many of one group; 0: as they come.
            #[serde(default)]
            "Quota" quota: usize,
        }
        "Injection" {
            /// Step 1 (Eq. 6, 7). MADAv2's code: 111 450 steps.
            "Injection" inject: Schedule,
            /// Decoder and classifier learn too, here and in the adaptation. MADAv2's code trains backbone and ASPP only.
            #[serde(default = "yes")]
            "Train the decoder" train_decoder: bool,
        }
        "Adaptation" {
            /// Step 3 (Eq. 15).
            "Adaptation" adapt: Schedule,
            /// Of the source's cross entropy. The paper (Eq. 15): 1. MADAv2's code: 0, no source at all.
            #[serde(default = "one")]
            "Source weight" source_weight: f64,
            /// What labelled target frames teach by. The paper (Eq. 6): cross_entropy. MADAv2's code: ohem.
            #[serde(default)]
            "Labelled loss" labelled_loss: Supervision,
            /// OHEM keeps pixels whose class got less than this. AEL: 0.7.
            "Hard pixels below" ohem_threshold: f64,
            /// And at least this share of all pixels. AEL: 0.055, which is 100 000 of four 896x512 crops.
            "Hard pixels at least" ohem_min_kept: f64,
            /// How the teacher's labels are learnt. The paper (Eq. 13): ohem. MADAv2's code: sampled.
            #[serde(default)]
            "Consistency loss" consistency: Consistency,
            /// Of the consistency loss (Eq. 15). The paper: 1.
            "Consistency weight" consistency_weight: f64,
            /// Labelled frames have to agree with the teacher, too. The paper's (Eq. 13) and MADAv2's code's do.
            #[serde(default = "yes")]
            "Consistency on labelled" consistency_on_labelled: bool,
            /// The teacher keeps this much of itself a step and takes the rest from the student; 1: it stays as it
            /// began. The paper's text and MADAv2's code: 1.
            "Teacher's decay" teacher_decay: f64,
            /// The share of teacher's labels that is left out for being the least sure, falling to 0 over the training.
            /// U2PL: 0.2. The paper: 0.
            #[serde(default)]
            "Leave out doubtful" drop_doubtful: f64,
            /// The same of the surest. MADAv2's code: 0.2. The paper: 0.
            #[serde(default)]
            "Leave out surest" drop_surest: f64,
            /// Class-driven adaptive cutmix (Eq. 9, 11): unlabelled frames are shown in pairs, each with a box of the
            /// other round a class that the network is unsure of. The paper does.
            #[serde(default)]
            "Cutmix" cutmix: bool,
            /// How far brightness, contrast and colours of what the student sees of unlabelled frames are changed: each by
            /// a factor within 1 +- this. DACS and U2PL do so. The paper: 0.
            #[serde(default)]
            "Colour jitter" jitter: f64,
            /// How likely a labelled frame gets pixels of unsure classes from another one (Eq. 12). AEL: 0.5.
            /// MADAv2's code: 0, it is never reached.
            #[serde(default)]
            "Copy-paste" copy_paste: f64,
            /// Names of classes that are never pasted: too large or too common. AEL's for Cityscapes: road, sidewalk,
            /// building, vegetation, sky.
            #[serde(default)]
            "Never pasted" never_pasted: Vec<String>,
            /// How much of a class's confidence (Eq. 10) stays a step. AEL: 0.999. MADAv2's code: 1 in effect.
            #[serde(default = "slow")]
            "Confidence decay" confidence_decay: f64,
            /// Of the soft alignment (Eq. 14) with mean-squared distances. MADAv2's code: 0.1. The paper: 1 with
            /// squared ones, thousands of times more.
            "Alignment weight" alignment_weight: f64,
            /// Share of the steps before the alignment begins. MADAv2's code: 0.25.
            "Alignment begins at" alignment_start: f64,
            /// How much of an anchor stays (Eq. 8). The paper: 0.999.
            "Anchor decay" anchor_decay: f64,
            /// Anchors follow a frame in the parts of absent classes too, which draws those to 0. The paper and
            /// MADAv2's code do.
            #[serde(default)]
            "Follow absent classes" anchor_absent: bool,
        }
        "Measuring" {
            /// Of the labelled target frames, kept out of training to choose the best of ten states by; 0: the last
            /// state is the model. Frames that are reported on are never used to choose.
            #[serde(default)]
            "Held-out share" holdout: f64,
            /// Show frames to the network as overlapping windows of the crop's size, two thirds apart. AEL does.
            #[serde(default)]
            "Sliding window" sliding: bool,
            /// Show frames mirrored too and take the mean. RIPU does.
            #[serde(default)]
            "Flip" flip: bool,
        }
        "Keeping" {
            /// Steps between checkpoints: what a killed job loses at most.
            "Checkpoint every" checkpoint_every: u64,
        }
    }
}

fn one() -> f64 {
    1.0
}

fn slow() -> f64 {
    0.999
}

fn yes() -> bool {
    true
}

impl Recipe {
    /// Says which knob cannot be, before anything is started with it.
    pub fn check(&self) -> Result<(), String> {
        let schedule = |name: &str, s: &Schedule| match () {
            () if s.steps == 0 => Err(format!("{name}.steps is 0: give at least 1")),
            () if !(s.rate > 0.0 && s.rate.is_finite()) => Err(format!("{name}.rate must be above 0")),
            () if !(0.0..1.0).contains(&s.momentum) => Err(format!("{name}.momentum must be at least 0 and below 1")),
            () if !(s.head_times > 0.0 && s.head_times <= 1000.0) => {
                Err(format!("{name}.head_times must be above 0, 1000 at most"))
            }
            () if !(0.0..1.0).contains(&s.weight_decay) => {
                Err(format!("{name}.weight_decay must be at least 0 and below 1"))
            }
            () if !(0.0..=10.0).contains(&s.power) => Err(format!("{name}.power is {}: give 0 to 10", s.power)),
            () if s.horizon != 0 && s.horizon < s.steps => Err(format!(
                "{name}.horizon is {} and {name}.steps {}: the rate would be 0 before the end. Give 0 or at least the steps",
                s.horizon, s.steps
            )),
            () => Ok(()),
        };
        schedule("warmup", &self.warmup)?;
        schedule("inject", &self.inject)?;
        schedule("adapt", &self.adapt)?;
        let Size { width, height } = self.crop;
        if width == 0 || height == 0 || width % 16 != 0 || height % 16 != 0 {
            return Err(format!("crop is {}: both sides must be multiples of 16", self.crop));
        }
        let sides = [self.frame.width, self.frame.height];
        if sides.into_iter().any(|side| !(32..=8192).contains(&side)) {
            return Err(format!("frame is {}: both sides must be between 32 and 8192", self.frame));
        }
        if !(self.scale[0] > 0.0 && self.scale[0] <= self.scale[1] && self.scale[1] <= 8.0) {
            return Err(format!("scale is {:?}: give the smallest and the largest factor, 8 at most", self.scale));
        }
        let batches = [self.batch_source, self.batch_target, self.batch_unlabelled];
        if batches.into_iter().any(|frames| !(1..=1024).contains(&frames)) {
            return Err(format!("batches are of {batches:?} frames: give 1 to 1024 each"));
        }
        if self.cutmix && !self.batch_unlabelled.is_multiple_of(2) {
            return Err(format!(
                "batch_unlabelled is {}: cutmix shows frames in pairs, give an even number",
                self.batch_unlabelled
            ));
        }
        if self.k == 0 || self.v == 0 || !(1..=100).contains(&self.kmeans_restarts) {
            return Err("k and v must be at least 1, and kmeans_restarts 1 to 100".into());
        }
        let largest = |side: u32| f64::from(side) * self.scale[1];
        if largest(self.frame.width) < f64::from(width) || largest(self.frame.height) < f64::from(height) {
            return Err(format!(
                "no frame of {}, scaled by {} at most, fills the crop of {}: lower crop, or raise frame or scale",
                self.frame, self.scale[1], self.crop
            ));
        }
        let shares = [
            ("ohem_threshold", self.ohem_threshold),
            ("ohem_min_kept", self.ohem_min_kept),
            ("teacher_decay", self.teacher_decay),
            ("confidence_decay", self.confidence_decay),
            ("anchor_decay", self.anchor_decay),
            ("alignment_start", self.alignment_start),
            ("copy_paste", self.copy_paste),
            ("jitter", self.jitter),
            ("dropout", self.dropout),
        ];
        if let Some((name, value)) = shares.into_iter().find(|(_, value)| !(0.0..=1.0).contains(value)) {
            return Err(format!("{name} is {value}: give 0 to 1"));
        }
        let parts =
            [("drop_doubtful", self.drop_doubtful), ("drop_surest", self.drop_surest), ("holdout", self.holdout)];
        if let Some((name, value)) = parts.into_iter().find(|(_, value)| !(0.0..=0.5).contains(value)) {
            return Err(format!("{name} is {value}: give 0 to 0.5"));
        }
        let weights = [
            ("adversarial_weight", self.adversarial_weight),
            ("discriminator_rate", self.discriminator_rate),
            ("source_weight", self.source_weight),
            ("consistency_weight", self.consistency_weight),
            ("alignment_weight", self.alignment_weight),
        ];
        if let Some((name, value)) = weights.into_iter().find(|(_, value)| !(value.is_finite() && *value >= 0.0)) {
            return Err(format!("{name} is {value}: give 0 or more"));
        }
        if self.alignment_weight > 10.0 {
            return Err(format!(
                "alignment_weight is {}: distances are means here, not sums, so give 10 at most",
                self.alignment_weight
            ));
        }
        self.budget.check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipe_says_what_is_wrong_with_it() {
        let mut recipe = Recipe::recommended(Backbone::EfficientnetLite0);
        assert_eq!(recipe.check(), Ok(()));
        recipe.crop.width = 250;
        assert!(recipe.check().unwrap_err().contains("multiples of 16"));
        recipe.crop.width = 1024;
        assert!(recipe.check().unwrap_err().contains("scaled by 1.5 at most, fills the crop of 1024x256"));
        recipe.scale = [0.5, 2.0];
        assert_eq!(recipe.check(), Ok(()), "what lies beyond a smaller frame is learnt by nobody");
        recipe.crop.width = 256;
        recipe.ohem_min_kept = 1.5;
        assert_eq!(recipe.check().unwrap_err(), "ohem_min_kept is 1.5: give 0 to 1");
        (recipe.ohem_min_kept, recipe.cutmix, recipe.batch_unlabelled) = (0.1, true, 3);
        assert!(recipe.check().unwrap_err().contains("in pairs"));
        (recipe.batch_unlabelled, recipe.adapt.horizon) = (2, 10);
        assert!(recipe.check().unwrap_err().contains("0 before the end"));
        (recipe.adapt.horizon, recipe.adapt.power) = (0, -0.9);
        assert_eq!(recipe.check().unwrap_err(), "adapt.power is -0.9: give 0 to 10");
        (recipe.adapt.power, recipe.batch_source) = (0.9, 1_000_000_000);
        assert!(recipe.check().unwrap_err().ends_with("frames: give 1 to 1024 each"));
        (recipe.batch_source, recipe.kmeans_restarts) = (4, 101);
        assert!(recipe.check().unwrap_err().ends_with("kmeans_restarts 1 to 100"));
        (recipe.kmeans_restarts, recipe.alignment_weight) = (100, 4864.0);
        assert!(recipe.check().unwrap_err().contains("means here, not sums"));
    }

    #[test]
    fn a_recipe_from_before_a_knob_means_what_was_done_then() {
        let mut json = serde_json::to_value(Recipe::recommended(Backbone::EfficientnetLite0)).unwrap();
        let fields = json.as_object_mut().unwrap();
        for name in ["cutmix", "copy_paste", "source_weight", "train_decoder", "dropout", "preset"] {
            fields.remove(name);
        }
        let old: Recipe = serde_json::from_value(json).unwrap();
        assert_eq!((old.cutmix, old.copy_paste, old.source_weight, old.dropout), (false, 0.0, 1.0, 1.0));
        assert!(old.train_decoder);
    }
}
