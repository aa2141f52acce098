//! Cityscapes: `leftImg8bit/<split>/<city>/*_leftImg8bit.{png,jpg}`, `gtFine/<split>/<city>/*_gtFine_labelIds.png`.

use std::path::Path;

use super::{Listing, Picture, ScanError, Tree};

pub(super) fn list(tree: &mut Tree, splits: &[String]) -> Result<Listing, ScanError> {
    let among = splits.join(",");
    let mut listing = Listing {
        pictures: vec![],
        labels: Default::default(),
        wanted_pictures: format!("leftImg8bit/{{{among}}}/<city>/<name>_leftImg8bit.png or .jpg"),
        wanted_labels: format!("gtFine/{{{among}}}/<city>/<name>_gtFine_labelIds.png"),
    };
    for split in splits {
        for city in folders(tree, &Path::new("leftImg8bit").join(split))? {
            for (stem, path) in tree.pictures(&city.path)? {
                match stem.strip_suffix("_leftImg8bit") {
                    Some(stem) => {
                        let (name, group) = (format!("{}/{stem}", city.name), city.name.clone());
                        listing.pictures.push(Picture { name, group, path });
                    }
                    None => tree.refuse(path, "has a name that does not end in _leftImg8bit"),
                }
            }
        }
        // Beside the ids lie polygons, colours and instances, which are not read.
        for city in folders(tree, &Path::new("gtFine").join(split))? {
            for (stem, path) in tree.pictures(&city.path)? {
                if let Some(stem) = stem.strip_suffix("_gtFine_labelIds") {
                    listing.labels.entry(format!("{}/{stem}", city.name)).or_insert(path);
                }
            }
        }
    }
    Ok(listing)
}

fn folders(tree: &mut Tree, folder: &Path) -> Result<Vec<super::tree::Entry>, ScanError> {
    Ok(tree.entries(folder)?.into_iter().filter(|entry| entry.is_folder).collect())
}
