//! Mapping files: which id of a label file is which class.
//!
//! ```toml
//! 0 = "ignore"
//! 7 = "road"
//! 8 = "road"            # two ids may be one class
//! absent = ["train"]    # classes that these labels do not have
//! bits = 16             # of a label file's first channel; 8 if not said, 16 where an id needs it
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use toml::Value;

use super::codes::label_code;
use crate::domain::{Dataset, Encoding, IGNORE, LabelCode, Layout, Taxonomy};

/// The longest file that is read; 65536 ids fit.
const MAX_BYTES: u64 = 4 << 20;

/// What stands for pixels that count nowhere.
const IGNORE_NAME: &str = "ignore";

/// Why labels cannot be read as a project's classes.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum MappingError {
    #[error("no table is built in from labels of the layout {} to the classes of {taxonomy}: give a mapping file", layout.title())]
    NoTable { layout: Layout, taxonomy: String },
    #[error("the mapping file {} {fault}", path.display())]
    File { path: PathBuf, fault: MappingFault },
}

/// What is wrong with a mapping file: the end of a sentence that begins with the file's name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum MappingFault {
    #[error("cannot be read: {0}")]
    Unreadable(String),
    #[error("is no TOML: {0}")]
    Toml(String),
    #[error("has the line `{0}`, which is neither an id, `absent` nor `bits`")]
    UnknownKey(String),
    #[error("has the id {0}: ids are whole numbers from 0 to 65535")]
    IdOutOfRange(String),
    #[error("has the id {0} twice: keep one line of it")]
    Twice(u16),
    #[error("gives id {0} no name: write `{0} = \"road\"` or `{0} = \"{IGNORE_NAME}\"`")]
    NotAName(u16),
    #[error("speaks of `{name}`, which is no class: there are {known}, and {IGNORE_NAME}")]
    UnknownClass { name: String, known: String },
    #[error("gives no id to {0}: add its id, or list it as `absent`")]
    Hole(String),
    #[error("lists `{0}` as absent and gives it an id: drop one of the two")]
    NotAbsent(String),
    #[error("has an `absent` that is no list of class names")]
    BadAbsent,
    #[error("has a `bits` that is neither 8 nor 16, or that is too few for its ids")]
    BadBits,
}

/// How a dataset's labels are read as a taxonomy's classes: by its mapping file, else by the built-in table.
pub fn code_for(dataset: &Dataset, taxonomy: &Taxonomy) -> Result<LabelCode, MappingError> {
    let Some(path) = &dataset.mapping else {
        let no_table = || MappingError::NoTable { layout: dataset.layout, taxonomy: taxonomy.name.clone() };
        return label_code(dataset.layout, taxonomy).ok_or_else(no_table);
    };
    let mut code = read_mapping(path, taxonomy)?;
    if dataset.layout == Layout::Synthia {
        code.encoding = Encoding::FirstOf16Bit;
    }
    Ok(code)
}

/// Reads a mapping file.
pub fn read_mapping(path: &Path, taxonomy: &Taxonomy) -> Result<LabelCode, MappingError> {
    let text = || {
        let found = std::fs::metadata(path).map_err(|error| MappingFault::Unreadable(error.to_string()))?;
        if !found.is_file() || found.len() > MAX_BYTES {
            return Err(MappingFault::Unreadable("it is no short text file".into()));
        }
        std::fs::read_to_string(path).map_err(|error| MappingFault::Unreadable(error.to_string()))
    };
    let parsed = text().and_then(|text| parse_mapping(&text, taxonomy));
    parsed.map_err(|fault| MappingError::File { path: path.into(), fault })
}

/// Reads the text of a mapping file. Every class must have an id or be listed as absent.
pub fn parse_mapping(text: &str, taxonomy: &Taxonomy) -> Result<LabelCode, MappingFault> {
    let mut table: toml::Table =
        text.parse().map_err(|error: toml::de::Error| MappingFault::Toml(error.message().into()))?;
    let absent = parse_absent(table.remove("absent"), taxonomy)?;
    let bits = table.remove("bits");

    let mut classes = BTreeMap::new();
    for (key, value) in &table {
        let id = parse_id(key)?;
        let name = value.as_str().ok_or(MappingFault::NotAName(id))?;
        let class = if name == IGNORE_NAME { IGNORE } else { class_named(name, taxonomy)? };
        if classes.insert(id, class).is_some() {
            return Err(MappingFault::Twice(id));
        }
    }

    let given: BTreeSet<u8> = classes.values().copied().collect();
    let name = |class: &u8| taxonomy.classes[usize::from(*class)].name.clone();
    if let Some(class) = absent.intersection(&given).next() {
        return Err(MappingFault::NotAbsent(name(class)));
    }
    let holes = (0..taxonomy.len() as u8).filter(|class| !given.contains(class) && !absent.contains(class));
    let holes: Vec<String> = holes.map(|class| name(&class)).collect();
    if !holes.is_empty() {
        return Err(MappingFault::Hole(holes.join(", ")));
    }
    let needs_16 = classes.keys().any(|&id| id > 255);
    let encoding = match bits.map(|bits| bits.as_integer()) {
        None if needs_16 => Encoding::FirstOf16Bit,
        Some(Some(16)) => Encoding::FirstOf16Bit,
        None => Encoding::Index,
        Some(Some(8)) if !needs_16 => Encoding::Index,
        Some(_) => return Err(MappingFault::BadBits),
    };
    Ok(LabelCode { encoding, classes })
}

fn parse_id(key: &str) -> Result<u16, MappingFault> {
    let digits = key.strip_prefix(['-', '+']).unwrap_or(key);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(MappingFault::UnknownKey(key.into()));
    }
    key.parse().map_err(|_| MappingFault::IdOutOfRange(key.into()))
}

fn parse_absent(absent: Option<Value>, taxonomy: &Taxonomy) -> Result<BTreeSet<u8>, MappingFault> {
    let Some(absent) = absent else { return Ok(BTreeSet::new()) };
    let names = absent.as_array().ok_or(MappingFault::BadAbsent)?;
    names.iter().map(|name| class_named(name.as_str().ok_or(MappingFault::BadAbsent)?, taxonomy)).collect()
}

fn class_named(name: &str, taxonomy: &Taxonomy) -> Result<u8, MappingFault> {
    let known = || taxonomy.classes.iter().map(|class| class.name.as_str()).collect::<Vec<_>>().join(", ");
    taxonomy.index_of(name).ok_or_else(|| MappingFault::UnknownClass { name: name.into(), known: known() })
}

#[cfg(test)]
mod tests {
    use super::super::test_files::Folder;
    use super::*;

    /// Three classes: sky, building, pole.
    fn small() -> Taxonomy {
        let mut taxonomy = Taxonomy::built_in("camvid11").unwrap();
        taxonomy.classes.truncate(3);
        Taxonomy { name: "small".into(), ..taxonomy }
    }

    fn refused(text: &str) -> String {
        parse_mapping(text, &small()).unwrap_err().to_string()
    }

    #[test]
    fn a_mapping_gives_each_id_its_class() {
        let code =
            parse_mapping("0 = 'ignore'\n7 = 'sky'\n8 = 'sky'\n9 = 'building'\nabsent = ['pole']", &small()).unwrap();
        assert_eq!(code.encoding, Encoding::Index);
        assert_eq!(code.classes, BTreeMap::from([(0, IGNORE), (7, 0), (8, 0), (9, 1)]));
        let wide = "7 = 'sky'\n65535 = 'building'\n9 = 'pole'";
        assert_eq!(parse_mapping(wide, &small()).unwrap().encoding, Encoding::FirstOf16Bit);
        let said = "bits = 16\n7 = 'sky'\n8 = 'building'\n9 = 'pole'";
        assert_eq!(parse_mapping(said, &small()).unwrap().encoding, Encoding::FirstOf16Bit);
    }

    #[test]
    fn the_readme_shows_a_mapping_that_is_accepted() {
        let readme = include_str!("../../README.md");
        let example = readme.lines().skip_while(|line| !line.contains("mapping file"));
        let example = example.skip_while(|line| !line.starts_with("    ")).take_while(|line| line.starts_with("    "));
        let toml = example.collect::<Vec<_>>().join("\n");
        let code = parse_mapping(&toml, &Taxonomy::built_in("camvid11").unwrap()).unwrap();
        assert_eq!((code.encoding, code.classes.len()), (Encoding::FirstOf16Bit, 4));
    }

    #[test]
    fn a_hole_is_named() {
        assert_eq!(refused("7 = 'sky'"), "gives no id to building, pole: add its id, or list it as `absent`");
        assert_eq!(refused(""), "gives no id to sky, building, pole: add its id, or list it as `absent`");
    }

    #[test]
    fn what_is_no_mapping_is_refused_with_the_line_to_mend() {
        assert_eq!(
            refused("7 = 'raod'"),
            "speaks of `raod`, which is no class: there are sky, building, pole, and ignore"
        );
        assert!(refused("absent = ['raod']").starts_with("speaks of `raod`"));
        assert_eq!(refused("65536 = 'sky'"), "has the id 65536: ids are whole numbers from 0 to 65535");
        assert_eq!(refused("-1 = 'sky'"), "has the id -1: ids are whole numbers from 0 to 65535");
        assert_eq!(refused("07 = 'sky'\n7 = 'pole'"), "has the id 7 twice: keep one line of it");
        assert_eq!(refused("7 = 'sky'\n7 = 'pole'"), "is no TOML: duplicate key");
        assert_eq!(refused("road = 7"), "has the line `road`, which is neither an id, `absent` nor `bits`");
        assert!(refused("7 = 3").starts_with("gives id 7 no name"));
        assert!(refused("7 = 'sky'\nabsent = ['sky']").starts_with("lists `sky` as absent"));
        assert!(refused("absent = 'sky'").starts_with("has an `absent` that"));
        assert!(refused("bits = 8\n999 = 'sky'\nabsent = ['pole', 'building']").starts_with("has a `bits`"));
        assert!(refused("7 = ").starts_with("is no TOML"));
    }

    #[test]
    fn a_mapping_file_replaces_the_built_in_table() {
        let folder = Folder::new();
        let path = folder.put("map.toml", b"0 = 'sky'\n1 = 'building'\n2 = 'pole'");
        let dataset = |layout, mapping: Option<&Path>| Dataset {
            layout,
            root: folder.path().into(),
            split: None,
            labels: None,
            mapping: mapping.map(Into::into),
        };
        let code = |layout| code_for(&dataset(layout, Some(&path)), &small()).unwrap();
        assert_eq!(code(Layout::Folder).encoding, Encoding::Index);
        assert_eq!(code(Layout::Synthia).encoding, Encoding::FirstOf16Bit);
        assert_eq!(code(Layout::Gta5).classes.len(), 3);
        let none = code_for(&dataset(Layout::Folder, None), &small()).unwrap_err().to_string();
        assert_eq!(
            none,
            "no table is built in from labels of the layout Plain folders to the classes of small: give a mapping file"
        );
        let missing = folder.path().join("none.toml");
        let missing = code_for(&dataset(Layout::Folder, Some(&missing)), &small()).unwrap_err().to_string();
        assert!(missing.contains("none.toml cannot be read: No such file"), "{missing}");
    }
}
