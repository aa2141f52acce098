//! The demo's two datasets, as two folders in the layout of Cityscapes.

use std::io;
use std::path::Path;

use rayon::prelude::*;

use super::{Kind, Look, scene};
use crate::domain::{Size, Taxonomy};
use crate::formats::picture::encode_png;
use crate::formats::{atomic, mask_png};

/// How many frames, and how large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DemoSizes {
    /// Of the source, all labelled.
    pub source: usize,
    /// Of the target, to choose from. Their labels lie there too, for an oracle.
    pub target: usize,
    /// Of the target, to measure on.
    pub val: usize,
    /// Of every frame, such as 1024x512.
    pub size: Size,
}

/// Ten frames in a row: some streets are more common than others.
const SOURCE: [Kind; 10] = {
    use Kind::{Avenue, Highway, Market, Residential};
    [Avenue, Residential, Highway, Avenue, Market, Residential, Avenue, Highway, Residential, Market]
};
const TARGET: [Kind; 10] = {
    use Kind::{Avenue, Highway, Market, Residential, Tramway};
    [Avenue, Residential, Tramway, Highway, Avenue, Market, Residential, Avenue, Tramway, Highway]
};

/// Writes `source` (split `train`) and `target` (splits `train` and `val`) below `root`; a frame's city is its street.
///
/// The same arguments give the same bytes. Files that are there are written over.
pub fn write_demo(root: &Path, sizes: DemoSizes, seed: u64) -> io::Result<()> {
    let parts = [
        ("source", "train", Look::Source, SOURCE, sizes.source),
        ("target", "train", Look::Target, TARGET, sizes.target),
        ("target", "val", Look::Target, TARGET, sizes.val),
    ];
    let label_ids: Vec<u8> = Taxonomy::built_in("cityscapes19")
        .expect("it is built in")
        .classes
        .iter()
        .map(|class| class.label_id)
        .collect();
    for (number, (domain, split, look, kinds, frames)) in (0_u64..).zip(parts) {
        for kind in kinds {
            for tree in ["leftImg8bit", "gtFine"] {
                std::fs::create_dir_all(root.join(domain).join(tree).join(split).join(kind.name()))?;
            }
        }
        (0..frames).into_par_iter().try_for_each(|at| {
            let kind = kinds[at % kinds.len()];
            // A seed of its own for each frame, of whatever part.
            let drawn = scene(seed.wrapping_add((number << 32) + at as u64), look, kind, sizes.size);
            let (city, name) = (kind.name(), format!("{}_000000_{at:06}", kind.name()));
            let path = |tree: &str, ending: &str| {
                root.join(domain).join(tree).join(split).join(city).join(format!("{name}_{ending}.png"))
            };
            let ids: Vec<u8> = drawn.labels.pixels().iter().map(|&class| label_ids[usize::from(class)]).collect();
            atomic::write(&path("leftImg8bit", "leftImg8bit"), &encode_png(&drawn.picture))?;
            mask_png::write_gray(&path("gtFine", "gtFine_labelIds"), sizes.size, &ids)
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Dataset, Layout};
    use crate::formats::codes::label_code;
    use crate::formats::datasets::scan;
    use crate::formats::import::check;

    #[test]
    fn what_is_written_is_imported_without_a_refusal() {
        let folder = tempfile::tempdir().unwrap();
        let sizes = DemoSizes { source: 5, target: 4, val: 3, size: Size { width: 64, height: 32 } };
        write_demo(folder.path(), sizes, 1).unwrap();
        let code = label_code(Layout::Cityscapes, &Taxonomy::built_in("cityscapes19").unwrap());
        for (domain, split, frames) in [("source", "train", 5), ("target", "train", 4), ("target", "val", 3)] {
            let root = folder.path().join(domain);
            let split = Some(split.to_owned());
            let dataset = Dataset { layout: Layout::Cityscapes, root, split, labels: None, mapping: None };
            let checked = check(&scan(&dataset, true).unwrap(), code.as_ref(), &|_, _| {});
            assert_eq!((checked.frames.len(), checked.refused), (frames, vec![]));
        }
    }
}
