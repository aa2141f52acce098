//! `windlass-engine DIR` runs the job in a folder.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use windlass_engine::bench::BenchCommand;
use windlass_engine::events::Events;
use windlass_engine::job;
use windlass_engine::predictions::PredictCommand;
use windlass_engine::weights::WeightsCommand;

/// Windlass's engine: networks and training.
///
/// The server starts it; by hand it serves to run a job on another machine, or to look why one failed. A job is a
/// folder with a spec.json. Results appear below out/, complete once the last line says "done". Every line on
/// standard output is one JSON event. A job that was stopped (Ctrl-C, SIGTERM) or killed can be run again:
/// it goes on from its last checkpoint. Anchors and selection, which take seconds, begin anew.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(after_help = "Exit status: 0 when the job is done or was stopped, 1 when it failed.")]
struct Arguments {
    /// The job's folder.
    #[arg(required = true)]
    dir: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Give every picture of a folder the classes that a model sees in it.
    ///
    /// As a job does, it says how far it is in lines of JSON. Stopped (Ctrl-C) or killed it goes on with the same
    /// command: pictures that have their files in OUT are passed over.
    Predict(PredictCommand),
    /// Convert weights files.
    #[command(subcommand)]
    Weights(WeightsCommand),
    /// Measure this box: training, inference, pooling, anchors, selection, evaluation. One line of JSON each.
    Bench(BenchCommand),
}

fn main() -> ExitCode {
    let Arguments { dir, command } = Arguments::parse();
    let done = match (command, dir) {
        (Some(Command::Predict(command)), _) => command.run(),
        (Some(Command::Weights(command)), _) => command.run().map(|()| true),
        (Some(Command::Bench(command)), _) => command.run().map(|()| true),
        (None, dir) => job::run(&dir.unwrap_or_default(), Events::new(std::io::stdout())),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
