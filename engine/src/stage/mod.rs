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
use windlass::method::selection::Asked;

use crate::job::{Job, Outcome};

/// Does what the job's spec says.
pub fn run(job: &Job) -> Result<Outcome> {
    match &job.spec.task {
        Task::Warmup { imagenet, source, target } => warmup::run(job, imagenet, source, target),
        Task::Features { model, discriminator, sets } => features::run(job, model, discriminator.as_deref(), sets),
        Task::Anchors { features, sets } => anchors::run(job, features, sets),
        Task::Select { features, anchors, candidates, budget, strategy, stratified, quota, groups, listed } => {
            let (budget, strategy, stratified, quota) = (*budget, *strategy, *stratified, *quota);
            let asked = Asked { strategy, budget, stratified, quota, listed, seed: job.spec.seed };
            select::run(job, features, anchors, candidates, groups, &asked)
        }
        Task::Prelabel { model, frames } => prelabel::run(job, model, frames),
        Task::Inject { model, source, labelled } => inject::run(job, model, source, labelled),
        Task::Adapt { model, features, anchors, source, labelled, unlabelled } => {
            adapt::run(job, model, features.as_deref(), anchors, source, labelled, unlabelled)
        }
        Task::Evaluate { model, frames, pictures, predictions } => {
            evaluate::run(job, model, frames, *pictures, *predictions)
        }
    }
}
