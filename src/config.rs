//! Arguments and the environment behind them: what an operator typed, and what it means on this box.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand};

use crate::domain::{Backbone, Preset};
use crate::store::people::Role;
use crate::supervisor;

const ENVIRONMENT: &str = "Environment, besides what the options name:
  WINDLASS_LOG    what is logged: error, warn, info, debug, or by module such as windlass::web=debug [default: info]
  WINDLASS_CACHE  the folder that builds fetch into [default: windlass in $XDG_CACHE_HOME, else in ~/.cache]";

/// Moves a segmentation model to a new domain with labels on 5 % of its frames.
#[derive(Debug, Parser)]
#[command(name = "windlass", version, propagate_version = true, after_help = ENVIRONMENT)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the pages and run the jobs of a workspace.
    ///
    /// Until a lead is there who can sign in, each start prints a link, good once, that makes one. Ctrl-C or SIGTERM stops
    /// the server; jobs go on, and the next start finds them.
    Serve(Serve),
    /// The whole loop on drawn street scenes, in your browser. A second start goes on where the first one was.
    Demo(Demo),
    /// Play an experiment without a server: known labels stand in the annotator's place.
    Run(Run),
    /// Print a link that lets one more person in, such as a lead when the first link was lost, or somebody in again.
    ///
    /// Works beside a running server and without one. The link is good once, for a week.
    Invite(Invite),
    /// Print every knob of a preset with what it does, as the [recipe] of an experiment file.
    Knobs(Knobs),
}

/// Where pages are served, unless it is said.
pub const LISTEN: &str = "127.0.0.1:7878";

/// What a server and the demo share.
#[derive(Args, Clone, Debug)]
pub struct Common {
    /// Folder for everything that Windlass writes: database, jobs, models. Made if it is not there.
    #[arg(long, value_name = "DIR", default_value = "workspace", env = "WINDLASS_WORKSPACE")]
    pub workspace: PathBuf,
    /// Address and port of the pages. Put a reverse proxy with TLS before anything but loopback.
    #[arg(long, value_name = "ADDRESS", default_value = LISTEN, env = "WINDLASS_LISTEN")]
    pub listen: SocketAddr,
    /// How people reach the pages, for the links that are printed. Default: http:// and the address.
    #[arg(long, value_name = "URL", env = "WINDLASS_URL")]
    pub url: Option<String>,
    /// How jobs are run.
    #[command(flatten)]
    pub engine: EngineArgs,
}

/// How jobs are run.
#[derive(Args, Clone, Debug)]
pub struct EngineArgs {
    /// The engine's binary. Default: windlass-engine beside this one.
    #[arg(long, value_name = "PATH", env = "WINDLASS_ENGINE")]
    pub engine: Option<PathBuf>,
    /// Words before the engine's, separated by spaces, such as "srun --gres=gpu:1". What they start must see workspace,
    /// data, weights and engine under the same paths as the server.
    #[arg(long, value_name = "WORDS", default_value = "", env = "WINDLASS_LAUNCHER")]
    pub launcher: String,
    /// Where jobs run: auto (the first card, else the CPU), cpu, cuda:1. For a server: those of new projects, unless their
    /// lead says otherwise.
    #[arg(long, default_value = "auto", env = "WINDLASS_DEVICE")]
    pub device: String,
    /// CPU threads of a job; 0 for all.
    #[arg(long, default_value_t = 0, env = "WINDLASS_THREADS")]
    pub threads: usize,
    /// Folder of the ImageNet weights: efficientnet_lite0.safetensors, resnet101.safetensors. Default: weights beside this
    /// program; where there is no such folder, the cache folder.
    #[arg(long, value_name = "DIR", env = "WINDLASS_WEIGHTS")]
    pub weights: Option<PathBuf>,
}

/// Arguments of `serve`.
#[derive(Args, Clone, Debug)]
pub struct Serve {
    /// Shared with the demo.
    #[command(flatten)]
    pub common: Common,
    /// Folder whose frames projects may read; may be given several times. Nothing outside is ever opened for a project.
    #[arg(long, value_name = "DIR")]
    pub data: Vec<PathBuf>,
}

/// Arguments of `demo`.
#[derive(Args, Clone, Debug)]
pub struct Demo {
    /// Shared with the server.
    #[command(flatten)]
    pub common: Common,
    /// Print the link only.
    #[arg(long)]
    pub no_browser: bool,
    /// Few small frames and few steps: a loop in seconds that learns nothing.
    #[arg(long)]
    pub toy: bool,
}

/// Arguments of `run`.
#[derive(Args, Clone, Debug)]
pub struct Run {
    /// The experiment, a TOML file.
    pub file: PathBuf,
    /// Another one whose data and knobs it is played on, such as experiments/pairs/camvid.toml.
    #[arg(long, value_name = "FILE")]
    pub on: Option<PathBuf>,
    /// Folder that the experiment's paths are below.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Folder for jobs and report.
    #[arg(long, value_name = "DIR", default_value = "out")]
    pub out: PathBuf,
    /// Folder for jobs, which experiments on one pair of domains may share, one run at a time: a warm-up that is the same is
    /// trained once. Default: jobs below --out.
    #[arg(long, value_name = "DIR")]
    pub jobs: Option<PathBuf>,
    /// Play these seeds instead of the file's. Seeds that results.jsonl in --out tells of stand in the table all the same,
    /// where they were played with the same knobs.
    #[arg(long, value_delimiter = ',')]
    pub seeds: Vec<u64>,
    /// How jobs are run.
    #[command(flatten)]
    pub engine: EngineArgs,
}

/// Arguments of `invite`.
#[derive(Args, Clone, Debug)]
pub struct Invite {
    /// The folder that the server was started with.
    #[arg(long, value_name = "DIR", default_value = "workspace", env = "WINDLASS_WORKSPACE")]
    pub workspace: PathBuf,
    /// lead: everything. annotator: label frames, and look at the rest.
    #[arg(long, value_parser = role, required_unless_present = "user", conflicts_with = "user")]
    pub role: Option<Role>,
    /// Instead of a new person: who is there already, forgot the password and chooses a new one.
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// How people reach the pages. Default: as the server on that workspace said last.
    #[arg(long, value_name = "URL", env = "WINDLASS_URL")]
    pub url: Option<String>,
}

/// Arguments of `knobs`.
#[derive(Args, Clone, Debug)]
pub struct Knobs {
    /// recommended, paper or released-code.
    #[arg(long, default_value = "recommended", value_parser = named::<Preset>)]
    pub preset: Preset,
    /// efficientnet_lite0 or resnet101.
    #[arg(long, default_value = "efficientnet_lite0", value_parser = named::<Backbone>)]
    pub backbone: Backbone,
}

/// What an invited person may do.
fn role(slug: &str) -> Result<Role, &'static str> {
    Role::from_slug(slug).ok_or("give lead or annotator")
}

/// A choice by its name in files.
fn named<T: serde::de::DeserializeOwned>(name: &str) -> Result<T, String> {
    serde_json::from_value(name.into()).map_err(|error| error.to_string())
}

impl Common {
    /// The beginning of every printed link, without a slash at its end.
    pub fn base_url(&self, bound: SocketAddr) -> String {
        match &self.url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            // Nobody can open 0.0.0.0.
            None if bound.ip().is_unspecified() => format!("http://127.0.0.1:{}", bound.port()),
            None => format!("http://{bound}"),
        }
    }
}

impl EngineArgs {
    /// For the supervisor.
    pub fn supervisor(&self) -> supervisor::Config {
        let launcher = self.launcher.split_whitespace().map(str::to_owned).collect();
        supervisor::Config { launcher, threads: self.threads, ..supervisor::Config::new(self.engine()) }
    }

    /// The engine that was given, or the one beside this program, or the one that Cargo built.
    pub fn engine(&self) -> PathBuf {
        if let Some(engine) = &self.engine {
            return std::path::absolute(engine).unwrap_or_else(|_| engine.clone());
        }
        let program = std::env::current_exe().unwrap_or_default();
        let folders = program.ancestors().skip(1).take(2);
        let mut found = folders.map(|folder| folder.join("windlass-engine"));
        let beside = program.with_file_name("windlass-engine");
        found.find(|engine| engine.exists()).unwrap_or(beside)
    }

    /// ImageNet weights of a backbone.
    pub fn imagenet(&self, backbone: Backbone) -> PathBuf {
        let name = match backbone {
            Backbone::Resnet101 => "resnet101.safetensors",
            Backbone::EfficientnetLite0 => "efficientnet_lite0.safetensors",
        };
        let beside = std::env::current_exe().map(|program| program.with_file_name("weights"));
        let unpacked = beside.ok().filter(|folder| folder.is_dir());
        let folder = self.weights.clone().or(unpacked).unwrap_or_else(cache);
        std::path::absolute(&folder).unwrap_or(folder).join(name)
    }
}

/// Whether a browser could show itself.
pub fn has_display() -> bool {
    cfg!(target_os = "macos") || ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some())
}

/// The folder that `make setup` and `make release` fill.
fn cache() -> PathBuf {
    let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = || folder("HOME").unwrap_or_else(|| Path::new("/").into()).join(".cache");
    folder("WINDLASS_CACHE").unwrap_or_else(|| folder("XDG_CACHE_HOME").unwrap_or_else(home).join("windlass"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_are_consistent_and_every_one_is_explained() {
        Cli::command().debug_assert();
        for command in Cli::command().get_subcommands() {
            let silent = command.get_arguments().find(|argument| argument.get_help().is_none());
            assert!(silent.is_none(), "{}: {silent:?}", command.get_name());
        }
    }

    #[test]
    fn a_launcher_is_words_before_the_engine() {
        let Command::Serve(serve) =
            Cli::parse_from(["windlass", "serve", "--launcher", "srun --gres=gpu:1", "--engine", "/e"]).command
        else {
            panic!("it was serve")
        };
        let config = serve.common.engine.supervisor();
        assert_eq!((config.launcher, config.engine), (vec!["srun".into(), "--gres=gpu:1".into()], "/e".into()));
    }
}
