//! Losses, pooling and optimisers against the numbers that `tests/golden/losses.py` made with PyTorch.

use serde_json::Value;
use tch::nn::{Init, VarStore};
use tch::{Device, Kind, Tensor};
use windlass::domain::{Gan, Schedule};
use windlass_engine::loss::{PseudoLabels, adversarial, alignment, consistency, cross_entropy, keep_at_random, ohem};
use windlass_engine::optimizer::{Adam, Sgd, poly};
use windlass_engine::pooling::{Vectors, class_means, follow};

const TOLERANCE: f64 = 1e-5;

#[test]
fn cross_entropy_skips_ignored_pixels() {
    let case = &golden()["cross_entropy"];
    let logits = tensor(&case["logits"]).set_requires_grad(true);
    check(case, &cross_entropy(&logits, &integers(&case["labels"])), &logits);
    let nothing = Tensor::full([2, 4, 5], 255, (Kind::Int64, Device::Cpu));
    assert_eq!(cross_entropy(&logits, &nothing).double_value(&[]), 0.0, "no label at all is no loss");
}

#[test]
fn ohem_keeps_the_hard_pixels() {
    for case in golden()["ohem"].as_array().unwrap() {
        let logits = tensor(&case["logits"]).set_requires_grad(true);
        let knob = |name: &str| case[name].as_f64().unwrap();
        check(case, &ohem(&logits, &integers(&case["labels"]), knob("threshold"), knob("min_kept")), &logits);
        let kept = logits.grad().abs().sum_dim_intlist(1, false, Kind::Float).gt(0.0).sum(Kind::Int64);
        assert_eq!(kept.int64_value(&[]), case["kept"], "as many pixels have a gradient");
    }
}

#[test]
fn the_discriminator_learns_by_either_loss() {
    for (name, gan) in [("ls_gan", Gan::LeastSquares), ("bce_gan", Gan::CrossEntropy)] {
        let case = &golden()[name];
        let map = tensor(&case["map"]).set_requires_grad(true);
        let loss =
            adversarial(&map.narrow(0, 0, 1), 0.0, gan, None) + adversarial(&map.narrow(0, 1, 1), 1.0, gan, None);
        check(case, &loss, &map);
    }
}

#[test]
fn consistency_trusts_a_confident_teacher_more() {
    let case = &golden()["consistency"];
    let logits = tensor(&case["logits"]).set_requires_grad(true);
    check(case, &consistency(&logits, &PseudoLabels::of(&tensor(&case["teacher"]), None, 0.0, 0.0)), &logits);
}

#[test]
fn consistency_leaves_out_what_is_too_sure_too_doubtful_or_drawn() {
    let case = &golden()["selective"];
    let logits = tensor(&case["logits"]).set_requires_grad(true);
    let pseudo = PseudoLabels::of(&tensor(&case["teacher"]), None, 0.2, 0.1);
    let odds: Vec<f32> = serde_json::from_value(case["keep_odds"].clone()).unwrap();
    let kept = keep_at_random(pseudo, &logits, &odds, &tensor(&case["draws"]));
    close(&kept.weights, &tensor(&case["weights"]));
    check(case, &consistency(&logits, &kept), &logits);
    let nothing = keep_at_random(kept, &logits, &[0.0; 3], &tensor(&case["draws"]));
    assert_eq!(consistency(&logits, &nothing).double_value(&[]), 0.0);
}

#[test]
fn class_means_are_those_of_a_loop_over_classes() {
    let case = &golden()["pooling"];
    let features = tensor(&case["features"]).set_requires_grad(true);
    let vectors = class_means(&features, &integers(&case["classes"]), 3, 5);
    close(&vectors.values, &tensor(&case["means"]));
    close(&vectors.present.to_kind(Kind::Float), &tensor(&case["present"]));
    check(case, &(vectors.values * tensor(&case["weight"])).sum(Kind::Float), &features);
}

#[test]
fn alignment_is_the_harmonic_mean_of_distances() {
    let case = &golden()["alignment"];
    let vectors = tensor(&case["vectors"]).set_requires_grad(true);
    let anchors = tensor(&case["anchors"]);
    check(case, &alignment(&vectors, &anchors), &vectors);
    let on_anchor = anchors.narrow(0, 1, 1).set_requires_grad(true);
    let loss = alignment(&on_anchor, &anchors);
    loss.backward();
    assert!(loss.double_value(&[]) < 1e-6 && bool::try_from(on_anchor.grad().isfinite().all()).unwrap());
}

#[test]
fn anchors_follow_the_classes_that_are_present() {
    let case = &golden()["follow"];
    let mut anchors = tensor(&case["anchors"]);
    let vectors = Vectors { values: tensor(&case["vectors"]), present: tensor(&case["present"]).to_kind(Kind::Bool) };
    follow(&mut anchors, &vectors, case["decay"].as_f64().unwrap());
    close(&anchors, &tensor(&case["moved"]));
}

#[test]
fn sgd_steps_as_pytorch_s_with_a_faster_head() {
    let golden = golden();
    let schedule =
        Schedule { steps: 4, rate: 0.01, head_times: 10.0, momentum: 0.9, weight_decay: 5e-4, power: 0.9, horizon: 0 };
    for (step, rate) in golden["poly"].as_array().unwrap().iter().enumerate() {
        assert!((0.01 * poly(&schedule, step as u64) - rate.as_f64().unwrap()).abs() < 1e-9);
    }
    // The released code decays over 900 000 steps and stops long before.
    let released = Schedule { horizon: 900_000, ..schedule };
    for (step, left) in [(111_450, 0.8878), (148_600, 0.8501)] {
        assert!((poly(&released, step) - left).abs() < 5e-5);
    }
    let vs = VarStore::new(Device::Cpu);
    let (body, head) = weights(&vs, &golden["sgd"]);
    let mut sgd = Sgd::new(&vs, &schedule);
    descend(&golden["sgd"], &body, &head, |loss, step| sgd.step(loss, step));
}

#[test]
fn adam_steps_as_pytorch_s() {
    let golden = golden();
    let vs = VarStore::new(Device::Cpu);
    let (body, head) = weights(&vs, &golden["adam"]);
    let mut adam = Adam::new(&vs);
    let rates: Vec<f64> = serde_json::from_value(golden["poly"].clone()).unwrap();
    descend(&golden["adam"], &body, &head, |loss, step| adam.step(loss, step, rates[step as usize]));
}

fn weights(vs: &VarStore, case: &Value) -> (Tensor, Tensor) {
    let weight = |below: &str, from: &str| {
        let mut weight = (vs.root() / below).var("weight", &[3, 2], Init::Const(0.0));
        tch::no_grad(|| weight.copy_(&tensor(&case["begin"][from])));
        weight
    };
    (weight("backbone", "body"), weight("head", "head"))
}

fn descend(case: &Value, body: &Tensor, head: &Tensor, mut down: impl FnMut(&Tensor, u64)) {
    let slopes = tensor(&case["slopes"]);
    for step in 0..slopes.size()[0] {
        let slope = |which| slopes.get(step).get(which);
        let hill = |weight: &Tensor, slope: Tensor| (weight * slope + weight.pow_tensor_scalar(3)).sum(Kind::Float);
        down(&(hill(body, slope(0)) + hill(head, slope(1))), step as u64);
    }
    close(body, &tensor(&case["end"]["body"]));
    close(head, &tensor(&case["end"]["head"]));
}

pub(crate) fn golden() -> Value {
    serde_json::from_str(include_str!("../../../tests/golden/losses.json")).unwrap()
}

pub(crate) fn tensor(array: &Value) -> Tensor {
    let values: Vec<f32> = serde_json::from_value(array["values"].clone()).unwrap();
    let shape: Vec<i64> = serde_json::from_value(array["shape"].clone()).unwrap();
    Tensor::from_slice(&values).view(&shape[..])
}

pub(crate) fn integers(array: &Value) -> Tensor {
    tensor(array).to_kind(Kind::Int64)
}

/// The loss and its gradient by `by`.
#[track_caller]
fn check(case: &Value, loss: &Tensor, by: &Tensor) {
    let want = case["loss"].as_f64().unwrap();
    assert!((loss.double_value(&[]) - want).abs() < TOLERANCE, "{} and {want}", loss.double_value(&[]));
    loss.backward();
    close(&by.grad(), &tensor(&case["gradient"]));
}

#[track_caller]
pub(crate) fn close(got: &Tensor, want: &Tensor) {
    assert_eq!(got.size(), want.size());
    let off = (got - want).abs().max().double_value(&[]);
    assert!(off < TOLERANCE, "{off} off");
}
