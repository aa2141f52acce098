//! Masks as a Cityscapes tree that other tools read.
//!
//! For every frame: `gtFine/<split>/<city>/<name>_gtFine_labelIds.png` with Cityscapes ids,
//! `..._gtFine_labelTrainIds.png` with Cityscapes' own train ids (never a project's class indices: with 16 or 11 classes
//! these would mean other things to every tool that reads the name), `..._gtFine_color.png`; and beside them a
//! `manifest.json` that says which class became which id. Nothing labelled is 0 in the first and 255 in the second.
//! The same masks give the same bytes.
//!
//! Cityscapes' tools take a name apart as `<city>_<sequence>_<frame>`. A frame with such a name keeps it. Any other one
//! is called `<group>_<name>_000000`, in which all but letters, digits and dots are dashes: CamVid's `0016E5_04350` is
//! `0016E5_0016E5-04350_000000`. The manifest has the frame's own name.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::atomic;
use super::codes::cityscapes_train_id;
use super::digest::hex;
use super::mask_png::{encode_color, encode_gray};
use crate::domain::{Class, IGNORE, Mask, Size, Taxonomy};

/// The file beside `gtFine` that says what is in it.
pub const MANIFEST: &str = "manifest.json";

/// The networks in PyTorch, a module that reads the weights and the card beside it.
pub const PYTHON: &str = include_str!("model.py");

/// What an export holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Of this layout: 1.
    pub version: u32,
    /// Name of the taxonomy.
    pub taxonomy: String,
    /// In order of class index.
    pub classes: Vec<ExportedClass>,
    /// Sorted by file name.
    pub frames: Vec<ExportedFrame>,
}

/// How a class was written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct ExportedClass {
    pub name: String,
    pub label_id: u8,
    /// 255 where Cityscapes evaluates no such class.
    pub train_id: u8,
    pub color: [u8; 3],
}

/// A frame in an export.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExportedFrame {
    /// As the project calls it.
    pub name: String,
    /// Of the mask.
    pub size: Size,
    /// Where its ids are, below the export's folder.
    pub label_ids: String,
    /// Share of pixels without a class, 0 to 1.
    pub unlabelled: f64,
}

/// Writes a model's answer as `<city>/<name>_pred_labelIds.png` below `root`: what Cityscapes' evaluation takes as results.
pub fn write_prediction(root: &Path, name: &str, group: &str, mask: &Mask, classes: &[Class]) -> io::Result<()> {
    let file = file_name(name, group);
    let folder = root.join(&file.city);
    std::fs::create_dir_all(&folder)?;
    let path = folder.join(format!("{}_pred_labelIds.png", file.whole()));
    atomic::write(&path, &encode_ids(mask, classes, 0, |id| id))
}

/// The two pictures of a mask that stands for itself, called as its frame is: `<name>_labelIds.png` with Cityscapes ids, 0
/// where there is no class, and `<name>_color.png`.
pub struct Labels {
    ids: PathBuf,
    color: PathBuf,
}

impl Labels {
    /// Of the frame `name`, which may begin with folders, below `root`.
    pub fn of(root: &Path, name: &str) -> Self {
        let file = |kind: &str| root.join(format!("{name}_{kind}.png"));
        Self { ids: file("labelIds"), color: file("color") }
    }

    /// Whether both were written.
    pub fn are_there(&self) -> bool {
        self.ids.is_file() && self.color.is_file()
    }

    /// Writes both, and makes their folder.
    pub fn write(&self, mask: &Mask, taxonomy: &Taxonomy) -> io::Result<()> {
        self.ids.parent().map_or(Ok(()), std::fs::create_dir_all)?;
        atomic::write(&self.ids, &encode_ids(mask, &taxonomy.classes, 0, |id| id))?;
        atomic::write(&self.color, &encode_color(mask, taxonomy))
    }
}

/// A mask with each class as `id` of its Cityscapes id, and `none` where there is no class.
fn encode_ids(mask: &Mask, classes: &[Class], none: u8, id: impl Fn(u8) -> u8) -> Vec<u8> {
    let mut table = [none; 256];
    (0..).zip(classes).for_each(|(at, class): (usize, _)| table[at] = id(class.label_id));
    let pixels: Vec<u8> = mask.pixels().iter().map(|&class| table[usize::from(class)]).collect();
    encode_gray(mask.size(), &pixels)
}

/// A Cityscapes tree in the making: [`create`](Self::create), [`add`](Self::add) each frame, [`finish`](Self::finish).
///
/// One mask at a time is in memory. A frame that was exported before and is not now keeps its files: export into an
/// empty folder.
pub struct CityscapesTree<'a> {
    root: PathBuf,
    split: String,
    taxonomy: &'a Taxonomy,
    /// By file name.
    frames: BTreeMap<String, ExportedFrame>,
    names: BTreeSet<String>,
}

impl<'a> CityscapesTree<'a> {
    /// Begins a tree in a folder, which is made if need be. `split` is a folder's name, such as `train`.
    pub fn create(root: impl Into<PathBuf>, split: &str, taxonomy: &'a Taxonomy) -> io::Result<Self> {
        if split.is_empty() || plain(split) != split {
            return Err(invalid(format!("`{split}` is no name of a split: use letters, digits and dashes")));
        }
        let root = root.into();
        std::fs::create_dir_all(&root)?;
        Ok(Self { root, split: split.into(), taxonomy, frames: BTreeMap::new(), names: BTreeSet::new() })
    }

    /// Writes the three pictures of a frame. An error names what went wrong with the disk, or a frame that comes twice.
    pub fn add(&mut self, name: &str, group: &str, mask: &Mask) -> io::Result<()> {
        if !self.names.insert(name.into()) {
            return Err(invalid(format!("the frame {name} is exported twice")));
        }
        let mut file = file_name(name, group);
        if self.frames.contains_key(&file.whole()) {
            file.sequence = format!("{}-{}", file.sequence, fingerprint(name));
        }
        let folder = format!("gtFine/{}/{}", self.split, file.city);
        std::fs::create_dir_all(self.root.join(&folder))?;
        let path = |kind: &str| format!("{folder}/{}_gtFine_{kind}.png", file.whole());
        let put = |kind: &str, bytes: &[u8]| atomic::write(&self.root.join(path(kind)), bytes);

        put("labelIds", &encode_ids(mask, &self.taxonomy.classes, 0, |id| id))?;
        put("labelTrainIds", &encode_ids(mask, &self.taxonomy.classes, IGNORE, cityscapes_train_id))?;
        put("color", &encode_color(mask, self.taxonomy))?;

        let frame = ExportedFrame {
            name: name.into(),
            size: mask.size(),
            label_ids: path("labelIds"),
            unlabelled: mask.unlabelled_share(),
        };
        self.frames.insert(file.whole(), frame);
        Ok(())
    }

    /// Writes the manifest, which makes the tree complete.
    pub fn finish(self) -> io::Result<Manifest> {
        let class = |class: &Class| ExportedClass {
            name: class.name.clone(),
            label_id: class.label_id,
            train_id: cityscapes_train_id(class.label_id),
            color: class.color,
        };
        let manifest = Manifest {
            version: 1,
            taxonomy: self.taxonomy.name.clone(),
            classes: self.taxonomy.classes.iter().map(class).collect(),
            frames: self.frames.into_values().collect(),
        };
        let mut text = serde_json::to_string_pretty(&manifest)?;
        text.push('\n');
        atomic::write(&self.root.join(MANIFEST), text.as_bytes())?;
        Ok(manifest)
    }
}

/// What Cityscapes' tools take a file's name apart into.
struct FileName {
    city: String,
    sequence: String,
    frame: String,
}

impl FileName {
    fn whole(&self) -> String {
        format!("{}_{}_{}", self.city, self.sequence, self.frame)
    }
}

fn file_name(name: &str, group: &str) -> FileName {
    let last = name.rsplit('/').next().unwrap_or(name);
    let six_digits = |part: &str| part.len() == 6 && part.bytes().all(|byte| byte.is_ascii_digit());
    if let [city, sequence, frame] = last.split('_').collect::<Vec<_>>()[..]
        && plain(city) == city
        && !city.is_empty()
        && six_digits(sequence)
        && six_digits(frame)
    {
        return FileName { city: city.into(), sequence: sequence.into(), frame: frame.into() };
    }
    let city = if group.is_empty() { "frames".into() } else { plain(group) };
    FileName { city, sequence: plain(last), frame: "000000".into() }
}

/// Dashes for all that could lead elsewhere or take a name apart; a leading dot would hide the file.
fn plain(text: &str) -> String {
    let keep = |(at, c): (usize, char)| if c.is_ascii_alphanumeric() || (c == '.' && at > 0) { c } else { '-' };
    text.chars().enumerate().map(keep).collect()
}

fn fingerprint(name: &str) -> String {
    hex(&Sha256::digest(name)[..4])
}

fn invalid(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

#[cfg(test)]
mod tests {
    use super::super::codes::label_code;
    use super::super::datasets::scan;
    use super::super::label::read_label;
    use super::super::mask_png::read_gray;
    use super::super::picture::read_rgb;
    use super::super::test_files::*;
    use super::*;
    use crate::domain::{Dataset, Layout};

    fn mask(pixels: &[u8], taxonomy: &Taxonomy) -> Mask {
        Mask::new(size(pixels.len() as u32, 1), pixels.to_vec(), taxonomy.len()).unwrap()
    }

    fn pixels(folder: &Folder, file: &str) -> Vec<u8> {
        read_gray(&folder.path().join(file)).unwrap().1
    }

    #[test]
    fn a_tree_holds_the_official_ids_of_every_taxonomy() {
        let folder = Folder::new();
        for (name, classes) in [("cityscapes19", [0, 10, 13]), ("synthia16", [0, 9, 12]), ("camvid11", [3, 0, 8])] {
            let taxonomy = Taxonomy::built_in(name).unwrap();
            let mut tree = CityscapesTree::create(folder.path().join(name), "train", &taxonomy).unwrap();
            let [road, sky, car] = classes;
            let frame = "aachen/aachen_000000_000019";
            tree.add(frame, "aachen", &mask(&[road, sky, car, IGNORE], &taxonomy)).unwrap();
            let manifest = tree.finish().unwrap();
            let file = format!("{name}/gtFine/train/aachen/aachen_000000_000019_gtFine_labelIds.png");
            assert_eq!(pixels(&folder, &file), [7, 23, 26, 0]);
            assert_eq!(pixels(&folder, &file.replace("labelIds", "labelTrainIds")), [0, 10, 13, 255]);
            let color = read_rgb(&folder.path().join(file.replace("labelIds", "color"))).unwrap();
            assert_eq!(color.pixels[..3], taxonomy.classes[usize::from(road)].color);
            assert_eq!(color.pixels[9..], [0, 0, 0]);
            assert_eq!((manifest.frames[0].name.as_str(), manifest.frames[0].unlabelled), (frame, 0.25));
            assert_eq!(format!("{name}/{}", manifest.frames[0].label_ids), file);
        }
    }

    #[test]
    fn what_is_exported_comes_in_again_as_it_was() {
        let folder = Folder::new();
        let taxonomy = Taxonomy::built_in("cityscapes19").unwrap();
        let all: Vec<u8> = (0..19).chain([IGNORE]).collect();
        let mask = mask(&all, &taxonomy);
        let mut tree = CityscapesTree::create(folder.path(), "val", &taxonomy).unwrap();
        tree.add("ulm/ulm_000001_000019", "ulm", &mask).unwrap();
        tree.finish().unwrap();
        folder.put("leftImg8bit/val/ulm/ulm_000001_000019_leftImg8bit.png", b"");
        let dataset = Dataset {
            layout: Layout::Cityscapes,
            root: folder.path().into(),
            split: Some("val".into()),
            labels: None,
            mapping: None,
        };
        let found = scan(&dataset, true).unwrap().found.remove(0);
        let code = label_code(Layout::Cityscapes, &taxonomy).unwrap();
        assert_eq!(read_label(&found.label.unwrap(), &code, mask.size()).unwrap(), mask);
    }

    #[test]
    fn exporting_again_gives_the_same_bytes() {
        let folder = Folder::new();
        let taxonomy = Taxonomy::built_in("camvid11").unwrap();
        let export = |to: &str, order: [u8; 3]| {
            let mut tree = CityscapesTree::create(folder.path().join(to), "train", &taxonomy).unwrap();
            for class in order {
                tree.add(&format!("seq_{class}"), "seq", &mask(&[class; 50], &taxonomy)).unwrap();
            }
            tree.finish().unwrap();
            let frames = folder.path().join(to).join("gtFine/train/seq");
            let mut files: Vec<_> = std::fs::read_dir(frames).unwrap().map(|file| file.unwrap().path()).collect();
            files.sort();
            files.push(folder.path().join(to).join(MANIFEST));
            files.iter().map(|file| std::fs::read(file).unwrap()).collect::<Vec<_>>()
        };
        let once = export("once", [1, 2, 3]);
        assert_eq!(once.len(), 10);
        assert_eq!(export("twice", [3, 1, 2]), once);
        assert_eq!(export("once", [1, 2, 3]), once);
    }

    #[test]
    fn names_that_are_not_cityscapes_are_made_to_fit_and_never_collide_or_lead_elsewhere() {
        let whole = |name: &str, group: &str| file_name(name, group).whole();
        assert_eq!(whole("aachen/aachen_000000_000019", "aachen"), "aachen_000000_000019");
        assert_eq!(whole("0016E5_04350", "0016E5"), "0016E5_0016E5-04350_000000");
        assert_eq!(whole("00001", ""), "frames_00001_000000");
        assert_eq!(whole("../a b/ü", "../a b"), "-.-a-b_-_000000");

        let folder = Folder::new();
        let taxonomy = Taxonomy::built_in("camvid11").unwrap();
        let mut tree = CityscapesTree::create(folder.path(), "train", &taxonomy).unwrap();
        let mask = mask(&[1], &taxonomy);
        tree.add("a_b", "", &mask).unwrap();
        tree.add("a-b", "", &mask).unwrap();
        assert_eq!(tree.add("a-b", "", &mask).unwrap_err().to_string(), "the frame a-b is exported twice");
        let files: BTreeSet<String> = tree.finish().unwrap().frames.into_iter().map(|frame| frame.label_ids).collect();
        assert_eq!(files.len(), 2, "{files:?}");
        assert!(CityscapesTree::create(folder.path(), "../train", &taxonomy).is_err());
    }
}
