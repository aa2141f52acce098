//! The stages and their order. Only this file knows the order.

use super::words;

words! {
    /// One step of a round. All run as jobs but [`Stage::Annotate`], which is people's.
    pub enum Stage {
        /// Adversarial training on labelled source and unlabelled target (section 3.2). Once a project.
        Warmup = "warmup",
        /// Feature vectors of both domains by the round's first model (Eq. 1, 4).
        Features = "features",
        /// K anchors of each domain (Eq. 2, 3).
        Anchors = "anchors",
        /// The frames worth labelling (Eq. 5).
        Select = "select",
        /// Start masks and uncertainty of the picks.
        Prelabel = "prelabel",
        /// People correct the start masks.
        Annotate = "annotate",
        /// Fine-tuning on source and labelled target (step 1, Eq. 6, 7).
        Inject = "inject",
        /// Feature vectors of the target by the injected model (step 2).
        TargetFeatures = "target_features",
        /// V anchors of the target (step 2, Eq. 8 starts from them).
        TargetAnchors = "target_anchors",
        /// Semi-supervised adaptation (step 3, Eq. 13-15).
        Adapt = "adapt",
        /// IoU of a model on the validation frames. Follows every stage that makes a model; not on the rail.
        Evaluate = "evaluate",
    }
}

impl Stage {
    /// A round in order.
    pub const RAIL: [Self; 10] = [
        Self::Warmup,
        Self::Features,
        Self::Anchors,
        Self::Select,
        Self::Prelabel,
        Self::Annotate,
        Self::Inject,
        Self::TargetFeatures,
        Self::TargetAnchors,
        Self::Adapt,
    ];

    /// The stages of a round: later rounds start from the model there is.
    pub fn rail(round: u32) -> &'static [Self] {
        if round <= 1 { &Self::RAIL } else { &Self::RAIL[1..] }
    }

    /// The stage that must be done before this one, within a round.
    pub fn waits_for(self, round: u32) -> Option<Self> {
        let rail = Self::rail(round);
        let place = rail.iter().position(|&stage| stage == self)?;
        place.checked_sub(1).map(|before| rail[before])
    }

    /// The stage after this one.
    pub fn next(self) -> Option<Self> {
        let place = Self::RAIL.iter().position(|&stage| stage == self)?;
        Self::RAIL.get(place + 1).copied()
    }

    /// Whether the engine runs it.
    pub fn is_job(self) -> bool {
        self != Self::Annotate
    }

    /// Whether it ends with a new model, which is then evaluated.
    pub fn makes_model(self) -> bool {
        matches!(self, Self::Warmup | Self::Inject | Self::Adapt)
    }

    /// On pages.
    pub fn title(self) -> &'static str {
        match self {
            Self::Warmup => "Warm up",
            Self::Features => "Features",
            Self::Anchors => "Anchors",
            Self::Select => "Select",
            Self::Prelabel => "Pre-label",
            Self::Annotate => "Label",
            Self::Inject => "Inject",
            Self::TargetFeatures => "Target features",
            Self::TargetAnchors => "Target anchors",
            Self::Adapt => "Adapt",
            Self::Evaluate => "Evaluate",
        }
    }

    /// A sentence for somebody who has not read the paper.
    pub fn purpose(self) -> &'static str {
        match self {
            Self::Warmup => "Train on the labelled source while a discriminator pulls both domains together.",
            Self::Features => "Describe every frame by what the network sees in each class.",
            Self::Anchors => "Find the typical scenes of both domains.",
            Self::Select => "Choose the target frames that are worth labelling.",
            Self::Prelabel => "Let the model propose a mask for each pick, and say where it doubts.",
            Self::Annotate => "People correct the proposals in the browser.",
            Self::Inject => "Fine-tune on the source and the frames that people labelled.",
            Self::TargetFeatures => "Describe the target again, as the better model sees it.",
            Self::TargetAnchors => "Find the target's typical scenes again, to hold on to.",
            Self::Adapt => "Train on labelled and unlabelled target together, a slow teacher keeping it steady.",
            Self::Evaluate => "Measure IoU on the validation frames.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_runs_in_order_and_a_later_one_skips_the_warm_up() {
        assert_eq!(Stage::Warmup.waits_for(1), None);
        assert_eq!(Stage::Inject.waits_for(1), Some(Stage::Annotate));
        assert_eq!(Stage::Features.waits_for(1), Some(Stage::Warmup));
        assert_eq!(Stage::Features.waits_for(2), None);
        assert_eq!(Stage::Adapt.next(), None);
        for stage in Stage::RAIL {
            assert_eq!(Stage::from_slug(stage.slug()), Some(stage));
            assert_eq!(serde_json::to_value(stage).unwrap(), stage.slug());
        }
    }
}
