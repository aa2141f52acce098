//! `windlass run`: the stages without a server, with the target's own labels in the annotator's place.
//!
//! Every job is a folder below `--out`, and what is done is not done again: a run that was stopped or killed goes on
//! when the same command is given. Target labels reach the engine in two ways only: those of picked frames as labels to
//! train on, those of the validation frames to measure with.
//!
//! Several experiments may share a folder of jobs: what is the same, such as the warm-up of a seed, is done once.

mod file;
mod frames;
mod job;
mod lines;
mod machine;
mod play;
mod progress;
mod report;

pub use file::{Arm, Experiment};

use std::cell::{Cell, RefCell};
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};

use crate::config::Run;
use job::Runner;
use lines::Lines;
use play::{Ground, Played};
use progress::Terminal;
use report::Report;

/// Plays an experiment; prints its table and leaves `report.json`, `report.md` and charts in `--out`.
pub async fn run(arguments: &Run) -> Result<()> {
    let terminal = Terminal::new();
    let here = Path::new(".");
    let mut experiment =
        Experiment::read(&arguments.file, arguments.on.as_deref(), arguments.data.as_deref().unwrap_or(here))?;
    if !arguments.seeds.is_empty() {
        experiment.seeds = arguments.seeds.clone();
    }
    let out = std::path::absolute(&arguments.out)?;
    std::fs::create_dir_all(&out).with_context(|| format!("{} cannot be made", out.display()))?;
    let _lock = lock(&out)?;
    let frames = frames::read(&experiment, &arguments.engine, &terminal)?;
    let jobs = match &arguments.jobs {
        Some(jobs) => std::path::absolute(jobs)?,
        None => out.join("jobs"),
    };
    std::fs::create_dir_all(&jobs).with_context(|| format!("{} cannot be made", jobs.display()))?;
    let _jobs_lock = lock(&jobs)?;
    let (stopped, digests) = (Cell::new(false), RefCell::default());
    let runner = Runner { engine: &arguments.engine, terminal: &terminal, stopped, digests };
    let ground = Ground { frames: &frames, experiment: &experiment, jobs: &jobs, runner: &runner };
    let lines = Lines::new(&out);
    let (mut played, mut failed) = (vec![], vec![]);
    for &seed in &experiment.seeds {
        let ended = |arm: &Arm, done: Result<&Played, &anyhow::Error>| {
            let result = report::result(arm, done, &experiment.taxonomy);
            lines.put(&experiment.name, &arm.name, seed, &result).context("results.jsonl cannot be written")
        };
        let (arms, errors) = play::play(&ground, seed, ended).await?;
        played.extend(arms);
        failed.extend(errors);
    }
    let n_failed = failed.len();
    let ended = match failed.into_iter().next() {
        None => Ok(()),
        Some(first) if n_failed == 1 => Err(first),
        Some(first) => Err(first.context(format!("{n_failed} arms failed; the same command tries them again"))),
    };
    if played.is_empty() {
        // A report of an earlier run says more.
        return ended;
    }
    let earlier = lines.of_other_seeds(&experiment.name, &experiment.seeds).context("results.jsonl cannot be read")?;
    let report = Report::new(&experiment, &frames, &played, &earlier);
    report.write(&out, &played).with_context(|| format!("the report cannot be written to {}", out.display()))?;
    terminal.say("");
    let mut screen = std::io::stdout();
    writeln!(screen, "{}\n\nreport: {}", report.table(), out.join("report.md").display())?;
    ended
}

/// Two runs in one folder would start the same jobs.
fn lock(out: &Path) -> Result<std::fs::File> {
    let path = out.join("lock");
    let file = std::fs::File::create(&path).with_context(|| format!("{} cannot be written", path.display()))?;
    let free = file.try_lock().is_ok();
    anyhow::ensure!(
        free,
        "another `windlass run` works in {}: wait for it, or give another --out or --jobs",
        out.display()
    );
    Ok(file)
}
