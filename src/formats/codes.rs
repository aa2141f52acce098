//! How the datasets' ids become the built-in taxonomies' classes.

use std::collections::BTreeMap;

use crate::domain::{Encoding, IGNORE, LabelCode, Layout, Taxonomy};

/// SYNTHIA-RAND-CITYSCAPES' ids in order, by their Cityscapes names; none where a pixel counts nowhere.
///
/// Its table also has terrain (16), truck (18) and train (20), but its annotators left them out: they count nowhere, as
/// in the papers that report 16 classes.
const SYNTHIA: [Option<&str>; 23] = [
    None, // void
    Some("sky"),
    Some("building"),
    Some("road"),
    Some("sidewalk"),
    Some("fence"),
    Some("vegetation"),
    Some("pole"),
    Some("car"),
    Some("traffic sign"),
    Some("person"),
    Some("bicycle"),
    Some("motorcycle"),
    None, // parking slot
    None, // road work
    Some("traffic light"),
    None, // terrain
    Some("rider"),
    None, // truck
    Some("bus"),
    None, // train
    Some("wall"),
    None, // lane marking
];

/// The Cityscapes classes that CamVid's 11 have under other names, or within others.
const CAMVID_NAMES: [(&str, &str); 13] = [
    ("sidewalk", "pavement"),
    ("wall", "building"),
    ("traffic light", "sign"),
    ("traffic sign", "sign"),
    ("vegetation", "tree"),
    ("terrain", "tree"),
    ("person", "pedestrian"),
    ("rider", "bicyclist"),
    ("truck", "car"),
    ("bus", "car"),
    ("train", "car"),
    ("motorcycle", "bicyclist"),
    ("bicycle", "bicyclist"),
];

/// The built-in way to read a layout's labels as a taxonomy's classes. Every official id is in it.
///
/// There is none for [`Layout::Folder`], for a taxonomy of the user's, and for CamVid as anything but its own 11
/// classes, which are too coarse: those need a mapping file.
pub fn label_code(layout: Layout, taxonomy: &Taxonomy) -> Option<LabelCode> {
    let built_in = Taxonomy::built_in(&taxonomy.name)?;
    if !built_in.classes.iter().map(|class| &class.name).eq(taxonomy.classes.iter().map(|class| &class.name)) {
        return None;
    }
    let (encoding, classes) = match layout {
        // Licence plates are -1 in Cityscapes' table, which is 255 in a byte.
        Layout::Cityscapes => (Encoding::Index, cityscapes_ids(33, taxonomy)),
        Layout::Gta5 => (Encoding::Index, cityscapes_ids(34, taxonomy)),
        Layout::Synthia => {
            let class = |name: Option<&str>| name.map_or(IGNORE, |name| class_of(name, taxonomy));
            (Encoding::FirstOf16Bit, (0..).zip(SYNTHIA.map(class)).collect())
        }
        Layout::Camvid if taxonomy.name == "camvid11" => {
            (Encoding::Index, (0..11).map(|id| (id, id as u8)).chain([(11, IGNORE)]).collect())
        }
        Layout::Camvid | Layout::Folder => return None,
    };
    Some(LabelCode { encoding, classes })
}

/// The official Cityscapes train id of a Cityscapes id: its place among the 19 classes that are evaluated, else 255.
pub fn cityscapes_train_id(label_id: u8) -> u8 {
    let place = cityscapes19().classes.iter().position(|class| class.label_id == label_id);
    place.map_or(IGNORE, |index| index as u8)
}

/// Ids 0 to `last`, and 255.
fn cityscapes_ids(last: u16, taxonomy: &Taxonomy) -> BTreeMap<u16, u8> {
    let mut classes: BTreeMap<u16, u8> = (0..=last).chain([255]).map(|id| (id, IGNORE)).collect();
    classes.extend(cityscapes19().classes.iter().map(|c| (c.label_id.into(), class_of(&c.name, taxonomy))));
    classes
}

/// The class that stands for a Cityscapes class in a built-in taxonomy, or none: SYNTHIA's 16 have no terrain.
fn class_of(cityscapes_name: &str, taxonomy: &Taxonomy) -> u8 {
    // SYNTHIA's 16 have a car too, but no truck may become one.
    let renamed = CAMVID_NAMES.iter().find(|(name, _)| taxonomy.name == "camvid11" && *name == cityscapes_name);
    taxonomy.index_of(renamed.map_or(cityscapes_name, |(_, name)| name)).unwrap_or(IGNORE)
}

fn cityscapes19() -> Taxonomy {
    Taxonomy::built_in("cityscapes19").expect("it is built in")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(layout: Layout, taxonomy: &str) -> BTreeMap<u16, u8> {
        label_code(layout, &Taxonomy::built_in(taxonomy).unwrap()).unwrap().classes
    }

    /// `id name` of every id that counts.
    fn named(layout: Layout, taxonomy: &str) -> Vec<(u16, String)> {
        let known = Taxonomy::built_in(taxonomy).unwrap();
        let counted = classes(layout, taxonomy).into_iter().filter(|&(_, class)| class != IGNORE);
        counted.map(|(id, class)| (id, known.classes[usize::from(class)].name.clone())).collect()
    }

    #[test]
    fn cityscapes_ids_become_the_official_train_ids() {
        // id, train id: the 19 rows of cityscapesScripts' table that are evaluated
        let official = [
            (7, 0),
            (8, 1),
            (11, 2),
            (12, 3),
            (13, 4),
            (17, 5),
            (19, 6),
            (20, 7),
            (21, 8),
            (22, 9),
            (23, 10),
            (24, 11),
            (25, 12),
            (26, 13),
            (27, 14),
            (28, 15),
            (31, 16),
            (32, 17),
            (33, 18),
        ];
        for (layout, n_ids) in [(Layout::Cityscapes, 35), (Layout::Gta5, 36)] {
            let classes = classes(layout, "cityscapes19");
            assert_eq!(classes.len(), n_ids);
            for (id, class) in classes {
                let want = official.iter().find(|row| row.0 == id).map_or(IGNORE, |row| row.1);
                assert_eq!(class, want, "{layout:?} {id}");
                assert_eq!(cityscapes_train_id(id as u8), want);
            }
        }
    }

    #[test]
    fn synthia_ids_become_the_same_classes_in_both_numberings() {
        // id, place among the 16, place among the 19
        let official = [
            (3, 0, 0),
            (4, 1, 1),
            (2, 2, 2),
            (21, 3, 3),
            (5, 4, 4),
            (7, 5, 5),
            (15, 6, 6),
            (9, 7, 7),
            (6, 8, 8),
            (1, 9, 10),
            (10, 10, 11),
            (17, 11, 12),
            (8, 12, 13),
            (19, 13, 15),
            (12, 14, 17),
            (11, 15, 18),
        ];
        let (sixteen, nineteen) = (classes(Layout::Synthia, "synthia16"), classes(Layout::Synthia, "cityscapes19"));
        assert_eq!(sixteen.len(), 23);
        for id in 0..23 {
            let want = official.iter().find(|row| row.0 == id).map_or((IGNORE, IGNORE), |row| (row.1, row.2));
            assert_eq!((sixteen[&id], nineteen[&id]), want, "id {id}");
        }
        assert_eq!(named(Layout::Synthia, "synthia16"), named(Layout::Synthia, "cityscapes19"));
    }

    #[test]
    fn sixteen_classes_drop_terrain_truck_and_train_of_cityscapes() {
        let dropped = [22, 27, 31];
        let kept = named(Layout::Cityscapes, "cityscapes19").into_iter().filter(|(id, _)| !dropped.contains(id));
        assert_eq!(named(Layout::Cityscapes, "synthia16"), kept.collect::<Vec<_>>());
    }

    #[test]
    fn cityscapes_and_camvid_meet_in_eleven_classes() {
        let want = [
            (7, "road"),
            (8, "pavement"),
            (11, "building"),
            (12, "building"),
            (13, "fence"),
            (17, "pole"),
            (19, "sign"),
            (20, "sign"),
            (21, "tree"),
            (22, "tree"),
            (23, "sky"),
            (24, "pedestrian"),
            (25, "bicyclist"),
            (26, "car"),
            (27, "car"),
            (28, "car"),
            (31, "car"),
            (32, "bicyclist"),
            (33, "bicyclist"),
        ];
        assert_eq!(named(Layout::Cityscapes, "camvid11"), want.map(|(id, name)| (id, name.to_owned())));
        let camvid = classes(Layout::Camvid, "camvid11");
        assert_eq!((camvid.len(), camvid[&0], camvid[&10], camvid[&11]), (12, 0, 10, IGNORE));
    }

    #[test]
    fn where_no_table_is_built_in_there_is_none() {
        let built_in = |name| Taxonomy::built_in(name).unwrap();
        assert_eq!(label_code(Layout::Folder, &built_in("cityscapes19")), None);
        assert_eq!(label_code(Layout::Camvid, &built_in("cityscapes19")), None);
        let mut own = built_in("cityscapes19");
        own.classes.swap(0, 1);
        assert_eq!(label_code(Layout::Cityscapes, &own), None);
    }
}
