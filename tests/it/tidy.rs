//! The law of the rooms, and other habits that a compiler does not keep.

use std::path::{Path, PathBuf};

/// What a room must not name.
const LAW: &[(&str, &[&str])] = &[
    (
        "src/domain",
        &["crate::method", "crate::formats", "crate::store", "crate::supervisor", "crate::web", "std::fs", "std::net"],
    ),
    ("src/method", &["crate::formats", "crate::store", "crate::supervisor", "crate::web", "std::fs"]),
    ("src/formats", &["crate::method", "crate::store", "crate::supervisor", "crate::web", "tokio"]),
    ("src/scenes", &["crate::method", "crate::store", "crate::supervisor", "crate::web", "tokio"]),
    ("src/store", &["crate::method", "crate::supervisor", "crate::web"]),
    ("src/supervisor", &["crate::web"]),
    ("src/experiment", &["crate::web", "crate::store"]),
    ("src/web", &["std::process"]),
    ("engine/src", &["windlass::store", "windlass::web", "windlass::supervisor"]),
];

/// The rooms that name an outside thing. Cargo keeps tch in `engine/`, and most of these out of it.
const OUTSIDE: &[(&str, &[&str])] = &[
    ("sqlx", &["src/store"]),
    ("zstd", &["src/store"]),
    ("axum", &["src/web", "src/serve.rs"]),
    ("askama", &["src/web"]),
    ("zip", &["src/web"]),
    ("image", &["src/formats"]),
    ("png", &["src/formats"]),
    ("toml", &["src/formats", "src/experiment"]),
    ("clap", &["src/config.rs", "src/main.rs"]),
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

/// Whether code has `root::room`, also as `use root::{…, room, …}`.
fn mentions(code: &str, path: &str) -> bool {
    let within = path.split_once("::").is_some_and(|(root, room)| {
        let begins = format!("use {root}::{{");
        let lists = code.split(&begins).skip(1).filter_map(|rest| rest.split(';').next());
        lists.flat_map(|list| list.split(|c: char| !c.is_alphanumeric() && c != '_')).any(|part| part == room)
    });
    within || code.contains(path)
}

#[test]
fn no_room_names_what_it_must_not() {
    for (room, forbidden) in LAW {
        let broken = offences(
            |path, found| {
                let code = code(&root().join(path));
                found.extend(
                    forbidden.iter().filter(|word| mentions(&code, word)).map(|word| format!("{path:?}: {word}")),
                );
            },
            &files(room, ".rs"),
        );
        assert!(broken.is_empty(), "{broken:#?}");
    }
}

/// Whether code names a crate, rather than something that ends like it.
fn names(code: &str, package: &str) -> bool {
    let goes_on = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    code.match_indices(&format!("{package}::")).any(|(at, _)| !code[..at].ends_with(goes_on))
}

#[test]
fn each_outside_thing_is_named_in_its_room() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    assert!(!manifest.lines().any(|line| line.starts_with("tch")), "the server links no libtorch");
    for (package, homes) in OUTSIDE {
        let (home, elsewhere): (Vec<_>, Vec<_>) = files("src", ".rs")
            .into_iter()
            .partition(|path| homes.iter().any(|home| path.starts_with(root().join(home))));
        let named = |path: &PathBuf| names(&code(path), package);
        assert!(home.iter().any(named), "{package} is named nowhere: strike it");
        let broken: Vec<_> = elsewhere.into_iter().filter(named).collect();
        assert!(broken.is_empty(), "{package}: {broken:#?}");
    }
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
    // Written in two halves, so that this file is not its own offence.
    let rust = ["tests/it", "engine/tests", "src", "engine/src"].map(|folder| files(folder, ".rs")).concat();
    let tests = ["tests/it", "engine/tests"].map(|folder| files(folder, ".rs")).concat();
    let scripts = ["tests/js", "tests/browser"].map(|folder| files(folder, ".js")).concat();
    let laws: [(&[PathBuf], &[&str]); 3] = [
        (&rust, &[concat!("#[ign", "ore"), concat!("thread::sl", "eep")]),
        (&tests, &[concat!("time::sl", "eep")]),
        (&scripts, &["waitForTimeout", "setTimeout", "test.skip", "test.only", "test.todo"]),
    ];
    for (paths, words) in laws {
        let broken = offences(
            |path, found| {
                // `until` of fake.rs looks again every few milliseconds, and sleeps between.
                let mut code = code(&root().join(path));
                if path.ends_with("fake.rs") {
                    code = code.replacen(concat!("time::sl", "eep"), "", 1);
                }
                found.extend(words.iter().filter(|word| code.contains(**word)).map(|word| format!("{path:?}: {word}")));
            },
            paths,
        );
        assert!(broken.is_empty(), "{broken:#?}");
    }
}
