//! Turns rows into a job's folder: `spec.json`, and people's masks as files.

use std::path::{Path, PathBuf};

use super::rail::{Step, done, rail};
use super::{Inner, launch};
use crate::domain::{Choice, Domain, Frame, FrameRef, JobId, JobSpec, LabelRef, OWN_CODE, Plan, Split, Stage, files};
use crate::formats::{atomic, mask_png};
use crate::store::jobs::Job;
use crate::store::projects::Project;
use crate::store::rounds::Round;
use crate::store::{Db, frames, masks, models, projects, rounds};

/// Frames of an evaluation whose prediction is kept to look at.
const PICTURES: usize = 12;

/// Writes the job's folder. A resumed job keeps its spec but for the device, which is today's; a measuring, which trains
/// nothing, has today's knobs. The error is a sentence.
pub(crate) async fn prepare(inner: &Inner, job: &Job) -> Result<(), String> {
    let dir = inner.workspace.job_dir(job.id);
    std::fs::create_dir_all(&dir).map_err(|error| launch::sentence(&error, &dir))?;
    let is_resumed = job.stage != Stage::Evaluate && dir.join(files::SPEC).exists();
    let spec = if is_resumed { resumed(inner, job, &dir).await } else { spec(inner, job).await.map(Some) };
    let spec = spec.map_err(|error| match error.downcast_ref::<std::io::Error>() {
        Some(cause) => launch::sentence(cause, &dir),
        None => format!("The job cannot be prepared: {error:#}."),
    })?;
    let Some(spec) = spec else { return Ok(()) };
    // Beside the pages: a spec names tens of thousands of frames, and is on the disk before its job begins.
    tokio::task::spawn_blocking(move || {
        let json =
            serde_json::to_vec_pretty(&spec).map_err(|error| format!("The job cannot be written down: {error}."))?;
        // Last: a folder with a spec is complete.
        atomic::write_synced(&dir.join(files::SPEC), &json).map_err(|error| launch::sentence(&error, &dir))
    })
    .await
    .map_err(|error| format!("The job cannot be written down: {error}."))?
}

/// The spec of an earlier run on the project's device; none where it stands there already.
async fn resumed(inner: &Inner, job: &Job, dir: &Path) -> anyhow::Result<Option<JobSpec>> {
    let device = projects::get(inner.workspace.db(), job.project).await?.set_up.device;
    let spec = written(dir).await?;
    Ok((spec.device != device).then_some(JobSpec { device, ..spec }))
}

/// The spec in a job's folder.
pub(super) async fn written(dir: &Path) -> anyhow::Result<JobSpec> {
    let path = dir.join(files::SPEC);
    tokio::task::spawn_blocking(move || Ok(JobSpec::parse(&std::fs::read_to_string(path)?)?)).await?
}

async fn spec(inner: &Inner, job: &Job) -> anyhow::Result<JobSpec> {
    let db = inner.workspace.db();
    let project = projects::get(db, job.project).await?;
    let round = rounds::get(db, job.round).await?;
    let steps = rail(db, &round).await?;
    let plan = plan(db, &project, inner.config.threads).await?;
    let out = |stage, file| out_of(inner, &steps, stage, file);
    Ok(match job.stage {
        Stage::Warmup => plan.warmup(),
        Stage::Features => {
            plan.features(first_model(inner, &round, &steps).await?, discriminator(inner, &project).await?)
        }
        Stage::Anchors => plan.anchors(out(Stage::Features, files::FEATURES)?),
        Stage::Select => {
            let before = rounds::picked_before(db, project.id, round.number).await?;
            let before: Vec<FrameRef> = plan.target.iter().filter(|f| before.contains(&f.id)).cloned().collect();
            let anchors = out(Stage::Anchors, files::ANCHORS)?;
            let choice = rounds::choice(db, round.id).await?.unwrap_or_else(|| Choice::of(&project.recipe));
            plan.select(out(Stage::Features, files::FEATURES)?, anchors, &before, &choice)
        }
        Stage::Prelabel => {
            let picks = rounds::picks(db, round.id).await?;
            let picks: Vec<_> = picks.iter().map(|pick| pick.why.frame).collect();
            plan.prelabel(first_model(inner, &round, &steps).await?, &picks)
        }
        Stage::Annotate => anyhow::bail!("people label, no engine does"),
        Stage::Inject => {
            plan.inject(first_model(inner, &round, &steps).await?, labelled(inner, job, &round, &plan.target).await?)
        }
        Stage::TargetFeatures => plan.target_features(out(Stage::Inject, files::MODEL)?),
        Stage::TargetAnchors => plan.target_anchors(out(Stage::TargetFeatures, files::FEATURES)?),
        Stage::Adapt => {
            let (model, features) = (out(Stage::Inject, files::MODEL)?, out(Stage::TargetFeatures, files::FEATURES)?);
            let anchors = out(Stage::TargetAnchors, files::ANCHORS)?;
            plan.adapt(model, features, anchors, labelled(inner, job, &round, &plan.target).await?)
        }
        Stage::Evaluate => {
            let model = job.model.ok_or_else(|| anyhow::anyhow!("it is not said which model to measure"))?;
            let model = models::get(db, model).await?;
            plan.evaluate(inner.workspace.dir().join(model.path), PICTURES, false)
        }
    })
}

async fn plan(db: &Db, project: &Project, threads: usize) -> anyhow::Result<Plan> {
    let target = frames::list(db, project.id, Domain::Target, Split::Train).await?;
    Ok(Plan {
        classes: project.taxonomy.classes.clone(),
        recipe: project.recipe.clone(),
        seed: project.seed,
        device: project.device.clone(),
        threads,
        imagenet: project.imagenet.clone(),
        codes: project.codes.clone(),
        source: refs(db, project, Domain::Source, Split::Train).await?,
        groups: target.iter().map(|frame| (frame.id, frame.group.clone())).collect(),
        target: target.into_iter().map(frame_ref).collect(),
        val: refs(db, project, Domain::Target, Split::Val).await?,
    })
}

async fn refs(db: &Db, project: &Project, domain: Domain, split: Split) -> anyhow::Result<Vec<FrameRef>> {
    Ok(frames::list(db, project.id, domain, split).await?.into_iter().map(frame_ref).collect())
}

fn frame_ref(frame: Frame) -> FrameRef {
    let code = frame.domain.part(frame.split).to_owned();
    let label = frame.label.map(|path| LabelRef { path, code });
    FrameRef { id: frame.id, image: frame.image, size: frame.size, label }
}

/// The model that a round starts from.
async fn first_model(inner: &Inner, round: &Round, steps: &[Step]) -> anyhow::Result<PathBuf> {
    match round.base_model {
        Some(model) => Ok(inner.workspace.dir().join(models::get(inner.workspace.db(), model).await?.path)),
        None => out_of(inner, steps, Stage::Warmup, files::MODEL),
    }
}

/// What the warm-up left beside its model, which every later round asks too: no other stage trains one.
async fn discriminator(inner: &Inner, project: &Project) -> anyhow::Result<Option<PathBuf>> {
    let models = models::list(inner.workspace.db(), project.id).await?;
    let warmup = models.into_iter().find(|model| model.stage == Stage::Warmup);
    let path = warmup.map(|model| inner.workspace.dir().join(model.path).with_file_name(files::DISCRIMINATOR));
    Ok(path.filter(|path| path.is_file()))
}

/// A result of an earlier stage of the same round.
fn out_of(inner: &Inner, steps: &[Step], stage: Stage, file: &str) -> anyhow::Result<PathBuf> {
    let job: JobId = done(steps, stage).ok_or_else(|| anyhow::anyhow!("{} is not done", stage.title()))?;
    Ok(inner.workspace.job_dir(job).join(files::OUT).join(file))
}

/// Target frames that people have labelled, this round and before, with their newest masks as files in the job's folder.
async fn labelled(inner: &Inner, job: &Job, round: &Round, target: &[FrameRef]) -> anyhow::Result<Vec<FrameRef>> {
    let db = inner.workspace.db();
    let folder = inner.workspace.job_dir(job.id).join("masks");
    std::fs::create_dir_all(&folder)?;
    let ids = rounds::labelled(db, job.project, round.number).await?;
    let mut labelled = vec![];
    for frame in target.iter().filter(|frame| ids.contains(&frame.id)) {
        let (_, pixels) = masks::pixels(db, frame.id, None)
            .await?
            .ok_or_else(|| anyhow::anyhow!("frame {} was submitted without a mask", frame.id))?;
        let path = folder.join(format!("{}.png", frame.id));
        write(&path, frame, pixels).await?;
        let label = Some(LabelRef { path, code: OWN_CODE.into() });
        labelled.push(FrameRef { label, ..frame.clone() });
    }
    Ok(labelled)
}

async fn write(path: &Path, frame: &FrameRef, pixels: Vec<u8>) -> anyhow::Result<()> {
    let (path, size) = (path.to_owned(), frame.size);
    let write = move || atomic::write_synced(&path, &mask_png::encode_gray(size, &pixels));
    Ok(tokio::task::spawn_blocking(write).await??)
}
