//! What came out: a table to print, `report.json`, `report.md` and charts beside it.

mod files;
mod text;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::file::{Arm, Experiment};
use super::frames::Frames;
use super::machine::Machine;
use super::play::Played;
use crate::domain::{ClassMix, Confusion, GroupMix, Recipe, Selection, Stage, Strategy, Taxonomy};

/// All that the files say, but the curves.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Report {
    name: String,
    windlass: &'static str,
    machine: Machine,
    taxonomy: Taxonomy,
    recipe: Recipe,
    frames: BTreeMap<&'static str, usize>,
    refused: Vec<String>,
    arms: Vec<ArmReport>,
}

#[derive(Clone, Debug, Serialize)]
struct ArmReport {
    name: String,
    stage: Stage,
    from: Option<String>,
    strategy: Option<Strategy>,
    /// The arm that it is compared with.
    control: Option<String>,
    /// Knobs that differ from the experiment's.
    knobs: BTreeMap<String, serde_json::Value>,
    /// One a seed; fewer where one failed.
    runs: Vec<RunReport>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct RunReport {
    seed: u64,
    /// Training steps from the first warm-up on.
    steps: u64,
    labelled: usize,
    mean_iou: Option<f64>,
    /// Of the last state, where the model is an earlier and better one.
    last_mean_iou: Option<f64>,
    /// Of the taxonomy's subsets.
    subset_iou: BTreeMap<String, Option<f64>>,
    accuracy: Option<f64>,
    /// In the order of the classes.
    class_iou: Vec<Option<f64>>,
    /// By stage, in the order of running.
    seconds: Vec<(Stage, f64)>,
    /// How the frames were chosen, and what they are made of.
    selection: Option<SelectionReport>,
    notes: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct SelectionReport {
    strategy: Strategy,
    budget: usize,
    #[serde(default)]
    stratified: bool,
    quota: Option<usize>,
    anchors: [usize; 2],
    candidates: usize,
    mix: ClassMix,
    #[serde(default)]
    groups: Vec<GroupMix>,
    #[serde(default)]
    picked: Vec<PickReport>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct PickReport {
    /// File name of the frame.
    frame: String,
    score: f64,
    /// The classes that add most to the score, and what they add; "no sky" where it is by being missing.
    chiefly: Vec<(String, f64)>,
}

/// Classes that a pick is explained by.
const CHIEFLY: usize = 3;

/// What `results.jsonl` says of an arm.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum LineReport {
    Done {
        stage: Stage,
        from: Option<String>,
        classes: Vec<String>,
        recipe: Box<Recipe>,
        #[serde(flatten)]
        run: Box<RunReport>,
    },
    Failed {
        error: String,
    },
}

/// What such a line tells of a run that is not played now.
#[derive(Deserialize)]
pub(super) struct Earlier {
    stage: Option<Stage>,
    from: Option<String>,
    recipe: Recipe,
    #[serde(flatten)]
    run: RunReport,
}

/// How an arm ended.
pub(super) fn result(arm: &Arm, done: Result<&Played, &anyhow::Error>, taxonomy: &Taxonomy) -> LineReport {
    match done {
        Err(error) => LineReport::Failed { error: format!("{error:#}") },
        Ok(played) => LineReport::Done {
            stage: arm.stage,
            from: arm.from.clone(),
            classes: taxonomy.classes.iter().map(|class| class.name.clone()).collect(),
            recipe: Box::new(arm.recipe.clone()),
            run: Box::new(RunReport::new(played, taxonomy)),
        },
    }
}

impl Report {
    /// Of what was played now, and of runs with other seeds that are known by their lines alone.
    pub(super) fn new(
        experiment: &Experiment,
        frames: &Frames,
        played: &[Played],
        earlier: &[(String, Earlier)],
    ) -> Self {
        let Frames { plan, refused, .. } = frames;
        let device = played.iter().flat_map(|played| &played.jobs).map(|(_, told)| told.device.as_str());
        let now: Vec<(&str, RunReport)> = played
            .iter()
            .map(|played| (played.arm.name.as_str(), RunReport::new(played, &experiment.taxonomy)))
            .collect();
        let known = Known { arms: &experiment.arms, now: &now, earlier };
        let runs = |arm: &Arm| {
            let before = known.lines(arm).filter(|line| known.is_same(arm, line)).map(|line| &line.run);
            let mut runs: Vec<RunReport> = known.now(arm).chain(before).cloned().collect();
            runs.sort_by_key(|run| run.seed);
            runs
        };
        let arms = experiment.arms.iter().map(|arm| ArmReport {
            name: arm.name.clone(),
            stage: arm.stage,
            from: arm.from.clone(),
            strategy: arm.strategy,
            control: arm.control.clone(),
            knobs: differing(&experiment.recipe, &arm.recipe),
            runs: runs(arm),
        });
        Self {
            name: experiment.name.clone(),
            windlass: env!("CARGO_PKG_VERSION"),
            machine: Machine::here(device.into_iter().next().unwrap_or("unknown")),
            arms: arms.collect(),
            taxonomy: experiment.taxonomy.clone(),
            recipe: experiment.recipe.clone(),
            frames: [("source", plan.source.len()), ("target", plan.target.len()), ("val", plan.val.len())].into(),
            refused: refused.iter().map(|refused| format!("{} {}", refused.path.display(), refused.reason)).collect(),
        }
    }

    /// The arm that another is compared with: its control, or the first.
    fn control(&self, arm: &ArmReport) -> Option<&ArmReport> {
        match &arm.control {
            Some(name) => self.arms.iter().find(|other| other.name == *name),
            None => self.arms.first(),
        }
    }
}

/// What is known of the arms.
struct Known<'a> {
    arms: &'a [Arm],
    /// What was played now, by its arm.
    now: &'a [(&'a str, RunReport)],
    /// With other seeds.
    earlier: &'a [(String, Earlier)],
}

impl<'a> Known<'a> {
    fn now(&self, arm: &Arm) -> impl Iterator<Item = &'a RunReport> {
        self.now.iter().filter(move |(name, _)| *name == arm.name).map(|(_, run)| run)
    }

    fn lines(&self, arm: &Arm) -> impl Iterator<Item = &'a Earlier> {
        self.earlier.iter().filter(move |(name, _)| *name == arm.name).map(|(_, line)| line)
    }

    /// Whether a line tells of the arm as it is now: of its stage, knobs, parent and choice, with as many labels as it has now
    /// and from a parent of which the same is to be said.
    fn is_same(&self, arm: &Arm, line: &Earlier) -> bool {
        let chosen = line.run.selection.as_ref();
        let parent = self.arms.iter().find(|other| arm.from.as_ref() == Some(&other.name));
        line.recipe.read_by(arm.stage) == arm.recipe.read_by(arm.stage)
            && line.stage.is_none_or(|stage| stage == arm.stage && line.from == arm.from)
            && chosen.map(|chosen| (chosen.strategy, line.recipe.stratified))
                == arm.strategy.map(|strategy| (strategy, arm.recipe.stratified))
            && self.now(arm).all(|now| now.labelled == line.run.labelled && is_of_list(now, &line.run))
            && parent.is_none_or(|parent| {
                let mut of_seed = self.lines(parent).filter(|other| other.run.seed == line.run.seed);
                of_seed.all(|other| self.is_same(parent, other))
            })
    }
}

/// Whether two runs that took what a list names had the same list, as far as both say what they picked.
fn is_of_list(one: &RunReport, other: &RunReport) -> bool {
    let picked = |run: &RunReport| {
        let listed = run.selection.as_ref().filter(|chosen| chosen.strategy == Strategy::Listed)?;
        Some(listed.picked.iter().map(|pick| pick.frame.clone()).collect::<Vec<_>>())
            .filter(|picked| !picked.is_empty())
    };
    picked(one).zip(picked(other)).is_none_or(|(one, other)| one == other)
}

/// Knobs of a recipe that another has otherwise, by their places.
fn differing(base: &Recipe, other: &Recipe) -> BTreeMap<String, serde_json::Value> {
    fn walk(
        base: &serde_json::Value,
        other: &serde_json::Value,
        path: &str,
        found: &mut BTreeMap<String, serde_json::Value>,
    ) {
        match (base.as_object(), other.as_object()) {
            (Some(base), Some(other)) if base.keys().eq(other.keys()) => {
                for (name, value) in other {
                    walk(&base[name], value, &format!("{path}{}{name}", if path.is_empty() { "" } else { "." }), found);
                }
            }
            _ if base != other => _ = found.insert(path.to_owned(), other.clone()),
            _ => {}
        }
    }
    let json = |recipe: &Recipe| serde_json::to_value(recipe).unwrap_or_default();
    let mut found = BTreeMap::new();
    walk(&json(base), &json(other), "", &mut found);
    found
}

impl ArmReport {
    fn mean_iou(&self) -> Option<f64> {
        mean(self.runs.iter().map(|run| run.mean_iou))
    }

    /// Standard deviation over the seeds; none for one.
    fn spread(&self) -> Option<f64> {
        deviation(&self.runs.iter().filter_map(|run| run.mean_iou).collect::<Vec<_>>())
    }

    /// What it gained over another arm with the same seed: mean, and standard deviation over the seeds that both have.
    fn change(&self, control: &Self) -> Option<(f64, Option<f64>)> {
        let beside = |run: &RunReport| control.runs.iter().find(|other| other.seed == run.seed)?.mean_iou;
        let changes: Vec<f64> = self.runs.iter().filter_map(|run| Some(run.mean_iou? - beside(run)?)).collect();
        Some((mean(changes.iter().copied().map(Some))?, deviation(&changes)))
    }

    fn class_iou(&self, class: usize) -> Option<f64> {
        mean(self.runs.iter().map(|run| *run.class_iou.get(class)?))
    }

    fn seconds(&self) -> f64 {
        self.runs.iter().flat_map(|run| &run.seconds).fold(0.0, |sum, (_, seconds)| sum + seconds)
    }

    /// Of the first seed that chose.
    fn selection(&self) -> Option<&SelectionReport> {
        self.runs.iter().find_map(|run| run.selection.as_ref())
    }
}

impl RunReport {
    fn new(played: &Played, taxonomy: &Taxonomy) -> Self {
        let confusion = &played.evaluation.confusion;
        let of_subset = |classes: &[u8]| confusion.mean_iou_of(classes.iter().map(|&class| usize::from(class)));
        Self {
            seed: played.seed,
            steps: played.steps,
            labelled: played.labelled.len(),
            mean_iou: confusion.mean_iou(),
            last_mean_iou: played.evaluation.last.as_ref().and_then(Confusion::mean_iou),
            subset_iou: taxonomy.subsets.iter().map(|s| (s.name.clone(), of_subset(&s.classes))).collect(),
            accuracy: confusion.accuracy(),
            class_iou: (0..taxonomy.len()).map(|class| confusion.iou(class)).collect(),
            seconds: played.jobs.iter().map(|(stage, told)| (*stage, told.seconds)).collect(),
            selection: played.selection.as_ref().map(|selection| SelectionReport::new(selection, played, taxonomy)),
            notes: played.jobs.iter().flat_map(|(_, told)| told.notes.clone()).collect(),
        }
    }
}

impl SelectionReport {
    fn new(selection: &Selection, played: &Played, taxonomy: &Taxonomy) -> Self {
        let name = |id| {
            let frame = played.labelled.iter().find(|frame| frame.id == id);
            frame.and_then(|frame| frame.image.file_stem()).unwrap_or_default().to_string_lossy().into_owned()
        };
        let chiefly = |pick: &crate::domain::Pick| {
            let classes =
                taxonomy.classes.iter().enumerate().map(|(index, class)| match pick.absent.contains(&index) {
                    true => format!("no {}", class.name),
                    false => class.name.clone(),
                });
            let mut parts: Vec<(String, f64)> = classes.zip(pick.per_class.iter().copied()).collect();
            parts.sort_by(|a, b| b.1.total_cmp(&a.1));
            parts.truncate(CHIEFLY);
            parts
        };
        let pick = |pick: &crate::domain::Pick| PickReport {
            frame: name(pick.frame),
            score: pick.score,
            chiefly: chiefly(pick),
        };
        Self {
            strategy: selection.strategy,
            budget: selection.budget,
            stratified: selection.stratified,
            quota: selection.quota,
            anchors: selection.anchors,
            candidates: selection.candidates,
            mix: selection.mix.clone(),
            groups: selection.groups.clone(),
            picked: selection.picks.iter().map(pick).collect(),
        }
    }
}

fn mean(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let values: Vec<f64> = values.flatten().collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Standard deviation of a sample; none of one.
fn deviation(values: &[f64]) -> Option<f64> {
    let mean = mean(values.iter().copied().map(Some)).filter(|_| values.len() > 1)?;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Some((squares / (values.len() - 1) as f64).sqrt())
}

fn percent(share: Option<f64>) -> String {
    share.map_or("-".into(), |share| format!("{:.1}", 100.0 * share))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Backbone;

    #[test]
    fn an_arms_own_knobs_are_named() {
        let base = Recipe::recommended(Backbone::EfficientnetLite0);
        let mut other = base.clone();
        assert!(differing(&base, &other).is_empty());
        (other.k, other.adapt.steps, other.budget) = (3, 7, crate::domain::Budget::Frames(2));
        let found = serde_json::to_value(differing(&base, &other)).unwrap();
        assert_eq!(found, serde_json::json!({"k": 3, "adapt.steps": 7, "budget": {"frames": 2}}));
    }
}
