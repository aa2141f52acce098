//! `windlass`: arguments to library calls.
#![expect(clippy::print_stdout, reason = "what an operator reads")]

use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;
use windlass::config::{Cli, Command, Invite, Serve};
use windlass::serve::{Server, asked_to_stop};
use windlass::store::Workspace;
use windlass::web;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = EnvFilter::try_from_env("WINDLASS_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_target(false).with_writer(std::io::stderr).init();
    match act(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("windlass: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn act(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Serve(arguments) => serve(&arguments).await,
        Command::Demo(_) => anyhow::bail!("the demo is not built yet"),
        Command::Run(arguments) => windlass::experiment::run(&arguments).await,
        Command::Invite(arguments) => invite(&arguments).await,
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
    let path = web::invitation_link(&db, arguments.role.into()).await?;
    db.close().await;
    println!("{}{path}", arguments.url.trim_end_matches('/'));
    Ok(())
}
