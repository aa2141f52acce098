//! Jobs: queue, prepare, launch, follow, ingest, resume.
//!
//! The engine is a process of its own that outlives the server. Everything that must survive is in the database or in the
//! job's folder; what is kept in memory here can be rebuilt from both, and is, at every start.

pub mod launch;
mod follow;
mod import;
mod ingest;
mod oracle;
mod prepare;
pub(crate) mod process;
mod queue;
mod rail;
mod start;
mod survey;
pub(crate) mod tail;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, broadcast};
use tokio::task::JoinSet;

use crate::domain::{JobId, ProjectId};
use crate::store::jobs::JobState;
use crate::store::{Result, Workspace, jobs, projects};

pub use rail::{Step, StepState, rail, steps};
pub use start::StartError;
pub use survey::Surveys;

/// How jobs are run on this box.
#[derive(Clone, Debug)]
pub struct Config {
    /// The `windlass-engine` binary.
    pub engine: PathBuf,
    /// Words before it, such as `srun --gres=gpu:1`.
    pub launcher: Vec<String>,
    /// CPU threads of a job; 0 for all.
    pub threads: usize,
    /// How long a job that was asked to stop may take before it is killed.
    pub grace: Duration,
    /// How often a running job's event file is looked at.
    pub tick: Duration,
}

impl Config {
    /// The usual patience, for an engine at that path.
    pub fn new(engine: PathBuf) -> Self {
        let (grace, tick) = (Duration::from_secs(60), Duration::from_millis(200));
        Self { engine, launcher: vec![], threads: 0, grace, tick }
    }
}

/// The handle on all jobs. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Supervisor {
    inner: Arc<Inner>,
    tasks: Arc<Mutex<JoinSet<()>>>,
}

/// What the tasks share.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) workspace: Workspace,
    pub(crate) config: Config,
    /// Of which project something new is in the database.
    said: broadcast::Sender<ProjectId>,
    /// The queue has something to look at.
    wake: Notify,
    /// Jobs with a task, the device that each has, and how to tell it that somebody asked to stop.
    running: Mutex<BTreeMap<JobId, (String, Arc<Notify>)>>,
    /// Projects whose files are being checked.
    importing: Mutex<BTreeSet<ProjectId>>,
}

impl Supervisor {
    /// Takes the workspace's jobs up where they are: follows the living, ingests or resumes the dead, starts the queued.
    pub async fn start(workspace: Workspace, config: Config) -> Result<Self> {
        let (said, _) = broadcast::channel(4096);
        let (running, importing) = (Mutex::default(), Mutex::default());
        let inner = Inner { workspace, config, said, wake: Notify::new(), running, importing };
        let supervisor = Self { inner: Arc::new(inner), tasks: Arc::default() };
        let found: Vec<_> = jobs::active(supervisor.inner.workspace.db()).await?;
        for job in found.into_iter().filter(|job| job.state != JobState::Queued) {
            queue::take_up(&supervisor, job).await?;
        }
        for project in projects::importing(supervisor.inner.workspace.db()).await? {
            supervisor.begin_import(project);
        }
        supervisor.spawn(queue::run(supervisor.clone()));
        Ok(supervisor)
    }

    /// From now on, the project of every job that says something, once that is stored.
    pub fn subscribe(&self) -> broadcast::Receiver<ProjectId> {
        self.inner.said.subscribe()
    }

    /// Jobs that have a device now.
    pub fn running(&self) -> BTreeSet<JobId> {
        self.inner.running().keys().copied().collect()
    }

    /// The workspace that it works in.
    pub fn workspace(&self) -> &Workspace {
        &self.inner.workspace
    }

    /// Lets go of all jobs. Their engines go on; the next start finds them.
    pub async fn shutdown(&self) {
        let mut tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        tasks.shutdown().await;
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        // The finished ones, so that they do not pile up.
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }
}

impl Inner {
    /// A job of that project has said something. Nobody listening is fine.
    fn tell(&self, project: ProjectId) {
        let _ = self.said.send(project);
    }

    fn running(&self) -> std::sync::MutexGuard<'_, BTreeMap<JobId, (String, Arc<Notify>)>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
