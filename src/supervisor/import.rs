//! From folders to frame rows: scans, checks every file, and opens the first round.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::{StartError, Supervisor};
use crate::domain::{Dataset, Domain, Frame, FrameId, LabelCode, ProjectId, Split, Stage};
use crate::formats::datasets::{Refused, scan};
use crate::formats::import::{CheckedFrame, check};
use crate::formats::mapping::code_for;
use crate::store::projects::{Import, ImportState, Project};
use crate::store::{Db, Error, frames, jobs, projects, rounds};

/// Rows in one transaction: people who label in other projects wait no longer than for so many.
const ROWS: usize = 500;

/// Between two looks at how far the check is.
const TICK: Duration = Duration::from_millis(500);

impl Supervisor {
    /// Imports the frames of a project, from the beginning if an earlier try did not end. How far it is stands in the
    /// project's row.
    pub async fn import(&self, project: ProjectId) -> Result<(), StartError> {
        let db = self.inner.workspace.db();
        if projects::get(db, project).await?.import.state == ImportState::Done {
            return Err(StartError::Imported);
        }
        projects::queue_import(db, project).await?;
        self.begin_import(project);
        Ok(())
    }

    pub(super) fn begin_import(&self, project: ProjectId) {
        let importing = || self.inner.importing.lock().unwrap_or_else(PoisonError::into_inner);
        if !importing().insert(project) {
            return;
        }
        let task = self.clone();
        self.spawn(async move {
            let inner = &task.inner;
            if let Err(error) = import(inner.workspace.db(), project).await {
                let error = format!("{error:#}");
                tracing::warn!("the import of project {project} failed: {error}");
                let failed = Import { error: Some(error), ..state(ImportState::Failed, 0, 0) };
                if let Err(error) = projects::set_import(inner.workspace.db(), project, &failed).await {
                    tracing::error!("nor can that be kept: {error}");
                }
            }
            inner.importing.lock().unwrap_or_else(PoisonError::into_inner).remove(&project);
            inner.wake.notify_one();
        });
    }
}

fn state(state: ImportState, done: u64, total: u64) -> Import {
    Import { state, done, total, error: None }
}

/// One dataset to be imported.
struct Part {
    domain: Domain,
    split: Split,
    dataset: Dataset,
    /// How to read its labels; none where nobody may.
    code: Option<LabelCode>,
}

/// What was found of it.
type Checked = (Domain, Split, Vec<CheckedFrame>, Vec<Refused>);

async fn import(db: &Db, id: ProjectId) -> anyhow::Result<()> {
    let project = projects::get(db, id).await?;
    if project.import.state == ImportState::Done {
        // Asked for twice: to begin again would take frames and masks away.
        return Ok(());
    }
    projects::set_import(db, id, &state(ImportState::Running, 0, 0)).await?;
    let parts = parts(&project)?;
    let mut codes: BTreeMap<String, LabelCode> = BTreeMap::new();
    for part in &parts {
        codes.extend(part.code.clone().map(|code| (part.domain.part(part.split).to_owned(), code)));
    }
    let checked = check_with_progress(db, id, parts).await?;

    let mut tx = db.begin().await?;
    frames::clear(&mut tx, id).await?;
    tx.commit().await.map_err(Error::from)?;
    for (domain, split, found, refused) in &checked {
        insert(db, id, *domain, *split, found, project.oracle).await?;
        for some in refused.chunks(ROWS) {
            let mut tx = db.begin().await?;
            for refused in some {
                frames::refuse(&mut tx, id, &refused.path.to_string_lossy(), &refused.reason).await?;
            }
            tx.commit().await.map_err(Error::from)?;
        }
    }
    for (domain, split, found, refused) in &checked {
        if found.is_empty() {
            let part = domain.part(*split);
            anyhow::bail!("none of the {} frames of {part} can be used: see what was left out, and why", refused.len());
        }
    }

    let mut tx = db.begin().await?;
    projects::finish_import(&mut tx, id, &codes).await?;
    let round = rounds::create(&mut tx, id, None).await?;
    if project.goes_on_by_itself() {
        jobs::insert(&mut tx, id, round, Stage::Warmup, None).await?;
    }
    tx.commit().await.map_err(Error::from)?;
    Ok(())
}

/// In the order of the frames' ids.
fn parts(project: &Project) -> anyhow::Result<Vec<Part>> {
    let part = |domain, split, dataset: &Dataset, labelled: bool| -> anyhow::Result<Part> {
        let code = labelled.then(|| code_for(dataset, &project.taxonomy)).transpose()?;
        Ok(Part { domain, split, dataset: dataset.clone(), code })
    };
    let mut parts = vec![
        part(Domain::Source, Split::Train, &project.source, true)?,
        part(Domain::Target, Split::Train, &project.target, project.oracle)?,
    ];
    if let Some(val) = &project.val {
        parts.push(part(Domain::Target, Split::Val, val, true)?);
    }
    Ok(parts)
}

async fn check_with_progress(db: &Db, id: ProjectId, parts: Vec<Part>) -> anyhow::Result<Vec<Checked>> {
    let progress = Arc::new((AtomicU64::new(0), AtomicU64::new(0)));
    let shared = Arc::clone(&progress);
    let mut work = tokio::task::spawn_blocking(move || check_all(&parts, &shared.0, &shared.1));
    loop {
        tokio::select! {
            checked = &mut work => return checked?,
            () = tokio::time::sleep(TICK) => {
                let (done, total) = (progress.0.load(Ordering::Relaxed), progress.1.load(Ordering::Relaxed));
                projects::set_import(db, id, &state(ImportState::Running, done, total)).await?;
            }
        }
    }
}

fn check_all(parts: &[Part], done: &AtomicU64, total: &AtomicU64) -> anyhow::Result<Vec<Checked>> {
    // All scans first: they are quick, find what is wrong with a folder, and say how much there is to check.
    let scans = parts.iter().map(|part| scan(&part.dataset, part.code.is_some())).collect::<Result<Vec<_>, _>>()?;
    total.store(scans.iter().map(|scan| scan.found.len() as u64).sum(), Ordering::Relaxed);
    let checked = parts.iter().zip(&scans).map(|(part, scan)| {
        let checked = check(scan, part.code.as_ref(), &|_, _| _ = done.fetch_add(1, Ordering::Relaxed));
        (part.domain, part.split, checked.frames, checked.refused)
    });
    Ok(checked.collect())
}

async fn insert(
    db: &Db,
    id: ProjectId,
    domain: Domain,
    split: Split,
    found: &[CheckedFrame],
    oracle: bool,
) -> anyhow::Result<()> {
    // The labels of target training frames are not even known to us, unless an oracle may read them.
    let keeps_labels = (domain, split) != (Domain::Target, Split::Train) || oracle;
    for some in found.chunks(ROWS) {
        let mut tx = db.begin().await?;
        for CheckedFrame { found, size } in some {
            let frame = Frame {
                id: FrameId(0),
                domain,
                split,
                name: found.name.clone(),
                group: found.group.clone(),
                image: found.image.clone(),
                label: found.label.clone().filter(|_| keeps_labels),
                size: *size,
            };
            frames::insert(&mut tx, id, &frame).await?;
        }
        tx.commit().await.map_err(Error::from)?;
    }
    Ok(())
}
