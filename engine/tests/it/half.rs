//! bfloat16: what a card may compute with.

use tch::nn::VarStore;
use tch::{Device, Kind, Tensor, no_grad};
use windlass::domain::{Backbone, Norm};
use windlass_engine::net::Segmenter;

#[test]
fn half_precision_sees_nearly_the_same_and_trains_f32_weights() {
    let vs = VarStore::new(Device::Cpu);
    tch::manual_seed(3);
    let net = Segmenter::new(&vs.root(), Backbone::EfficientnetLite0, Norm::Frozen, 3);
    let x = Tensor::randn([2, 3, 64, 64], (Kind::Float, Device::Cpu));
    let see = |kind| net.forward(&x.to_kind(kind), false);
    let (full, half) = no_grad(|| (see(Kind::Float), see(Kind::BFloat16)));
    assert_eq!(half.features.kind(), Kind::BFloat16);
    let off = (half.features.to_kind(Kind::Float) - &full.features).abs().max().double_value(&[]);
    assert!(off > 0.0 && off < 0.1 * full.features.abs().max().double_value(&[]), "{off}");

    let loss = net.forward(&x.to_kind(Kind::BFloat16), true).logits.to_kind(Kind::Float).square().mean(Kind::Float);
    let weights = vs.trainable_variables();
    let gradients = Tensor::run_backward(&[loss], &weights, false, false);
    for (gradient, weight) in gradients.iter().zip(&weights) {
        assert_eq!((gradient.kind(), gradient.size()), (Kind::Float, weight.size()));
    }
}
