//! One step of every training against PyTorch: `tests/golden/lessons.py` made the numbers, in f64.

use std::collections::BTreeMap;

use serde_json::Value;
use tch::{Device, Kind, Tensor};
use windlass::domain::{Backbone, Norm, Preset, Recipe, Schedule, Size, Taxonomy};
use windlass_engine::adaptive::Adaptive;
use windlass_engine::batch::Batch;
use windlass_engine::checkpoint::Named;
use windlass_engine::ema::Teacher;
use windlass_engine::model::Model;
use windlass_engine::stage::adapt::{Adaptation, Frames};
use windlass_engine::stage::inject::Injection;
use windlass_engine::stage::warmup::Warmup;
use windlass_engine::training::{Lesson, Losses};

use super::numbers::{noise, pictures, set};

const CLASSES: usize = 3;
const SIDE: u32 = 64;
/// How far a weight may end from PyTorch's.
const CLOSE: f64 = 1e-5;
/// The same where f32 rounds more coarsely: there PyTorch itself is 1.3e-4 from its f64.
const NEAR: f64 = 3e-4;

#[test]
fn a_warm_up_step_leaves_the_weights_of_pytorch() {
    let recipe = recipe();
    let mut lesson = Warmup::new(model(&recipe), &recipe, CLASSES);
    fill(lesson.state());
    let losses = lesson.learn([batch("source", 2), batch("target", 2)], 0).unwrap();
    check("warmup", &losses, lesson.state(), CLOSE);
}

#[test]
fn an_injection_step_leaves_the_weights_of_pytorch() {
    inject("inject", &recipe(), CLOSE);
}

#[test]
fn an_injection_step_through_trained_norms_leaves_the_weights_of_pytorch() {
    inject("inject, trained norms", &Recipe { norm: Norm::Trained, ..recipe() }, NEAR);
}

fn inject(case: &str, recipe: &Recipe, within: f64) {
    let mut lesson = Injection::new(model(recipe), recipe);
    fill(lesson.state());
    let losses = lesson.learn([batch("source", 2), batch("labelled", 2)], 0).unwrap();
    check(case, &losses, lesson.state(), within);
}

#[test]
fn the_released_code_s_injection_never_moves_the_decoder() {
    let recipe = Recipe { train_decoder: false, ..recipe() };
    let mut lesson = Injection::new(model(&recipe), &recipe);
    fill(lesson.state());
    lesson.learn([batch("source", 2), batch("labelled", 2)], 0).unwrap();
    for (name, tensor) in lesson.state() {
        let Some(own) = name.strip_prefix("model.") else { continue };
        let is_weight = tensor.size().len() == 4 && !name.contains("backbone.");
        if is_weight {
            let still = before(own, &tensor).equal(&tensor);
            assert_eq!(still, name.contains("decoder") || name.contains("classifier"), "{name}");
        }
    }
}

#[test]
fn an_adaptation_step_leaves_the_weights_of_pytorch() {
    adapt("recommended", &recipe(), None, CLOSE);
}

#[test]
fn an_adaptation_step_of_the_paper_leaves_the_weights_of_pytorch() {
    adapt("paper", &published(Preset::Paper), None, CLOSE);
}

/// The bank is sure of one class alone: so the sampled consistency keeps all pixels of a class or none, whatever it draws.
#[test]
fn an_adaptation_step_of_the_released_code_leaves_the_weights_of_pytorch() {
    adapt("released-code", &published(Preset::ReleasedCode), Some([0.0, 0.0, 1.0]), NEAR);
}

/// Step 6 of 12: the alignment has begun, and the teacher moves where it may.
fn adapt(case: &str, recipe: &Recipe, bank: Option<[f32; CLASSES]>, within: f64) {
    let student = model(recipe);
    let teacher = Teacher::new(model(recipe), &student, recipe.teacher_decay);
    let anchors = noise("anchors", &[2, CLASSES as i64 * 128]);
    let classes = &Taxonomy::built_in("cityscapes19").unwrap().classes[..CLASSES];
    let adaptive = Adaptive::new(2, recipe, classes, Tensor::zeros([4, CLASSES as i64], (Kind::Float, Device::Cpu)));
    let mut lesson = Adaptation::new(student, teacher, anchors, adaptive, recipe);
    fill(lesson.state());
    if let Some(bank) = bank {
        let (_, mut own) = lesson.state().into_iter().find(|(name, _)| name == "adaptive.confidence").unwrap();
        own.copy_(&Tensor::from_slice(&bank));
    }
    let wanted = |wanted: bool| if wanted { 2 } else { 0 };
    let frames = Frames {
        source: batch("source", wanted(recipe.source_weight > 0.0)),
        labelled: batch("labelled", 2),
        givers: batch("givers", wanted(recipe.copy_paste > 0.0)),
        drawn: batch("drawn", 1),
        chosen: Some(batch("chosen", 1)),
    };
    let losses = lesson.learn(frames, 5, |_| Ok(())).unwrap();
    check(case, &losses, lesson.state(), within);
}

fn recipe() -> Recipe {
    let recommended = Recipe::recommended(Backbone::EfficientnetLite0);
    let schedule = Schedule { steps: 12, rate: 0.002, ..recommended.adapt };
    let size = Size { width: SIDE, height: SIDE };
    Recipe {
        norm: Norm::Frozen,
        dropout: 0.0,
        frame: size,
        crop: size,
        warmup: schedule.clone(),
        inject: schedule.clone(),
        adapt: schedule,
        // Large, so that a mistake in their gradients would be seen.
        adversarial_weight: 0.5,
        alignment_weight: 2.0,
        min_pixels: 2,
        copy_paste: 1.0,
        never_pasted: vec![],
        anchor_decay: 0.9,
        teacher_decay: 0.9,
        confidence_decay: 0.9,
        ..recommended
    }
}

/// A preset's method at the sizes of [`recipe`], but for the backbone's norms; what it may paste, it pastes.
fn published(preset: Preset) -> Recipe {
    let (published, ours) = (Recipe::preset(preset, Backbone::EfficientnetLite0), recipe());
    Recipe {
        norm: ours.norm,
        dropout: ours.dropout,
        frame: ours.frame,
        crop: ours.crop,
        adapt: Schedule { steps: ours.adapt.steps, rate: ours.adapt.rate, ..published.adapt.clone() },
        alignment_weight: ours.alignment_weight,
        // More than some class has in a frame.
        min_pixels: 70,
        copy_paste: published.copy_paste.ceil(),
        never_pasted: ours.never_pasted,
        anchor_decay: ours.anchor_decay,
        confidence_decay: if published.confidence_decay < 1.0 { ours.confidence_decay } else { 1.0 },
        ..published
    }
}

fn model(recipe: &Recipe) -> Model {
    Model::fresh(recipe, CLASSES, 0, Device::Cpu)
}

/// Frames, and labels a fourth of whose pixels is unknown; the first place in a set is as good as any.
fn batch(name: &str, n: i64) -> Batch {
    let side = i64::from(SIDE);
    let drawn = (noise(&format!("{name}.label"), &[n, side, side]) * 4.0).to_kind(Kind::Int64);
    let label = drawn.masked_fill(&drawn.eq(3), 255);
    let first = if name == "chosen" { 1 } else { 0 };
    Batch { rgb: pictures(name, n, side, side), label, padding: None, frames: (first..first + n as usize).collect() }
}

/// Weights by their names; the teacher's by other names than the student's.
fn fill(state: Named) {
    for (name, tensor) in state {
        if let Some(drawn_by) = drawn_by(&name) {
            set(&name, &drawn_by, tensor);
        }
    }
}

fn drawn_by(name: &str) -> Option<String> {
    let own = ["model.", "discriminator."].iter().find_map(|prefix| name.strip_prefix(prefix));
    own.map(str::to_owned).or_else(|| name.starts_with("teacher.").then(|| name.to_owned()))
}

/// What [`fill`] put into a weight.
fn before(drawn_by: &str, like: &Tensor) -> Tensor {
    let filled = like.zeros_like();
    set(drawn_by, drawn_by, filled.shallow_clone());
    filled
}

/// The losses to 1e-5, and how far every tensor has moved: its length, and its share along a fixed direction. What the
/// file does not name has not moved.
fn check(case: &str, losses: &Losses, state: Named, within: f64) {
    let golden: Value =
        serde_json::from_str(include_str!("../../../tests/golden/lessons.json")).expect("lessons.py has made it");
    let case = &golden[case];
    let total = ("total", losses.total.shallow_clone());
    for (name, value) in losses.parts.iter().chain([&total]).map(|(name, value)| (name, value.double_value(&[]))) {
        let want = case["losses"][*name].as_f64().unwrap_or_else(|| panic!("no golden {name}"));
        assert!((value - want).abs() < 1e-5 * want.max(1.0), "{name}: {value} and {want}");
    }
    let mut wanted: BTreeMap<String, [f64; 2]> =
        serde_json::from_value(case["moved"].clone()).expect("two numbers each");
    for (name, tensor) in state {
        if name.starts_with("sgd.") || name.starts_with("adam.") {
            continue;
        }
        let start = match drawn_by(&name) {
            Some(drawn_by) => before(&drawn_by, &tensor),
            None if name == "anchors" => noise("anchors", &tensor.size()),
            None => tensor.zeros_like(),
        };
        let moved = (&tensor - start).to_kind(Kind::Double);
        let along = noise(&format!("{name}.probe"), &tensor.size()) - 0.5;
        let got = [moved.norm().double_value(&[]), (&moved * along).sum(Kind::Double).double_value(&[])];
        for (got, want) in got.into_iter().zip(wanted.remove(&name).unwrap_or_default()) {
            assert!((got - want).abs() < within, "{name} moved by {got}, not by {want}");
        }
    }
    assert!(wanted.is_empty(), "PyTorch moved what is not here: {:?}", wanted.keys());
}
