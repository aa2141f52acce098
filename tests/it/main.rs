//! Everything that needs more than one room: the database, processes, pages.

mod annotate;
mod fixture;
mod kill;
mod tidy;
