//! `results.jsonl`: a line an arm and seed, written as it ends, so that a run that breaks costs one line.

use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::formats::atomic;

/// The file.
pub(super) struct Lines {
    path: PathBuf,
}

/// What tells lines apart.
#[derive(Deserialize)]
struct Key {
    experiment: String,
    arm: String,
    seed: u64,
    /// Why there is no result.
    error: Option<String>,
}

impl Lines {
    pub(super) fn new(out: &Path) -> Self {
        Self { path: out.join("results.jsonl") }
    }

    /// What arms left with other seeds than these, by their names: an earlier run, perhaps on another box. Lines that are
    /// no `T`, such as those of arms that failed, are left out.
    pub(super) fn of_other_seeds<T: DeserializeOwned>(
        &self,
        experiment: &str,
        seeds: &[u64],
    ) -> io::Result<Vec<(String, T)>> {
        let text = self.text()?;
        let other = |line: &str| {
            let key: Key = serde_json::from_str(line).ok()?;
            let wanted = key.experiment == experiment && !seeds.contains(&key.seed);
            wanted.then(|| serde_json::from_str(line).ok().map(|result| (key.arm, result)))?
        };
        Ok(text.lines().filter_map(other).collect())
    }

    fn text(&self) -> io::Result<String> {
        match std::fs::read_to_string(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
            other => other,
        }
    }

    /// Adds a line, in the place of one that the same arm and seed of the same experiment left before. A result that stands
    /// there is worth more than why there is no newer one.
    pub(super) fn put(&self, experiment: &str, arm: &str, seed: u64, result: &impl Serialize) -> io::Result<()> {
        let before = self.text()?;
        let mut line = serde_json::json!({ "experiment": experiment, "arm": arm, "seed": seed });
        if let (Value::Object(line), Value::Object(result)) = (&mut line, serde_json::to_value(result)?) {
            line.extend(result);
        }
        let older = |line: &str| {
            let key: Key = serde_json::from_str(line).ok()?;
            ((key.experiment.as_str(), key.arm.as_str(), key.seed) == (experiment, arm, seed)).then_some(key)
        };
        let is_result = |line: &str| older(line).is_some_and(|key| key.error.is_none());
        if !line["error"].is_null() && before.lines().any(is_result) {
            return Ok(());
        }
        let others = before.lines().filter(|line| !line.is_empty() && older(line).is_none());
        let mut lines: Vec<String> = others.map(str::to_owned).collect();
        lines.push(line.to_string());
        atomic::write(&self.path, (lines.join("\n") + "\n").as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_told_again_replaces_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let lines = Lines::new(folder.path());
        for (arm, seed, value) in [("a", 1, 0.1), ("b", 1, 0.2), ("a", 2, 0.3), ("b", 1, 0.4)] {
            lines.put("table", arm, seed, &serde_json::json!({ "mean_iou": value })).unwrap();
        }
        let text = std::fs::read_to_string(folder.path().join("results.jsonl")).unwrap();
        let values: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(values.iter().map(|value| value["mean_iou"].as_f64().unwrap()).collect::<Vec<_>>(), [0.1, 0.3, 0.4]);
        assert_eq!((&values[2]["arm"], &values[2]["seed"]), (&Value::from("b"), &Value::from(1)));
    }

    #[test]
    fn an_error_takes_the_place_of_an_error_alone() {
        let folder = tempfile::tempdir().unwrap();
        let lines = Lines::new(folder.path());
        let (good, bad) = (serde_json::json!({ "mean_iou": 0.1 }), serde_json::json!({ "error": "no room" }));
        for (arm, result) in [("a", &good), ("b", &bad), ("a", &bad), ("b", &bad), ("c", &bad), ("c", &good)] {
            lines.put("table", arm, 1, result).unwrap();
        }
        let text = std::fs::read_to_string(folder.path().join("results.jsonl")).unwrap();
        let errors: Vec<bool> = text.lines().map(|line| line.contains("no room")).collect();
        assert_eq!(errors, [false, true, false]);
    }
}
