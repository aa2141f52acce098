//! Selection: the target frames that people should label (Eq. 5 and its rivals), and the map to see them on.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use windlass::domain::{FrameId, MapPoint, Pick, PointKind, Selection, Strategy, files};
use windlass::formats::atomic;
use windlass::method::scores::{Anchors, Described, Measure, mean, presence};
use windlass::method::selection::{Asked, Pool, choose, class_mix, group_mix};
use windlass::method::tsne::{Knobs, embed};

use crate::feature_file::FeatureFile;
use crate::job::{Job, Outcome};

/// Frames of a domain on the map, besides picks: enough to see its shape, few enough to be laid out in a second.
const MAPPED: usize = 250;

/// Leaves the picks among the candidates, each with its distances, and the map. `groups` are of the candidates in turn.
pub fn run(
    job: &Job,
    features: &Path,
    anchors: &Path,
    candidates: &[FrameId],
    groups: &[String],
    asked: &Asked<'_>,
) -> Result<Outcome> {
    let Asked { strategy, budget, stratified, quota, .. } = *asked;
    job.started(None)?;
    let n_classes = job.spec.classes.len();
    let (file, anchors) = (FeatureFile::open(features)?, Centres::open(anchors)?);
    let source = described(&file, "source", n_classes)?;
    let target = described(&file, "target", n_classes)?;
    let length = anchors.length;
    ensure!(
        source.iter().chain(&target).all(|frame| frame.vector.len() == length),
        "the anchors are {length} long, the vectors are not: make the anchors again"
    );

    let place: HashMap<FrameId, usize> = target.iter().map(|frame| frame.frame).zip(0..).collect();
    let find = |id: &FrameId| {
        let at = place.get(id).with_context(|| format!("frame {id} has no feature vector: extract features again"))?;
        Ok(target[*at])
    };
    let pool = candidates.iter().map(find).collect::<Result<Vec<_>>>()?;
    let among: HashSet<FrameId> = candidates.iter().copied().collect();
    let labelled: Vec<_> = target.iter().filter(|frame| !among.contains(&frame.frame)).copied().collect();

    let needs_presence = strategy == Strategy::Present;
    let present = |frames: &[Described<'_>], centres: &[f32]| match needs_presence {
        true => presence(frames.iter().copied(), centres, n_classes),
        false => vec![1.0; centres.len() / length * n_classes],
    };
    let by_source = present(&source, &anchors.source);
    let by_target = present(&target, &anchors.target);
    let mean = match strategy {
        Strategy::Prototype => mean(source.iter().map(|frame| frame.vector), length),
        _ => vec![],
    };
    let measure = Measure {
        source: Anchors { centres: &anchors.source, presence: &by_source },
        target: Anchors { centres: &anchors.target, presence: &by_target },
        mean: &mean,
    };
    let pool = Pool { candidates: &pool, labelled: &labelled, groups, measure };
    let picks = choose(&pool, asked)?;
    if picks.len() < budget && strategy != Strategy::Listed {
        let why = if picks.len() == candidates.len() { "there are no more" } else { "the quota leaves no more" };
        job.events.note(format!("{budget} frames were asked for and {} are chosen: {why}", picks.len()))?;
    }

    let map = map(&source, &target, &picks, &anchors);
    atomic::write(&job.out(files::MAP)?, &serde_json::to_vec(&map)?)?;
    let selection = Selection {
        strategy,
        budget,
        stratified,
        quota,
        anchors: [&anchors.source, &anchors.target].map(|centres| centres.len() / length),
        candidates: candidates.len(),
        mix: class_mix(pool.candidates, &picks),
        groups: group_mix(pool.candidates, groups, &picks),
        picks,
    };
    atomic::write(&job.out(files::SELECTION)?, &serde_json::to_vec_pretty(&selection)?)?;
    Ok(Outcome::Done)
}

/// The anchors of both domains.
struct Centres {
    source: Vec<f32>,
    target: Vec<f32>,
    length: usize,
}

impl Centres {
    fn open(path: &Path) -> Result<Self> {
        let file = FeatureFile::open(path)?;
        let ((source, length), (target, also)) = (file.floats("source", "anchors")?, file.floats("target", "anchors")?);
        ensure!(length == also && length > 0, "the anchors are of two lengths: make them again");
        Ok(Self { source: source.to_vec(), target: target.to_vec(), length })
    }
}

/// The frames of a set, read where they lie.
fn described<'a>(file: &'a FeatureFile, set: &str, n_classes: usize) -> Result<Vec<Described<'a>>> {
    let (vectors, length) = file.floats(set, "vectors")?;
    let (present, n_present) = file.bytes(set, "present")?;
    let ((pixels, n_pixels), (entropy, n_entropy)) = (file.floats(set, "pixels")?, file.floats(set, "entropy")?);
    let foreign = file.floats_if_any(set, "foreign")?.map(|(foreign, _)| foreign);
    ensure!(
        [n_present, n_pixels, n_entropy].iter().all(|n| *n == n_classes) && length > 0,
        "the features are of other classes: extract features again"
    );
    let of = |at: usize, values: &'a [f32]| &values[at * n_classes..][..n_classes];
    let frame = |(at, frame)| Described {
        frame,
        vector: &vectors[at * length..][..length],
        present: &present[at * n_classes..][..n_classes],
        entropy: of(at, entropy),
        foreign: foreign.map(|foreign| of(at, foreign)),
        pixels: of(at, pixels),
    };
    Ok(file.ids(set)?.into_iter().enumerate().map(frame).collect())
}

/// Both domains in the plane: every so many-th frame, all picks, all anchors.
fn map(source: &[Described<'_>], target: &[Described<'_>], picks: &[Pick], anchors: &Centres) -> Vec<MapPoint> {
    let picked: HashSet<FrameId> = picks.iter().map(|pick| pick.frame).collect();
    let every = |frames: &[Described<'_>]| frames.len().div_ceil(MAPPED).max(1);
    let mut points: Vec<(PointKind, &[f32])> = vec![];
    points.extend(source.iter().step_by(every(source)).map(|frame| (PointKind::Source, frame.vector)));
    let others = target.iter().step_by(every(target)).filter(|frame| !picked.contains(&frame.frame));
    points.extend(others.map(|frame| (PointKind::Target, frame.vector)));
    let chosen: Vec<_> = target.iter().filter(|frame| picked.contains(&frame.frame)).collect();
    points.extend(chosen.iter().step_by(chosen.len().div_ceil(MAPPED).max(1)).map(|f| (PointKind::Picked, f.vector)));
    points.extend(anchors.source.chunks_exact(anchors.length).map(|centre| (PointKind::SourceAnchor, centre)));
    points.extend(anchors.target.chunks_exact(anchors.length).map(|centre| (PointKind::TargetAnchor, centre)));
    let rows: Vec<&[f32]> = points.iter().map(|(_, row)| *row).collect();
    let places = embed(&rows, Knobs::default());
    points.iter().zip(places).map(|(&(kind, _), [x, y])| MapPoint { kind, x, y }).collect()
}
