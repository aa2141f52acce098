//! The networks against PyTorch: `tests/golden/net.py` made the numbers, and says how.
#![cfg(test)]

mod lessons;
mod numbers;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use tch::nn::VarStore;
use tch::{Device, Kind, Tensor, no_grad};
use windlass::domain::{Backbone, Norm, Size};
use windlass_engine::net::{Discriminator, Lite0Classifier, Segmenter, products};
use windlass_engine::weights;

use numbers::{fill, noise, picture};

const CLASSES: usize = 3;

#[test]
fn the_resnet_gives_the_logits_of_pytorch() {
    let (_vs, net) = segmenter(Backbone::Resnet101, Norm::Frozen);
    let logits = check_logits("resnet", &net, 48, 320);
    close(&net.enlarge(&logits, Size { height: 9, width: 13 }), &golden("resnet.resized"), 1e-4);
}

#[test]
fn the_lite_network_gives_the_logits_of_pytorch() {
    let (_vs, net) = segmenter(Backbone::EfficientnetLite0, Norm::Frozen);
    let logits = check_logits("lite_odd", &net, 75, 50);
    assert_eq!(logits.size(), [1, CLASSES as i64, 19, 13]);
    let logits = check_logits("lite", &net, 64, 320);
    close(&net.enlarge(&logits, Size { height: 9, width: 13 }), &golden("lite.resized"), 1e-4);
}

#[test]
fn a_frozen_norm_gives_what_a_trained_one_gives_at_rest() {
    for backbone in [Backbone::Resnet101, Backbone::EfficientnetLite0] {
        let (frozen_vs, frozen) = segmenter(backbone, Norm::Frozen);
        let (trained_vs, trained) = segmenter(backbone, Norm::Trained);
        let x = frozen.normalise(&picture("lite", 64, 96));
        close(&frozen.forward(&x, false).logits, &trained.forward(&x, false).logits, 1e-5);
        let names = |vs: &VarStore| vs.variables().into_keys().collect::<BTreeSet<_>>();
        assert_eq!(names(&frozen_vs), names(&trained_vs));
        assert!(frozen_vs.trainable_variables().len() < trained_vs.trainable_variables().len());
    }
}

#[test]
fn the_discriminator_gives_the_verdicts_of_pytorch() {
    let vs = VarStore::new(Device::Cpu);
    let net = Discriminator::new(&vs.root(), CLASSES);
    fill(&vs);
    let probabilities = noise("probabilities", &[2, CLASSES as i64, 64, 96]).softmax(1, Kind::Float);
    close(&net.forward(&probabilities), &golden("discriminator"), 1e-4);
}

#[test]
fn the_work_of_the_lite_network_is_counted() {
    let vs = VarStore::new(Device::Cpu);
    let net = Lite0Classifier::new(&vs.root());
    let pictures = Tensor::zeros([2, 3, 224, 224], (Kind::Float, Device::Cpu));
    // What the layers of its published table add up to, by hand: outputs times kernel times inputs.
    assert_eq!(products(|| drop(no_grad(|| net.forward(&pictures)))), 2 * 383_907_552);
}

#[test]
fn the_lite_backbone_still_knows_imagenet() {
    let mut vs = VarStore::new(Device::Cpu);
    let net = Lite0Classifier::new(&vs.root());
    weights::load(&mut vs, imagenet()).unwrap();
    let x = ((sunset(224) - 127.0) / 128.0).permute([0, 3, 1, 2]);
    let (logits, classes) = tch::no_grad(|| net.forward(&x)).topk(5, 1, true, true);
    close(&logits.flatten(0, 1), &golden("imagenet.logits"), 1e-3);
    let classes = Vec::<i64>::try_from(classes.flatten(0, 1)).unwrap();
    assert_eq!(classes, Vec::<i64>::try_from(golden("imagenet.classes")).unwrap());
}

#[test]
fn the_imagenet_weights_fill_the_backbone_and_leave_the_head() {
    let (mut vs, _net) = segmenter(Backbone::EfficientnetLite0, Norm::Frozen);
    let before = vs.variables()["head.classifier.weight"].copy();
    weights::load_backbone(&mut vs, imagenet()).unwrap();
    let file = Tensor::read_safetensors(imagenet()).unwrap();
    let stem = file.iter().find(|(name, _)| name == "_conv_stem.weight").unwrap();
    assert_eq!(vs.variables()["backbone._conv_stem.weight"], stem.1);
    assert_eq!(vs.variables()["head.classifier.weight"], before);
}

#[test]
fn pytorch_files_old_and_new_are_read_number_by_number() {
    let folder = tempfile::tempdir().unwrap();
    for file in ["legacy.pth", "zip.pth"] {
        let out = folder.path().join("out.safetensors");
        weights::convert(golden_folder().join(file), &out).unwrap();
        let tensors = Tensor::read_safetensors(&out).unwrap();
        assert_eq!(tensors.len(), 9, "{file} has nine tensors beside its counter");
        for (name, tensor) in tensors {
            assert_eq!(tensor, golden(&format!("state.{name}")), "{name} of {file}");
        }
    }
}

/// The network at rest on the picture of that name.
fn check_logits(name: &str, net: &Segmenter, height: i64, width: i64) -> Tensor {
    let output = tch::no_grad(|| net.forward(&net.normalise(&picture(name, height, width)), false));
    close(&output.logits, &golden(&format!("{name}.logits")), 1e-4);
    close(&output.features.select(2, 3).select(2, 5), &golden(&format!("{name}.features")), 1e-4);
    output.logits
}

fn segmenter(backbone: Backbone, norm: Norm) -> (VarStore, Segmenter) {
    let vs = VarStore::new(Device::Cpu);
    let net = Segmenter::new(&vs.root(), backbone, norm, CLASSES);
    fill(&vs);
    (vs, net)
}

#[track_caller]
fn close(ours: &Tensor, theirs: &Tensor, within: f64) {
    assert_eq!(ours.size(), theirs.size());
    let distance = (ours - theirs).abs().max().double_value(&[]);
    assert!(distance < within, "they differ by {distance}");
}

/// A disc over bands. f32 `[1, side, side, 3]`.
fn sunset(side: i64) -> Tensor {
    let mut pixels = Vec::new();
    for (y, x) in (0..side).flat_map(|y| (0..side).map(move |x| (y, x))) {
        let disc = (y - side * 2 / 5).pow(2) + (x - side / 2).pow(2) < (side / 6).pow(2);
        pixels.extend(match (y < side * 3 / 5, disc) {
            (true, true) => [255, 240, 160],
            (true, false) => [255 - y * 128 / side, 128 - y * 64 / side, 64 + y * 64 / side],
            (false, _) => [16 + (x + y) % 24, 32 + (x * 3 + y) % 24, 64 + (y * 5) % 64],
        });
    }
    Tensor::from_slice(&pixels).to_kind(Kind::Float).view([1, side, side, 3])
}

fn golden(name: &str) -> Tensor {
    let tensors = Tensor::read_safetensors(golden_folder().join("net.safetensors"));
    let tensors = tensors.expect("tests/golden/net.py has made it");
    tensors.into_iter().find(|(known, _)| known == name).unwrap_or_else(|| panic!("no golden {name}")).1
}

fn golden_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden")
}

/// Where `make setup` puts it.
fn imagenet() -> PathBuf {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = variable("WINDLASS_CACHE").unwrap_or_else(|| {
        let home = variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")));
        home.expect("there is a home folder").join("windlass")
    });
    let file = cache.join("efficientnet_lite0.safetensors");
    assert!(file.exists(), "{} is missing: run `make setup`", file.display());
    file
}
