//! Everything that needs more than one room: the database, processes, pages.

mod tidy;
