//! Finding a dataset's frames: which files there are, and which label belongs to which picture.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::domain::{Dataset, Layout};
use tree::Tree;

mod tree;
mod cityscapes;
mod gta5;
mod synthia;
mod camvid;
mod folder;

/// What a dataset's folders hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// Frames, sorted by name.
    pub found: Vec<Found>,
    /// What was left out, sorted by path.
    pub refused: Vec<Refused>,
}

/// A picture, and its label where there is one. Nothing is opened yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Unique in its scan: the path without folders of the split and without suffixes, `aachen/aachen_000000_000019`.
    pub name: String,
    /// City, sequence or folder; empty where the layout has no groups.
    pub group: String,
    /// Absolute.
    pub image: PathBuf,
    /// Absolute.
    pub label: Option<PathBuf>,
}

/// A file or folder that is left out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refused {
    /// Absolute.
    pub path: PathBuf,
    /// The end of a sentence that begins with the file's name.
    pub reason: String,
}

/// Why a folder is no dataset.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum ScanError {
    #[error("{} cannot be read: {error}", path.display())]
    Unreadable { path: PathBuf, error: std::io::Error },
    #[error("{} is not a folder", .0.display())]
    NotAFolder(PathBuf),
    #[error("{} is a link that leads out of {}: give the folder that it leads to, or copy the files", path.display(), root.display())]
    LeadsOut { path: PathBuf, root: PathBuf },
    #[error("name the splits to take, such as `train` or `train,val`")]
    NoSplit,
    #[error("`{0}` is no name of a split: write folder names such as `train` or `train,val`")]
    BadSplit(String),
    #[error("give the folder of the labels too")]
    NoLabelsFolder,
    #[error("there are no pictures in {}: looked for {wanted}", root.display())]
    NoPictures { root: PathBuf, wanted: String },
    #[error("none of the {n_pictures} pictures in {} has a label: looked for {wanted}", root.display())]
    NoPairs { root: PathBuf, n_pictures: usize, wanted: String },
}

/// Finds the frames of a dataset. Where they must be `labelled`, pictures without a label are refused; elsewhere labels
/// are attached where they exist.
///
/// The same files give the same scan. Links are followed below the dataset's root only.
pub fn scan(dataset: &Dataset, labelled: bool) -> Result<Scan, ScanError> {
    let mut tree = Tree::open(&dataset.root)?;
    let listing = match dataset.layout {
        Layout::Cityscapes => cityscapes::list(&mut tree, &splits(dataset)?)?,
        Layout::Gta5 => gta5::list(&mut tree)?,
        Layout::Synthia => synthia::list(&mut tree)?,
        Layout::Camvid => camvid::list(&mut tree, &splits(dataset)?)?,
        Layout::Folder => match &dataset.labels {
            None if labelled => return Err(ScanError::NoLabelsFolder),
            labels => folder::list(&mut tree, labels.as_deref())?,
        },
    };
    pair(tree, listing, labelled)
}

/// The names in `train,val,test`. Each is a folder's name and nothing that could lead elsewhere.
fn splits(dataset: &Dataset) -> Result<Vec<String>, ScanError> {
    let given = dataset.split.as_deref().unwrap_or_default();
    let names: Vec<String> =
        given.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
    match names.iter().find(|name| name.starts_with('.') || name.contains(['/', '\\', '\0'])) {
        Some(bad) => Err(ScanError::BadSplit(bad.clone())),
        None if names.is_empty() => Err(ScanError::NoSplit),
        None => Ok(names),
    }
}

/// What a layout finds: pictures and labels by frame name, not yet paired.
struct Listing {
    pictures: Vec<Picture>,
    labels: BTreeMap<String, PathBuf>,
    /// Patterns, for the sentence that says what was looked for.
    wanted_pictures: String,
    wanted_labels: String,
}

struct Picture {
    name: String,
    group: String,
    path: PathBuf,
}

fn pair(tree: Tree, listing: Listing, labelled: bool) -> Result<Scan, ScanError> {
    let Listing { mut pictures, labels, wanted_pictures, wanted_labels } = listing;
    let (root, mut refused) = tree.close();
    if pictures.is_empty() {
        return Err(ScanError::NoPictures { root, wanted: wanted_pictures });
    }
    let n_pictures = pictures.len();
    pictures.sort_by(|a, b| (&a.name, &a.path).cmp(&(&b.name, &b.path)));
    let mut found: Vec<Found> = vec![];
    for Picture { name, group, path } in pictures {
        let label = labels.get(&name).cloned();
        if let Some(twin) = found.last().filter(|before| before.name == name) {
            let reason = format!("has the frame name of {}: keep one of them", twin.image.display());
            refused.push(Refused { path, reason });
        } else if labelled && label.is_none() {
            refused.push(Refused { path, reason: format!("has no label: looked for {wanted_labels}") });
        } else {
            found.push(Found { name, group, image: path, label });
        }
    }
    if found.is_empty() {
        return Err(ScanError::NoPairs { root, n_pictures, wanted: wanted_labels });
    }
    refused.sort();
    Ok(Scan { found, refused })
}

#[cfg(test)]
mod tests;
