//! The database and the workspace folder: the only room that knows SQL.
//!
//! One file per table group, plain functions. What only reads takes [`&Db`](Db); what changes one thing takes `&Db` too
//! and is one transaction; what must happen together with other changes takes a [`Tx`] that the caller begins and commits.

pub mod masks;
pub mod work;
pub mod queue;
pub mod workspace;
pub mod people;
pub mod projects;
pub mod frames;
pub mod rounds;
pub mod jobs;
pub mod events;
pub mod models;
mod column;
mod db;
mod error;

pub use db::{Db, Tx, now};
pub use error::{Error, Result};
pub use workspace::{OpenError, Workspace};
