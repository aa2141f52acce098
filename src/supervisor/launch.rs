//! Starts an engine so that it outlives whoever started it.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::process::Stdio;

use tokio::process::{Child, Command};

use crate::domain::files;

/// OpenMP's: a value of the operator's own wins.
const WAIT_POLICY: &str = "OMP_WAIT_POLICY";

/// Starts `windlass-engine DIR`, behind the launcher's words if there are any.
///
/// It gets a process group of its own, so that Ctrl-C in the server's terminal does not reach it. What it prints is
/// appended to the folder's event file and log. The error is a sentence for people.
pub fn launch(engine: &Path, launcher: &[String], dir: &Path) -> Result<Child, String> {
    let file = |name| append_to(&dir.join(name)).map_err(|error| sentence(&error, dir));
    let (events, log) = (file(files::EVENTS)?, file(files::LOG)?);
    let mut words = launcher.iter().map(AsRef::as_ref).chain([engine.as_os_str(), dir.as_os_str()]);
    let program = words.next().expect("there is at least the engine");
    if launcher.is_empty() && !engine.exists() {
        let engine = engine.display();
        return Err(format!(
            "There is no engine at {engine}: build it with `cargo build --workspace` or `make release`, or give its path \
             by --engine."
        ));
    }
    let mut command = Command::new(program);
    command.args(words).process_group(0).stdin(Stdio::null()).stdout(events).stderr(log);
    // libtorch's threads wait by spinning. On a box whose cores are busy that tripled the CPU time of a step.
    if std::env::var_os(WAIT_POLICY).is_none() {
        command.env(WAIT_POLICY, "passive");
    }
    command.spawn().map_err(|error| match error.kind() {
        ErrorKind::NotFound => format!("{} was not found: check --engine and --launcher.", program.display()),
        _ => format!("{} cannot be started: {error}.", program.display()),
    })
}

/// What a person should do about a file that cannot be written.
pub(crate) fn sentence(error: &io::Error, path: &Path) -> String {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "The disk of the workspace is full: free some space on it and let the job go on.".into()
        }
        _ => format!("{} cannot be written: {error}.", path.display()),
    }
}

/// Opens a file to append to. A last line that a kill has torn is ended, so that the next one stands alone.
fn append_to(path: &Path) -> io::Result<File> {
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    if file.seek(SeekFrom::End(0))? > 0 {
        let mut last = [0];
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
        if last != *b"\n" {
            file.write_all(b"\n")?;
        }
    }
    Ok(file)
}
