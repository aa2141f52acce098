//! Takes a finished job's results into the database: all of them and the job's end, or nothing.

use std::path::{Component, Path};

use rayon::prelude::*;
use serde::de::DeserializeOwned;

use super::{Inner, rail};
use crate::domain::{
    Evaluation, FrameId, JobSpec, Line, Mask, ModelCard, Proposal, Selection, Split, Stage, Task, files,
};
use crate::formats::{mask_png, segments};
use crate::store::jobs::{Job, JobState};
use crate::store::masks::{MaskKind, Packed};
use crate::store::{Error, Tx, Workspace, events, frames, jobs, masks, models, now, projects, rounds};

/// What a job has left, read and checked.
pub(super) enum Results {
    /// Files only, which later jobs read where they lie.
    Files,
    /// The card of a model.
    Model(Box<ModelCard>),
    Picks(Selection),
    StartMasks(Vec<StartMask>),
    Evaluation(Box<Evaluation>),
}

pub(super) struct StartMask {
    frame: FrameId,
    mask: Packed,
    /// Below the workspace.
    uncertainty: String,
    segments: Option<String>,
    mean_uncertainty: f64,
}

/// Reads what a job has left. The error is a sentence.
pub(super) async fn read(workspace: &Workspace, job: &Job) -> Result<Results, String> {
    let (dir, stage) = (workspace.job_dir(job.id), job.stage);
    let below = format!("jobs/{}/{}", job.id, files::OUT);
    let read = tokio::task::spawn_blocking(move || read_blocking(&dir, &below, stage)).await;
    match read {
        Ok(Ok(results)) => Ok(results),
        Ok(Err(error)) => Err(format!("The engine said that it was done, but its results cannot be used: {error:#}.")),
        Err(panic) => Err(format!("The results cannot be read: {panic}.")),
    }
}

fn read_blocking(dir: &Path, below: &str, stage: Stage) -> anyhow::Result<Results> {
    let out = dir.join(files::OUT);
    Ok(match stage {
        Stage::Warmup | Stage::Inject | Stage::Adapt => {
            must_exist(&out.join(files::MODEL))?;
            Results::Model(json(&out.join(files::MODEL_CARD))?)
        }
        Stage::Features | Stage::TargetFeatures => {
            must_exist(&out.join(files::FEATURES))?;
            Results::Files
        }
        Stage::Anchors | Stage::TargetAnchors => {
            must_exist(&out.join(files::ANCHORS))?;
            Results::Files
        }
        Stage::Select => Results::Picks(json(&out.join(files::SELECTION))?),
        Stage::Prelabel => Results::StartMasks(start_masks(dir, &out, below)?),
        Stage::Annotate => anyhow::bail!("no engine labels"),
        Stage::Evaluate => Results::Evaluation(json(&out.join(files::EVALUATION))?),
    })
}

fn start_masks(dir: &Path, out: &Path, below: &str) -> anyhow::Result<Vec<StartMask>> {
    let spec = JobSpec::parse(&std::fs::read_to_string(dir.join(files::SPEC))?)?;
    let Task::Prelabel { frames, .. } = &spec.task else { anyhow::bail!("the spec is of another stage") };
    let proposals: Vec<Proposal> = json(&out.join(files::PROPOSALS))?;
    let start_mask = |proposal: Proposal| {
        let Some(frame) = frames.iter().find(|frame| frame.id == proposal.frame) else {
            anyhow::bail!("nobody asked for frame {}", proposal.frame)
        };
        let paths = [&proposal.mask, &proposal.uncertainty].into_iter().chain(&proposal.segments);
        anyhow::ensure!(paths.into_iter().all(|path| is_below(path)), "a path leaves the job's folder");
        let mask: Mask = mask_png::read_mask(&out.join(&proposal.mask), spec.classes.len(), frame.size)?;
        must_exist(&out.join(&proposal.uncertainty))?;
        let uncertainty = format!("{below}/{}", proposal.uncertainty);
        if let Some(segments) = &proposal.segments {
            let head = segments::probe(&out.join(segments))?;
            anyhow::ensure!(head.size == frame.size, "the segments of frame {} are of another size", frame.id);
        }
        let segments = proposal.segments.map(|path| format!("{below}/{path}"));
        let (frame, mean_uncertainty) = (proposal.frame, proposal.mean_uncertainty);
        // Packed here, so that the transaction is short: people save masks meanwhile.
        Ok(StartMask { frame, mask: masks::pack(&mask)?, uncertainty, segments, mean_uncertainty })
    };
    proposals.into_par_iter().map(start_mask).collect()
}

fn must_exist(path: &Path) -> anyhow::Result<()> {
    anyhow::ensure!(path.is_file(), "{} is missing", path.display());
    Ok(())
}

fn json<T: DeserializeOwned>(path: &Path) -> anyhow::Result<T> {
    let text = std::fs::read_to_string(path).map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))
}

/// Whether a relative path stays where it is.
fn is_below(path: &str) -> bool {
    Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
}

/// Keeps the results, the job's end, its last word and the jobs that follow from it in one transaction.
pub(super) async fn keep(
    inner: &Inner,
    job: &Job,
    results: &Results,
    last: Line,
    events_read: u64,
) -> anyhow::Result<()> {
    let mut tx = inner.workspace.db().begin().await?;
    match results {
        Results::Files => {}
        Results::Model(card) => keep_model(&mut tx, inner, job, card).await?,
        Results::Picks(selection) => {
            let begun = rounds::labelling_begun(inner.workspace.db(), job.round).await?;
            anyhow::ensure!(!begun, "people have begun to label the frames that were picked before");
            rounds::set_selection(&mut tx, job.round, selection).await?;
        }
        Results::StartMasks(start_masks) => {
            for start in start_masks {
                // What a person or the oracle has drawn meanwhile stays the newest.
                let newest = masks::newest(inner.workspace.db(), start.frame).await?;
                if newest.is_none_or(|version| version.kind == MaskKind::Start) {
                    masks::add(&mut tx, start.frame, MaskKind::Start, None, &start.mask, now()).await?;
                }
                let StartMask { frame, uncertainty, segments, mean_uncertainty, .. } = start;
                rounds::make_ready(&mut tx, job.round, *frame, uncertainty, *mean_uncertainty).await?;
                rounds::set_segments(&mut tx, job.round, *frame, segments.as_deref()).await?;
            }
        }
        Results::Evaluation(evaluation) => {
            let model = job.model.ok_or_else(|| anyhow::anyhow!("an evaluation without a model"))?;
            models::set_evaluation(&mut tx, model, job.id, evaluation).await?;
        }
    }
    jobs::end(&mut tx, job.id, JobState::Done, None).await?;
    events::append(&mut tx, job.project, job.id, vec![last], Some(events_read)).await?;
    go_on(&mut tx, inner, job).await?;
    tx.commit().await.map_err(Error::from)?;
    inner.tell(job.project);
    Ok(())
}

async fn keep_model(tx: &mut Tx, inner: &Inner, job: &Job, card: &ModelCard) -> anyhow::Result<()> {
    let path = format!("jobs/{}/{}/{}", job.id, files::OUT, files::MODEL);
    let model = models::insert(tx, (job.project, job.round, job.id), job.stage, &path, &card.sha256).await?;
    let counts = frames::counts(inner.workspace.db(), job.project).await?;
    if counts.iter().any(|count| count.split == Split::Val) {
        jobs::insert(tx, job.project, job.round, Stage::Evaluate, Some(model)).await?;
    }
    Ok(())
}

/// Queues the next stage, where the project goes on by itself and the engine runs it.
async fn go_on(tx: &mut Tx, inner: &Inner, job: &Job) -> anyhow::Result<()> {
    let db = inner.workspace.db();
    let Some(next) = job.stage.next().filter(|next| next.is_job()) else { return Ok(()) };
    if !projects::get(db, job.project).await?.goes_on_by_itself() {
        return Ok(());
    }
    let round = rounds::get(db, job.round).await?;
    // Read beside the transaction: this job still counts as running there, so only what stands after it matters.
    let steps = rail(db, &round).await?;
    let busy =
        steps.iter().any(|step| step.stage != job.stage && step.job.as_ref().is_some_and(|j| j.state.is_active()));
    if !busy {
        jobs::insert(tx, job.project, job.round, next, None).await?;
    }
    Ok(())
}
