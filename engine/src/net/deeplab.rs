//! The head of DeepLab v3+ (Chen et al. 2018): atrous spatial pyramid pooling, decoder, classifier.

use tch::Tensor;
use tch::nn::init::DEFAULT_KAIMING_NORMAL;
use tch::nn::{Init, Path};

use super::layers::{Conv, ConvNorm, NormKind, Window, channels_last, size4};

/// Dilations of the pyramid at output stride 16.
const RATES: [i64; 3] = [6, 12, 18];

/// How wide a head is and of what kind.
#[derive(Clone, Copy)]
pub(super) struct Plan {
    /// Channels of the backbone's map of stride 16.
    pub(super) high: i64,
    /// Channels of the backbone's map of stride 4.
    pub(super) low: i64,
    /// Of the pyramid's branches and of the decoder.
    pub(super) width: i64,
    /// What the map of stride 4 is narrowed to.
    pub(super) low_width: i64,
    /// 3x3 convolutions are split in one filter a channel and a 1x1 convolution, and the pooled branch, with one value
    /// a frame and channel, has a bias instead of a norm: a few frames are too few for its statistics.
    pub(super) small: bool,
    /// Of the upsampling.
    pub(super) align_corners: bool,
    /// After the pyramid, after the decoder's first convolution, after its second.
    pub(super) dropout: [f64; 3],
}

/// The part that is not from ImageNet.
pub(super) struct Head {
    plan: Plan,
    pyramid: Vec<Cell>,
    pool: Cell,
    join: ConvNorm,
    low: ConvNorm,
    decoder: [Cell; 2],
    classifier: Conv,
}

impl Head {
    pub(super) fn new(vs: &Path, plan: Plan, n_classes: i64) -> Self {
        let Plan { high, low, width, low_width, small, .. } = plan;
        let cell = |vs: &Path, channels, dilation| match small {
            true => Cell::separable(vs, channels, dilation),
            false => Cell::dense(vs, channels, dilation),
        };
        let aspp = vs / "aspp";
        let mut pyramid = vec![Cell::Dense(point(&(&aspp / 0), (high, width)))];
        pyramid.extend(RATES.iter().enumerate().map(|(i, &rate)| cell(&(&aspp / (i + 1)), (high, width), rate)));
        let decoder = vs / "decoder";
        Self {
            plan,
            pyramid,
            pool: match small {
                true => Cell::Biased(Conv::new(
                    &(&aspp / "pool"),
                    (high, width),
                    Window::square(1),
                    true,
                    DEFAULT_KAIMING_NORMAL,
                )),
                false => Cell::Dense(point(&(&aspp / "pool"), (high, width))),
            },
            join: point(&(&aspp / "join"), (5 * width, width)),
            low: point(&(&decoder / "low"), (low, low_width)),
            decoder: [cell(&(&decoder / 0), (width + low_width, width), 1), cell(&(&decoder / 1), (width, width), 1)],
            classifier: Conv::new(
                &(vs / "classifier"),
                (width, n_classes),
                Window::square(1),
                true,
                Init::Randn { mean: 0.0, stdev: 0.01 },
            ),
        }
    }

    /// Dropout rates times `share`.
    pub(super) fn scale_dropout(&mut self, share: f64) {
        self.plan.dropout = self.plan.dropout.map(|rate| rate * share);
    }

    /// `[n, low, h, w]` and `[n, high, h/4, w/4]` -> features `[n, width, h, w]` and logits `[n, n_classes, h, w]`.
    pub(super) fn forward(&self, low: &Tensor, high: &Tensor, train: bool) -> (Tensor, Tensor) {
        let [after_pyramid, after_first, after_second] = self.plan.dropout;
        let (n, _, h, w) = size4(high);
        let mean = high.mean_dim([2, 3].as_slice(), true, high.kind()); // [n, high, 1, 1]
        let pooled = self.pool.forward(&mean, train).expand([n, -1, h, w], false); // [n, width, h/4, w/4]
        let mut branches: Vec<Tensor> = self.pyramid.iter().map(|cell| cell.forward(high, train)).collect();
        // As channels-last as the others, or concatenation would reorder them all.
        branches.push(channels_last(&pooled));
        let joined = self.join.forward(&Tensor::cat(&branches, 1), train).relu_();
        let deep = enlarge(&joined.dropout(after_pyramid, train), low, self.plan.align_corners); // [n, width, h, w]
        let low = self.low.forward(low, train).relu_();
        let x = self.decoder[0].forward(&Tensor::cat(&[deep, low], 1), train).dropout(after_first, train);
        let features = self.decoder[1].forward(&x, train);
        let logits = self.classifier.forward(&features.dropout(after_second, train));
        (features, logits)
    }
}

/// Bilinear, to the height and width of `like`.
fn enlarge(x: &Tensor, like: &Tensor, align_corners: bool) -> Tensor {
    let (_, _, h, w) = size4(like);
    x.upsample_bilinear2d([h, w], align_corners, None, None)
}

/// A convolution, mostly with norm, and ReLU.
enum Cell {
    Dense(ConvNorm),
    Separable(Conv, ConvNorm),
    Biased(Conv),
}

impl Cell {
    fn dense(vs: &Path, channels: (i64, i64), dilation: i64) -> Self {
        let window = Window::square(3).dilation(dilation);
        Self::Dense(ConvNorm::new(&(vs / "conv"), &(vs / "norm"), channels, window, NormKind::TRAINED))
    }

    fn separable(vs: &Path, (inputs, outputs): (i64, i64), dilation: i64) -> Self {
        let window = Window::square(3).dilation(dilation).depthwise();
        let depthwise = Conv::new(&(vs / "depthwise"), (inputs, inputs), window, false, DEFAULT_KAIMING_NORMAL);
        Self::Separable(depthwise, point(vs, (inputs, outputs)))
    }

    fn forward(&self, x: &Tensor, train: bool) -> Tensor {
        match self {
            Self::Dense(conv) => conv.forward(x, train).relu_(),
            Self::Separable(depthwise, point) => point.forward(&depthwise.forward(x), train).relu_(),
            Self::Biased(conv) => conv.forward(x).relu_(),
        }
    }
}

/// A 1x1 convolution with norm.
fn point(vs: &Path, channels: (i64, i64)) -> ConvNorm {
    ConvNorm::new(&(vs / "conv"), &(vs / "norm"), channels, Window::square(1), NormKind::TRAINED)
}
