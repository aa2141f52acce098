//! Checkpoints: all that a training changes, in one file, of which the last two are kept.
//!
//! A checkpoint is written beside its place, forced to the disk and renamed, so a crash leaves the ones before. Each
//! carries the digest of its numbers and the fingerprint of its spec: a damaged one or another job's is passed over.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use sha2::{Digest, Sha256};
use tch::{Device, Kind, Tensor, no_grad};
use windlass::domain::JobSpec;

/// Tensors by name. They share memory with those that a training changes in place.
pub type Named = Vec<(String, Tensor)>;

/// Puts a word before each name.
pub fn named(prefix: &str, tensors: impl IntoIterator<Item = (String, Tensor)>) -> Named {
    tensors.into_iter().map(|(name, tensor)| (format!("{prefix}.{name}"), tensor)).collect()
}

/// Two jobs with one fingerprint do the same: where they run is left out.
pub fn fingerprint(spec: &JobSpec) -> Result<String> {
    let spec = JobSpec { device: String::new(), threads: 0, ..spec.clone() };
    Ok(hex(&Sha256::digest(serde_json::to_vec(&spec)?)))
}

/// The folder of a job's checkpoints.
pub struct Checkpoints {
    folder: PathBuf,
    fingerprint: String,
}

impl Checkpoints {
    /// In `folder`, which is made. Checkpoints of another spec than this do not count.
    pub fn open(folder: &Path, spec: &JobSpec) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(Self { folder: folder.into(), fingerprint: fingerprint(spec)? })
    }

    /// Writes the state after `step` steps and drops all but the last two checkpoints.
    pub fn save(&self, state: &Named, step: u64) -> Result<()> {
        self.write(state, step).with_context(|| format!("cannot write a checkpoint to {}", self.folder.display()))?;
        for (_, old) in self.newest_first()?.into_iter().skip(2) {
            fs::remove_file(old)?;
        }
        Ok(())
    }

    /// Fills the state from the newest checkpoint that is whole and says how many steps had been finished.
    pub fn restore(&self, state: &Named) -> Result<Option<u64>> {
        for (step, path) in self.newest_first()? {
            if self.read(state, &path).is_some() {
                return Ok(Some(step));
            }
        }
        Ok(None)
    }

    fn write(&self, state: &Named, step: u64) -> Result<()> {
        let tensors: Vec<(&str, Vec<usize>, Vec<u8>)> =
            state.iter().map(|(name, tensor)| Ok((&name[..], shape(tensor), bytes(tensor)?))).collect::<Result<_>>()?;
        let digest = digest(tensors.iter().map(|(name, _, bytes)| (*name, &bytes[..])));
        let about = HashMap::from([("spec".to_owned(), self.fingerprint.clone()), ("sha256".to_owned(), digest)]);
        let views =
            tensors.iter().map(|(name, shape, bytes)| Ok((*name, TensorView::new(Dtype::F32, shape.clone(), bytes)?)));
        let views: Vec<_> = views.collect::<Result<_>>()?;
        let partial = self.folder.join("partial");
        safetensors::serialize_to_file(views, Some(about), &partial).map_err(io_error)?;
        File::open(&partial)?.sync_all()?;
        fs::rename(&partial, self.folder.join(format!("{step}.safetensors")))?;
        File::open(&self.folder)?.sync_all()?;
        Ok(())
    }

    /// `None` where anything is not as it was written. The state is changed only by a checkpoint that is whole.
    fn read(&self, state: &Named, path: &Path) -> Option<()> {
        let file = fs::read(path).ok()?;
        let (_, header) = SafeTensors::read_metadata(&file).ok()?;
        let about = header.metadata().as_ref()?;
        let tensors = SafeTensors::deserialize(&file).ok()?;
        let stored: Vec<TensorView<'_>> =
            state.iter().map(|(name, _)| tensors.tensor(name).ok()).collect::<Option<_>>()?;
        let fits = stored.iter().zip(state).all(|(view, (_, tensor))| view.shape() == shape(tensor));
        let digest = digest(state.iter().map(|(name, _)| &name[..]).zip(stored.iter().map(|view| view.data())));
        if !fits || about.get("spec") != Some(&self.fingerprint) || about.get("sha256") != Some(&digest) {
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

/// Keeps the kind of an I/O error, by which a full disk is told from other failures.
fn io_error(error: safetensors::SafeTensorError) -> anyhow::Error {
    match error {
        safetensors::SafeTensorError::IoError(error) => error.into(),
        error => error.into(),
    }
}

fn shape(tensor: &Tensor) -> Vec<usize> {
    tensor.size().iter().map(|&n| n as usize).collect()
}

/// f32, row-major, little-endian.
fn bytes(tensor: &Tensor) -> Result<Vec<u8>> {
    let tensor = tensor.detach().to_device(Device::Cpu).to_kind(Kind::Float).contiguous();
    let mut bytes = vec![0; tensor.numel() * 4];
    tensor.f_copy_data_u8(&mut bytes, tensor.numel())?;
    Ok(bytes)
}

/// Of names and numbers, in order of the names.
fn digest<'a>(tensors: impl Iterator<Item = (&'a str, &'a [u8])>) -> String {
    let mut hasher = Sha256::new();
    for (name, bytes) in tensors.collect::<BTreeMap<_, _>>() {
        hasher.update(name);
        hasher.update(bytes);
    }
    hex(&hasher.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
