//! The arms of an experiment, one after another, as jobs.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;

use super::file::{Arm, Experiment, slug};
use super::job::{Runner, Told};
use crate::domain::{Evaluation, FrameRef, JobSpec, Plan, Selection, Stage, files};
use crate::formats::export::write_prediction;
use crate::formats::mask_png::read_mask;

/// Frames of an evaluation whose prediction is kept to look at.
const PICTURES: usize = 8;

/// An arm that was played to its end.
pub(super) struct Played {
    pub arm: Arm,
    pub seed: u64,
    /// Target frames whose labels it knew.
    pub labelled: Vec<FrameRef>,
    /// Those that it asked for, with their distances.
    pub selection: Option<Selection>,
    pub evaluation: Evaluation,
    /// Its own jobs in order; what it shares with others counts for the arm that came first.
    pub jobs: Vec<(Stage, Told)>,
    model: PathBuf,
    dir: PathBuf,
}

/// Plays every arm with the plan's seed. Its jobs lie below `out`.
pub(super) async fn play(plan: &Plan, experiment: &Experiment, out: &Path, runner: &Runner<'_>) -> Result<Vec<Played>> {
    let arms = &experiment.arms;
    let mut played: Vec<Played> = Vec::with_capacity(arms.len());
    let mut seen = BTreeSet::new();
    for (at, arm) in arms.iter().enumerate() {
        let parent = arm.from.as_ref().and_then(|from| played.iter().find(|other| other.arm.name == *from));
        let name = format!("[seed {}, {}/{}] {}", plan.seed, at + 1, arms.len(), arm.name);
        let dir = out.join("jobs").join(format!("seed-{}", plan.seed)).join(slug(&arm.name));
        let mut jobs = Jobs { runner, name, told: vec![], seen: &mut seen };
        let next = Next { plan, arm, dir, parent, predictions: experiment.predictions };
        played.push(match arm.stage {
            Stage::Inject => next.inject(&mut jobs).await?,
            Stage::Adapt => next.adapt(&mut jobs).await?,
            _ => next.warm_up(&mut jobs).await?,
        });
    }
    Ok(played)
}

/// The jobs of one arm.
struct Jobs<'a> {
    runner: &'a Runner<'a>,
    name: String,
    told: Vec<(Stage, Told)>,
    /// Folders of jobs that an arm has counted.
    seen: &'a mut BTreeSet<PathBuf>,
}

impl Jobs<'_> {
    /// Runs a job in its arm's folder; gives its `out`.
    async fn run(&mut self, arm_dir: &Path, spec: JobSpec) -> Result<PathBuf> {
        let what = format!("{}, {}", self.name, spec.stage.title().to_lowercase());
        let dir = arm_dir.join(spec.stage.slug());
        let (out, told) = self.runner.run(&dir, &spec, &what).await?;
        if self.seen.insert(dir) {
            self.told.push((spec.stage, told));
        }
        Ok(out)
    }
}

/// The arm whose turn it is.
struct Next<'a> {
    plan: &'a Plan,
    arm: &'a Arm,
    dir: PathBuf,
    parent: Option<&'a Played>,
    /// Whether all answers on the validation frames are kept.
    predictions: bool,
}

impl Next<'_> {
    async fn warm_up(self, jobs: &mut Jobs<'_>) -> Result<Played> {
        let out = jobs.run(&self.dir, self.plan.warmup()).await?;
        self.measure(jobs, out.join(files::MODEL), vec![], None).await
    }

    /// Selects, lets the target's own labels answer, and trains on them.
    async fn inject(self, jobs: &mut Jobs<'_>) -> Result<Played> {
        let (plan, parent) = (self.plan, self.parent()?);
        let strategy = self.arm.strategy.as_deref().context("an inject has a strategy")?;
        // They belong to the model that they describe, so that other arms find them there.
        let features = jobs.run(&parent.dir, plan.features(parent.model.clone())).await?.join(files::FEATURES);
        let anchors = jobs.run(&parent.dir, plan.anchors(features.clone())).await?.join(files::ANCHORS);
        let select = plan.select(features, anchors, &parent.labelled, strategy);
        let selection: Selection = read(&jobs.run(&self.dir, select).await?.join(files::SELECTION))?;
        let is_picked = |frame: &&FrameRef| selection.picks.iter().any(|pick| pick.frame == frame.id);
        let mut labelled = parent.labelled.clone();
        labelled.extend(plan.target.iter().filter(is_picked).cloned());
        let model = jobs.run(&self.dir, plan.inject(parent.model.clone(), labelled.clone())).await?.join(files::MODEL);
        self.measure(jobs, model, labelled, Some(selection)).await
    }

    async fn adapt(self, jobs: &mut Jobs<'_>) -> Result<Played> {
        let (plan, parent) = (self.plan, self.parent()?);
        let features = jobs.run(&parent.dir, plan.target_features(parent.model.clone())).await?.join(files::FEATURES);
        let anchors = jobs.run(&parent.dir, plan.target_anchors(features)).await?.join(files::ANCHORS);
        let labelled = parent.labelled.clone();
        let adapt = plan.adapt(parent.model.clone(), anchors, labelled.clone());
        let model = jobs.run(&self.dir, adapt).await?.join(files::MODEL);
        self.measure(jobs, model, labelled, None).await
    }

    async fn measure(
        self,
        jobs: &mut Jobs<'_>,
        model: PathBuf,
        labelled: Vec<FrameRef>,
        selection: Option<Selection>,
    ) -> Result<Played> {
        let out = jobs.run(&self.dir, self.plan.evaluate(model.clone(), PICTURES, self.predictions)).await?;
        if self.predictions {
            keep_predictions(self.plan, &out.join(files::PREDICTIONS), &self.dir.join(files::PREDICTIONS))?;
        }
        let evaluation = read(&out.join(files::EVALUATION))?;
        let jobs = std::mem::take(&mut jobs.told);
        let (arm, seed, dir) = (self.arm.clone(), self.plan.seed, self.dir);
        Ok(Played { arm, seed, labelled, selection, evaluation, jobs, model, dir })
    }

    fn parent(&self) -> Result<&Played> {
        self.parent.context("an arm is played after the one that it starts from")
    }
}

/// Writes the class indices that an evaluation left as Cityscapes results: `<city>/<city>_<seq>_<frame>_pred_labelIds.png`.
fn keep_predictions(plan: &Plan, from: &Path, to: &Path) -> Result<()> {
    for frame in &plan.val {
        let path = from.join(format!("{}.png", frame.id));
        let mask = read_mask(&path, plan.classes.len(), frame.size)?;
        let part = |name: Option<&OsStr>| name.unwrap_or_default().to_string_lossy().into_owned();
        let (name, group) = (part(frame.image.file_stem()), part(frame.image.parent().and_then(Path::file_name)));
        let name = name.trim_end_matches("_leftImg8bit");
        write_prediction(to, name, &group, &mask, &plan.classes)
            .with_context(|| format!("{} cannot be written", to.display()))?;
    }
    Ok(())
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let bytes = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    serde_json::from_slice(&bytes).with_context(|| format!("{} cannot be understood", path.display()))
}
