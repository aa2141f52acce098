//! `windlass`: arguments to library calls.
#![expect(clippy::print_stdout, reason = "what an operator reads")]

use std::process::{self, ExitCode, Stdio};
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use tracing_subscriber::EnvFilter;
use windlass::config::{Cli, Command, Demo, Invite, LISTEN, Serve, has_display};
use windlass::demo;
use windlass::domain::Recipe;
use windlass::serve::{Server, asked_to_stop};
use windlass::store::Workspace;
use windlass::web;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = EnvFilter::try_from_env("WINDLASS_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_target(false).with_writer(std::io::stderr).init();
    let ended = tokio::runtime::Runtime::new().map_err(anyhow::Error::from).and_then(|runtime| {
        let ended = runtime.block_on(act(cli.command));
        // Nobody waits for an import or an export to end: the next start begins it anew.
        runtime.shutdown_timeout(Duration::from_secs(1));
        ended
    });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("windlass: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn act(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Serve(arguments) => serve(&arguments).await,
        Command::Demo(arguments) => play_demo(&arguments).await,
        Command::Run(arguments) => windlass::experiment::run(&arguments).await,
        Command::Invite(arguments) => invite(&arguments).await,
        Command::Knobs(arguments) => {
            print!("{}", Recipe::preset(arguments.preset, arguments.backbone).to_toml());
            Ok(())
        }
    }
}

async fn serve(arguments: &Serve) -> anyhow::Result<()> {
    let server = Server::open(&arguments.common, &arguments.data).await?;
    println!("Windlass serves {} at {}", server.workspace.dir().display(), server.url);
    if let Some(link) = server.first_link().await? {
        println!("Open this link to become the first lead. It is good once:\n\n    {link}\n");
    }
    run(server).await
}

async fn play_demo(arguments: &Demo) -> anyhow::Result<()> {
    let mut server = Server::open(&arguments.common, &[]).await?;
    let patience =
        if cfg!(debug_assertions) { "minutes in a debug build, seconds by `make demo`" } else { "some seconds" };
    println!("Drawing two street domains, if they are not there yet: {patience}.");
    let link = demo::prepare(&mut server, arguments).await?;
    println!(
        "The demo is at this link, which is good once:\n\n    {link}\n\nCtrl-C stops it; start it again to go on."
    );
    if !arguments.no_browser && has_display() {
        open_browser(&link);
    }
    run(server).await
}

/// As well as it goes: the link is printed anyway.
fn open_browser(link: &str) {
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let quiet = || Stdio::null();
    drop(process::Command::new(opener).arg(link).stdin(quiet()).stdout(quiet()).stderr(quiet()).spawn());
}

async fn run(server: Server) -> anyhow::Result<()> {
    let supervisor = server.supervisor.clone();
    server.run(asked_to_stop()).await?;
    match supervisor.running().len() {
        0 => println!("Stopped."),
        n => println!("Stopped. {n} running job(s) go on; the next start finds them."),
    }
    Ok(())
}

async fn invite(arguments: &Invite) -> anyhow::Result<()> {
    let db = Workspace::attach(&arguments.workspace).await?;
    let path = match (&arguments.user, arguments.role) {
        (None, Some(role)) => web::invitation_link(&db, role).await?,
        (name, _) => {
            let name = name.as_deref().unwrap_or_default();
            let link = web::link_again_for(&db, name).await?;
            link.with_context(|| format!("nobody is called {name}: the page People lists everybody"))?
        }
    };
    db.close().await;
    let url = arguments.url.clone().or_else(|| Workspace::last_url(&arguments.workspace));
    let url = url.unwrap_or_else(|| format!("http://{LISTEN}"));
    println!("{}{path}", url.trim_end_matches('/'));
    Ok(())
}
