//! GTA5 ("Playing for Data"): `images/00001.png`, `labels/00001.png` whose palette indices are Cityscapes ids.

use std::path::Path;

use super::{Listing, Picture, ScanError, Tree};

pub(super) fn list(tree: &mut Tree) -> Result<Listing, ScanError> {
    flat(tree, "images", "labels")
}

/// Two folders without folders in them, whose files pair by name.
pub(super) fn flat(tree: &mut Tree, pictures: &str, labels: &str) -> Result<Listing, ScanError> {
    let picture = |(name, path)| Picture { name, group: String::new(), path };
    Ok(Listing {
        pictures: tree.pictures(Path::new(pictures))?.into_iter().map(picture).collect(),
        labels: tree.pictures(Path::new(labels))?.into_iter().rev().collect(),
        wanted_pictures: format!("{pictures}/<name>.png or .jpg"),
        wanted_labels: format!("{labels}/<name>.png"),
    })
}
