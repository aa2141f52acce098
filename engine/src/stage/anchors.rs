//! Anchors: the centres of K-means over the feature vectors of a domain (Eq. 2, 3).

use std::path::Path;

use anyhow::Result;
use windlass::domain::{AnchorReport, AnchorSet, files};
use windlass::formats::atomic;
use windlass::method::kmeans::{Knobs, kmeans};

use crate::feature_file::{FeatureFile, write_anchors};
use crate::job::{Job, Outcome};

/// Leaves the wanted anchors of each set.
pub fn run(job: &Job, features: &Path, sets: &[AnchorSet]) -> Result<Outcome> {
    job.started(None)?;
    let recipe = &job.spec.recipe;
    let features = FeatureFile::open(features)?;
    let length = job.spec.classes.len() * recipe.backbone.feature_channels();
    let (mut centres, mut reports) = (Vec::new(), Vec::new());
    for (done, AnchorSet { name: set, k }) in sets.iter().enumerate() {
        if job.stopping() {
            return Ok(Outcome::Stopped(done as u64));
        }
        let (rows, row_length) = features.floats(set, "vectors")?;
        anyhow::ensure!(
            row_length == length,
            "the vectors of {set} are {row_length} long, not {length}: extract features again"
        );
        let knobs = Knobs { k: *k, iterations: recipe.kmeans_iterations, restarts: recipe.kmeans_restarts };
        let clustering = kmeans(rows, length, knobs, job.spec.seed)?;
        reports.push(AnchorReport {
            set: set.clone(),
            counts: clustering.counts,
            inertia: clustering.inertia,
            iterations: clustering.iterations,
        });
        centres.push((set.clone(), clustering.centres));
        job.events.progress(done as u64 + 1, sets.len() as u64, "step")?;
    }
    atomic::write(&job.out(files::ANCHOR_REPORT)?, &serde_json::to_vec_pretty(&reports)?)?;
    write_anchors(&job.out(files::ANCHORS)?, centres, length)?;
    Ok(Outcome::Done)
}
