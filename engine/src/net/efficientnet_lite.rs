//! EfficientNet-Lite0 (Tan & Le 2019, the Lite variant: no squeeze and excitation, ReLU6) under the PyPI wheel's names.

use tch::nn::{self, Module, Path};
use tch::{Kind, Tensor};

use super::layers::{ConvNorm, NormKind, Window};

/// Of a run of blocks: how many, kernel, stride of the first, expansion, channels.
struct Run(usize, i64, i64, i64, i64);

const RUNS: [Run; 7] = [
    Run(1, 3, 1, 1, 16),
    Run(2, 3, 2, 6, 24),
    Run(2, 5, 2, 6, 40),
    Run(3, 3, 2, 6, 80),
    Run(3, 5, 1, 6, 112),
    Run(4, 5, 2, 6, 192),
    Run(1, 3, 1, 6, 320),
];
/// The last block of stride 4.
const LOW_BLOCK: usize = 2;
const CLASSES: i64 = 1000;

/// From pictures to maps of strides 4 and 16 or 32.
pub(super) struct Lite0 {
    stem: ConvNorm,
    blocks: Vec<Block>,
}

impl Lite0 {
    /// Channels of the map of stride 4.
    pub(super) const LOW: i64 = 24;
    /// Channels of the last map.
    pub(super) const HIGH: i64 = 320;

    /// Past `output_stride` a stride becomes a dilation of the blocks that follow.
    pub(super) fn new(vs: &Path, frozen: bool, output_stride: i64) -> Self {
        let kind = NormKind { eps: 1e-3, momentum: 0.01, frozen };
        let window = Window::square(3).stride(2).same();
        let stem = ConvNorm::new(&(vs / "_conv_stem"), &(vs / "_bn0"), (3, 32), window, kind);
        let path = vs / "_blocks";
        let mut blocks = Vec::new();
        let (mut inputs, mut reached, mut dilation) = (32, 2, 1);
        for Run(repeats, kernel, first, expansion, outputs) in RUNS {
            for repeat in 0..repeats {
                let mut stride = if repeat == 0 { first } else { 1 };
                let mut window = Window::square(kernel).dilation(dilation).depthwise().same();
                if reached * stride > output_stride {
                    dilation *= stride;
                    stride = 1;
                }
                window.stride = stride;
                reached *= stride;
                blocks.push(Block::new(&(&path / blocks.len()), (inputs, outputs), expansion, window, kind));
                inputs = outputs;
            }
        }
        Self { stem, blocks }
    }

    /// `[n, 3, h, w]` -> `[n, 24, h/4, w/4]` and `[n, 320, h/16, w/16]`.
    pub(super) fn forward(&self, x: &Tensor, train: bool) -> (Tensor, Tensor) {
        let mut x = self.stem.forward(x, train).relu6_(); // [n, 32, h/2, w/2]
        let (first, rest) = self.blocks.split_at(LOW_BLOCK + 1);
        for block in first {
            x = block.forward(&x, train);
        }
        let low = x.shallow_clone();
        for block in rest {
            x = block.forward(&x, train);
        }
        (low, x)
    }
}

/// Inverted residual: widen, one filter a channel, narrow.
struct Block {
    expand: Option<ConvNorm>,
    depthwise: ConvNorm,
    project: ConvNorm,
    skip: bool,
}

impl Block {
    fn new(vs: &Path, (inputs, outputs): (i64, i64), expansion: i64, window: Window, kind: NormKind) -> Self {
        let width = inputs * expansion;
        let conv = |conv: &str, norm: &str, channels, window| {
            ConvNorm::new(&(vs / conv), &(vs / norm), channels, window, kind)
        };
        let point = Window::square(1).same();
        Self {
            expand: (expansion > 1).then(|| conv("_expand_conv", "_bn0", (inputs, width), point)),
            depthwise: conv("_depthwise_conv", "_bn1", (width, width), window),
            project: conv("_project_conv", "_bn2", (width, outputs), point),
            skip: window.stride == 1 && inputs == outputs,
        }
    }

    fn forward(&self, x: &Tensor, train: bool) -> Tensor {
        let wide = self.expand.as_ref().map(|expand| expand.forward(x, train).relu6_());
        let y = self.depthwise.forward(wide.as_ref().unwrap_or(x), train).relu6_();
        let mut y = self.project.forward(&y, train);
        if self.skip {
            y += x;
        }
        y
    }
}

/// The network as it was trained on ImageNet, to check a weights file with.
pub struct Lite0Classifier {
    body: Lite0,
    head: ConvNorm,
    fc: nn::Linear,
}

impl Lite0Classifier {
    /// Builds in `vs` under the names of the weights file, without `backbone.`.
    pub fn new(vs: &Path) -> Self {
        let kind = NormKind { eps: 1e-3, momentum: 0.01, frozen: true };
        let width = 1280;
        let head =
            ConvNorm::new(&(vs / "_conv_head"), &(vs / "_bn1"), (Lite0::HIGH, width), Window::square(1).same(), kind);
        let fc = nn::linear(vs / "_fc", width, CLASSES, nn::LinearConfig::default());
        Self { body: Lite0::new(vs, true, 32), head, fc }
    }

    /// Normalised `[n, 3, h, w]` -> logits `[n, 1000]`.
    pub fn forward(&self, x: &Tensor) -> Tensor {
        let (_, high) = self.body.forward(x, false);
        let map = self.head.forward(&high, false).relu6_(); // [n, 1280, h/32, w/32]
        let pooled = map.mean_dim([2, 3].as_slice(), false, Kind::Float); // [n, 1280]
        self.fc.forward(&pooled) // [n, 1000]
    }
}
