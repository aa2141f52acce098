//! What an experiment says on the terminal: one line that changes, and lines that stay.

use std::io::{IsTerminal, Write, stderr};

/// Standard error.
pub(super) struct Terminal {
    /// Into a file, the line that changes is left out.
    live: bool,
}

impl Terminal {
    pub(super) fn new() -> Self {
        Self { live: stderr().is_terminal() }
    }

    /// Replaces the line that changes. Nobody is told where nobody can be.
    pub(super) fn show(&self, line: &str) {
        if self.live {
            let _ = write!(stderr(), "\r\x1b[K{line}");
            let _ = stderr().flush();
        }
    }

    /// A line that stays.
    pub(super) fn say(&self, line: &str) {
        let clear = if self.live { "\r\x1b[K" } else { "" };
        let _ = writeln!(stderr(), "{clear}{line}");
    }
}

/// `40 s`, `3 min`, `1 h 20 min`.
pub(super) fn span(seconds: f64) -> String {
    let minutes = (seconds / 60.0).round() as u64;
    match minutes {
        _ if seconds < 90.0 => format!("{:.0} s", seconds.max(0.0)),
        0..90 => format!("{minutes} min"),
        _ => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn a_time_is_as_exact_as_anyone_needs() {
        assert_eq!([span(4.4), span(89.0), span(150.0), span(5400.0)], ["4 s", "89 s", "3 min", "1 h 30 min"]);
    }
}
