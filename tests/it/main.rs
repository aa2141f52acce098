//! Everything that needs more than one room: the database, processes, pages.

mod fake;
mod jobs;
mod tidy;
mod workspace;
