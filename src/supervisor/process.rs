//! An engine as a process: whether it lives, and how to end it.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Child;

use crate::domain::files;

/// The engine of one job, started by this server or by an earlier one.
#[derive(Debug)]
pub(crate) struct Process {
    dir: PathBuf,
    pid: Option<i32>,
    /// Only of one that this server started: nobody else learns how it ended.
    child: Option<Child>,
    status: Option<ExitStatus>,
}

impl Process {
    /// One that was just started.
    pub(crate) fn started(dir: &Path, child: Child) -> Self {
        let pid = child.id().map(u32::cast_signed);
        Self { dir: dir.to_owned(), pid, child: Some(child), status: None }
    }

    /// One that an earlier server started.
    pub(crate) fn found(dir: &Path, pid: Option<i32>) -> Self {
        Self { dir: dir.to_owned(), pid, child: None, status: None }
    }

    /// Its process id, which is that of its group too.
    pub(crate) fn pid(&self) -> Option<i32> {
        self.pid
    }

    /// Whether anything still works in the folder: the process itself, or, where a launcher detached it, whoever holds
    /// the folder's lock.
    pub(crate) fn lives(&mut self) -> bool {
        if let Some(child) = &mut self.child {
            match child.try_wait() {
                Ok(None) => return true,
                Ok(Some(status)) => self.status = Some(status),
                Err(_) => {}
            }
        } else if self.pid.is_some_and(|pid| works_in(pid, &self.dir)) {
            return true;
        }
        // Last, and only when the process is gone: an engine that is just starting must find the lock free.
        is_locked(&self.dir.join(files::LOCK))
    }

    /// How it ended, as far as we know.
    pub(crate) fn status(&self) -> Option<ExitStatus> {
        self.status
    }

    /// Asks it to write a checkpoint and end.
    pub(crate) fn ask_to_stop(&mut self) {
        self.signal(Signal::TERM);
    }

    /// Ends it.
    pub(crate) fn kill(&mut self) {
        self.signal(Signal::KILL);
    }

    fn signal(&mut self, signal: Signal) {
        // A dead engine's number may have been given to a stranger, and group 1 would mean every process there is.
        if let Some(group) = self.pid.filter(|&pid| pid > 1 && self.lives()).and_then(Pid::from_raw)
            && let Err(error) = kill_process_group(group, signal)
        {
            tracing::warn!("the engine in {} cannot be signalled: {error}", self.dir.display());
        }
    }
}

/// Whether that process is the engine of that folder, not a stranger with a number used again.
fn works_in(pid: i32, dir: &Path) -> bool {
    let command = std::fs::read(format!("/proc/{pid}/cmdline")).or_else(|_| {
        // Where there is no /proc.
        let ps = std::process::Command::new("ps").args(["-o", "command=", "-p", &pid.to_string()]).output();
        ps.map(|output| output.stdout)
    });
    command.is_ok_and(|command| String::from_utf8_lossy(&command).contains(&*dir.to_string_lossy()))
}

fn is_locked(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
}
