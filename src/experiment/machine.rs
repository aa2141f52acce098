//! What an experiment ran on.

use serde::Serialize;

/// The box, as far as it tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Machine {
    pub processor: String,
    /// That this process may use.
    pub cores: usize,
    /// Gigabytes, rounded.
    pub memory: Option<u64>,
    pub system: String,
    /// As the engine named it: `cpu`, `cuda:0`.
    pub device: String,
}

impl Machine {
    pub(super) fn here(device: &str) -> Self {
        let file = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let kilobytes = field(&file("/proc/meminfo"), "MemTotal").and_then(|text| {
            let number = text.split_whitespace().next()?;
            number.parse::<u64>().ok()
        });
        Self {
            processor: field(&file("/proc/cpuinfo"), "model name").unwrap_or_else(|| "unknown".into()),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory: kilobytes.map(|kilobytes| (kilobytes + (1 << 19)) >> 20),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            device: device.into(),
        }
    }
}

/// The value of `name : value` in the first such line.
fn field(text: &str, name: &str) -> Option<String> {
    let of_line = |line: &str| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim().to_owned())
    };
    text.lines().find_map(of_line)
}
