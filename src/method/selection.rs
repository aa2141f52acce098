//! Which target frames people should label: ranked by a score or chosen one by one, so many at most of a group.

use std::collections::{BTreeMap, HashMap, HashSet};

use rand::seq::SliceRandom;
use rayon::prelude::*;

use super::greedy::{Coverage, Diverse, Greedy};
use super::scores::{Described, Measure};
use crate::domain::{ClassMix, FrameId, GroupMix, Pick, Strategy, Stream, rng};

/// What is chosen from.
#[derive(Clone, Copy, Debug)]
pub struct Pool<'a> {
    /// Unlabelled target frames.
    pub candidates: &'a [Described<'a>],
    /// Target frames that are labelled already.
    pub labelled: &'a [Described<'a>],
    /// Of each candidate in turn; empty where nobody asks for groups. A frame whose group has no name is in none.
    pub groups: &'a [String],
    /// What scores are measured by.
    pub measure: Measure<'a>,
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// By what.
    pub strategy: Strategy,
    /// How many.
    pub budget: usize,
    /// Of a group at most its share of the candidates, rounded up.
    pub stratified: bool,
    /// Of a group at most.
    pub quota: Option<usize>,
    /// The frames, for [`Strategy::Listed`].
    pub listed: &'a [FrameId],
    /// For [`Strategy::Random`].
    pub seed: u64,
}

/// Why nothing can be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum SelectError {
    #[error("every target frame is labelled already: there is nothing left to choose from")]
    NoCandidates,
    #[error("the budget of this round is 0 frames, as many are labelled already: raise it")]
    NoBudget,
    #[error("{0} asks the warm-up's discriminator, which these features do not know: extract features again")]
    NoDiscriminator(&'static str),
    #[error("frame {0} of the list is no target frame that is still to be labelled: take it off the list")]
    NoCandidate(FrameId),
    #[error("a feature vector holds a number that is not finite: the model that made it is broken")]
    NotFinite,
}

/// Chooses; fewer than the budget where there are not so many, or the quota leaves no more. Shares always add up to it.
pub fn choose(pool: &Pool<'_>, asked: &Asked<'_>) -> Result<Vec<Pick>, SelectError> {
    if pool.candidates.is_empty() {
        return Err(SelectError::NoCandidates);
    }
    if asked.budget == 0 && asked.strategy != Strategy::Listed {
        return Err(SelectError::NoBudget);
    }
    let picks = score(pool, asked.strategy)?;
    let chosen = match asked.strategy {
        Strategy::Diverse => {
            let Measure { source, target, .. } = pool.measure;
            one_by_one(pool, asked, Diverse::new(pool.candidates, pool.labelled, source.centres, target.centres))
        }
        Strategy::Coverage => {
            let plain = picks.iter().map(|pick| [pick.source, pick.target]).collect();
            one_by_one(pool, asked, Coverage::new(pool.candidates, pool.labelled, plain))
        }
        Strategy::Listed => return listed(picks, asked.listed),
        Strategy::Random => in_order_of(picks, &shuffled(pool.candidates, asked.seed), pool, asked),
        Strategy::Closest => in_order_of(picks.clone(), &sorted(&picks, |score| -score), pool, asked),
        Strategy::Madav2
        | Strategy::Mada
        | Strategy::TargetOnly
        | Strategy::Present
        | Strategy::Entropy
        | Strategy::Adversarial
        | Strategy::Aada
        | Strategy::Prototype => in_order_of(picks.clone(), &sorted(&picks, |score| score), pool, asked),
    };
    Ok(chosen)
}

/// Every candidate with its score, in their order.
fn score(pool: &Pool<'_>, strategy: Strategy) -> Result<Vec<Pick>, SelectError> {
    let pick = |frame: &Described<'_>| {
        let scored = pool.measure.score(strategy, frame).ok_or(SelectError::NoDiscriminator(strategy.slug()))?;
        let (score, [source, target]) = scored;
        if !score.value.is_finite() || !source.is_finite() || !target.is_finite() {
            return Err(SelectError::NotFinite);
        }
        let (per_class, absent) = (score.per_class, frame.absent());
        Ok(Pick { frame: frame.frame, score: score.value, source, target, per_class, absent })
    };
    pool.candidates.par_iter().map(pick).collect()
}

/// Places by falling key, ties by frame id.
///
/// Section 3.2 and the authors' code take the largest; the "smallest" of Algorithm 1 is a slip.
fn sorted(picks: &[Pick], key: impl Fn(f64) -> f64) -> Vec<usize> {
    let mut places: Vec<usize> = (0..picks.len()).collect();
    places.sort_by(|&a, &b| {
        let (a, b) = (&picks[a], &picks[b]);
        key(b.score).total_cmp(&key(a.score)).then(a.frame.cmp(&b.frame))
    });
    places
}

/// Places in the order of a draw that depends on the ids and the seed alone.
fn shuffled(candidates: &[Described<'_>], seed: u64) -> Vec<usize> {
    let mut places: Vec<usize> = (0..candidates.len()).collect();
    places.sort_by_key(|&place| candidates[place].frame);
    places.shuffle(&mut rng(seed, Stream::RandomPick, 0));
    places
}

/// The first that the quota allows.
fn in_order_of(picks: Vec<Pick>, places: &[usize], pool: &Pool<'_>, asked: &Asked<'_>) -> Vec<Pick> {
    let mut room = Room::new(pool.groups, asked);
    let mut picks: Vec<Option<Pick>> = picks.into_iter().map(Some).collect();
    let fits = places.iter().filter(|&&place| room.take(place));
    fits.filter_map(|&place| picks[place].take()).take(asked.budget).collect()
}

fn one_by_one(pool: &Pool<'_>, asked: &Asked<'_>, mut greedy: impl Greedy + Sync) -> Vec<Pick> {
    let mut room = Room::new(pool.groups, asked);
    let mut left: Vec<usize> = (0..pool.candidates.len()).collect();
    let mut chosen = vec![];
    while chosen.len() < asked.budget {
        left.retain(|&place| room.has(place));
        // The largest gain; ties by frame id, whatever the threads do.
        let gains = left.par_iter().map(|&place| (greedy.gain(place), pool.candidates[place].frame, place));
        let Some((_, _, best)) = gains.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1))) else { break };
        chosen.push(greedy.pick(best));
        greedy.add(best);
        room.take(best);
        left.retain(|&place| place != best);
    }
    chosen
}

/// In the order of the list; a frame named twice counts once.
fn listed(picks: Vec<Pick>, list: &[FrameId]) -> Result<Vec<Pick>, SelectError> {
    let mut by_frame: HashMap<FrameId, Pick> = picks.into_iter().map(|pick| (pick.frame, pick)).collect();
    let mut seen = std::collections::HashSet::new();
    let each = list.iter().filter(|frame| seen.insert(**frame));
    each.map(|frame| by_frame.remove(frame).ok_or(SelectError::NoCandidate(*frame))).collect()
}

/// How many may still be taken of each group. Frames without one are free.
struct Room<'a> {
    groups: &'a [String],
    left: HashMap<&'a str, usize>,
}

impl<'a> Room<'a> {
    fn new(groups: &'a [String], asked: &Asked<'_>) -> Self {
        let mut left: HashMap<&str, usize> = HashMap::new();
        for group in groups {
            *left.entry(group).or_default() += 1;
        }
        let budget = asked.budget.min(groups.len());
        for most in left.values_mut() {
            if asked.stratified {
                *most = (budget * *most).div_ceil(groups.len());
            }
            *most = (*most).min(asked.quota.unwrap_or(usize::MAX));
        }
        left.remove("");
        Self { groups, left }
    }

    /// What is left of the group of a frame; none where it has no group.
    fn left(&mut self, place: usize) -> Option<&mut usize> {
        self.left.get_mut(self.groups.get(place)?.as_str())
    }

    fn has(&mut self, place: usize) -> bool {
        self.left(place).is_none_or(|left| *left > 0)
    }

    fn take(&mut self, place: usize) -> bool {
        let fits = self.has(place);
        if let Some(left) = self.left(place).filter(|_| fits) {
            *left -= 1;
        }
        fits
    }
}

/// What the picks are made of, beside all candidates.
pub fn class_mix(candidates: &[Described<'_>], picks: &[Pick]) -> ClassMix {
    let n_classes = candidates.first().map_or(0, |frame| frame.pixels.len());
    let shares = |frames: &[&Described<'_>], of: &dyn Fn(&Described<'_>, usize) -> f64| -> Vec<f64> {
        let mean = |class| frames.iter().map(|frame| of(frame, class)).sum::<f64>() / frames.len().max(1) as f64;
        (0..n_classes).map(mean).collect()
    };
    let has = |frame: &Described<'_>, class: usize| f64::from(frame.present[class].min(1));
    let area = |frame: &Described<'_>, class: usize| f64::from(frame.pixels[class]);
    let chosen: std::collections::HashSet<FrameId> = picks.iter().map(|pick| pick.frame).collect();
    let pool: Vec<&Described<'_>> = candidates.iter().collect();
    let picked: Vec<&Described<'_>> = candidates.iter().filter(|frame| chosen.contains(&frame.frame)).collect();
    ClassMix {
        picked_frames: shares(&picked, &has),
        pool_frames: shares(&pool, &has),
        picked_pixels: shares(&picked, &area),
        pool_pixels: shares(&pool, &area),
    }
}

/// How many of each group are candidates, and how many are picked; nothing where no frame has a group.
pub fn group_mix(candidates: &[Described<'_>], groups: &[String], picks: &[Pick]) -> Vec<GroupMix> {
    let picked: HashSet<FrameId> = picks.iter().map(|pick| pick.frame).collect();
    let mut mix: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
    for (frame, group) in candidates.iter().zip(groups).filter(|(_, group)| !group.is_empty()) {
        let [candidates, chosen] = mix.entry(group).or_default();
        *candidates += 1;
        *chosen += usize::from(picked.contains(&frame.frame));
    }
    mix.into_iter().map(|(name, [candidates, picked])| GroupMix { name: name.into(), candidates, picked }).collect()
}

#[cfg(test)]
mod tests;
