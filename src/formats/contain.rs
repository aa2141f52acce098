//! Paths that people type, kept inside the data root.

use std::path::{Component, Path, PathBuf};

/// The longest path that Linux opens.
const MAX_BYTES: usize = 4096;

/// Why a path is not opened.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum ContainError {
    #[error("the path is longer than {MAX_BYTES} bytes: give a shorter one")]
    TooLong,
    #[error("the path holds a zero byte: type it again")]
    ZeroByte,
    #[error("{} leads out of the data root {}: give a path below it", given.display(), root.display())]
    Leaves { given: PathBuf, root: PathBuf },
    #[error("{} cannot be opened: {error}", given.display())]
    Missing { given: PathBuf, error: std::io::Error },
}

/// Resolves a path, relative to the root or absolute below it, to where it really is.
///
/// Refuses `..`, absolute paths elsewhere and links that lead out. A link that is swapped after this check is beyond
/// it: who can write below the root may as well write the files there.
pub fn contained(root: &Path, given: &str) -> Result<PathBuf, ContainError> {
    if given.len() > MAX_BYTES {
        return Err(ContainError::TooLong);
    }
    if given.contains('\0') {
        return Err(ContainError::ZeroByte);
    }
    let missing = |error| ContainError::Missing { given: given.into(), error };
    let leaves = || ContainError::Leaves { given: given.into(), root: root.into() };
    let real_root = root.canonicalize().map_err(missing)?;
    let joined = root.join(given);
    // Before the disk is asked, so that nobody learns what exists elsewhere.
    let climbs = Path::new(given).components().any(|part| part == Component::ParentDir);
    if climbs || !(joined.starts_with(root) || joined.starts_with(&real_root)) {
        return Err(leaves());
    }
    let real = joined.canonicalize().map_err(missing)?;
    if real.starts_with(&real_root) { Ok(real) } else { Err(leaves()) }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::super::test_files::*;
    use super::*;

    #[test]
    fn a_path_below_the_root_is_resolved() {
        let folder = Folder::new();
        let file = folder.put("data/city/frame.png", b"x");
        let root = folder.path().join("data");
        let real = file.canonicalize().unwrap();
        symlink(root.join("city"), root.join("link")).unwrap();
        symlink(&root, folder.path().join("alias")).unwrap();
        for given in ["city/frame.png", "./city//frame.png", "link/frame.png", file.to_str().unwrap()] {
            assert_eq!(contained(&root, given).unwrap(), real, "{given}");
        }
        assert_eq!(contained(&folder.path().join("alias"), "city/frame.png").unwrap(), real);
        assert_eq!(contained(&root, "").unwrap(), root.canonicalize().unwrap());
    }

    #[test]
    fn a_path_that_leaves_the_root_is_refused() {
        let folder = Folder::new();
        let secret = folder.put("secret/key", b"x");
        folder.put("data/frame.png", b"x");
        folder.put("data2/frame.png", b"x");
        let root = folder.path().join("data");
        symlink(folder.path().join("secret"), root.join("way_out")).unwrap();
        let neighbour = folder.path().join("data2/frame.png");
        let leaving = [
            "..",
            "../secret/key",
            "a/../../secret/key",
            "/etc/passwd",
            "/",
            "way_out",
            "way_out/key",
            secret.to_str().unwrap(),
            neighbour.to_str().unwrap(),
        ];
        for given in leaving {
            let refused = contained(&root, given).unwrap_err();
            assert!(matches!(refused, ContainError::Leaves { .. }), "{given}: {refused}");
        }
        assert!(matches!(contained(&root, "frame.png\0.txt"), Err(ContainError::ZeroByte)));
        assert!(matches!(contained(&root, &"a/".repeat(2049)), Err(ContainError::TooLong)));
        assert!(matches!(contained(&root, "none.png"), Err(ContainError::Missing { .. })));
    }
}
