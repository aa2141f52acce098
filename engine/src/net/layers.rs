//! Convolutions and norms by their names in a weights file.

use tch::nn::{Init, Path, init};
use tch::{Device, Tensor};

/// Where the window of a convolution lies.
#[derive(Clone, Copy)]
pub(super) enum Padding {
    /// The same on both sides, `dilation * (kernel - 1) / 2`: PyTorch's habit.
    Centred,
    /// The output has `ceil(size / stride)` rows; an odd rest goes to the bottom and right: TensorFlow's `SAME`.
    Same,
}

/// The shape of a convolution.
#[derive(Clone, Copy)]
pub(super) struct Window {
    pub(super) kernel: i64,
    pub(super) stride: i64,
    pub(super) dilation: i64,
    /// One filter a channel.
    pub(super) depthwise: bool,
    pub(super) padding: Padding,
}

impl Window {
    /// `kernel x kernel`, stride 1.
    pub(super) const fn square(kernel: i64) -> Self {
        Self { kernel, stride: 1, dilation: 1, depthwise: false, padding: Padding::Centred }
    }

    pub(super) const fn stride(self, stride: i64) -> Self {
        Self { stride, ..self }
    }

    pub(super) const fn dilation(self, dilation: i64) -> Self {
        Self { dilation, ..self }
    }

    pub(super) const fn depthwise(self) -> Self {
        Self { depthwise: true, ..self }
    }

    pub(super) const fn same(self) -> Self {
        Self { padding: Padding::Same, ..self }
    }

    /// Rows to add at the start and at the end of `size` rows.
    fn pad(self, size: i64) -> (i64, i64) {
        let reach = self.dilation * (self.kernel - 1);
        match self.padding {
            Padding::Centred => (reach / 2, reach / 2),
            Padding::Same => {
                let total = ((size - 1) / self.stride * self.stride + reach + 1 - size).max(0);
                (total / 2, total - total / 2)
            }
        }
    }

    /// The convolution of `x` `[n, channels, h, w]`, f32 or bf16; weights are f32 and follow it.
    fn apply(self, x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Tensor {
        let (weight, bias) = (weight.to_kind(x.kind()), bias.map(|bias| bias.to_kind(x.kind())));
        let (_, channels, height, width) = size4(x);
        let ((top, bottom), (left, right)) = (self.pad(height), self.pad(width));
        let groups = if self.depthwise { channels } else { 1 };
        // An odd rest comes with a stride, never with a dilation. A row of zeros before the kernel and one row more before
        // the map give the same as the rest after the map, but copy the kernel and not the map.
        let odd = [right - left, bottom - top];
        let weight = if odd == [0, 0] { weight } else { weight.constant_pad_nd([odd[0], 0, odd[1], 0]) };
        x.conv2d(&weight, bias.as_ref(), [self.stride; 2], [bottom, right], [self.dilation; 2], groups)
    }
}

/// A convolution without a norm.
pub(super) struct Conv {
    weight: Tensor,
    bias: Option<Tensor>,
    window: Window,
}

impl Conv {
    /// `weight` `[outputs, inputs / groups, k, k]` below `vs`, initialised by `init`; `bias` `[outputs]` of zeros if wanted.
    pub(super) fn new(vs: &Path, channels: (i64, i64), window: Window, bias: bool, init: Init) -> Self {
        let weight = kernel(vs, channels, window, init);
        let bias = bias.then(|| vs.zeros("bias", &[channels.1]));
        Self { weight, bias, window }
    }

    pub(super) fn forward(&self, x: &Tensor) -> Tensor {
        self.window.apply(x, &self.weight, self.bias.as_ref())
    }
}

/// How far running statistics move in a training step: PyTorch's default. EfficientNet's own 0.01 is for a million steps;
/// after a hundred, a third of what rests would still be ImageNet's.
const MOMENTUM: f64 = 0.1;

/// What a norm does, beside its weights.
#[derive(Clone, Copy)]
pub(super) struct NormKind {
    pub(super) eps: f64,
    /// Statistics, scale and shift stay as they were loaded.
    pub(super) frozen: bool,
}

impl NormKind {
    /// PyTorch's defaults.
    pub(super) const TRAINED: Self = Self { eps: 1e-5, frozen: false };
}

/// A convolution followed by batch norm.
///
/// Where the norm's statistics stand still it is folded into the kernel at each call: the gradient of the kernel is the
/// same, and a multiplication as large as the map and its backward pass are saved.
pub(super) struct ConvNorm {
    weight: Tensor,
    window: Window,
    scale: Tensor,
    shift: Tensor,
    mean: Tensor,
    var: Tensor,
    kind: NormKind,
}

impl ConvNorm {
    /// The kernel below `conv`; `weight`, `bias`, `running_mean`, `running_var`, each `[outputs]`, below `norm`.
    pub(super) fn new(conv: &Path, norm: &Path, channels: (i64, i64), window: Window, kind: NormKind) -> Self {
        let outputs = [channels.1];
        let vector = |name, value, trained| {
            norm.add(name, Tensor::full(outputs, value, (tch::Kind::Float, norm.device())), trained)
        };
        Self {
            weight: kernel(conv, channels, window, tch::nn::init::DEFAULT_KAIMING_NORMAL),
            window,
            scale: vector("weight", 1.0, !kind.frozen),
            shift: vector("bias", 0.0, !kind.frozen),
            mean: vector("running_mean", 0.0, false),
            var: vector("running_var", 1.0, false),
            kind,
        }
    }

    pub(super) fn forward(&self, x: &Tensor, train: bool) -> Tensor {
        self.forward_as(self.window, x, train)
    }

    /// With the dilation of another window.
    pub(super) fn forward_dilated(&self, dilation: i64, x: &Tensor, train: bool) -> Tensor {
        self.forward_as(self.window.dilation(dilation), x, train)
    }

    fn forward_as(&self, window: Window, x: &Tensor, train: bool) -> Tensor {
        // One value a channel has no variance: PyTorch's running variance would become NaN.
        let (n, _, h, w) = size4(x);
        if !train || self.kind.frozen || n * h * w == 1 {
            return self.folded(window, x);
        }
        let y = window.apply(x, &self.weight, None);
        y.batch_norm(
            Some(&self.scale),
            Some(&self.shift),
            Some(&self.mean),
            Some(&self.var),
            true,
            MOMENTUM,
            self.kind.eps,
            true,
        )
    }

    /// `norm(conv(x)) = conv(x; kernel * g) + shift - mean * g` with `g = scale / sqrt(var + eps)`.
    fn folded(&self, window: Window, x: &Tensor) -> Tensor {
        let gain = &self.scale * (&self.var + self.kind.eps).rsqrt();
        let shift = &self.shift - &self.mean * &gain;
        let weight = &self.weight * gain.view([-1, 1, 1, 1]);
        window.apply(x, &weight, Some(&shift))
    }
}

/// A kernel in channels-last order, drawn on the CPU so that every device begins with the same numbers.
fn kernel(vs: &Path, (inputs, outputs): (i64, i64), window: Window, by: Init) -> Tensor {
    let inputs = if window.depthwise { 1 } else { inputs };
    let drawn = init(by, &[outputs, inputs, window.kernel, window.kernel], Device::Cpu);
    vs.add("weight", channels_last(&drawn.to_device(vs.device())), true)
}

/// The same numbers with the channels of a pixel beside each other in memory. tch has no memory formats.
pub(super) fn channels_last(x: &Tensor) -> Tensor {
    x.permute([0, 2, 3, 1]).contiguous().permute([0, 3, 1, 2]) // [n, c, h, w]
}

/// `[n, channels, h, w]`.
pub(super) fn size4(x: &Tensor) -> (i64, i64, i64, i64) {
    x.size4().expect("maps have four dimensions")
}
