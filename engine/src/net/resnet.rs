//! ResNet-101 with output stride 16 under torchvision's names (He et al. 2016; multi-grid of Chen et al. 2017).

use tch::Tensor;
use tch::nn::Path;

use super::layers::{ConvNorm, NormKind, Window};

/// Blocks of each layer.
const BLOCKS: [usize; 4] = [3, 4, 23, 3];
/// Layer4 gives up its stride for dilation 2, which the grid 1-2-4 multiplies block by block.
const MULTI_GRID: [i64; 3] = [2, 4, 8];
/// A block's output is so many times as wide as its inside.
const EXPANSION: i64 = 4;

/// From pictures to maps of strides 4 and 16.
pub(super) struct Resnet {
    stem: ConvNorm,
    blocks: Vec<Bottleneck>,
}

impl Resnet {
    /// Channels of the map of stride 4.
    pub(super) const LOW: i64 = 256;
    /// Channels of the map of stride 16.
    pub(super) const HIGH: i64 = 2048;

    pub(super) fn new(vs: &Path, frozen: bool) -> Self {
        let kind = NormKind { frozen, ..NormKind::TRAINED };
        let stem = ConvNorm::new(&(vs / "conv1"), &(vs / "bn1"), (3, 64), Window::square(7).stride(2), kind);
        let mut blocks = Vec::new();
        let mut inputs = 64;
        for (layer, n_blocks) in BLOCKS.into_iter().enumerate() {
            let width = 64 << layer;
            for block in 0..n_blocks {
                let stride = if block == 0 && (layer == 1 || layer == 2) { 2 } else { 1 };
                let dilation = MULTI_GRID.get(block).filter(|_| layer == 3).map_or(1, |&dilation| dilation);
                let path = vs / format!("layer{}", layer + 1) / block;
                blocks.push(Bottleneck::new(&path, inputs, width, stride, dilation, kind));
                inputs = width * EXPANSION;
            }
        }
        Self { stem, blocks }
    }

    /// `[n, 3, h, w]` -> `[n, 256, h/4, w/4]` and `[n, 2048, h/16, w/16]`.
    pub(super) fn forward(&self, x: &Tensor, train: bool) -> (Tensor, Tensor) {
        let mut x = self.stem.forward(x, train).relu_(); // [n, 64, h/2, w/2]
        x = x.max_pool2d([3, 3], [2, 2], [1, 1], [1, 1], false); // [n, 64, h/4, w/4]
        let (layer1, rest) = self.blocks.split_at(BLOCKS[0]);
        for block in layer1 {
            x = block.forward(&x, train);
        }
        let low = x.shallow_clone();
        for block in rest {
            x = block.forward(&x, train);
        }
        (low, x)
    }
}

/// 1x1, 3x3 with the stride, 1x1, and a way around them.
struct Bottleneck {
    convs: [ConvNorm; 3],
    downsample: Option<ConvNorm>,
}

impl Bottleneck {
    fn new(vs: &Path, inputs: i64, width: i64, stride: i64, dilation: i64, kind: NormKind) -> Self {
        let outputs = width * EXPANSION;
        let conv = |i: usize, channels, window| {
            ConvNorm::new(&(vs / format!("conv{i}")), &(vs / format!("bn{i}")), channels, window, kind)
        };
        let narrow = conv(1, (inputs, width), Window::square(1));
        let middle = conv(2, (width, width), Window::square(3).stride(stride).dilation(dilation));
        let widen = conv(3, (width, outputs), Window::square(1));
        let downsample = (stride != 1 || inputs != outputs).then(|| {
            let path = vs / "downsample";
            ConvNorm::new(&(&path / 0), &(&path / 1), (inputs, outputs), Window::square(1).stride(stride), kind)
        });
        Self { convs: [narrow, middle, widen], downsample }
    }

    fn forward(&self, x: &Tensor, train: bool) -> Tensor {
        let [narrow, middle, widen] = &self.convs;
        let y = narrow.forward(x, train).relu_();
        let y = middle.forward(&y, train).relu_();
        let mut y = widen.forward(&y, train);
        match &self.downsample {
            Some(way) => y += way.forward(x, train),
            None => y += x,
        }
        y.relu_()
    }
}
