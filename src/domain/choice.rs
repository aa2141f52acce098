//! How the frames of a round are chosen: by which score, how many, how evenly over groups.

use serde::{Deserialize, Serialize};

use super::words;
use super::{FrameId, Recipe};

words! {
    /// By what target frames are chosen. All take the largest score but [`Strategy::Closest`].
    #[derive(Default)]
    pub enum Strategy {
        /// Eq. 5: far from every anchor of both domains. The paper's.
        #[default]
        Madav2 = "madav2",
        /// The source term of Eq. 5 alone (MADA, ICCV 2021).
        Mada = "mada",
        /// The target term of Eq. 5 alone (section 4.6).
        TargetOnly = "target_only",
        /// The smallest of Eq. 5: the introduction's "close", and Algorithm 1 as it is printed.
        Closest = "closest",
        /// Eq. 5 over the classes present in frame and anchor: a class that one of them lacks counts for nothing.
        Present = "present",
        /// Eq. 5, each frame that is labelled or chosen becoming an anchor of both domains: no near-duplicates.
        Diverse = "diverse",
        /// Each frame adds what the chosen ones lack, weighted by the rarity of a class and the doubt about it.
        Coverage = "coverage",
        /// Eq. 16: the mean normalised entropy of the soft-max map.
        Entropy = "entropy",
        /// Eq. 17: how sure the discriminator is that the frame is not from the source.
        Adversarial = "adversarial",
        /// Eq. 18: entropy times Eq. 17.
        Aada = "aada",
        /// Eq. 19: the distance to the one mean of the source.
        Prototype = "prototype",
        /// Drawn with equal chance.
        Random = "random",
        /// Given by name.
        Listed = "listed",
    }
}

impl Strategy {
    /// On pages.
    pub fn title(self) -> &'static str {
        match self {
            Self::Madav2 => "MADAv2",
            Self::Mada => "MADA: source anchors only",
            Self::TargetOnly => "Target anchors only",
            Self::Closest => "Nearest first",
            Self::Present => "MADAv2, present classes",
            Self::Diverse => "MADAv2, no duplicates",
            Self::Coverage => "Class coverage",
            Self::Entropy => "Entropy",
            Self::Adversarial => "Adversarial",
            Self::Aada => "AADA",
            Self::Prototype => "Prototype",
            Self::Random => "Random",
            Self::Listed => "A list of frames",
        }
    }

    /// What the chosen frames have in common, for somebody who has not read the paper.
    pub fn purpose(self) -> &'static str {
        match self {
            Self::Madav2 => "The target frames that lie farthest from every typical scene, the farthest first.",
            Self::Mada => "The target frames that lie farthest from every typical scene of the source.",
            Self::TargetOnly => "The target frames that lie farthest from every typical scene of the target.",
            Self::Closest => {
                "The target frames nearest to a typical scene. Far ones teach more: this is to compare with."
            }
            Self::Present => {
                "The farthest frames, by the looks of the classes they share with a typical scene; what is missing does not count."
            }
            Self::Diverse => "The farthest frames, each unlike those chosen before it.",
            Self::Coverage => {
                "Frames that together show the rare and doubtful classes most; each adds what the others lack."
            }
            Self::Entropy => "The frames in which the model doubts most.",
            Self::Adversarial => "The frames that the discriminator tells from the source most surely.",
            Self::Aada => "The frames that are both doubtful and unlike the source.",
            Self::Prototype => "The frames farthest from the mean of the source.",
            Self::Random => "Frames drawn by chance, each with equal chance.",
            Self::Listed => "The frames that were given by name.",
        }
    }

    /// Whether the anchors of the source and of the target decide.
    pub fn domains(self) -> [bool; 2] {
        match self {
            Self::Madav2 | Self::Closest | Self::Present | Self::Diverse => [true, true],
            Self::Mada => [true, false],
            Self::TargetOnly => [false, true],
            Self::Coverage
            | Self::Entropy
            | Self::Adversarial
            | Self::Aada
            | Self::Prototype
            | Self::Random
            | Self::Listed => [false, false],
        }
    }
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

/// How the frames of one round are chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// By what.
    pub strategy: Strategy,
    /// How many.
    pub budget: Budget,
    /// Of each group, such as a city, at most its share of the candidates.
    #[serde(default)]
    pub stratified: bool,
    /// At most so many of one group; none: as they come.
    #[serde(default)]
    pub quota: Option<usize>,
    /// The frames, for [`Strategy::Listed`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub listed: Vec<FrameId>,
}

impl Choice {
    /// What a recipe says.
    pub fn of(recipe: &Recipe) -> Self {
        let Recipe { strategy, budget, stratified, quota, .. } = *recipe;
        Self { strategy, budget, stratified, quota: Some(quota).filter(|&quota| quota > 0), listed: vec![] }
    }

    /// Says what cannot be, before anything is started with it.
    pub fn check(&self) -> Result<(), String> {
        self.budget.check()?;
        match self {
            Self { quota: Some(0), .. } => Err("the quota of a group is 0 frames: give at least 1, or none".into()),
            Self { strategy: Strategy::Listed, listed, .. } if listed.is_empty() => {
                Err("the list of frames is empty: give names of target frames, one a line".into())
            }
            _ => Ok(()),
        }
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
    fn a_choice_says_what_is_wrong_with_it() {
        let choice = |strategy, budget, quota| Choice { strategy, budget, stratified: true, quota, listed: vec![] };
        let says = |choice: Choice| choice.check().unwrap_err();
        assert!(says(choice(Strategy::Random, Budget::Frames(0), None)).contains("give at least 1"));
        assert!(says(choice(Strategy::Random, Budget::Percent(0.0), None)).contains("more than 0"));
        assert!(says(choice(Strategy::Random, Budget::Percent(5.0), Some(0))).contains("quota"));
        assert!(says(choice(Strategy::Listed, Budget::Percent(5.0), None)).contains("the list of frames is empty"));
        assert_eq!(choice(Strategy::Entropy, Budget::Percent(100.0), Some(2)).check(), Ok(()));
    }
}
