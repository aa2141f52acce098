//! The law of the rooms, and other habits that a compiler does not keep.

use std::path::{Path, PathBuf};

/// What a room must not name. Cargo keeps tch out of the package; this keeps the rest.
const LAW: &[(&str, &[&str])] = &[
    (
        "src/domain",
        &["crate::method", "crate::formats", "crate::store", "crate::supervisor", "crate::web", "std::fs", "std::net"],
    ),
    (
        "src/method",
        &["crate::formats", "crate::store", "crate::supervisor", "crate::web", "sqlx", "axum", "std::fs", "image::"],
    ),
    ("src/formats", &["crate::method", "crate::store", "crate::supervisor", "crate::web", "sqlx", "axum", "tokio"]),
    ("src/scenes", &["crate::method", "crate::store", "crate::supervisor", "crate::web", "sqlx", "axum", "tokio"]),
    ("src/store", &["crate::method", "crate::supervisor", "crate::web", "axum", "askama"]),
    ("src/supervisor", &["crate::web", "sqlx", "axum", "askama"]),
    ("src/experiment", &["crate::web", "crate::store", "sqlx", "axum", "askama"]),
    ("src/web", &["sqlx", "std::process"]),
    ("engine/src", &["sqlx", "axum", "windlass::store", "windlass::web", "windlass::supervisor"]),
];

/// Lines that a file may have before it must be split.
const LONGEST: usize = 500;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = vec![];
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() && !path.ends_with("node_modules") {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Code without its comments, so that a doc may name what the code may not.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn offences(check: impl Fn(&Path, &mut Vec<String>), paths: &[PathBuf]) -> Vec<String> {
    assert!(!paths.is_empty(), "there are files to look at");
    let mut found = vec![];
    paths.iter().for_each(|path| check(path.strip_prefix(root()).unwrap(), &mut found));
    found
}

#[test]
fn no_room_names_what_it_must_not() {
    for (room, forbidden) in LAW {
        let broken = offences(
            |path, found| {
                let code = code(&root().join(path));
                found.extend(
                    forbidden.iter().filter(|word| code.contains(**word)).map(|word| format!("{path:?}: {word}")),
                );
            },
            &files(room, ".rs"),
        );
        assert!(broken.is_empty(), "{broken:#?}");
    }
}

#[test]
fn only_the_engine_depends_on_tch_and_only_the_store_holds_sql() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    assert!(!manifest.lines().any(|line| line.starts_with("tch")), "the server links no libtorch");
    let elsewhere: Vec<PathBuf> =
        files("src", ".rs").into_iter().filter(|p| !p.starts_with(root().join("src/store"))).collect();
    let broken = offences(
        |path, found| {
            if code(&root().join(path)).contains("sqlx::") {
                found.push(format!("{path:?}"));
            }
        },
        &elsewhere,
    );
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn every_file_says_what_it_is_and_is_short() {
    let all: Vec<PathBuf> = ["src", "engine/src", "tests/it"].iter().flat_map(|folder| files(folder, ".rs")).collect();
    let broken = offences(
        |path, found| {
            let text = std::fs::read_to_string(root().join(path)).unwrap();
            if !text.starts_with("//!") {
                found.push(format!("{path:?} does not begin with a //! sentence"));
            }
            if text.lines().count() > LONGEST {
                found.push(format!("{path:?} has {} lines", text.lines().count()));
            }
        },
        &all,
    );
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn pages_hold_no_inline_script_or_style() {
    let broken = offences(
        |path, found| {
            let text = std::fs::read_to_string(root().join(path)).unwrap();
            for word in [" style=\"", " onclick=", " onload=", "javascript:", "<style", "hx-on"] {
                if text.contains(word) {
                    found.push(format!("{path:?}: {word}"));
                }
            }
            for script in text.split("<script").skip(1) {
                if !script.split('>').next().is_some_and(|tag| tag.contains("src=") || tag.contains("application/json"))
                {
                    found.push(format!("{path:?}: an inline script"));
                }
            }
        },
        &files("templates", ".html"),
    );
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn tests_neither_sleep_nor_are_left_out() {
    let all: Vec<PathBuf> =
        ["tests/it", "engine/tests", "src", "engine/src"].iter().flat_map(|folder| files(folder, ".rs")).collect();
    let broken = offences(
        |path, found| {
            let code = code(&root().join(path));
            // Written in two halves, so that this file is not its own offence.
            for word in [concat!("#[ign", "ore"), concat!("thread::sl", "eep")] {
                if code.contains(word) {
                    found.push(format!("{path:?}: {word}"));
                }
            }
        },
        &all,
    );
    assert!(broken.is_empty(), "{broken:#?}");
}
