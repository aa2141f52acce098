//! A workspace with drawn frames to label, served on loopback: what the browser tests open.
//!
//! `annotate_fixture DIR [PORT] [FRAMES] [WIDTH]` prints one line of JSON: the address, the frames, each person's cookie.

#[path = "../tests/it/fixture.rs"]
mod fixture;

use std::path::PathBuf;

use anyhow::Context;
use serde_json::json;
use windlass::domain::Size;
use windlass::web::router;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let dir = PathBuf::from(arguments.next().context("name a folder for the workspace")?);
    let mut number = |default: u32| arguments.next().map_or(Ok(default), |text| text.parse());
    let (port, frames, width) = (number(0)?, number(4)?, number(2048)?);
    std::fs::create_dir_all(&dir)?;
    let fixture = fixture::open(&dir, frames as usize, Size { width, height: width / 2 }).await?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", u16::try_from(port)?)).await?;
    let people =
        fixture::PEOPLE.iter().zip(0..).map(|(name, index)| json!({ "name": name, "cookie": fixture.cookie(index) }));
    let line = json!({
        "url": format!("http://{}", listener.local_addr()?),
        "project": fixture.project,
        "frames": fixture.frames,
        "people": people.collect::<Vec<_>>(),
        "database": fixture.workspace.dir().join("windlass.db"),
    });
    say(&line.to_string())?;
    axum::serve(listener, router(fixture::app(fixture.workspace).await?)).await?;
    Ok(())
}

fn say(line: &str) -> std::io::Result<()> {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
