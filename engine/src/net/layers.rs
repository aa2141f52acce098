//! Convolutions and norms by their names in a weights file.

use std::cell::Cell;

use tch::nn::{Init, Path, init};
use tch::{Device, Tensor};

thread_local! {
    static PRODUCTS: Cell<u64> = const { Cell::new(0) };
}

/// How many numbers the convolutions within `work` multiply with a weight, forward: a benchmark's measure of its work.
pub fn products(work: impl FnOnce()) -> u64 {
    let before = PRODUCTS.get();
    work();
    PRODUCTS.get() - before
}

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

    /// How it lies along `size` rows.
    fn along(self, size: i64) -> Axis {
        let reach = self.dilation * (self.kernel - 1);
        match self.padding {
            Padding::Centred if self.dilation >= size => Axis { taps: 1, before: 0, after: 0 },
            Padding::Centred => Axis { taps: self.kernel, before: reach / 2, after: reach / 2 },
            Padding::Same => {
                let total = ((size - 1) / self.stride * self.stride + reach + 1 - size).max(0);
                Axis { taps: self.kernel, before: total / 2, after: total - total / 2 }
            }
        }
    }

    /// The convolution of `x` `[n, channels, h, w]`, f32 or bf16; weights are f32 and follow it.
    fn apply(self, x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Tensor {
        let (mut weight, bias) = (weight.to_kind(x.kind()), bias.map(|bias| bias.to_kind(x.kind())));
        let (_, channels, height, width) = size4(x);
        let axes = [self.along(height), self.along(width)];
        let groups = if self.depthwise { channels } else { 1 };
        for (dim, axis) in (2..).zip(&axes) {
            if axis.taps < self.kernel {
                weight = weight.narrow(dim, (self.kernel - axis.taps) / 2, axis.taps);
            }
        }
        let taps = weight.numel() as u64;
        // An odd rest comes with a stride, never with a dilation. A row of zeros before the kernel and one row more before
        // the map give the same as the rest after the map, but copy the kernel and not the map.
        let [top, left] = axes.each_ref().map(|axis| axis.after - axis.before);
        if [top, left] != [0, 0] {
            weight = weight.constant_pad_nd([left, 0, top, 0]);
        }
        let y =
            x.conv2d(&weight, bias.as_ref(), [self.stride; 2], axes.map(|axis| axis.after), [self.dilation; 2], groups);
        let (n, _, h, w) = size4(&y);
        PRODUCTS.set(PRODUCTS.get() + taps * (n * h * w) as u64);
        y
    }
}

/// How a window lies along rows or columns.
struct Axis {
    /// Of the kernel, those that can meet the map: the middle one alone where the dilation reaches past it.
    taps: i64,
    /// Rows to add at the start and at the end.
    before: i64,
    after: i64,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taps_that_meet_no_pixel_are_left_out_and_nothing_changes() {
        tch::manual_seed(1);
        let options = (tch::Kind::Double, Device::Cpu);
        let window = Window::square(3).dilation(6).depthwise();
        for (height, width) in [(6, 6), (6, 7), (7, 6), (7, 7), (1, 20)] {
            let (x, weight) = (Tensor::randn([2, 5, height, width], options), Tensor::randn([5, 1, 3, 3], options));
            let learnt = || (x.copy().set_requires_grad(true), weight.copy().set_requires_grad(true));
            let (a, b) = (learnt(), learnt());
            let ours = window.apply(&a.0, &a.1, None);
            let whole = b.0.conv2d(&b.1, None::<Tensor>, [1, 1], [6, 6], [6, 6], 5);
            (&ours * &ours).sum(tch::Kind::Double).backward();
            (&whole * &whole).sum(tch::Kind::Double).backward();
            assert!(ours.allclose(&whole, 1e-12, 1e-12, false), "{height}x{width}");
            assert!(a.0.grad().allclose(&b.0.grad(), 1e-12, 1e-12, false), "{height}x{width}");
            assert!(a.1.grad().allclose(&b.1.grad(), 1e-12, 1e-12, false), "{height}x{width}");
        }
        assert_eq!((window.along(6).taps, window.along(7).taps), (1, 3));
    }
}
