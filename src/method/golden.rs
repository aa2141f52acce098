//! Reads the numbers that `tests/golden/method.py` and `mixing.py` made.

use serde_json::Value;

pub(super) fn load() -> Value {
    serde_json::from_str(include_str!("../../tests/golden/method.json")).expect("made by method.py")
}

pub(super) fn mixing() -> Value {
    serde_json::from_str(include_str!("../../tests/golden/mixing.json")).expect("made by mixing.py")
}

pub(super) fn floats(list: &Value) -> Vec<f32> {
    serde_json::from_value(list.clone()).expect("a flat list of numbers")
}

#[track_caller]
pub(super) fn close(got: &[f32], want: &[f32], tolerance: f32) {
    assert_eq!(got.len(), want.len());
    // What is no number is not close.
    let is_close = |(got, want): (&f32, &f32)| (got - want).abs() <= tolerance * want.abs().max(1.0);
    let off = got.iter().zip(want).position(|pair| !is_close(pair));
    assert_eq!(off, None, "{:?} and {:?}", off.map(|at| got[at]), off.map(|at| want[at]));
}
