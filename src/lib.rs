//! Windlass moves a segmentation model to a new domain with labels on 5 % of its frames.
//!
//! It is MADAv2 (Ning et al., *Advanced Multi-Anchor Based Active Domain Adaptation Segmentation*) as a web app on
//! one box: an adversarial warm-up, multi-anchor selection, the chosen frames given to annotators in the browser, masks
//! in SQLite, semi-supervised fine-tuning, progress streamed to the page, the next round.
//!
//! # Two programs
//!
//! ```text
//! browser ──HTTP, SSE──▶ windlass serve ──starts──▶ windlass-engine DIR
//!                        pages, SQLite,             spec.json in, results out,
//!                        supervisor                 events as JSON lines; libtorch
//! ```
//!
//! A job is a folder. The engine never opens the database; `windlass` alone writes it and links no libtorch, which
//! would cost 113 MB and 0.25 s before `main`, and would let a broken driver stop the labelling.
//!
//! # Rooms
//!
//! Each outside thing of this table is named in its rooms alone: Cargo keeps tch in `engine/`, `tests/it/tidy.rs` the rest.
//!
//! | room | what is in it | names |
//! |---|---|---|
//! | [`domain`] | the words: classes, frames, masks, stages, job specs and events | – |
//! | [`method`] | the paper's mathematics on plain slices | domain |
//! | [`formats`] | other people's files: datasets, labels, pictures, exports, charts | domain, image, png, toml |
//! | [`scenes`] | the two drawn street domains of the demo and of tests | domain, formats |
//! | [`store`] | the database and the workspace folder | domain, sqlx, zstd |
//! | [`supervisor`] | import, queue, prepare, launch, follow, ingest, resume | domain, formats, store |
//! | [`web`] | routes, pages, server-sent events, sessions | all of the above, axum, askama, zip |
//! | [`config`] | arguments | domain, store's roles, supervisor's settings, clap |
//! | [`experiment`] | the stages without a server, an oracle for the annotator | domain, formats, toml, config, supervisor's launcher |
//! | [`serve`], [`demo`] | a server's life, the demo's project | all of the above |
//! | `engine/` | networks, losses, training loops; a file a stage | domain, method, formats, tch |
//!
//! # The flow
//!
//! import → warm-up → features → anchors → select → pre-label → *people label* → inject → target features → target
//! anchors → adapt, and from features again for the next round. [`domain::Stage`] alone knows the order. Evaluation
//! follows each stage that makes a model. Frames have ids, never row numbers; whatever is derived names the model,
//! anchors, knobs and seed that it came from, in the spec beside it.
//!
//! # A new way to choose frames
//!
//! A variant of [`domain::Strategy`] names and explains it; its score is an arm of `method::scores::Measure::score`, or of
//! `method::selection::choose` where picks depend on each other; its golden numbers are in `tests/golden`. Pages, forms and
//! experiment files go by the variants.
//!
//! # Decisions that somebody may want to reverse
//!
//! - SQL is text checked when a test runs it, not macros checked at compile time: one folder of generated files less.
//! - Select runs as a job like the others, though it takes a second: one way to run things, one way to see them.
//! - Pseudo labels are the teacher's answer to the very crop the student sees, never stored: a stored one is older than
//!   the teacher, and 25 000 of them are a dataset of their own.
//! - `recommended` chooses frames by coverage and not by MADAv2's distance, which crowds: Table 4 of `docs/results.md`.
//! - Pages are rendered by the server; the label editor is the one island of script.

pub mod domain;
pub mod method;
pub mod formats;
pub mod scenes;
#[cfg(feature = "server")]
pub mod store;
#[cfg(feature = "server")]
pub mod supervisor;
#[cfg(feature = "server")]
pub mod web;
#[cfg(feature = "server")]
pub mod config;
#[cfg(feature = "server")]
pub mod serve;
#[cfg(feature = "server")]
pub mod experiment;
#[cfg(feature = "server")]
pub mod demo;
