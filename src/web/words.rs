//! Times, numbers and shares as people read them. Templates pass some of them by reference.

use std::borrow::Borrow;

use time::OffsetDateTime;
use time::macros::format_description;

/// `2 Mar 2026`, in UTC.
pub(crate) fn day(millis: i64) -> String {
    let at = OffsetDateTime::from_unix_timestamp(millis / 1000).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    at.format(format_description!("[day padding:none] [month repr:short] [year]")).unwrap_or_default()
}

/// `40 s`, `3 min`, `2 h 5 min`, `4 d 2 h`: two parts at most.
pub(crate) fn duration(seconds: f64) -> String {
    let seconds = seconds.max(0.0).round() as u64;
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    match () {
        () if seconds < 60 => format!("{seconds} s"),
        () if minutes < 60 => format!("{minutes} min"),
        () if hours < 24 && minutes % 60 == 0 => format!("{hours} h"),
        () if hours < 24 => format!("{hours} h {} min", minutes % 60),
        () => format!("{days} d {} h", hours % 24),
    }
}

/// How long ago, in words: `just now`, `5 min ago`.
pub(crate) fn ago(millis: i64) -> String {
    match (crate::store::now() - millis) / 1000 {
        ..60 => "just now".into(),
        seconds => format!("{} ago", duration(seconds as f64)),
    }
}

/// A share as `45.3`, in per cent; a dash where there is none.
pub(crate) fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "–".into(), |share| format!("{:.1}", share * 100.0))
}

/// With a capital and a stop: messages of programs begin small and end open.
pub(crate) fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    let first: String = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let stop = if message.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{stop}", letters.as_str())
}

/// `1 frame`, `12 frames`.
pub(crate) fn count(n: impl Borrow<usize>, one: &str) -> String {
    let n = *n.borrow();
    if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_times() {
        let said = [0.4, 59.0, 61.0, 3600.0, 3660.0, 90_000.0].map(duration);
        assert_eq!(said, ["0 s", "59 s", "1 min", "1 h", "1 h 1 min", "1 d 1 h"]);
        assert_eq!(day(1_772_409_600_000), "2 Mar 2026");
        assert_eq!((count(1, "frame"), count(2, "frame")), ("1 frame".into(), "2 frames".into()));
    }
}
