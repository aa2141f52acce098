//! A bundle to take along: masks as a Cityscapes tree and weights in one zip file, made beside the pages.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::error::Result;
use crate::domain::{FrameId, Mask, ProjectId, files};
use crate::formats::export::{CityscapesTree, PYTHON};
use crate::store::models::Model;
use crate::store::projects::Project;
use crate::store::work::{self, Effort};
use crate::store::{Workspace, frames, masks, now};

/// One is made at a time: it is bound by the disk.
static AT_ONCE: Semaphore = Semaphore::const_new(1);

/// How far a bundle is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Making {
    /// So many masks of so many are in it.
    Running(usize, usize),
    /// The log says why.
    Failed,
}

/// Bundles at work, at most one a project.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bundles(Arc<Mutex<HashMap<ProjectId, Making>>>);

/// What goes into a bundle.
pub(crate) struct Content {
    pub(crate) project: Project,
    pub(crate) labelled: Vec<FrameId>,
    pub(crate) model: Option<Model>,
}

impl Bundles {
    /// How far a project's is, while there is something to say.
    pub(crate) fn of(&self, project: ProjectId) -> Option<Making> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&project).copied()
    }

    /// Begins to make one. False where the project's last one is not finished.
    pub(crate) fn begin(&self, workspace: Workspace, content: Content) -> bool {
        let project = content.project.id;
        if matches!(self.of(project), Some(Making::Running(..))) {
            return false;
        }
        self.set(project, Some(Making::Running(0, content.labelled.len())));
        let bundles = self.clone();
        tokio::spawn(async move {
            let _turn = AT_ONCE.acquire().await;
            let runtime = Handle::current();
            let progress = bundles.clone();
            let write = move || {
                let of = content.labelled.len();
                write(&runtime, &workspace, &content, &|n| progress.set(project, Some(Making::Running(n, of))))
            };
            let made = tokio::task::spawn_blocking(write).await.map_err(anyhow::Error::from);
            let failed = match made {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(format!("{error:?}")),
                Err(error) => Some(format!("{error:?}")),
            };
            if let Some(why) = &failed {
                tracing::error!(%project, why, "a bundle could not be made");
            }
            bundles.set(project, failed.map(|_| Making::Failed));
        });
        true
    }

    fn set(&self, project: ProjectId, making: Option<Making>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match making {
            Some(making) => all.insert(project, making),
            None => all.remove(&project),
        };
    }
}

/// Bundles of a project begin with this, so that one project's page serves no other's.
pub(crate) fn prefix(project: ProjectId) -> String {
    format!("windlass-{project}-")
}

/// Writes beside and renames, so that what can be downloaded is whole.
fn write(runtime: &Handle, workspace: &Workspace, content: &Content, progress: &dyn Fn(usize)) -> Result<()> {
    let Content { project, labelled, model } = content;
    let folder = workspace.exports();
    let name = format!("{}{}.zip", prefix(project.id), now());
    let scratch = Scratch(folder.join(format!(".{name}.folder")));
    let part = Scratch(folder.join(format!(".{name}.part")));
    let mut zip = ZipWriter::new(File::create(&part.0)?);
    if !labelled.is_empty() {
        let mut tree = CityscapesTree::create(&scratch.0, "train", &project.taxonomy)?;
        let mut efforts = runtime.block_on(work::of_project(workspace.db(), project.id))?;
        let mut effort = String::from(EFFORT_HEAD);
        for (n, &id) in labelled.iter().enumerate() {
            progress(n);
            let (_, frame) = runtime.block_on(frames::get(workspace.db(), id))?;
            let Some((_, pixels)) = runtime.block_on(masks::pixels(workspace.db(), id, None))? else { continue };
            let mask = Mask::new(frame.size, pixels, project.taxonomy.len()).map_err(anyhow::Error::from)?;
            tree.add(&frame.name, &frame.group, &mask)?;
            effort += &effort_line(&frame.name, &efforts.remove(&id).unwrap_or_default());
        }
        tree.finish()?;
        std::fs::write(scratch.0.join("effort.csv"), effort)?;
        add_folder(&mut zip, &scratch.0, &scratch.0)?;
    }
    if let Some(model) = model {
        let weights = workspace.dir().join(&model.path);
        let card = weights.with_file_name(files::MODEL_CARD);
        add_file(&mut zip, &weights, &format!("model/{}", files::MODEL))?;
        add_file(&mut zip, &card, &format!("model/{}", files::MODEL_CARD))?;
        zip.start_file("model/model.py", SimpleFileOptions::default()).map_err(anyhow::Error::from)?;
        zip.write_all(PYTHON.as_bytes())?;
    }
    let file = zip.finish().map_err(anyhow::Error::from)?;
    file.sync_all()?;
    std::fs::rename(&part.0, folder.join(name))?;
    Ok(())
}

const EFFORT_HEAD: &str =
    "frame,seconds,actions,saves,pixels_model,pixels_segment,pixels_propagate,pixels_hand,submitted_although,because\n";

/// What a mask cost and where its pixels came from, as a line of the table.
fn effort_line(frame: &str, effort: &Effort) -> String {
    let Effort { work, origins, saves, overruled } = effort;
    let (findings, word) =
        overruled.as_ref().map(|said| (said.findings.join("; "), said.word.clone())).unwrap_or_default();
    let [frame, findings, word] = [frame, &findings, &word].map(quoted);
    format!(
        "{frame},{:.1},{},{saves},{},{},{},{},{findings},{word}\n",
        work.seconds,
        work.total_actions(),
        origins.model,
        origins.segment,
        origins.propagate,
        origins.hand
    )
}

/// As tables have text, and so that no spreadsheet takes what a person wrote for a formula.
fn quoted(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t']) { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

fn add_folder(zip: &mut ZipWriter<File>, root: &Path, folder: &Path) -> Result<()> {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<std::io::Result<_>>()?;
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            add_folder(zip, root, &entry)?;
        } else if let Ok(name) = entry.strip_prefix(root) {
            add_file(zip, &entry, &name.to_string_lossy())?;
        }
    }
    Ok(())
}

fn add_file(zip: &mut ZipWriter<File>, path: &Path, name: &str) -> Result<()> {
    // PNG and weights do not get smaller.
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored).large_file(true);
    zip.start_file(name, stored).map_err(anyhow::Error::from)?;
    std::io::copy(&mut File::open(path)?, zip)?;
    zip.flush()?;
    Ok(())
}

/// Removed when it goes out of scope, whatever happened.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
        let _ = std::fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Origins, Work};
    use crate::store::work::Overruled;

    #[test]
    fn a_line_of_the_effort_table_stays_one_line_of_text() {
        let effort = Effort {
            work: Work { seconds: 61.25, actions: [("brush".into(), 4), ("fill".into(), 1)].into() },
            origins: Origins { model: 90, segment: 5, propagate: 0, hand: 5 },
            saves: 2,
            overruled: Some(Overruled { findings: vec!["3 specks".into()], word: "=1+\"1\"".into() }),
        };
        assert_eq!(effort_line("a/b", &effort), "\"a/b\",61.2,5,2,90,5,0,5,\"3 specks\",\"'=1+\"\"1\"\"\"\n");
        assert_eq!(effort_line("c", &Effort::default()), "\"c\",0.0,0,0,0,0,0,0,\"\",\"\"\n");
    }
}
