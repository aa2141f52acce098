//! The handle on the database: many readers, one writer.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Sqlite, SqlitePool, Transaction};

use super::Result;

/// Embedded, so that the binary needs no files to upgrade a workspace. Released migrations never change. There is no 0003.
pub(crate) static MIGRATIONS: Migrator = sqlx::migrate!();

/// Changes that happen together or not at all; dropped without `commit`, they never happened.
pub type Tx = Transaction<'static, Sqlite>;

/// The database. Cheap to clone.
///
/// All changes go through one connection and so stand in line here, in our process, rather than meet SQLite's
/// "database is locked". Readers have connections of their own and, with the write-ahead log, never wait for the writer.
#[derive(Clone, Debug)]
pub struct Db {
    readers: SqlitePool,
    writer: SqlitePool,
}

impl Db {
    /// Opens the file at `path`, which must exist unless `create`.
    pub(crate) async fn open(path: &Path, create: bool) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(create)
            .foreign_keys(true)
            // For other programs only: a backup, `windlass invite` beside a running server.
            .busy_timeout(Duration::from_secs(10))
            .journal_mode(SqliteJournalMode::Wal)
            // A mask that was acknowledged survives a power cut too, not only kill -9: one fsync a commit, and people
            // save a few times a second at most.
            .synchronous(SqliteSynchronous::Full);
        let writer = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
        let readers = SqlitePoolOptions::new().max_connections(4).connect_lazy_with(options.read_only(true));
        Ok(Self { readers, writer })
    }

    /// For everything that starts with `select`.
    pub(crate) fn read(&self) -> &SqlitePool {
        &self.readers
    }

    /// For one statement that changes something.
    pub(crate) fn write(&self) -> &SqlitePool {
        &self.writer
    }

    /// For several. Waits until nobody else writes; keep it short.
    pub async fn begin(&self) -> Result<Tx> {
        // Immediate: a transaction that reads first and writes later could otherwise find another program's change between.
        Ok(self.writer.begin_with("begin immediate").await?)
    }

    /// Writes everything to the main file and lets go of it.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// Milliseconds since 1970.
pub fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}
