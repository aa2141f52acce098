//! CamVid in the layout that came with SegNet: `<split>/*.{png,jpg}`, `<split>annot/*.png`.

use super::{Listing, ScanError, Tree, gta5::flat};

pub(super) fn list(tree: &mut Tree, splits: &[String]) -> Result<Listing, ScanError> {
    let among = splits.join(",");
    let mut listing = Listing {
        pictures: vec![],
        labels: Default::default(),
        wanted_pictures: format!("{{{among}}}/<name>.png or .jpg"),
        wanted_labels: format!("<split>annot/<name>.png for each split of {among}"),
    };
    for split in splits {
        let part = flat(tree, split, &format!("{split}annot"))?;
        listing.pictures.extend(part.pictures);
        listing.labels.extend(part.labels);
    }
    // Names are a sequence and a place in it: 0016E5_04350.
    for picture in &mut listing.pictures {
        picture.group = picture.name.rsplit_once('_').map_or_else(String::new, |(sequence, _)| sequence.to_owned());
    }
    Ok(listing)
}
