//! Selection: the target frames that people should label (Eq. 5).

use std::collections::{HashMap, HashSet};
use std::path::Path;

use anyhow::{Context, Result, bail};
use windlass::domain::{FrameId, Pick, Selection, files};
use windlass::formats::atomic;
use windlass::method::selection::{dual_domain_distance, largest, random};

use crate::feature_file::FeatureFile;
use crate::job::{Job, Outcome};

/// Rows that are gathered at a time: a few megabytes.
const ROWS: usize = 256;

/// Leaves the picks of `strategy` among the candidates, each with its distances.
pub fn run(
    job: &Job,
    features: &Path,
    anchors: &Path,
    candidates: &[FrameId],
    budget: usize,
    strategy: &str,
) -> Result<Outcome> {
    job.started(None)?;
    let picks =
        distances(&FeatureFile::open(features)?, &FeatureFile::open(anchors)?, candidates, job.spec.classes.len())?;
    let picks = match strategy {
        "madav2" => largest(picks, budget),
        "random" => {
            let drawn: HashSet<FrameId> = random(candidates, budget, job.spec.seed).into_iter().collect();
            largest(picks.into_iter().filter(|pick| drawn.contains(&pick.frame)).collect(), budget)
        }
        _ => bail!("there is no strategy {strategy:?}: give madav2 or random"),
    };
    let selection = Selection { strategy: strategy.into(), candidates: candidates.len(), picks };
    atomic::write(&job.out(files::SELECTION)?, &serde_json::to_vec_pretty(&selection)?)?;
    Ok(Outcome::Done)
}

/// Eq. 5 of every candidate.
fn distances(
    features: &FeatureFile,
    anchors: &FeatureFile,
    candidates: &[FrameId],
    n_classes: usize,
) -> Result<Vec<Pick>> {
    let (rows, length) = features.floats("target", "vectors")?;
    let place: HashMap<FrameId, usize> = features.ids("target")?.into_iter().zip(0..).collect();
    let anchors = |set| match anchors.floats(set, "anchors")? {
        (floats, n) if n == length => Ok(floats),
        (_, n) => bail!("the {set} anchors are {n} long, the vectors {length}: make the anchors again"),
    };
    let (source, target) = (anchors("source")?, anchors("target")?);
    let mut picks = Vec::with_capacity(candidates.len());
    for candidates in candidates.chunks(ROWS) {
        let mut gathered = Vec::with_capacity(candidates.len() * length);
        for id in candidates {
            let at =
                place.get(id).with_context(|| format!("frame {id} has no feature vector: extract features again"))?;
            gathered.extend_from_slice(&rows[at * length..][..length]);
        }
        picks.extend(dual_domain_distance(&gathered, candidates, source, target, n_classes));
    }
    Ok(picks)
}
