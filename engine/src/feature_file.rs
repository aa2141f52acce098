//! Feature vectors and anchors on disk: safetensors files, larger than memory if need be.
//!
//! A features file holds, for each set, `<set>.vectors` f32 `[n, classes * channels]`, `<set>.present` u8 `[n, classes]`,
//! `<set>.ids` i64 `[n]`, and three f32 `[n, classes]`: `<set>.pixels`, the share of pixels predicted as each class,
//! `<set>.entropy`, what those add to the mean normalised entropy of the soft-max map, and, where a discriminator was
//! asked, `<set>.foreign`, what they add to the mean probability that the frame is of the target.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use memmap2::Mmap;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use tch::{Kind, Tensor};
use windlass::domain::{FeatureSet, FrameId};

use crate::layout::{Layout, bytes};
use crate::weights;

/// Where the rows of a file are gathered until it is complete.
pub fn partial(path: &Path) -> PathBuf {
    path.with_extension("partial")
}

/// What is written of some frames. `n` frames, `C` classes, `D` channels.
pub struct Rows<'a> {
    /// f32 `[n, C, D]`.
    pub vectors: &'a Tensor,
    /// bool `[n, C]`.
    pub present: &'a Tensor,
    /// f32 `[n, C]`.
    pub pixels: &'a Tensor,
    /// f32 `[n, C]`.
    pub entropy: &'a Tensor,
    /// f32 `[n, C]`.
    pub foreign: Option<&'a Tensor>,
}

/// Writes a features file row by row; it takes its name once it is complete.
pub struct FeatureWriter {
    path: PathBuf,
    partial: PathBuf,
    file: File,
    /// Where each tensor begins in the file, and the bytes of a row of it.
    tensors: BTreeMap<String, (u64, u64)>,
}

impl FeatureWriter {
    /// Lays the file out for all rows of all sets, and writes the ids; what an earlier run left of it stays as it is.
    /// `foreign` is laid out for the sets that `judged` holds of.
    pub fn open(
        path: &Path,
        sets: &[FeatureSet],
        judged: impl Fn(&FeatureSet) -> bool,
        n_classes: usize,
        channels: usize,
    ) -> Result<Self> {
        let (mut layout, mut places) = (Layout::default(), Vec::new());
        // Four-byte numbers stand before single bytes, so that each is aligned.
        let kinds = [
            ("ids", Dtype::I64, 1, 8),
            ("vectors", Dtype::F32, n_classes * channels, 4),
            ("pixels", Dtype::F32, n_classes, 4),
            ("entropy", Dtype::F32, n_classes, 4),
            ("foreign", Dtype::F32, n_classes, 4),
            ("present", Dtype::U8, n_classes, 1),
        ];
        for (kind, dtype, columns, size) in kinds {
            for set in sets.iter().filter(|set| kind != "foreign" || judged(set)) {
                let rows = set.frames.len();
                let shape = if kind == "ids" { vec![rows] } else { vec![rows, columns] };
                let name = format!("{}.{kind}", set.name);
                places.push((name.clone(), layout.add(name, dtype, shape, size), columns * size));
            }
        }
        let end = layout.end as u64;
        let head = layout.head(None)?;
        let start = head.len() as u64;
        let place = |(name, begin, row): (String, usize, usize)| (name, (start + begin as u64, row as u64));
        let tensors = places.into_iter().map(place).collect();

        let partial = partial(path);
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&partial);
        let file = file.with_context(|| format!("cannot write {}", partial.display()))?;
        file.set_len(start + end)?;
        file.write_all_at(&head, 0)?;
        let writer = Self { path: path.into(), partial, file, tensors };
        for set in sets {
            let ids: Vec<u8> = set.frames.iter().flat_map(|frame| frame.id.0.to_le_bytes()).collect();
            writer.write(&set.name, "ids", 0, &ids)?;
        }
        Ok(writer)
    }

    /// Writes the rows of some frames from row `first`.
    pub fn rows(&self, set: &str, first: usize, rows: &Rows<'_>) -> Result<()> {
        let float = |kind, tensor: &Tensor| self.write(set, kind, first, &bytes(&tensor.to_kind(Kind::Float), 4)?);
        float("vectors", rows.vectors)?;
        self.write(set, "present", first, &bytes(&rows.present.to_kind(Kind::Uint8), 1)?)?;
        float("pixels", rows.pixels)?;
        float("entropy", rows.entropy)?;
        rows.foreign.map_or(Ok(()), |foreign| float("foreign", foreign))
    }

    fn write(&self, set: &str, kind: &str, first: usize, bytes: &[u8]) -> Result<()> {
        let (start, row) = self.tensors[&format!("{set}.{kind}")];
        let written = self.file.write_all_at(bytes, start + row * first as u64);
        written.with_context(|| format!("cannot write {}", self.partial.display()))
    }

    /// Waits until all rows so far are on the disk.
    pub fn sync(&self) -> Result<()> {
        self.file.sync_all().with_context(|| format!("cannot write {}", self.partial.display()))
    }

    /// Gives the file its name.
    pub fn finish(self) -> Result<()> {
        self.sync()?;
        Ok(fs::rename(&self.partial, &self.path)?)
    }
}

/// A features or anchors file, read where it lies.
pub struct FeatureFile {
    path: PathBuf,
    map: Mmap,
}

impl FeatureFile {
    /// Opens a file of either kind.
    pub fn open(path: &Path) -> Result<Self> {
        let open = || {
            let file = File::open(path)?;
            // SAFETY: results are never written in place; a job reads what an earlier job has finished.
            unsafe { Mmap::map(&file) }
        };
        let map =
            open().with_context(|| format!("cannot read {}: run the stage that makes it again", path.display()))?;
        Ok(Self { path: path.into(), map })
    }

    /// A tensor of f32, row by row, and the length of a row.
    pub fn floats(&self, set: &str, kind: &str) -> Result<(&[f32], usize)> {
        let view = self.tensor(set, kind, Dtype::F32)?;
        // SAFETY: any four bytes are an f32.
        let (before, floats, after) = unsafe { view.data().align_to::<f32>() };
        ensure!(
            before.is_empty() && after.is_empty(),
            "{} is damaged: run the stage that makes it again",
            self.path.display()
        );
        Ok((floats, view.shape().iter().skip(1).product()))
    }

    /// A tensor of f32 that may be missing, and the length of a row.
    pub fn floats_if_any(&self, set: &str, kind: &str) -> Result<Option<(&[f32], usize)>> {
        let names = SafeTensors::deserialize(&self.map)?;
        let there = names.names().contains(&format!("{set}.{kind}").as_str());
        there.then(|| self.floats(set, kind)).transpose()
    }

    /// A tensor of bytes, row by row, and the length of a row.
    pub fn bytes(&self, set: &str, kind: &str) -> Result<(&[u8], usize)> {
        let view = self.tensor(set, kind, Dtype::U8)?;
        Ok((view.data(), view.shape().iter().skip(1).product()))
    }

    /// The frames of a set, in the order of the rows.
    pub fn ids(&self, set: &str) -> Result<Vec<FrameId>> {
        let bytes = self.tensor(set, "ids", Dtype::I64)?.data();
        let id = |bytes: &[u8]| FrameId(i64::from_le_bytes(bytes.try_into().expect("chunks of eight")));
        Ok(bytes.chunks_exact(8).map(id).collect())
    }

    fn tensor(&self, set: &str, kind: &str, dtype: Dtype) -> Result<TensorView<'_>> {
        let name = format!("{set}.{kind}");
        let file = SafeTensors::deserialize(&self.map);
        let view = file.and_then(|file| file.tensor(&name));
        let view =
            view.with_context(|| format!("{} has no {name}: run the stage that makes it again", self.path.display()))?;
        ensure!(view.dtype() == dtype, "{name} of {} is of another type than {dtype:?}", self.path.display());
        Ok(view)
    }
}

/// Writes an anchors file: for each set, its centres one after another, each `length` long.
pub fn write_anchors(path: &Path, sets: Vec<(String, Vec<f32>)>, length: usize) -> Result<()> {
    let tensor = |(set, centres): (String, Vec<f32>)| {
        (format!("{set}.anchors"), (vec![centres.len() / length.max(1), length], centres))
    };
    weights::write(&sets.into_iter().map(tensor).collect(), path)
}

/// The anchors of a set, f32 `[k, length]` on the CPU.
pub fn read_anchors(path: &Path, set: &str, length: usize) -> Result<Tensor> {
    let file = FeatureFile::open(path)?;
    let (floats, row) = file.floats(set, "anchors")?;
    ensure!(
        row == length && !floats.is_empty(),
        "the anchors in {} are {row} long where the network's vectors are {length}: they belong to another network",
        path.display()
    );
    Ok(Tensor::from_slice(floats).view([-1, length as i64]))
}
