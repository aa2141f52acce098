//! A safetensors file, checked before its numbers are read.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};

use super::Array;

/// Why weights cannot be used.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum WeightsError {
    #[error("cannot read the weights file {path}: {source}")]
    Io { path: String, source: std::io::Error },
    #[error("{path} is not a safetensors file ({why}): fetch or export it again")]
    Malformed { path: String, why: String },
    #[error("{path} has no tensor {name}: it belongs to another network")]
    Missing { path: String, name: String },
    #[error(
        "tensor {name} of {path} is of shape {found:?}, the network needs {wanted:?}: the classes or the network differ"
    )]
    Shape { path: String, name: String, found: Vec<usize>, wanted: Vec<usize> },
    #[error("tensor {name} of {path} is {found}, only F32 is read: convert the file")]
    Dtype { path: String, name: String, found: String },
    #[error("tensor {name} of {path} has a number that is not finite: the file is damaged or its training went astray")]
    NotFinite { path: String, name: String },
}

/// Longer headers are not of this program: ResNet-101's has 60 kB.
const MAX_HEADER: u64 = 16 << 20;

pub(super) struct WeightsFile {
    path: PathBuf,
    file: File,
    metadata: Metadata,
    /// Where the numbers begin.
    start: u64,
}

impl WeightsFile {
    /// Reads the header; nothing is allocated for a file that lies about its size.
    pub(super) fn open(path: &Path) -> Result<Self, WeightsError> {
        let shown = || path.display().to_string();
        let io = |source| WeightsError::Io { path: shown(), source };
        let malformed = |why: &str| WeightsError::Malformed { path: shown(), why: why.into() };
        let mut file = File::open(path).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        if length < 8 {
            return Err(malformed("it has fewer than 8 bytes"));
        }
        let mut header_length = [0; 8];
        file.read_exact(&mut header_length).map_err(io)?;
        let header_length = u64::from_le_bytes(header_length);
        if header_length > MAX_HEADER || header_length > length - 8 {
            return Err(malformed("its header is longer than the file or than 16 MiB"));
        }
        let mut header = vec![0; header_length as usize];
        file.read_exact(&mut header).map_err(io)?;
        let metadata: Metadata = serde_json::from_slice(&header).map_err(|e| malformed(&format!("its header: {e}")))?;
        let start = 8 + header_length;
        if metadata.data_len() as u64 != length - start {
            return Err(malformed("its tensors do not fill it: it was cut off or added to"));
        }
        Ok(Self { path: path.into(), file, metadata, start })
    }

    /// Of all tensors.
    pub(super) fn names(&self) -> Vec<String> {
        self.metadata.offset_keys()
    }

    /// Whether there is such a tensor, of f32 and of that shape.
    pub(super) fn check(&self, name: &str, wanted: &[usize]) -> Result<(), WeightsError> {
        let path = self.shown();
        let info = self.info(name)?;
        let name = name.to_owned();
        if info.dtype != Dtype::F32 {
            return Err(WeightsError::Dtype { path, name, found: format!("{:?}", info.dtype) });
        }
        if info.shape != wanted {
            return Err(WeightsError::Shape { path, name, found: info.shape.clone(), wanted: wanted.to_vec() });
        }
        Ok(())
    }

    /// The numbers of a tensor of f32.
    pub(super) fn read(&mut self, name: &str) -> Result<Array, WeightsError> {
        let TensorInfo { shape, data_offsets: (from, to), .. } = self.info(name)?.clone();
        self.check(name, &shape)?;
        let mut bytes = vec![0; to - from];
        let place = SeekFrom::Start(self.start + from as u64);
        let read = self.file.seek(place).and_then(|_| self.file.read_exact(&mut bytes));
        read.map_err(|source| WeightsError::Io { path: self.shown(), source })?;
        let values: Vec<f32> = bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        if !values.iter().all(|value| value.is_finite()) {
            return Err(WeightsError::NotFinite { path: self.shown(), name: name.into() });
        }
        Ok((shape, values))
    }

    fn info(&self, name: &str) -> Result<&TensorInfo, WeightsError> {
        let missing = || WeightsError::Missing { path: self.shown(), name: name.into() };
        self.metadata.info(name).ok_or_else(missing)
    }

    fn shown(&self) -> String {
        self.path.display().to_string()
    }
}
