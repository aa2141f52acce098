//! A dataset's folder, walked without leaving it.

use std::io;
use std::path::{Path, PathBuf};

use super::{Refused, ScanError};

/// A root, and what was refused below it.
pub(super) struct Tree {
    root: PathBuf,
    refused: Vec<Refused>,
}

/// A file or folder.
pub(super) struct Entry {
    /// Its own name.
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) is_folder: bool,
}

impl Entry {
    /// The name without its ending, if it ends as a PNG or JPEG file does.
    pub(super) fn picture_stem(&self) -> Option<&str> {
        let (stem, ending) = self.name.rsplit_once('.')?;
        (!self.is_folder && ["png", "jpg", "jpeg"].iter().any(|known| ending.eq_ignore_ascii_case(known)))
            .then_some(stem)
    }
}

impl Tree {
    /// The root itself may be a link: it was given by a person, who meant where it leads.
    pub(super) fn open(root: &Path) -> Result<Self, ScanError> {
        let real = root.canonicalize().map_err(|error| ScanError::Unreadable { path: root.into(), error })?;
        if !real.is_dir() {
            return Err(ScanError::NotAFolder(root.into()));
        }
        Ok(Self { root: real, refused: vec![] })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn close(self) -> (PathBuf, Vec<Refused>) {
        (self.root, self.refused)
    }

    pub(super) fn refuse(&mut self, path: PathBuf, reason: impl Into<String>) {
        self.refused.push(Refused { path, reason: reason.into() });
    }

    /// What lies in a folder below the root, by name; nothing where there is no such folder. Hidden files are passed over.
    pub(super) fn entries(&mut self, folder: &Path) -> Result<Vec<Entry>, ScanError> {
        let folder = self.root.join(folder);
        let unreadable = |error| ScanError::Unreadable { path: folder.clone(), error };
        match folder.canonicalize() {
            Ok(real) if !real.starts_with(&self.root) => {
                return Err(ScanError::LeadsOut { path: folder, root: self.root.clone() });
            }
            Ok(real) if !real.is_dir() => return Ok(vec![]),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(vec![]),
            Err(error) => return Err(unreadable(error)),
            Ok(_) => {}
        }
        let mut entries = vec![];
        for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let (path, kind) = (entry.path(), entry.file_type().map_err(unreadable)?);
            let Ok(name) = entry.file_name().into_string() else {
                self.refuse(path, "has a name that is not UTF-8: rename it");
                continue;
            };
            if name.starts_with('.') {
                continue;
            }
            let mut is_folder = kind.is_dir();
            if kind.is_symlink() {
                match path.canonicalize() {
                    Ok(real) if real.starts_with(&self.root) => is_folder = real.is_dir(),
                    Ok(_) => {
                        self.refuse(path, "is a link that leads out of the dataset: copy the file");
                        continue;
                    }
                    Err(_) => {
                        self.refuse(path, "is a link that leads nowhere");
                        continue;
                    }
                }
            }
            entries.push(Entry { name, path, is_folder });
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    /// The PNG and JPEG files of a folder, with the stem of each.
    pub(super) fn pictures(&mut self, folder: &Path) -> Result<Vec<(String, PathBuf)>, ScanError> {
        let entries = self.entries(folder)?;
        Ok(entries.into_iter().filter_map(|e| Some((e.picture_stem()?.to_owned(), e.path))).collect())
    }
}
