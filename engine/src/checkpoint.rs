//! Checkpoints: all that a training changes, in one file, of which the last two are kept.
//!
//! A checkpoint is written beside its place, forced to the disk and renamed, so a crash leaves the ones before. Each
//! carries the digest of its numbers and says what [`origin`] it has: a damaged one or another job's is passed over, and
//! a person is told why.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use memmap2::Mmap;
use safetensors::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tch::{Kind, Tensor, no_grad};
use windlass::domain::{JobSpec, Recipe};
use windlass::formats::digest::hex;

use crate::layout::{Layout, bytes, shape};

/// The name of the digest among the tensors.
const DIGEST: &str = "sha256";

/// Tensors by name. They share memory with those that a training changes in place.
pub type Named = Vec<(String, Tensor)>;

/// Puts a word before each name.
pub fn named(prefix: &str, tensors: impl IntoIterator<Item = (String, Tensor)>) -> Named {
    tensors.into_iter().map(|(name, tensor)| (format!("{prefix}.{name}"), tensor)).collect()
}

#[derive(Serialize, Deserialize)]
struct Origin {
    /// Digest of stage, seed, classes, codes and task.
    work: String,
    /// Knobs that a later engine knows and this file lacks are read as what was done before there were such knobs.
    recipe: Recipe,
}

/// What a job's intermediate results say of where they come from, as JSON: its work and its knobs, not where it runs.
pub fn origin(spec: &JobSpec) -> Result<String> {
    let JobSpec { stage, seed, classes, codes, task, recipe, .. } = spec;
    let work = hex(&Sha256::digest(serde_json::to_vec(&(stage, seed, classes, codes, task))?));
    Ok(serde_json::to_string(&Origin { work, recipe: recipe.clone() })?)
}

/// Why results of `there` are of no use to a job of origin `here`; `None` where they are. Where the job runs, how often it
/// keeps its state and how a preset is called do not matter.
pub fn difference(there: &str, here: &str) -> Option<String> {
    let (Ok(there), Ok(here)) = (serde_json::from_str::<Origin>(there), serde_json::from_str::<Origin>(here)) else {
        return Some("an engine left it that says in another way what it was made from".into());
    };
    if there.work != here.work {
        return Some("it is of other frames, classes or another seed".into());
    }
    let [there, here] = [there, here].map(|origin| serde_json::to_value(origin.recipe).unwrap_or_default());
    let told = ["/checkpoint_every"];
    let pointers = Recipe::knobs().into_iter().map(|knob| knob.pointer).chain(["/backbone".to_owned()]);
    let changed = pointers.filter(|at| !told.contains(&at.as_str()) && there.pointer(at) != here.pointer(at));
    let changed: Vec<String> = changed.map(|at| at[1..].replace('/', ".")).collect();
    (!changed.is_empty()).then(|| format!("it was made with other knobs: {}", changed.join(", ")))
}

/// The folder of a job's checkpoints.
pub struct Checkpoints {
    folder: PathBuf,
    origin: String,
}

/// Why a checkpoint is passed over.
enum Unfit {
    Damaged,
    Foreign(String),
}

impl Checkpoints {
    /// In `folder`, which is made. Checkpoints of another origin than this do not count.
    pub fn open(folder: &Path, spec: &JobSpec) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(Self { folder: folder.into(), origin: origin(spec)? })
    }

    /// Writes the state after `step` steps and drops all but the last two checkpoints.
    pub fn save(&self, state: &Named, step: u64) -> Result<()> {
        self.write(state, step).with_context(|| format!("cannot write a checkpoint to {}", self.folder.display()))?;
        for (_, old) in self.newest_first()?.into_iter().skip(2) {
            fs::remove_file(old)?;
        }
        Ok(())
    }

    /// Fills the state from the newest checkpoint that is whole and says how many steps had been finished, and what a person
    /// should know. Those passed over are removed, so that they do not count among the last two.
    pub fn restore(&self, state: &Named) -> Result<(Option<u64>, Option<String>)> {
        let mut note = None;
        for (step, path) in self.newest_first()? {
            let why = match self.read(state, &path) {
                Ok(()) => return Ok((Some(step), note)),
                Err(Unfit::Damaged) => "it is damaged".to_owned(),
                Err(Unfit::Foreign(why)) => why,
            };
            note.get_or_insert_with(|| format!("the checkpoint after step {step} is of no use: {why}"));
            fs::remove_file(path)?;
        }
        Ok((None, note))
    }

    /// Tensors go to the file one at a time; their digest stands last, as one more tensor.
    fn write(&self, state: &Named, step: u64) -> Result<()> {
        let mut layout = Layout::default();
        for (name, tensor) in state {
            layout.add(name.clone(), Dtype::F32, shape(tensor), 4);
        }
        layout.add(DIGEST.into(), Dtype::U8, vec![32], 1);
        let about = HashMap::from([("origin".to_owned(), self.origin.clone())]);

        let partial = self.folder.join("partial");
        let mut file = BufWriter::with_capacity(1 << 20, File::create(&partial)?);
        file.write_all(&layout.head(Some(about))?)?;
        let mut digest = Sha256::new();
        for (name, tensor) in state {
            let bytes = bytes(&tensor.to_kind(Kind::Float), 4)?;
            digest.update(name);
            digest.update(&bytes);
            file.write_all(&bytes)?;
        }
        file.write_all(&digest.finalize())?;
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        fs::rename(&partial, self.folder.join(format!("{step}.safetensors")))?;
        File::open(&self.folder)?.sync_all()?;
        Ok(())
    }

    /// The state is changed only by a checkpoint that is whole.
    fn read(&self, state: &Named, path: &Path) -> Result<(), Unfit> {
        let file = File::open(path).map_err(|_| Unfit::Damaged)?;
        // SAFETY: a checkpoint is never written in place, and its folder is locked for this process.
        let file = unsafe { Mmap::map(&file) }.map_err(|_| Unfit::Damaged)?;
        let (_, header) = SafeTensors::read_metadata(&file).map_err(|_| Unfit::Damaged)?;
        let about = header.metadata().as_ref().and_then(|about| about.get("origin"));
        if let Some(why) = difference(about.map_or("", String::as_str), &self.origin) {
            return Err(Unfit::Foreign(why));
        }
        Self::fill(state, &file).ok_or(Unfit::Damaged)
    }

    /// `None` where anything is not as it was written.
    fn fill(state: &Named, file: &[u8]) -> Option<()> {
        let tensors = SafeTensors::deserialize(file).ok()?;
        let mut digest = Sha256::new();
        let mut stored = Vec::new();
        for (name, tensor) in state {
            let view = tensors.tensor(name).ok().filter(|view| view.shape() == shape(tensor))?;
            digest.update(name);
            digest.update(view.data());
            stored.push(view);
        }
        if tensors.tensor(DIGEST).ok()?.data() != &digest.finalize()[..] {
            return None;
        }
        no_grad(|| {
            for (view, (_, tensor)) in stored.iter().zip(state) {
                let size: Vec<i64> = view.shape().iter().map(|&n| n as i64).collect();
                tensor.shallow_clone().copy_(&Tensor::from_data_size(view.data(), &size, Kind::Float));
            }
        });
        Some(())
    }

    fn newest_first(&self) -> io::Result<Vec<(u64, PathBuf)>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let step = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".safetensors")?.parse().ok());
            found.extend(step.map(|step| (step, path)));
        }
        found.sort_by_key(|(step, _): &(u64, _)| std::cmp::Reverse(*step));
        Ok(found)
    }
}
