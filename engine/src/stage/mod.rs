//! The stages of the flow that are jobs, one file each.

pub mod warmup;
pub mod features;
pub mod anchors;
pub mod select;
pub mod prelabel;
pub mod inject;
pub mod adapt;
pub mod evaluate;

use anyhow::Result;
use windlass::domain::Task;

use crate::job::{Job, Outcome};

/// Does what the job's spec says.
pub fn run(job: &Job) -> Result<Outcome> {
    match &job.spec.task {
        Task::Warmup { imagenet, source, target } => warmup::run(job, imagenet, source, target),
        Task::Features { model, discriminator, sets } => features::run(job, model, discriminator.as_deref(), sets),
        Task::Anchors { features, sets } => anchors::run(job, features, sets),
        Task::Select { .. } => select::run(job),
        Task::Prelabel { model, frames } => prelabel::run(job, model, frames),
        Task::Inject { model, source, labelled } => inject::run(job, model, source, labelled),
        Task::Adapt { .. } => adapt::run(job),
        Task::Evaluate { model, frames, pictures, predictions } => {
            evaluate::run(job, model, frames, *pictures, *predictions)
        }
    }
}
