//! An experiment's frames, checked as an import checks them.

use anyhow::{Result, ensure};

use super::file::Experiment;
use super::progress::Terminal;
use crate::config::EngineArgs;
use crate::domain::{Dataset, FrameId, FrameRef, LabelCode, LabelRef, Plan};
use crate::formats::datasets::{Refused, scan};
use crate::formats::import::{Checked, CheckedFrame, check};
use crate::formats::mapping::code_for;

/// What all jobs share, and what else is known of the frames.
pub(super) struct Frames {
    /// For the first seed.
    pub plan: Plan,
    /// What was left out, and why.
    pub refused: Vec<Refused>,
    /// Of the target's frames, as their dataset calls them.
    pub names: Vec<(String, FrameId)>,
}

/// Finds and checks the frames.
pub(super) fn read(experiment: &Experiment, engine: &EngineArgs, terminal: &Terminal) -> Result<Frames> {
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
        groups: Default::default(),
        val: vec![],
    };
    let (mut refused, mut names, mut next) = (vec![], vec![], 1);
    for (name, dataset) in [("source", &experiment.source), ("target", &experiment.target), ("val", &experiment.val)] {
        let code = code_for(dataset, &experiment.taxonomy)?;
        let Checked { frames: found, refused: bad } = check_part(name, dataset, &code, terminal)?;
        let ids = || (next..).map(FrameId);
        let frames: Vec<FrameRef> = found.iter().zip(ids()).map(|(frame, id)| frame_ref(frame, id, name)).collect();
        if name == "target" {
            plan.groups = ids().zip(&found).map(|(id, frame)| (id, frame.found.group.clone())).collect();
            names = found.iter().map(|frame| frame.found.name.clone()).zip(ids()).collect();
        }
        next += frames.len() as i64;
        refused.extend(bad);
        plan.codes.insert(name.into(), code);
        match name {
            "source" => plan.source = frames,
            "target" => plan.target = frames,
            _ => plan.val = frames,
        }
    }
    Ok(Frames { plan, refused, names })
}

/// Numbered in the order of their names, so that the same files get the same ids.
fn frame_ref(frame: &CheckedFrame, id: FrameId, code: &str) -> FrameRef {
    let label = frame.found.label.clone().map(|path| LabelRef { path, code: code.into() });
    FrameRef { id, image: frame.found.image.clone(), size: frame.size, label }
}

/// Frames of one dataset; at least one.
fn check_part(name: &str, dataset: &Dataset, code: &LabelCode, terminal: &Terminal) -> Result<Checked> {
    let root = dataset.root.display();
    ensure!(
        dataset.root.is_dir(),
        "there is no folder {root} for the {name}: say by --data where the experiment's folders lie"
    );
    let found = scan(dataset, true)?;
    let tell = |done: usize, total: usize| {
        if done.is_multiple_of(50) {
            terminal.show(&format!("Checking {name}: {done} of {total} frames"));
        }
    };
    let checked = check(&found, Some(code), &tell);
    let why = checked.refused.first().map(|first| format!("; {} {}", first.path.display(), first.reason));
    ensure!(!checked.frames.is_empty(), "there is no fit frame in {root}{}", why.unwrap_or_default());
    terminal.say(&format!("{name}: {} frames, {} left out", checked.frames.len(), checked.refused.len()));
    Ok(checked)
}
