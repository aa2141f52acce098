//! Files that are whole or not there.

use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// Writes a file so that a reader never sees half of it: into a temporary file beside it, then renamed over it.
///
/// It does not wait for the disk. After a power cut the file may be missing or old; so only what can be made again is
/// written this way.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    put(path, |temporary| std::fs::write(temporary, bytes))
}

/// The same, on the disk before it has its name: for files whose being there says that something is complete.
pub fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    put(path, |temporary| {
        let mut file = std::fs::File::create(temporary)?;
        file.write_all(bytes)?;
        file.sync_all()
    })
}

/// Takes away what writers that were killed left in `folder`, of which none may be at work there.
pub fn sweep(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.as_encoded_bytes();
        if name.starts_with(b".") && name.ends_with(b".tmp") {
            // It does no harm but for its size.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn put(path: &Path, fill: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let name = path.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the path names no file"))?;
    let mut temporary = std::ffi::OsString::from(".");
    temporary.push(name);
    temporary.push(format!(".{}-{}.tmp", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
    let temporary = path.with_file_name(temporary);
    fill(&temporary).and_then(|()| std::fs::rename(&temporary, path)).inspect_err(|_| {
        // The first error is the one to tell; a left-over temporary file does no harm.
        let _ = std::fs::remove_file(&temporary);
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_file_is_replaced_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mask.png");
        super::write(&path, b"old").unwrap();
        super::write(&path, b"new").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(super::write(&folder.path().join("no/such/folder.png"), b"x").is_err());
    }

    #[test]
    fn what_a_killed_writer_left_is_swept_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mask.png");
        super::write(&path, b"whole").unwrap();
        std::fs::write(folder.path().join(".mask.png.17-0.tmp"), "of a writer that was killed").unwrap();
        super::sweep(folder.path());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(path.is_file());
    }
}
