//! An experiment's frames, checked as an import checks them.

use anyhow::{Result, ensure};

use super::file::Experiment;
use super::progress::Terminal;
use crate::config::EngineArgs;
use crate::domain::{Dataset, FrameId, FrameRef, LabelCode, LabelRef, Plan};
use crate::formats::datasets::{Refused, scan};
use crate::formats::import::check;
use crate::formats::mapping::code_for;

/// Builds what all jobs share, for the first seed. Also what was left out, and why.
pub(super) fn plan(experiment: &Experiment, engine: &EngineArgs, terminal: &Terminal) -> Result<(Plan, Vec<Refused>)> {
    let mut plan = Plan {
        classes: experiment.taxonomy.classes.clone(),
        recipe: experiment.recipe.clone(),
        seed: experiment.seeds[0],
        device: engine.device.clone(),
        threads: engine.threads,
        imagenet: engine.imagenet(experiment.recipe.backbone),
        codes: Default::default(),
        source: vec![],
        target: vec![],
        val: vec![],
    };
    let (mut refused, mut next) = (vec![], 1);
    for (name, dataset) in [("source", &experiment.source), ("target", &experiment.target), ("val", &experiment.val)] {
        let code = code_for(dataset, &experiment.taxonomy)?;
        let (frames, bad) = read(name, dataset, &code, next, terminal)?;
        next += frames.len() as i64;
        refused.extend(bad);
        plan.codes.insert(name.into(), code);
        match name {
            "source" => plan.source = frames,
            "target" => plan.target = frames,
            _ => plan.val = frames,
        }
    }
    Ok((plan, refused))
}

/// Frames of one dataset, numbered from `first` in the order of their names, so that the same files get the same ids.
fn read(
    name: &str,
    dataset: &Dataset,
    code: &LabelCode,
    first: i64,
    terminal: &Terminal,
) -> Result<(Vec<FrameRef>, Vec<Refused>)> {
    let found = scan(dataset, true)?;
    let tell = |done: usize, total: usize| {
        if done.is_multiple_of(50) {
            terminal.show(&format!("Checking {name}: {done} of {total} frames"));
        }
    };
    let checked = check(&found, Some(code), &tell);
    let root = dataset.root.display();
    let why = checked.refused.first().map(|first| format!("; {} {}", first.path.display(), first.reason));
    ensure!(!checked.frames.is_empty(), "there is no fit frame in {root}{}", why.unwrap_or_default());
    terminal.say(&format!("{name}: {} frames, {} left out", checked.frames.len(), checked.refused.len()));
    let frame = |(frame, id): (crate::formats::import::CheckedFrame, i64)| FrameRef {
        id: FrameId(id),
        image: frame.found.image,
        size: frame.size,
        label: frame.found.label.map(|path| LabelRef { path, code: name.into() }),
    };
    Ok((checked.frames.into_iter().zip(first..).map(frame).collect(), checked.refused))
}
