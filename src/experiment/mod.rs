//! `windlass run`: the stages without a server, with the target's own labels in the annotator's place.
//!
//! Every job is a folder below `--out`, and what is done is not done again: a run that was stopped or killed goes on
//! when the same command is given. Target labels reach the engine in two ways only: those of picked frames as labels to
//! train on, those of the validation frames to measure with.

mod file;
mod frames;
mod job;
mod machine;
mod play;
mod progress;
mod report;

pub use file::{Arm, Experiment};

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};

use crate::config::Run;
use job::Runner;
use progress::Terminal;
use report::Report;

/// Plays an experiment; prints its table and leaves `report.json`, `report.md` and charts in `--out`.
pub async fn run(arguments: &Run) -> Result<()> {
    let terminal = Terminal::new();
    let here = Path::new(".");
    let experiment = Experiment::read(&arguments.file, arguments.data.as_deref().unwrap_or(here))?;
    let out = std::path::absolute(&arguments.out)?;
    std::fs::create_dir_all(&out).with_context(|| format!("{} cannot be made", out.display()))?;
    let _lock = lock(&out)?;
    let (mut plan, refused) = frames::plan(&experiment, &arguments.engine, &terminal)?;
    let runner = Runner { engine: &arguments.engine, terminal: &terminal };
    let mut played = vec![];
    for &seed in &experiment.seeds {
        plan.seed = seed;
        played.extend(play::play(&plan, &experiment, &out, &runner).await?);
    }
    let report = Report::new(&experiment, &plan, &refused, &played);
    report.write(&out, &played).with_context(|| format!("the report cannot be written to {}", out.display()))?;
    terminal.say("");
    let mut screen = std::io::stdout();
    writeln!(screen, "{}\n\nreport: {}", report.table(), out.join("report.md").display())?;
    Ok(())
}

/// Two runs in one folder would start the same jobs.
fn lock(out: &Path) -> Result<std::fs::File> {
    let path = out.join("lock");
    let file = std::fs::File::create(&path).with_context(|| format!("{} cannot be written", path.display()))?;
    let free = file.try_lock().is_ok();
    anyhow::ensure!(free, "another `windlass run` works in {}: wait for it, or give another --out", out.display());
    Ok(file)
}
