//! The folder that everything is kept in: one server at a time, never opened blank by mistake.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sqlx::migrate::MigrateError;

use super::db::MIGRATIONS;
use super::{Db, Error, jobs, now};
use crate::domain::JobId;

const DATABASE: &str = "windlass.db";
const MARKER: &str = "VERSION";
const LOCK: &str = "lock";
/// Of the folder's layout; the database counts its migrations itself.
const LAYOUT: &str = "windlass workspace 1\n";

/// An open workspace. Clones share it; the last one dropped gives it free.
#[derive(Clone, Debug)]
pub struct Workspace {
    dir: PathBuf,
    db: Db,
    lock: Arc<File>,
}

/// Why a workspace stays closed. Each says what to do.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum OpenError {
    #[error("the workspace {dir} is open in another server ({holder}): stop that one, or choose another folder")]
    Held { dir: PathBuf, holder: String },
    #[error("{dir} is a file: give a folder for the workspace")]
    AFile { dir: PathBuf },
    #[error("the folder {dir} is not empty and no workspace: choose an empty folder or one that Windlass made")]
    Foreign { dir: PathBuf },
    #[error(
        "the workspace {dir} has lost its database: windlass.db is {what}; put a backup of the whole folder in its place, and leave no windlass.db-wal and windlass.db-shm of before"
    )]
    Damaged { dir: PathBuf, what: String },
    #[error("the workspace {dir} was made by a newer Windlass: start that one, or restore the backup from before it")]
    Newer { dir: PathBuf },
    #[error("the workspace {dir} was made by an older Windlass: start this server on it once")]
    Older { dir: PathBuf },
    #[error("there is no workspace at {dir}: give the folder that `windlass serve` was started with")]
    Absent { dir: PathBuf },
    #[error("the folder {dir} cannot be used: {cause}")]
    Folder { dir: PathBuf, cause: std::io::Error },
    #[error("the database of the workspace {dir}: {cause}")]
    Database { dir: PathBuf, cause: Error },
}

impl Workspace {
    /// Opens a workspace, or makes one where the folder is new or empty. Upgrades its tables.
    ///
    /// A folder whose marker is there but whose database is missing, empty or corrupt is refused: people's masks are in
    /// that file, and a blank one in its place would look as if they were gone.
    pub async fn open(dir: &Path) -> Result<Self, OpenError> {
        let folder = |cause| OpenError::Folder { dir: dir.to_owned(), cause };
        if dir.is_file() {
            return Err(OpenError::AFile { dir: dir.to_owned() });
        }
        fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(folder)?;
        let dir = dir.canonicalize().map_err(folder)?;
        let folder = |cause| OpenError::Folder { dir: dir.clone(), cause };
        let marked = dir.join(MARKER).exists();
        if !marked && !may_become_a_workspace(&dir).map_err(folder)? {
            return Err(OpenError::Foreign { dir });
        }
        let lock = take_lock(&dir)?;
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o700)).map_err(folder)?;
        if marked {
            check_files(&dir)?;
        }
        let db = open_database(&dir, !marked).await?;
        for part in ["jobs", "thumbnails", "exports"] {
            fs::create_dir_all(dir.join(part)).map_err(folder)?;
        }
        clear_halves(&dir.join("exports")).map_err(folder)?;
        let newest = jobs::newest(&db).await.map_err(|error| database_error(&dir, error))?;
        set_aside(&dir.join("jobs"), newest).map_err(folder)?;
        if !marked {
            // Last: from here on the database may never be missing.
            fs::write(dir.join(MARKER), LAYOUT).map_err(folder)?;
        }
        Ok(Self { dir, db, lock: Arc::new(lock) })
    }

    /// The database of a workspace that another process may hold open, for a single change beside it.
    pub async fn attach(dir: &Path) -> Result<Db, OpenError> {
        let Ok(dir) = dir.canonicalize() else { return Err(OpenError::Absent { dir: dir.to_owned() }) };
        match dir.join(MARKER).try_exists() {
            Ok(true) => {}
            Ok(false) => return Err(OpenError::Absent { dir }),
            // It is another user's.
            Err(cause) => return Err(OpenError::Folder { dir, cause }),
        }
        check_files(&dir)?;
        let db = connect(&dir, false).await?;
        // The server beside us may be older: its tables are not ours to upgrade.
        let known = MIGRATIONS.iter().map(|migration| migration.version).max();
        let newest = sqlx::query_scalar("select max(version) from _sqlx_migrations where success").fetch_one(db.read());
        let newest: Result<Option<i64>, _> = newest.await;
        match newest {
            Ok(newest) if newest == known => Ok(db),
            Ok(newest) if newest > known => Err(OpenError::Newer { dir }),
            Ok(_) => Err(OpenError::Older { dir }),
            Err(error) => Err(OpenError::Database { dir, cause: error.into() }),
        }
    }

    /// The folder, absolute.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The database.
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// The folder of a job.
    pub fn job_dir(&self, job: JobId) -> PathBuf {
        self.dir.join("jobs").join(job.to_string())
    }

    /// Small pictures, made when first asked for.
    pub fn thumbnails(&self) -> PathBuf {
        self.dir.join("thumbnails")
    }

    /// Bundles that were asked for.
    pub fn exports(&self) -> PathBuf {
        self.dir.join("exports")
    }

    /// Writes into the lock where this server listens, for the sentence that another one prints.
    pub fn sign(&self, address: &str) -> std::io::Result<()> {
        let mut lock = &*self.lock;
        lock.set_len(0)?;
        lock.rewind()?;
        write!(lock, "process {} at {address}", std::process::id())
    }

    /// Where the last server on a workspace listened, or listens now; none where none has.
    pub fn last_url(dir: &Path) -> Option<String> {
        let lock = fs::read_to_string(dir.join(LOCK)).ok()?;
        Some(lock.split_once(" at ")?.1.to_owned())
    }

    /// Bytes that the disk of the workspace has room for.
    pub fn room(&self) -> std::io::Result<u64> {
        let disk = rustix::fs::statvfs(&self.dir)?;
        Ok(disk.f_bavail * disk.f_frsize)
    }
}

/// Removes what a server that ended had half made.
fn clear_halves(exports: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(exports)? {
        let entry = entry?;
        match entry.file_name().to_string_lossy().starts_with('.') {
            true if entry.file_type()?.is_dir() => fs::remove_dir_all(entry.path())?,
            true => fs::remove_file(entry.path())?,
            false => {}
        }
    }
    Ok(())
}

/// Moves the folders of jobs that this database does not know out of the way. It was restored from a time before them, and
/// its next jobs, which get their numbers, would take what lies there for their own.
fn set_aside(jobs: &Path, newest: JobId) -> std::io::Result<()> {
    for entry in fs::read_dir(jobs)? {
        let path = entry?.path();
        let number = path.file_name().and_then(|name| name.to_str()?.parse::<i64>().ok());
        if number.is_some_and(|number| number > newest.0) {
            let aside = path.with_extension(format!("unknown-{}", now()));
            tracing::warn!("the database knows no job of {}: moved to {}", path.display(), aside.display());
            fs::rename(path, aside)?;
        }
    }
    Ok(())
}

/// Whether the folder holds nothing but what an interrupted first start leaves, and what file systems put there.
fn may_become_a_workspace(dir: &Path) -> std::io::Result<bool> {
    let mut names = fs::read_dir(dir)?.map(|entry| entry.map(|entry| entry.file_name()));
    names.try_fold(true, |fits, name| {
        let name = name?;
        let name = name.to_string_lossy();
        let ours = name.starts_with(DATABASE) || [LOCK, "jobs", "thumbnails", "exports"].contains(&&*name);
        Ok(fits && (ours || name.starts_with('.') || name == "lost+found"))
    })
}

fn take_lock(dir: &Path) -> Result<File, OpenError> {
    let folder = |cause| OpenError::Folder { dir: dir.to_owned(), cause };
    let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(dir.join(LOCK));
    let mut lock = open.map_err(folder)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::Error(cause)) => return Err(folder(cause)),
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let _ = lock.read_to_string(&mut holder);
            let holder = if holder.is_empty() { "it is just starting".into() } else { holder };
            return Err(OpenError::Held { dir: dir.to_owned(), holder });
        }
    }
    lock.set_len(0).and_then(|()| write!(lock, "process {}", std::process::id())).map_err(folder)?;
    Ok(lock)
}

/// What can be seen of a damaged database without opening it.
fn check_files(dir: &Path) -> Result<(), OpenError> {
    let damaged = |what: &str| Err(OpenError::Damaged { dir: dir.to_owned(), what: what.into() });
    match fs::read_to_string(dir.join(MARKER)) {
        Ok(layout) if layout == LAYOUT => {}
        Ok(layout) if layout.starts_with("windlass workspace ") => {
            return Err(OpenError::Newer { dir: dir.to_owned() });
        }
        Ok(_) => return Err(OpenError::Foreign { dir: dir.to_owned() }),
        Err(cause) => return Err(OpenError::Folder { dir: dir.to_owned(), cause }),
    }
    match fs::metadata(dir.join(DATABASE)) {
        Ok(file) if file.len() == 0 => damaged("empty"),
        Ok(_) => Ok(()),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => damaged("missing"),
        Err(cause) => Err(OpenError::Folder { dir: dir.to_owned(), cause }),
    }
}

/// Opens the database, makes sure that it is sound, and brings its tables up to date.
async fn open_database(dir: &Path, create: bool) -> Result<Db, OpenError> {
    let db = connect(dir, create).await?;
    let damaged = |what: String| OpenError::Damaged { dir: dir.to_owned(), what };
    let database = |error: sqlx::Error| database_error(dir, error.into());
    let check = sqlx::query_scalar("pragma quick_check(1)").fetch_all(db.write());
    let found: Vec<String> = check.await.map_err(database)?;
    if found != ["ok"] {
        return Err(damaged(format!("damaged ({})", found.join("; "))));
    }
    if !create {
        let count = sqlx::query_scalar("select count(*) from sqlite_schema where name in ('project', 'mask')");
        let tables: i64 = count.fetch_one(db.write()).await.map_err(database)?;
        if tables < 2 {
            return Err(damaged("blank".into()));
        }
    }
    match MIGRATIONS.run(db.write()).await {
        Ok(()) => Ok(db),
        Err(MigrateError::VersionMissing(_) | MigrateError::VersionTooNew(..) | MigrateError::VersionMismatch(_)) => {
            Err(OpenError::Newer { dir: dir.to_owned() })
        }
        Err(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => Err(database(error)),
        Err(other) => Err(damaged(format!("not to be upgraded ({other})"))),
    }
}

async fn connect(dir: &Path, create: bool) -> Result<Db, OpenError> {
    Db::open(&dir.join(DATABASE), create).await.map_err(|error| database_error(dir, error))
}

fn database_error(dir: &Path, cause: Error) -> OpenError {
    match &cause {
        Error::Database(sqlx::Error::Database(error)) if is_corrupt(error.code().as_deref()) => {
            OpenError::Damaged { dir: dir.to_owned(), what: format!("damaged ({error})") }
        }
        _ => OpenError::Database { dir: dir.to_owned(), cause },
    }
}

/// `SQLITE_CORRUPT` and `SQLITE_NOTADB`, extended codes too.
fn is_corrupt(code: Option<&str>) -> bool {
    code.and_then(|code| code.parse::<i32>().ok()).is_some_and(|code| matches!(code & 0xff, 11 | 26))
}
