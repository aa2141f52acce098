//! Randomness as an argument.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// What a draw is for. Two purposes never share numbers, so that adding a draw to one changes no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Stream {
    Init = 1,
    SourceOrder = 2,
    LabelledOrder = 3,
    UnlabelledOrder = 4,
    Augment = 5,
    Dropout = 6,
    Kmeans = 7,
    RandomPick = 8,
    Scene = 9,
    Mixing = 10,
    Pasting = 11,
    PartnerOrder = 12,
    PartnerView = 13,
    HoldOut = 14,
    Jitter = 15,
}

/// The generator of one purpose at one step: the same on every machine, whatever was drawn before.
///
/// A job resumed at step 120 draws what one left alone draws at step 120.
pub fn rng(seed: u64, stream: Stream, step: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&(stream as u64).to_le_bytes());
    key[16..24].copy_from_slice(&step.to_le_bytes());
    ChaCha8Rng::from_seed(key)
}
