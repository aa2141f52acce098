//! Everything that needs more than one room: the database, processes, pages.

mod annotate;
mod experiment;
mod fake;
mod fixture;
mod jobs;
mod kill;
mod pages;
mod support;
mod store;
mod tidy;
mod workspace;
