//! EfficientNet-Lite0 (Tan & Le 2019, the Lite variant: no squeeze and excitation, ReLU6) under the PyPI wheel's names.

use tch::nn::{self, Module, Path};
use tch::{Kind, Tensor};

use super::layers::{ConvNorm, NormKind, Window, size4};

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
    /// The first block with a dilation; those after it have the same.
    dilated_from: usize,
}

impl Lite0 {
    /// Channels of the map of stride 4.
    pub(super) const LOW: i64 = 24;
    /// Channels of the last map.
    pub(super) const HIGH: i64 = 320;

    /// Past `output_stride`, 16 or 32, a stride becomes a dilation of the blocks that follow.
    pub(super) fn new(vs: &Path, frozen: bool, output_stride: i64) -> Self {
        let kind = NormKind { eps: 1e-3, frozen };
        let window = Window::square(3).stride(2).same();
        let stem = ConvNorm::new(&(vs / "_conv_stem"), &(vs / "_bn0"), (3, 32), window, kind);
        let path = vs / "_blocks";
        let mut blocks = Vec::new();
        let (mut inputs, mut reached) = (32, 2);
        let mut dilated_from = usize::MAX;
        for Run(repeats, kernel, first, expansion, outputs) in RUNS {
            for repeat in 0..repeats {
                let mut stride = if repeat == 0 { first } else { 1 };
                if reached * stride > output_stride {
                    stride = 1;
                    dilated_from = blocks.len() + 1;
                }
                let window = Window::square(kernel).stride(stride).depthwise().same();
                reached *= stride;
                blocks.push(Block::new(&(&path / blocks.len()), (inputs, outputs), expansion, window, kind));
                inputs = outputs;
            }
        }
        let dilated_from = dilated_from.min(blocks.len());
        Self { stem, blocks, dilated_from }
    }

    /// `[n, 3, h, w]` -> `[n, 24, h/4, w/4]` and `[n, 320, h/16, w/16]`.
    pub(super) fn forward(&self, x: &Tensor, train: bool) -> (Tensor, Tensor) {
        let mut x = self.stem.forward(x, train).relu6_(); // [n, 32, h/2, w/2]
        for block in &self.blocks[..=LOW_BLOCK] {
            x = block.forward(&x, train, 1);
        }
        let low = x.shallow_clone();
        for block in &self.blocks[LOW_BLOCK + 1..self.dilated_from] {
            x = block.forward(&x, train, 1);
        }
        let dilated = &self.blocks[self.dilated_from..];
        let (n, _, h, w) = size4(&x);
        if dilated.is_empty() || h % 2 != 0 || w % 2 != 0 {
            for block in dilated {
                x = block.forward(&x, train, 2);
            }
            return (low, x);
        }
        // The same without dilation, for which the CPU's depthwise kernels run backward in half the time.
        x = split(&x);
        for block in dilated {
            x = block.forward(&x, train, 1);
        }
        (low, merge(&x, n))
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

    fn forward(&self, x: &Tensor, train: bool, dilation: i64) -> Tensor {
        let wide = self.expand.as_ref().map(|expand| expand.forward(x, train).relu6_());
        let y = self.depthwise.forward_dilated(dilation, wide.as_ref().unwrap_or(x), train).relu6_();
        let mut y = self.project.forward(&y, train);
        if self.skip {
            y += x;
        }
        y
    }
}

/// Every second row and column as a map of its own: `[n, c, h, w]` -> `[4 n, c, h/2, w/2]`.
fn split(x: &Tensor) -> Tensor {
    let (n, c, h, w) = size4(x);
    let x = x.permute([0, 2, 3, 1]).reshape([n, h / 2, 2, w / 2, 2, c]).permute([2, 4, 0, 1, 3, 5]);
    x.reshape([4 * n, h / 2, w / 2, c]).permute([0, 3, 1, 2])
}

/// Undoes [`split`] of `n` maps.
fn merge(x: &Tensor, n: i64) -> Tensor {
    let (_, c, h, w) = size4(x);
    let x = x.permute([0, 2, 3, 1]).reshape([2, 2, n, h, w, c]).permute([2, 3, 0, 4, 1, 5]);
    x.reshape([n, 2 * h, 2 * w, c]).permute([0, 3, 1, 2])
}

/// The network as it was trained on ImageNet. No stage uses it: a test asks it whether the backbone still knows ImageNet.
pub struct Lite0Classifier {
    body: Lite0,
    head: ConvNorm,
    fc: nn::Linear,
}

impl Lite0Classifier {
    /// Builds in `vs` under the names of the weights file, without `backbone.`.
    pub fn new(vs: &Path) -> Self {
        let kind = NormKind { eps: 1e-3, frozen: true };
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
