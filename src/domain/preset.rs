//! The presets: what the paper says, what its code does, what measures best here.
//!
//! A preset fixes the method. Sizes, batches, steps and learning rates of the small network are those of two CPU cores
//! in every preset: the paper's would take it months.

use super::{
    Backbone, Budget, Consistency, Gan, Input, Norm, Precision, Preset, Recipe, Schedule, Size, Strategy, Supervision,
};

impl Recipe {
    /// A preset for a box with a card (`resnet101`) or without one (`efficientnet_lite0`).
    pub fn preset(preset: Preset, backbone: Backbone) -> Self {
        match preset {
            Preset::Recommended => Self::recommended(backbone),
            Preset::Paper => Self::paper(backbone),
            Preset::ReleasedCode => Self::released_code(backbone),
        }
    }

    /// What measures best here.
    pub fn recommended(backbone: Backbone) -> Self {
        let schedule = |steps, rate| Schedule {
            steps,
            rate,
            head_times: 10.0,
            momentum: 0.9,
            weight_decay: 5e-4,
            power: 0.9,
            horizon: 0,
        };
        let size = |width, height| Size { width, height };
        let small = backbone == Backbone::EfficientnetLite0;
        // Stuff that fills frames, by its names in the built-in taxonomies.
        let common = ["road", "sidewalk", "pavement", "building", "vegetation", "tree", "sky"];
        Self {
            preset: Preset::Recommended,
            backbone,
            norm: Norm::Trained,
            input: Input::Imagenet,
            precision: if small { Precision::F32 } else { Precision::Bf16 },
            dropout: 1.0,
            frame: if small { size(512, 256) } else { size(2048, 1024) },
            crop: if small { size(256, 256) } else { size(896, 512) },
            scale: if small { [1.0, 1.5] } else { [0.5, 1.5] },
            batch_source: 4,
            batch_target: 4,
            batch_unlabelled: 2,
            warmup: if small { schedule(600, 0.01) } else { schedule(14_860, 2.5e-4) },
            gan: Gan::LeastSquares,
            adversarial_weight: 0.01,
            discriminator_rate: 1e-4,
            min_pixels: 10,
            k: 10,
            v: 10,
            kmeans_iterations: 50,
            kmeans_restarts: 5,
            budget: Budget::Percent(5.0),
            strategy: Strategy::Coverage,
            stratified: false,
            quota: 0,
            inject: if small { schedule(300, 0.01) } else { schedule(20_000, 2.5e-4) },
            train_decoder: true,
            adapt: if small { schedule(300, 0.005) } else { schedule(40_000, 2.5e-4) },
            source_weight: 1.0,
            labelled_loss: Supervision::Ohem,
            ohem_threshold: 0.7,
            ohem_min_kept: 0.055,
            consistency: Consistency::Weighted,
            consistency_weight: 1.0,
            consistency_on_labelled: true,
            // A teacher of hundreds of steps has to follow sooner than one of tens of thousands.
            teacher_decay: if small { 0.99 } else { 0.999 },
            drop_doubtful: 0.0,
            drop_surest: 0.0,
            cutmix: true,
            jitter: 0.0,
            copy_paste: 0.5,
            never_pasted: common.map(str::to_owned).into(),
            confidence_decay: if small { 0.99 } else { 0.999 },
            alignment_weight: 0.1,
            alignment_start: 0.25,
            anchor_decay: 0.999,
            anchor_absent: false,
            holdout: 0.0,
            sliding: false,
            flip: false,
            checkpoint_every: if small { 50 } else { 500 },
        }
    }

    /// Sections 3.2, 3.3 and 4.2. Where they are silent (rates of the head, weight decay, batches, K-means) their
    /// lineage speaks; Eq. 10 and 11 are read as their source (AEL) has them, and Eq. 14 with mean-squared distances,
    /// since the printed sums would be thousands of times the other losses.
    fn paper(backbone: Backbone) -> Self {
        let base = Self::recommended(backbone);
        let large = backbone == Backbone::Resnet101;
        let steps =
            |steps, schedule: &Schedule| if large { Schedule { steps, ..schedule.clone() } } else { schedule.clone() };
        Self {
            preset: Preset::Paper,
            precision: Precision::F32,
            kmeans_iterations: 20,
            strategy: Strategy::Madav2,
            inject: steps(111_450, &base.inject),
            adapt: steps(148_600, &base.adapt),
            labelled_loss: Supervision::CrossEntropy,
            consistency: Consistency::Ohem,
            teacher_decay: 1.0,
            confidence_decay: 0.999,
            alignment_weight: 1.0,
            alignment_start: 0.0,
            anchor_absent: true,
            ..base
        }
    }

    /// The authors' repository (2023): what its configuration and code do in effect. Its warm-up was never published
    /// and is the paper's here; its accidents (a teacher left in training mode, one vector for two frames) are not kept. Nor
    /// are its K-means from random rows of a subsample; and as its bank never changes, it samples no class more than others.
    fn released_code(backbone: Backbone) -> Self {
        let base = Self::paper(backbone);
        let schedule = |schedule: &Schedule| {
            let rate = if backbone == Backbone::Resnet101 { 1e-4 } else { schedule.rate };
            Schedule { rate, weight_decay: 2e-4, horizon: 900_000, ..schedule.clone() }
        };
        Self {
            preset: Preset::ReleasedCode,
            input: Input::Unit,
            // Its widths are drawn from half to one and a half times 2200, of frames that are 2048 wide.
            scale: if backbone == Backbone::Resnet101 { [0.54, 1.61] } else { base.scale },
            inject: schedule(&base.inject),
            adapt: schedule(&base.adapt),
            kmeans_restarts: 1,
            train_decoder: false,
            source_weight: 0.0,
            labelled_loss: Supervision::Ohem,
            consistency: Consistency::Sampled,
            drop_surest: 0.2,
            copy_paste: 0.0,
            confidence_decay: 1.0,
            alignment_weight: 0.1,
            alignment_start: 0.25,
            ..base
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_can_be_followed_and_say_what_they_are() {
        for backbone in [Backbone::Resnet101, Backbone::EfficientnetLite0] {
            for preset in [Preset::Paper, Preset::ReleasedCode, Preset::Recommended] {
                let recipe = Recipe::preset(preset, backbone);
                assert_eq!((recipe.check(), recipe.preset, recipe.backbone), (Ok(()), preset, backbone));
            }
        }
    }

    #[test]
    fn the_paper_s_numbers_stand_in_its_preset() {
        let paper = Recipe::preset(Preset::Paper, Backbone::Resnet101);
        assert_eq!((paper.adapt.rate, paper.adapt.power, paper.adversarial_weight), (2.5e-4, 0.9, 0.01));
        assert_eq!((paper.k, paper.anchor_decay, paper.crop), (10, 0.999, Size { width: 896, height: 512 }));
        // 20 and 200 epochs of 743 steps: Cityscapes' 2975 frames by 4.
        assert_eq!((paper.warmup.steps, paper.adapt.steps), (20 * 743, 200 * 743));
        let released = Recipe::preset(Preset::ReleasedCode, Backbone::Resnet101);
        assert_eq!((paper.scale, released.scale), ([0.5, 1.5], [0.54, 1.61]));
    }
}
