//! The end of an event file: whole lines only.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::domain::Line;

/// Bytes read at once. A longer line than this is no event.
const BATCH: u64 = 1 << 20;

/// Where we are in an event file.
#[derive(Debug)]
pub(crate) struct Tail {
    path: PathBuf,
    read: u64,
}

/// Lines and the place after them, in bytes from the file's start.
#[derive(Debug, PartialEq)]
pub(crate) struct Batch {
    pub(crate) lines: Vec<Line>,
    pub(crate) read: u64,
    /// The last word, kept apart, and the place after it.
    pub(crate) last: Option<(Line, u64)>,
}

impl Tail {
    /// Begins after `read` bytes.
    pub(crate) fn new(path: PathBuf, read: u64) -> Self {
        Self { path, read }
    }

    /// The next lines; none where nothing was added. Gives them again until [`Tail::stored`].
    ///
    /// A last line without an end is left for the next time. A line that is no event (torn by a kill, then ended by the
    /// next run) is stepped over.
    pub(crate) fn next(&self) -> io::Result<Batch> {
        let mut bytes = Vec::new();
        match File::open(&self.path) {
            Ok(mut file) => {
                file.seek(SeekFrom::Start(self.read))?;
                file.take(BATCH).read_to_end(&mut bytes)?;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let whole = match bytes.iter().rposition(|&byte| byte == b'\n') {
            Some(end) => end + 1,
            None if bytes.len() as u64 == BATCH => bytes.len(),
            None => 0,
        };
        let mut lines = vec![];
        let mut read = self.read;
        let mut last = None;
        for bytes in bytes[..whole].split_inclusive(|&byte| byte == b'\n') {
            // A last word that something follows was overtaken by a further run: a line like the others.
            if let Some((line, end)) = last.take() {
                lines.push(line);
                read = end;
            }
            let end = read + bytes.len() as u64;
            match parse(&self.path, bytes.trim_ascii()) {
                Some(line) if line.event.is_last() => last = Some((line, end)),
                line => {
                    lines.extend(line);
                    read = end;
                }
            }
        }
        Ok(Batch { lines, read, last })
    }

    /// Bytes that are in the database.
    pub(crate) fn position(&self) -> u64 {
        self.read
    }

    /// What was read is in the database.
    pub(crate) fn stored(&mut self, read: u64) {
        self.read = read;
    }
}

fn parse(path: &Path, line: &[u8]) -> Option<Line> {
    if line.is_empty() {
        return None;
    }
    match serde_json::from_slice(line) {
        Ok(line) => Some(line),
        Err(error) => {
            tracing::warn!("a line of {} is no event and was left out: {error}", path.display());
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::domain::Event;

    #[test]
    fn a_torn_line_waits_for_its_end_and_is_left_out_if_it_never_comes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.jsonl");
        let mut tail = Tail::new(path.clone(), 0);
        assert_eq!(tail.next().unwrap(), Batch { lines: vec![], read: 0, last: None });
        let mut file = File::create(&path).unwrap();
        let first = "{\"at\":1,\"event\":\"checkpoint\",\"step\":5}\n";
        write!(file, "{first}{{\"at\":2,\"event\":\"chec").unwrap();
        let batch = tail.next().unwrap();
        assert_eq!(batch.lines, [Line { at: 1, event: Event::Checkpoint { step: 5 } }]);
        assert_eq!(batch.read, first.len() as u64);
        tail.stored(batch.read);
        // Killed there; the next run ends the torn line first.
        writeln!(file, "\n{}", first.trim()).unwrap();
        let batch = tail.next().unwrap();
        assert_eq!(batch.lines.len(), 1);
        assert_eq!(batch.read, std::fs::metadata(&path).unwrap().len());
        tail.stored(batch.read);

        let stopped = "{\"at\":3,\"event\":\"stopped\",\"step\":5}\n";
        write!(file, "{first}{stopped}").unwrap();
        let batch = tail.next().unwrap();
        assert_eq!(batch.lines.len(), 1);
        assert_eq!(
            batch.last,
            Some((Line { at: 3, event: Event::Stopped { step: 5 } }, batch.read + stopped.len() as u64))
        );
        write!(file, "{first}").unwrap();
        let batch = tail.next().unwrap();
        assert_eq!((batch.lines.len(), batch.last), (3, None), "it went on");
    }
}
