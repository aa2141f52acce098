//! SYNTHIA-RAND-CITYSCAPES: `RGB/0000000.png`, `GT/LABELS/0000000.png` of 16 bits with the class in the first channel.

use super::{Listing, ScanError, Tree, gta5::flat};

pub(super) fn list(tree: &mut Tree) -> Result<Listing, ScanError> {
    flat(tree, "RGB", "GT/LABELS")
}
