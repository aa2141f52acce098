//! Everything that needs more than one room: the database, processes, pages.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod annotate;
mod choosing;
mod experiment;
mod export;
mod fake;
mod fixture;
mod jobs;
mod kill;
mod labels;
mod operate;
mod pages;
mod people;
mod project;
mod routes;
mod saves;
mod support;
mod store;
mod tidy;
mod workspace;
