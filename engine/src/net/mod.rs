//! DeepLab v3+ on two backbones, and the discriminator.

mod layers;
mod resnet;
mod efficientnet_lite;
mod deeplab;
mod discriminator;

use tch::nn::Path;
use tch::{Kind, Tensor};
use windlass::domain::{Backbone, Input, Norm, Size};

pub use discriminator::{Discriminator, probability};
pub use efficientnet_lite::Lite0Classifier;
pub use layers::products;

use deeplab::{Head, Plan};
use efficientnet_lite::Lite0;
use resnet::Resnet;

const RESNET_HEAD: Plan = Plan {
    high: Resnet::HIGH,
    low: Resnet::LOW,
    width: 256,
    low_width: 48,
    small: false,
    align_corners: true,
    dropout: [0.5, 0.5, 0.1],
};

const LITE_HEAD: Plan = Plan {
    high: Lite0::HIGH,
    low: Lite0::LOW,
    width: 128,
    low_width: 32,
    small: true,
    align_corners: false,
    dropout: [0.1, 0.0, 0.0],
};

/// What a picture looks like to the network, at a quarter of its size (rounded up).
pub struct Output {
    /// f32 `[n, D, h/4, w/4]` after the last ReLU, before the classifier; D is [`Backbone::feature_channels`].
    pub features: Tensor,
    /// f32 `[n, C, h/4, w/4]`.
    pub logits: Tensor,
}

/// A network that gives every pixel a class.
pub struct Segmenter {
    backbone: Body,
    head: Head,
    plan: Plan,
    input: Input,
}

enum Body {
    Resnet(Resnet),
    Lite(Lite0),
}

impl Segmenter {
    /// Builds in `vs`, names under `backbone.` and `head.`; seeded by `tch::manual_seed` before the call.
    ///
    /// Below `backbone.` stand torchvision's names (ResNet-101) or those of the wheel (EfficientNet-Lite0).
    /// `norm` is the backbone's; the head's norms are always trained.
    pub fn new(vs: &Path, backbone: Backbone, norm: Norm, n_classes: usize) -> Self {
        let body = vs / "backbone";
        let frozen = norm == Norm::Frozen;
        let (backbone, plan) = match backbone {
            Backbone::Resnet101 => (Body::Resnet(Resnet::new(&body, frozen)), RESNET_HEAD),
            Backbone::EfficientnetLite0 => (Body::Lite(Lite0::new(&body, frozen, 16)), LITE_HEAD),
        };
        Self { backbone, head: Head::new(&(vs / "head"), plan, n_classes as i64), plan, input: Input::Imagenet }
    }

    /// What it takes a pixel's bytes for; ImageNet's standard otherwise.
    pub fn with_input(self, input: Input) -> Self {
        Self { input, ..self }
    }

    /// What it takes a pixel's bytes for.
    pub fn input(&self) -> Input {
        self.input
    }

    /// What it takes for nothing: a colour that is normalised to about 0.
    pub fn nothing(&self) -> [u8; 3] {
        match (self.input, &self.backbone) {
            (Input::Unit, _) => [0; 3],
            (Input::Imagenet, Body::Resnet(_)) => [124, 116, 104],
            (Input::Imagenet, Body::Lite(_)) => [127; 3],
        }
    }

    /// Its dropout rates times `share`; as published otherwise.
    pub fn with_dropout(mut self, share: f64) -> Self {
        self.head.scale_dropout(share);
        self
    }

    /// Pictures u8 `[n, h, w, 3]` -> f32 `[n, 3, h, w]`, channels-last, in the numbers that the recipe wants.
    pub fn normalise(&self, rgb: &Tensor) -> Tensor {
        let x = rgb.to_kind(Kind::Float);
        let x = match (self.input, &self.backbone) {
            (Input::Unit, _) => x / 255.0,
            (Input::Imagenet, Body::Lite(_)) => (x - 127.0) / 128.0,
            (Input::Imagenet, Body::Resnet(_)) => {
                let vector = |v: [f64; 3]| Tensor::from_slice(&v.map(|v| v as f32)).to_device(rgb.device());
                let (mean, std) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);
                (x - vector(mean.map(|v| v * 255.0))) / vector(std.map(|v| v * 255.0))
            }
        };
        x.permute([0, 3, 1, 2]) // [n, 3, h, w]
    }

    /// Normalised pictures f32 `[n, 3, h, w]`, any size from 32x32. `train` switches dropout on and moves norms that are trained.
    pub fn forward(&self, x: &Tensor, train: bool) -> Output {
        let (low, high) = match &self.backbone {
            Body::Resnet(body) => body.forward(x, train),
            Body::Lite(body) => body.forward(x, train),
        };
        let (features, logits) = self.head.forward(&low, &high, train);
        Output { features, logits }
    }

    /// A map `[1, D, h, w]` at places of a frame of `size`, in its pixels: `[n, D]`, bilinear as [`Self::enlarge`] is.
    pub fn sample(&self, map: &Tensor, places: &[[f32; 2]], size: Size) -> Tensor {
        // From -1 to 1: between the middles of the outermost cells where corners are aligned, else between the edges.
        let scale = |at: f32, length: u32| {
            let length = length as f32;
            if self.plan.align_corners {
                2.0 * at / (length - 1.0).max(1.0) - 1.0
            } else {
                (2.0 * at + 1.0) / length - 1.0
            }
        };
        let grid: Vec<f32> = places.iter().flat_map(|[x, y]| [scale(*x, size.width), scale(*y, size.height)]).collect();
        let grid = Tensor::from_slice(&grid).view([1, 1, -1, 2]).to_device(map.device());
        let (bilinear, to_the_border) = (0, 1);
        let sampled = map.grid_sampler(&grid, bilinear, to_the_border, self.plan.align_corners); // [1, D, 1, n]
        sampled.flatten(0, 2).tr().contiguous()
    }

    /// Logits `[n, C, h, w]` -> `[n, C, size.height, size.width]`, bilinear.
    pub fn enlarge(&self, logits: &Tensor, size: Size) -> Tensor {
        let size = [i64::from(size.height), i64::from(size.width)];
        logits.upsample_bilinear2d(size, self.plan.align_corners, None, None)
    }
}
