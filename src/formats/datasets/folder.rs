//! Any folder of pictures, and one of labels with the same names; folders in them are groups.

use std::path::{Path, PathBuf};

use super::{Listing, Picture, ScanError, Tree};

/// Folders within folders that are looked into. Links to folders are not followed, so there are no circles.
const MAX_DEPTH: usize = 8;

pub(super) fn list(tree: &mut Tree, labels: Option<&Path>) -> Result<Listing, ScanError> {
    let mut label_tree = labels.map(Tree::open).transpose()?;
    let labels_root = label_tree.as_ref().map(|tree| tree.root().to_owned());
    let mut pictures = vec![];
    walk(tree, "", 0, labels_root.as_deref(), &mut |name, group, path| pictures.push(Picture { name, group, path }))?;
    let mut labels = std::collections::BTreeMap::new();
    if let Some(label_tree) = &mut label_tree {
        walk(label_tree, "", 0, None, &mut |name, _, path| {
            labels.entry(name).or_insert(path);
        })?;
    }
    let wanted_labels =
        labels_root.map_or("labels".into(), |root| format!("{}/<the picture's path>.png", root.display()));
    for refused in label_tree.into_iter().flat_map(|tree| tree.close().1) {
        tree.refuse(refused.path, refused.reason);
    }
    Ok(Listing { pictures, labels, wanted_pictures: "<any folders>/<name>.png or .jpg".into(), wanted_labels })
}

/// Visits every picture below a folder with its name, its group and its path, except in the folder `but`.
fn walk(
    tree: &mut Tree,
    group: &str,
    depth: usize,
    but: Option<&Path>,
    visit: &mut impl FnMut(String, String, PathBuf),
) -> Result<(), ScanError> {
    for entry in tree.entries(Path::new(group))? {
        let below = |name: &str| if group.is_empty() { name.to_owned() } else { format!("{group}/{name}") };
        if let Some(stem) = entry.picture_stem() {
            visit(below(stem), group.to_owned(), entry.path.clone());
        } else if !entry.is_folder || Some(entry.path.as_path()) == but {
        } else if entry.path.is_symlink() {
            tree.refuse(entry.path, "is a link to a folder, which is not followed");
        } else if depth == MAX_DEPTH {
            tree.refuse(entry.path, format!("lies more than {MAX_DEPTH} folders deep"));
        } else {
            walk(tree, &below(&entry.name), depth + 1, but, visit)?;
        }
    }
    Ok(())
}
