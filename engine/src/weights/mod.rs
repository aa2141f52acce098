//! Weights files: safetensors in and out, PyTorch's own formats in.

mod cli;
mod file;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use anyhow::Context;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, serialize};
use sha2::{Digest, Sha256};
use tch::nn::VarStore;
use tch::{Kind, Tensor};

pub use cli::WeightsCommand;
pub use file::WeightsError;

use file::WeightsFile;

/// What the backbone's variables are called before their names in an ImageNet file.
const BACKBONE: &str = "backbone.";

/// Writes all variables, f32, in order of their names: the same weights give the same bytes.
///
/// The file appears whole or not at all.
pub fn save(vs: &VarStore, path: impl AsRef<Path>) -> anyhow::Result<()> {
    let tensors = vs.variables().into_iter().map(|(name, tensor)| {
        let values = Vec::<f32>::try_from(tensor.to_kind(Kind::Float).flatten(0, -1))?;
        Ok((name, (shape_of(&tensor), values)))
    });
    write(&tensors.collect::<Result<_, tch::TchError>>()?, path.as_ref())
}

/// Reads all variables of `vs` from a file that [`save`] wrote. Further tensors in the file are ignored.
///
/// Everything is checked before the first variable is changed.
pub fn load(vs: &mut VarStore, path: impl AsRef<Path>) -> Result<(), WeightsError> {
    fill(vs, path.as_ref(), "")
}

/// Reads the variables below `backbone.` from an ImageNet file, whose names have no such beginning.
///
/// The file's classifier is ignored. Everything is checked before the first variable is changed.
pub fn load_backbone(vs: &mut VarStore, path: impl AsRef<Path>) -> Result<(), WeightsError> {
    fill(vs, path.as_ref(), BACKBONE)
}

/// Of a file's bytes, hexadecimal.
pub fn sha256(path: impl AsRef<Path>) -> anyhow::Result<String> {
    let path = path.as_ref();
    let digest = || {
        let mut file = BufReader::with_capacity(1 << 20, std::fs::File::open(path)?);
        let mut hasher = Sha256::new();
        loop {
            let bytes = file.fill_buf()?;
            if bytes.is_empty() {
                return Ok::<_, std::io::Error>(hasher.finalize());
            }
            hasher.update(bytes);
            let n = bytes.len();
            file.consume(n);
        }
    };
    let digest = digest().with_context(|| format!("cannot read {}", path.display()))?;
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Fills the variables that begin with `prefix` from the tensors of the rest of their names.
fn fill(vs: &mut VarStore, path: &Path, prefix: &str) -> Result<(), WeightsError> {
    let mut file = WeightsFile::open(path)?;
    let variables: BTreeMap<String, Tensor> = vs.variables().into_iter().collect();
    let wanted = || variables.iter().filter_map(|(name, var)| Some((name.strip_prefix(prefix)?, var)));
    for (name, variable) in wanted() {
        file.check(name, &shape_of(variable))?;
    }
    let read: Vec<Tensor> = wanted().map(|(name, _)| file.read(name)).collect::<Result<_, _>>()?;
    tch::no_grad(|| {
        for ((_, mut variable), tensor) in wanted().map(|(n, v)| (n, v.shallow_clone())).zip(&read) {
            variable.copy_(tensor);
        }
    });
    Ok(())
}

/// A shape and its numbers in row-major order.
type Array = (Vec<usize>, Vec<f32>);

fn write(tensors: &BTreeMap<String, Array>, path: &Path) -> anyhow::Result<()> {
    let bytes: Vec<(&String, &[usize], Vec<u8>)> = tensors
        .iter()
        .map(|(name, (shape, values))| (name, &shape[..], values.iter().flat_map(|v| v.to_le_bytes()).collect()))
        .collect();
    let views =
        bytes.iter().map(|(name, shape, bytes)| Ok((name, TensorView::new(Dtype::F32, shape.to_vec(), bytes)?)));
    let views: Vec<_> = views.collect::<Result<_, safetensors::SafeTensorError>>()?;
    let bytes = serialize(views, None)?;
    let beside = path.with_extension("part");
    let put = || {
        let mut file = std::fs::File::create(&beside)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        std::fs::rename(&beside, path)
    };
    put().with_context(|| format!("cannot write {}: is the disk full or the folder read-only?", path.display()))
}

fn shape_of(tensor: &Tensor) -> Vec<usize> {
    tensor.size().iter().map(|&n| n as usize).collect()
}

/// Reads a PyTorch file without running anything in it and writes its tensors as safetensors, f32.
pub fn convert_pth(_pth: impl AsRef<Path>, _out: impl AsRef<Path>) -> anyhow::Result<()> {
    anyhow::bail!("not yet")
}
