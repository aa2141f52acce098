//! The arms of an experiment, one after another, as jobs.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;

use super::file::{Arm, Experiment, slug};
use super::frames::Frames;
use super::job::{Runner, Told};
use crate::domain::{Choice, Evaluation, FrameId, FrameRef, JobSpec, Plan, Recipe, Selection, Stage, Strategy, files};
use crate::formats::export::write_prediction;
use crate::formats::mask_png::read_mask;
use crate::formats::pick_list::read_list;

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
    /// Where the selection lies, and its map.
    pub select_out: Option<PathBuf>,
    pub evaluation: Evaluation,
    /// Training steps from the first warm-up on.
    pub steps: u64,
    /// Its own jobs in order; what it shares with others counts for the arm that came first.
    pub jobs: Vec<(Stage, Told)>,
    model: PathBuf,
    discriminator: PathBuf,
    dir: PathBuf,
}

/// What all arms of a seed share.
pub(super) struct Ground<'a> {
    pub frames: &'a Frames,
    pub experiment: &'a Experiment,
    /// Folder of the jobs.
    pub jobs: &'a Path,
    pub runner: &'a Runner<'a>,
}

/// Plays every arm with a seed and tells of each as it ends. An arm that fails costs itself and those that start from
/// it; its error comes back with what was played.
pub(super) async fn play(
    ground: &Ground<'_>,
    seed: u64,
    mut ended: impl FnMut(&Arm, Result<&Played, &anyhow::Error>) -> Result<()>,
) -> Result<(Vec<Played>, Vec<anyhow::Error>)> {
    let Ground { frames, experiment, jobs, runner } = *ground;
    let arms = &experiment.arms;
    let mut played: Vec<Played> = Vec::with_capacity(arms.len());
    let (mut seen, mut failed) = (BTreeSet::new(), vec![]);
    for (at, arm) in arms.iter().enumerate() {
        let parent = arm.from.as_ref().map(|from| played.iter().find(|other| other.arm.name == *from));
        let name = format!("[seed {seed}, {}/{}] {}", at + 1, arms.len(), arm.name);
        let Some(parent) = parent.map_or(Some(None), |parent| parent.map(Some)) else {
            runner.terminal.say(&format!("{name}: left out, as the arm that it starts from failed"));
            continue;
        };
        let dir = jobs.join(format!("seed-{seed}")).join(slug(&arm.name));
        let imagenet = runner.engine.imagenet(arm.recipe.backbone);
        let plan = Plan { seed, recipe: arm.recipe.clone(), imagenet, ..frames.plan.clone() };
        let mut jobs = Jobs { runner, name, told: vec![], seen: &mut seen };
        let next = Next { plan, names: &frames.names, arm, dir, parent, predictions: experiment.predictions };
        let done = match arm.stage {
            Stage::Inject => next.inject(&mut jobs).await,
            Stage::Adapt => next.adapt(&mut jobs).await,
            _ => next.warm_up(&mut jobs).await,
        };
        let done = match done {
            // No result: what an earlier run left of the arm stands.
            Err(error) if runner.was_stopped() => return Err(error),
            done => done,
        };
        ended(arm, done.as_ref())?;
        match done {
            Ok(done) => played.push(done),
            Err(error) => {
                runner.terminal.say(&format!("{error:#}"));
                failed.push(error);
            }
        }
    }
    Ok((played, failed))
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
    /// With the arm's knobs.
    plan: Plan,
    /// Of the target's frames.
    names: &'a [(String, FrameId)],
    arm: &'a Arm,
    dir: PathBuf,
    parent: Option<&'a Played>,
    /// Whether all answers on the validation frames are kept.
    predictions: bool,
}

/// What an arm chose, and where that lies.
type Chosen = Option<(Selection, PathBuf)>;

impl Next<'_> {
    async fn warm_up(self, jobs: &mut Jobs<'_>) -> Result<Played> {
        let out = jobs.run(&self.dir, self.plan.warmup()).await?;
        let steps = self.plan.recipe.warmup.steps;
        self.measure(jobs, out.join(files::MODEL), steps, vec![], None).await
    }

    /// Selects, lets the target's own labels answer, and trains on them.
    async fn inject(self, jobs: &mut Jobs<'_>) -> Result<Played> {
        let parent = self.parent()?;
        let (mut labelled, mut chosen) = (parent.labelled.clone(), None);
        if let Some(strategy) = self.arm.strategy {
            let (selection, out) = self.select(jobs, strategy).await?;
            let is_picked = |frame: &&FrameRef| selection.picks.iter().any(|pick| pick.frame == frame.id);
            labelled.extend(self.plan.target.iter().filter(is_picked).cloned());
            chosen = Some((selection, out));
        }
        let inject = self.plan.inject(parent.model.clone(), labelled.clone());
        let model = jobs.run(&self.dir, inject).await?.join(files::MODEL);
        let steps = parent.steps + self.plan.recipe.inject.steps;
        self.measure(jobs, model, steps, labelled, chosen).await
    }

    async fn select(&self, jobs: &mut Jobs<'_>, strategy: Strategy) -> Result<(Selection, PathBuf)> {
        let parent = self.parent()?;
        // Features belong to the model that they describe and its knobs, so that other arms find them there.
        let features = self.plan_of_parent()?.features(parent.model.clone(), Some(parent.discriminator.clone()));
        let features = jobs.run(&parent.dir, features).await?.join(files::FEATURES);
        let (plan, dir) = self.plan_of_anchors()?;
        let anchors = jobs.run(&dir, plan.anchors(features.clone())).await?.join(files::ANCHORS);
        let listed = self.listed()?;
        let choice = Choice { strategy, listed, ..Choice::of(&self.plan.recipe) };
        let select = self.plan.select(features, anchors, &parent.labelled, &choice);
        let out = jobs.run(&self.dir, select).await?;
        Ok((read(&out.join(files::SELECTION))?, out))
    }

    /// With the knobs that the parent was made with.
    fn plan_of_parent(&self) -> Result<Plan> {
        Ok(Plan { recipe: self.parent()?.arm.recipe.clone(), ..self.plan.clone() })
    }

    /// With those, and this arm's of the anchors. Where these differ, the jobs lie beside, in a folder named by what does.
    fn plan_of_anchors(&self) -> Result<(Plan, PathBuf)> {
        let (parent, of_parent) = (self.parent()?, self.plan_of_parent()?);
        let was = &of_parent.recipe;
        let Recipe { v, kmeans_iterations, kmeans_restarts, .. } = self.plan.recipe;
        // An adaptation has anchors of the target alone.
        let (k, numbers) = match self.arm.stage {
            Stage::Adapt => (was.k, format!("v-{v}")),
            _ => (self.plan.recipe.k, format!("k-{}-v-{v}", self.plan.recipe.k)),
        };
        let named = [
            ((k, v) != (was.k, was.v), numbers),
            (kmeans_iterations != was.kmeans_iterations, format!("iterations-{kmeans_iterations}")),
            (kmeans_restarts != was.kmeans_restarts, format!("restarts-{kmeans_restarts}")),
        ];
        let named: Vec<String> = named.into_iter().filter_map(|(differs, name)| differs.then_some(name)).collect();
        let dir = if named.is_empty() { parent.dir.clone() } else { parent.dir.join(named.join("-")) };
        let recipe = Recipe { k, v, kmeans_iterations, kmeans_restarts, ..was.clone() };
        Ok((Plan { recipe, ..of_parent }, dir))
    }

    /// The frames of the arm's list.
    fn listed(&self) -> Result<Vec<FrameId>> {
        let Some(list) = &self.arm.list else { return Ok(vec![]) };
        let text = |path: &PathBuf| {
            std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
        };
        let names = self.arm.names.as_ref().map(text).transpose()?;
        let frames: Vec<(&str, FrameId)> = self.names.iter().map(|(name, id)| (name.as_str(), *id)).collect();
        read_list(&text(list)?, names.as_deref(), &frames).with_context(|| list.display().to_string())
    }

    async fn adapt(self, jobs: &mut Jobs<'_>) -> Result<Played> {
        let parent = self.parent()?;
        let features = self.plan_of_parent()?.target_features(parent.model.clone());
        let features = jobs.run(&parent.dir, features).await?.join(files::FEATURES);
        let (plan, dir) = self.plan_of_anchors()?;
        let anchors = plan.target_anchors(features.clone());
        let anchors = jobs.run(&dir, anchors).await?.join(files::ANCHORS);
        let labelled = parent.labelled.clone();
        let adapt = self.plan.adapt(parent.model.clone(), features, anchors, labelled.clone());
        let model = jobs.run(&self.dir, adapt).await?.join(files::MODEL);
        let steps = parent.steps + self.plan.recipe.adapt.steps;
        self.measure(jobs, model, steps, labelled, None).await
    }

    async fn measure(
        self,
        jobs: &mut Jobs<'_>,
        model: PathBuf,
        steps: u64,
        labelled: Vec<FrameRef>,
        chosen: Chosen,
    ) -> Result<Played> {
        let out = jobs.run(&self.dir, self.plan.evaluate(model.clone(), PICTURES, self.predictions)).await?;
        if self.predictions {
            keep_predictions(&self.plan, &out.join(files::PREDICTIONS), &self.dir.join(files::PREDICTIONS))?;
        }
        let evaluation = read(&out.join(files::EVALUATION))?;
        let jobs = std::mem::take(&mut jobs.told);
        // The warm-up's, which every arm that comes from it asks.
        let beside = || model.with_file_name(files::DISCRIMINATOR);
        let discriminator = self.parent.map_or_else(beside, |parent| parent.discriminator.clone());
        let (arm, seed, dir) = (self.arm.clone(), self.plan.seed, self.dir);
        let (selection, select_out) = chosen.unzip();
        Ok(Played { arm, seed, labelled, selection, select_out, evaluation, steps, jobs, model, discriminator, dir })
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

pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let bytes = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    serde_json::from_slice(&bytes).with_context(|| format!("{} cannot be understood", path.display()))
}
