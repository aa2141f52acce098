//! What can go wrong with the database, as far as a caller does something about it.

use sqlx::error::ErrorKind;

/// SQLite's code for a disk without room.
const SQLITE_FULL: &str = "13";

/// Of the database.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something with that name, or in that place, is there already.
    #[error("there is one already")]
    Taken,
    /// No row of that id.
    #[error("there is no such thing")]
    NotFound,
    /// No room for it.
    #[error("the disk of the workspace is full: free some space; nothing that was saved before is lost")]
    DiskFull,
    /// A name that is no UTF-8.
    #[error("the path {} is not UTF-8: rename it", .0.display())]
    OddPath(std::path::PathBuf),
    /// A row that points nowhere, or holds what its column may not.
    #[error("that does not fit into the database: {0}")]
    Unfit(String),
    /// Anything else.
    #[error("the database failed: {0}")]
    Database(sqlx::Error),
    /// A column of JSON that a newer or broken program wrote.
    #[error("the database holds something that cannot be read: {0}")]
    Malformed(#[from] serde_json::Error),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        let sqlx::Error::Database(cause) = &error else {
            return if matches!(error, sqlx::Error::RowNotFound) { Self::NotFound } else { Self::Database(error) };
        };
        match cause.kind() {
            ErrorKind::UniqueViolation => Self::Taken,
            ErrorKind::ForeignKeyViolation | ErrorKind::NotNullViolation | ErrorKind::CheckViolation => {
                Self::Unfit(cause.message().to_owned())
            }
            _ if cause.code().as_deref() == Some(SQLITE_FULL) => Self::DiskFull,
            _ => Self::Database(error),
        }
    }
}

impl Error {
    /// Whether another try may succeed: the data are fine, the disk or the database is not.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::DiskFull | Self::Database(_))
    }
}
