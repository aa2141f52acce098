//! Classes and the built-in taxonomies.

use serde::{Deserialize, Serialize};

/// The mask value of a pixel that belongs to no class and counts nowhere.
pub const IGNORE: u8 = 255;

/// What a pixel may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Class {
    /// Shown to people and used in mapping files; unique within a taxonomy.
    pub name: String,
    /// Red, green, blue: the colour of the class on every page and in colour exports.
    pub color: [u8; 3],
    /// The id written to `_labelIds.png` on export: the official Cityscapes id, or its nearest relative.
    pub label_id: u8,
    /// Countable objects (cars, people) as opposed to stuff (road, sky).
    pub thing: bool,
}

impl Class {
    /// Its colour as CSS writes it.
    pub fn css(&self) -> String {
        let [red, green, blue] = self.color;
        format!("#{red:02x}{green:02x}{blue:02x}")
    }
}

/// Some of a taxonomy's classes, whose mean is reported beside that of all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subset {
    /// As it is printed: `13 classes`.
    pub name: String,
    /// Class indices.
    pub classes: Vec<u8>,
}

/// The ordered classes of a project: a class index is a place in this list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taxonomy {
    /// `cityscapes19`, `synthia16`, `camvid11`, or a name of the user's.
    pub name: String,
    /// At most 64.
    pub classes: Vec<Class>,
    /// Further means to report.
    #[serde(default)]
    pub subsets: Vec<Subset>,
}

/// name, colour, Cityscapes id, thing
type Row = (&'static str, [u8; 3], u8, bool);

/// The table of cityscapesScripts' `helpers/labels.py`, train ids in order.
const CITYSCAPES: [Row; 19] = [
    ("road", [128, 64, 128], 7, false),
    ("sidewalk", [244, 35, 232], 8, false),
    ("building", [70, 70, 70], 11, false),
    ("wall", [102, 102, 156], 12, false),
    ("fence", [190, 153, 153], 13, false),
    ("pole", [153, 153, 153], 17, false),
    ("traffic light", [250, 170, 30], 19, false),
    ("traffic sign", [220, 220, 0], 20, false),
    ("vegetation", [107, 142, 35], 21, false),
    ("terrain", [152, 251, 152], 22, false),
    ("sky", [70, 130, 180], 23, false),
    ("person", [220, 20, 60], 24, true),
    ("rider", [255, 0, 0], 25, true),
    ("car", [0, 0, 142], 26, true),
    ("truck", [0, 0, 70], 27, true),
    ("bus", [0, 60, 100], 28, true),
    ("train", [0, 80, 100], 31, true),
    ("motorcycle", [0, 0, 230], 32, true),
    ("bicycle", [119, 11, 32], 33, true),
];

/// SYNTHIA's 16 classes as train ids of the 19: no terrain, truck or train.
const SYNTHIA: [usize; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 15, 17, 18];

/// CamVid's 11 classes with the id of the Cityscapes class that stands for each on export.
const CAMVID: [Row; 11] = [
    ("sky", [128, 128, 128], 23, false),
    ("building", [128, 0, 0], 11, false),
    ("pole", [192, 192, 128], 17, false),
    ("road", [128, 64, 128], 7, false),
    ("pavement", [60, 40, 222], 8, false),
    ("tree", [128, 128, 0], 21, false),
    ("sign", [192, 128, 128], 20, false),
    ("fence", [64, 64, 128], 13, false),
    ("car", [64, 0, 128], 26, true),
    ("pedestrian", [64, 64, 0], 24, true),
    ("bicyclist", [0, 128, 192], 33, true),
];

fn classes<'a>(rows: impl IntoIterator<Item = &'a Row>) -> Vec<Class> {
    let class = |&(name, color, label_id, thing): &Row| Class { name: name.into(), color, label_id, thing };
    rows.into_iter().map(class).collect()
}

impl Taxonomy {
    /// The names of the built-in taxonomies, the most used first.
    pub const BUILT_IN: [&'static str; 3] = ["cityscapes19", "synthia16", "camvid11"];

    /// A built-in taxonomy by name.
    pub fn built_in(name: &str) -> Option<Self> {
        let (classes, subsets) = match name {
            "cityscapes19" => (classes(&CITYSCAPES), vec![]),
            // The 13 that most papers report: without wall, fence and pole.
            "synthia16" => (
                classes(SYNTHIA.iter().map(|&i| &CITYSCAPES[i])),
                vec![Subset { name: "13 classes".into(), classes: (0..16).filter(|c| !(3..=5).contains(c)).collect() }],
            ),
            "camvid11" => (classes(&CAMVID), vec![]),
            _ => return None,
        };
        Some(Self { name: name.into(), classes, subsets })
    }

    /// How many classes there are.
    pub fn len(&self) -> usize {
        self.classes.len()
    }

    /// Whether there is no class at all.
    pub fn is_empty(&self) -> bool {
        self.classes.is_empty()
    }

    /// The index of the class of that name.
    pub fn index_of(&self, name: &str) -> Option<u8> {
        self.classes.iter().position(|class| class.name == name).map(|index| index as u8)
    }

    /// Whether a mask may hold this value: a class index or [`IGNORE`].
    pub fn allows(&self, value: u8) -> bool {
        value == IGNORE || usize::from(value) < self.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_taxonomies_have_the_classes_of_their_names() {
        let sizes = Taxonomy::BUILT_IN.map(|name| Taxonomy::built_in(name).unwrap().len());
        assert_eq!(sizes, [19, 16, 11]);
        let synthia = Taxonomy::built_in("synthia16").unwrap();
        assert_eq!(synthia.subsets[0].classes.len(), 13);
        assert_eq!(synthia.index_of("bicycle"), Some(15));
        assert!(!synthia.allows(16) && synthia.allows(IGNORE));
    }
}
