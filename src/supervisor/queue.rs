//! Who runs next: one job a device, the others wait. Behind a launcher devices are the scheduler's, and nobody waits here.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use super::process::Process;
use super::{Supervisor, follow, prepare};
use crate::domain::{CARD_DRIVERS, JobId, Stage};
use crate::store::jobs::{Job, JobState};
use crate::store::{Error, Result, jobs, projects};

/// Starts queued jobs for as long as the server lives.
pub(super) async fn run(supervisor: Supervisor) {
    loop {
        match start_what_fits(&supervisor).await {
            Ok(()) => supervisor.inner.wake.notified().await,
            Err(error) => {
                tracing::error!("the queue cannot be read, trying again: {error}");
                tokio::time::sleep(Duration::from_secs(5)).await;
            }
        }
    }
}

/// Takes up a job that an earlier server left running.
pub(super) async fn take_up(supervisor: &Supervisor, job: Job) -> Result<()> {
    let Some(project) = device_of(supervisor, &job).await? else { return Ok(()) };
    // Its engine runs where it was started, whatever the project says by now.
    let spec = prepare::written(&supervisor.inner.workspace.job_dir(job.id)).await;
    let device = spec.map_or(project, |spec| one_name(spec.device));
    let stop = occupy(supervisor, &job, device);
    let task = supervisor.clone();
    supervisor.spawn(async move {
        let process = Process::found(&task.inner.workspace.job_dir(job.id), job.pid);
        follow::take_up(&task.inner, &job, process, &stop).await;
        vacate(&task, job.id);
    });
    Ok(())
}

async fn start_what_fits(supervisor: &Supervisor) -> Result<()> {
    let mut queued = jobs::active(supervisor.inner.workspace.db()).await?;
    queued.retain(|job| job.state == JobState::Queued);
    queued.sort_by_key(|job| (patience(job.stage), job.id));
    let ours = supervisor.inner.config.launcher.is_empty();
    for job in queued {
        let Some(device) = device_of(supervisor, &job).await? else { continue };
        let taken = |(id, (busy, _)): (&JobId, &(String, _))| *id == job.id || ours && *busy == device;
        if supervisor.inner.running().iter().any(taken) {
            continue;
        }
        let stop = occupy(supervisor, &job, device);
        let task = supervisor.clone();
        supervisor.spawn(async move {
            follow::begin(&task.inner, &job, &stop).await;
            vacate(&task, job.id);
        });
    }
    Ok(())
}

/// People wait for the short stages; a measurement comes before the next long training.
fn patience(stage: Stage) -> u8 {
    match stage {
        Stage::Warmup | Stage::Inject | Stage::Adapt => 2,
        Stage::Evaluate => 1,
        Stage::Features
        | Stage::Anchors
        | Stage::Select
        | Stage::Prelabel
        | Stage::Annotate
        | Stage::TargetFeatures
        | Stage::TargetAnchors => 0,
    }
}

fn occupy(supervisor: &Supervisor, job: &Job, device: String) -> Arc<Notify> {
    let stop = Arc::new(Notify::new());
    supervisor.inner.running().insert(job.id, (device, Arc::clone(&stop)));
    stop
}

fn vacate(supervisor: &Supervisor, job: JobId) {
    supervisor.inner.running().remove(&job);
    supervisor.inner.wake.notify_one();
}

/// The device of a job's project. None where the project cannot be read: its jobs wait, those of the others go on.
async fn device_of(supervisor: &Supervisor, job: &Job) -> Result<Option<String>> {
    match projects::get(supervisor.inner.workspace.db(), job.project).await {
        Err(Error::Malformed(error)) => {
            tracing::error!("job {} waits: project {} cannot be read: {error}", job.id, job.project);
            Ok(None)
        }
        project => Ok(Some(one_name(project?.set_up.device))),
    }
}

/// A device's one name, as `auto` is the first card or, without a driver, the CPU.
fn one_name(device: String) -> String {
    let has_card = || CARD_DRIVERS.iter().any(|path| Path::new(path).exists());
    match device.as_str() {
        "auto" if has_card() => "cuda:0".into(),
        "auto" => "cpu".into(),
        _ => device,
    }
}
