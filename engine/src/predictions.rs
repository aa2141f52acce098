//! `windlass-engine predict`: the classes that a model gives to every picture of a folder.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::{Context, Result, ensure};
use clap::Args;
use windlass::domain::{
    Dataset, FrameId, FrameRef, JobSpec, Layout, Mask, ModelCard, SPEC_VERSION, Stage, Task, Taxonomy,
};
use windlass::formats::datasets::scan;
use windlass::formats::export::Labels;
use windlass::formats::import::{CheckedFrame, check};

use crate::events::Events;
use crate::job::{Job, Outcome, told};
use crate::model::{Model, card};
use crate::predict::{self, Count, each_by};
use crate::views::see;

/// What to predict, and by what.
#[derive(Debug, Args)]
pub struct PredictCommand {
    /// A model's weights, model.safetensors, with its card, model.json, beside them, as an export has them.
    model: PathBuf,
    /// A folder of pictures, PNG or JPEG, with all folders in it.
    pictures: PathBuf,
    /// The folder to write to, which is made. For a picture a/b.jpg it gets a/b_labelIds.png, with Cityscapes' ids at the
    /// picture's own size, and a/b_color.png to look at.
    out: PathBuf,
    /// auto, cpu or cuda:0.
    #[arg(long, default_value = "auto")]
    device: String,
    /// CPU threads; 0 for all.
    #[arg(long, default_value_t = 0)]
    threads: usize,
}

impl PredictCommand {
    /// Predicts. False where that failed.
    pub fn run(self) -> Result<bool> {
        Ok(told(Events::new(std::io::stdout()), |events| self.predict(events))?.is_some())
    }

    fn predict(self, events: Rc<Events>) -> Result<Outcome> {
        let Self { model, pictures, out, device, threads } = self;
        let no_card = || format!("there is no model.json beside {}: take both from an export", model.display());
        let ModelCard { classes, recipe, seed, .. } = card(&model)?.with_context(no_card)?;
        let root = pictures.canonicalize().with_context(|| format!("cannot open {}", pictures.display()))?;
        ensure!(!lies_within(&out, &root)?, "{} lies within the pictures: name a folder elsewhere", out.display());

        let taxonomy = Taxonomy { name: String::new(), classes: classes.clone(), subsets: vec![] };
        // An evaluation of no frames: what comes after is seen as that would see it.
        let task = Task::Evaluate { model: model.clone(), frames: vec![], pictures: 0, predictions: false };
        let (version, stage, codes) = (SPEC_VERSION, Stage::Evaluate, Default::default());
        let job =
            Job::of(JobSpec { version, stage, seed, device, threads, classes, recipe, codes, task }, &out, events)?;
        job.started(None)?;
        let (labels, frames) = waiting(&job, root)?;
        let model = Model::load(&job, &model)?;
        let look = |rgb: &_| see(&model, rgb, &job.spec.recipe);
        let mut count = Count { done: 0, total: frames.len() };
        let all = each_by(&job, &job.shelf, look, &frames, false, &mut count, |seen| {
            for (place, frame) in seen.frames.iter().enumerate() {
                let logits = seen.output.logits.narrow(0, place as i64, 1);
                let pixels = predict::classes(&model, &logits, frame.size)?;
                let mask = Mask::new(frame.size, pixels, taxonomy.classes.len())?;
                let labels = &labels[seen.first + place];
                labels.write(&mask, &taxonomy).with_context(|| format!("cannot write to {}", out.display()))?;
            }
            Ok(())
        })?;
        Ok(if all { Outcome::Done } else { Outcome::Stopped(count.done as u64) })
    }
}

/// The pictures below `root` that have no labels in the job's folder yet. Says which cannot be used.
fn waiting(job: &Job, root: PathBuf) -> Result<(Vec<Labels>, Vec<FrameRef>)> {
    let dataset = Dataset { layout: Layout::Folder, root, split: None, labels: None, mapping: None };
    let checked = check(&scan(&dataset, false)?, None, &|_, _| {});
    for left_out in &checked.refused {
        job.events.note(format!("{} {}", left_out.path.display(), left_out.reason))?;
    }
    ensure!(!checked.frames.is_empty(), "none of the pictures in {} can be used", dataset.root.display());
    let numbered = checked.frames.into_iter().zip(1..).map(|(CheckedFrame { found, size }, id)| {
        let frame = FrameRef { id: FrameId(id), image: found.image, size, label: None };
        (Labels::of(&job.dir, &found.name), frame)
    });
    Ok(numbered.filter(|(labels, _)| !labels.are_there()).unzip())
}

/// Whether a folder, there or not, is below another one.
fn lies_within(folder: &Path, root: &Path) -> Result<bool> {
    let whole = std::path::absolute(folder)?;
    let there = whole.ancestors().find_map(|folder| folder.canonicalize().ok());
    Ok(there.is_some_and(|folder| folder.starts_with(root)))
}
