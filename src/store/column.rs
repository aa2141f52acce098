//! Domain values in columns: enums as the word they have in JSON, structs as JSON.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Error, Result};

/// The enum of a word.
pub(crate) fn from_word<T: DeserializeOwned>(word: String) -> Result<T> {
    Ok(serde_json::from_value(serde_json::Value::String(word))?)
}

/// A struct as JSON.
pub(crate) fn json<T: Serialize>(value: &T) -> Result<String> {
    Ok(serde_json::to_string(value)?)
}

/// The struct of some JSON.
pub(crate) fn from_json<T: DeserializeOwned>(json: &str) -> Result<T> {
    Ok(serde_json::from_str(json)?)
}

/// A path as text. A path that is no UTF-8 is refused rather than changed.
pub(crate) fn path(path: &std::path::Path) -> Result<String> {
    path.to_str().map(str::to_owned).ok_or_else(|| Error::OddPath(path.to_owned()))
}
