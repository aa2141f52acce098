//! Tells source from target by the class probabilities (section 3.2; ProDA's layers).

use tch::Tensor;
use tch::nn::{Init, Path};
use windlass::domain::Gan;

use super::layers::{Conv, Window};

/// Channels after each halving.
const WIDTHS: [i64; 4] = [64, 128, 256, 512];

/// Four halvings and a verdict a place.
pub struct Discriminator {
    layers: Vec<Conv>,
    verdict: Conv,
}

impl Discriminator {
    /// Builds in `vs`, seeded by `tch::manual_seed` before the call.
    pub fn new(vs: &Path, n_classes: usize) -> Self {
        // PyTorch's default for convolutions, of which this network's recipe speaks.
        let uniform = |inputs: i64, kernel: i64| {
            let up = 1.0 / ((inputs * kernel * kernel) as f64).sqrt();
            Init::Uniform { lo: -up, up }
        };
        let mut inputs = n_classes as i64;
        let mut layers = Vec::new();
        for (i, width) in WIDTHS.into_iter().enumerate() {
            let path = vs / "layers" / i;
            layers.push(Conv::new(&path, (inputs, width), Window::square(3).stride(2), true, uniform(inputs, 3)));
            inputs = width;
        }
        let verdict = Conv::new(&(vs / "verdict"), (inputs, 1), Window::square(1), true, uniform(inputs, 1));
        Self { layers, verdict }
    }

    /// Probabilities `[n, n_classes, h, w]` -> `[n, 1, h/16, w/16]`; LS-GAN pulls source to 0 and target to 1.
    pub fn forward(&self, probabilities: &Tensor) -> Tensor {
        let mut x = probabilities.shallow_clone();
        let last = self.layers.len() - 1;
        for (i, layer) in self.layers.iter().enumerate() {
            let y = layer.forward(&x);
            x = if i < last { y.relu() } else { leaky(&y) }; // halved
        }
        self.verdict.forward(&x)
    }
}

/// How probable it is that a place is of the target. Least squares pull verdicts to 0 for the source and 1 for the
/// target; cross entropy makes them logits. `[n, 1, h, w]` -> the same.
pub fn probability(verdict: &Tensor, gan: Gan) -> Tensor {
    match gan {
        Gan::LeastSquares => verdict.clamp(0.0, 1.0),
        Gan::CrossEntropy => verdict.sigmoid(),
    }
}

/// Leaky ReLU with slope 0.2; tch's own has no slope.
fn leaky(x: &Tensor) -> Tensor {
    x.maximum(&(x * 0.2))
}
