//! Lists of frames to label: names, a line each, or numbers that count the lines of a names file from 0, as the authors
//! of MADAv2 publish theirs.

use std::collections::{HashMap, HashSet};

/// Why a list cannot be read. Each says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum ListError {
    #[error("the list is empty: give names of target frames, one a line")]
    Empty,
    #[error("the list has numbers, such as {0}: give the names that they count too, the first being number 0")]
    NoNames(String),
    #[error("number {number} is beyond the {n_names} names: give the names file that belongs to the list")]
    Beyond { number: usize, n_names: usize },
    #[error("{n_unknown} of the list are no target frames, such as {first}: take them off, or import them")]
    Unknown { n_unknown: usize, first: String },
    #[error("{0} is the name of several frames: write the folder before it")]
    Ambiguous(String),
}

/// The frames of a list, in its order, each once. `frames` are the names of all that may be chosen.
///
/// A name may have the suffixes of its file, and may lack its folder where that leaves no doubt.
pub fn read_list<Id: Copy>(text: &str, names: Option<&str>, frames: &[(&str, Id)]) -> Result<Vec<Id>, ListError> {
    let lines = |text: &str| -> Vec<String> {
        text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
    };
    let listed = lines(text);
    let named = match names.map(lines).filter(|names| !names.is_empty()) {
        Some(names) => listed.into_iter().map(|line| by_number(line, &names)).collect::<Result<_, _>>()?,
        None => listed,
    };
    if named.is_empty() {
        return Err(ListError::Empty);
    }
    let (mut whole, mut last) = (HashMap::new(), HashMap::<&str, Vec<usize>>::new());
    for (at, (name, _)) in frames.iter().enumerate() {
        whole.insert(*name, at);
        last.entry(last_part(name)).or_default().push(at);
    }
    let (mut found, mut unknown, mut seen) = (vec![], vec![], HashSet::new());
    for line in &named {
        let name = stem(line);
        let at = match (whole.get(name), last.get(last_part(name)).map(Vec::as_slice)) {
            (Some(&at), _) => at,
            (None, Some([only])) if !name.contains('/') || ends_alike(name, frames[*only].0) => *only,
            (None, Some([_, _, ..])) if !name.contains('/') => return Err(ListError::Ambiguous(line.clone())),
            _ => {
                unknown.push(line);
                continue;
            }
        };
        if seen.insert(at) {
            found.push(frames[at].1);
        }
    }
    match unknown.first() {
        None => Ok(found),
        Some(first) if names.is_none() && first.parse::<usize>().is_ok() => Err(ListError::NoNames((*first).clone())),
        Some(first) => Err(ListError::Unknown { n_unknown: unknown.len(), first: (*first).clone() }),
    }
}

/// A line that is a number is the name of that place.
fn by_number(line: String, names: &[String]) -> Result<String, ListError> {
    match line.parse::<usize>() {
        Ok(number) => names.get(number).cloned().ok_or(ListError::Beyond { number, n_names: names.len() }),
        Err(_) => Ok(line),
    }
}

/// Without the suffixes that a frame's name does not have.
fn stem(line: &str) -> &str {
    let image = [".png", ".jpg", ".jpeg"].into_iter().find_map(|suffix| line.strip_suffix(suffix)).unwrap_or(line);
    image.strip_suffix("_leftImg8bit").unwrap_or(image)
}

fn last_part(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// Whether one of two names is the end of the other, folder by folder.
fn ends_alike(a: &str, b: &str) -> bool {
    a.rsplit('/').zip(b.rsplit('/')).all(|(a, b)| a == b)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAMES: [(&str, i64); 4] =
        [("aachen/aachen_000000_000019", 7), ("aachen/a", 8), ("bremen/a", 9), ("bremen/b_1", 10)];

    #[test]
    fn names_are_read_with_and_without_folders_and_suffixes_and_once() {
        let list = "aachen/aachen_000000_000019_leftImg8bit.png\n\nb_1.jpg\r\nbremen/a\n leftImg8bit/bremen/b_1 \n";
        assert_eq!(read_list(list, None, &FRAMES), Ok(vec![7, 10, 9]));
    }

    #[test]
    fn numbers_count_the_lines_of_a_names_file_from_0() {
        let names = "aachen/aachen_000000_000019_leftImg8bit.png\nbremen/b_1_leftImg8bit.png\n";
        assert_eq!(read_list("1\n0\n", Some(names), &FRAMES), Ok(vec![10, 7]));
        assert_eq!(read_list("2", Some(names), &FRAMES), Err(ListError::Beyond { number: 2, n_names: 2 }));
        assert_eq!(read_list("1\n0", None, &FRAMES), Err(ListError::NoNames("1".into())));
    }

    #[test]
    fn what_cannot_be_found_is_named() {
        assert_eq!(read_list(" \n", None, &FRAMES), Err(ListError::Empty));
        assert_eq!(read_list("a", None, &FRAMES), Err(ListError::Ambiguous("a".into())));
        let unknown = read_list("ulm/a\nbremen/a\nnobody", None, &FRAMES).unwrap_err();
        assert!(unknown.to_string().starts_with("2 of the list are no target frames, such as ulm/a"), "{unknown}");
    }
}
