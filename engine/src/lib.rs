//! Windlass's engine: networks, losses and training loops on libtorch.

pub mod net;
pub mod weights;
