//! Numbers that Rust and Python both know by a formula, so that none have to be stored.

use tch::Tensor;
use tch::nn::VarStore;

/// Every variable from its name.
pub(crate) fn fill(vs: &VarStore) {
    for (name, variable) in vs.variables() {
        set(&name, &name, variable);
    }
}

/// What a variable of that name is filled with, drawn by another name.
pub(crate) fn set(name: &str, drawn_by: &str, mut variable: Tensor) {
    let size = variable.size();
    let u = noise(drawn_by, &size);
    let value = match size[..] {
        [_, inputs, height, width] => (u * 2.0 - 1.0) * (4.0 / (inputs * height * width) as f64).sqrt(),
        _ if name.ends_with("bn3.weight") => u * 0.25,
        _ if name.ends_with("bias") || name.ends_with("mean") => (u - 0.5) * 0.25,
        _ => u + 0.5,
    };
    tch::no_grad(|| variable.copy_(&value));
}

/// f32 in [0, 1).
pub(crate) fn noise(name: &str, size: &[i64]) -> Tensor {
    let values = bits(name, size.iter().product()).map(|bits| (bits >> 8) as f32 / (1 << 24) as f32);
    Tensor::from_slice(&values.collect::<Vec<_>>()).view(size)
}

/// u8 `[1, height, width, 3]`.
pub(crate) fn picture(name: &str, height: i64, width: i64) -> Tensor {
    pictures(name, 1, height, width)
}

/// u8 `[n, height, width, 3]`.
pub(crate) fn pictures(name: &str, n: i64, height: i64, width: i64) -> Tensor {
    let pixels: Vec<u8> = bits(name, n * height * width * 3).map(|bits| bits as u8).collect();
    Tensor::from_slice(&pixels).view([n, height, width, 3])
}

/// FNV-1a of the name, then MurmurHash3's finaliser of place and name.
fn bits(name: &str, n: i64) -> impl Iterator<Item = u32> + use<> {
    let seed = name.bytes().fold(0x811c_9dc5, |seed: u32, byte| (seed ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    (0..n as u32).map(move |place| {
        let mut x = place.wrapping_mul(0x9e37_79b1).wrapping_add(seed);
        x = (x ^ (x >> 16)).wrapping_mul(0x85eb_ca6b);
        x = (x ^ (x >> 13)).wrapping_mul(0xc2b2_ae35);
        x ^ (x >> 16)
    })
}
