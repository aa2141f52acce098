//! Crops that reach beyond their frames: what lies there is learnt by nobody.

use tch::{Device, Kind, Tensor};
use windlass::domain::{Backbone, Gan, IGNORE, Recipe, Size, Taxonomy, files};
use windlass_engine::adaptive::Adaptive;
use windlass_engine::batch::Batch;
use windlass_engine::ema::Teacher;
use windlass_engine::loss::{PseudoLabels, adversarial};
use windlass_engine::model::Model;
use windlass_engine::stage::adapt::{Adaptation, Frames};
use windlass_engine::stage::warmup::Warmup;
use windlass_engine::training::{Lesson, Losses};

use crate::toy::Toy;

const CLASSES: usize = 3;
const SIDE: i64 = 32;

#[test]
fn frames_smaller_than_the_crop_are_trained_on_in_every_stage() {
    let mut toy = Toy::draw();
    toy.plan.recipe.crop = Size { width: 64, height: 48 };
    toy.plan.recipe.scale = [0.5, 1.2];
    let warmup = toy.done("warmup", &toy.plan.warmup());
    let labelled = toy.plan.target[..3].to_vec();
    let inject = toy.done("inject", &toy.plan.inject(warmup.model(), labelled.clone()));
    let features = toy.done("features", &toy.plan.target_features(inject.model()));
    let anchors = toy.done("anchors", &toy.plan.target_anchors(features.out(files::FEATURES)));
    toy.done(
        "adapt",
        &toy.plan.adapt(inject.model(), features.out(files::FEATURES), anchors.out(files::ANCHORS), labelled),
    );
}

#[test]
fn a_target_that_is_all_padding_fools_and_teaches_nobody() {
    let recipe = recipe();
    let mut warmup = Warmup::new(model(&recipe), &recipe, CLASSES);
    let losses = warmup.learn([frames(2, false), frames(2, true)], 0).unwrap();
    assert!(part(&losses, "loss/source") > 0.0 && part(&losses, "loss/discriminator") > 0.0);
    assert_eq!(part(&losses, "loss/adversarial"), 0.0);

    let student = model(&recipe);
    let before: Vec<Tensor> = student.vs.trainable_variables().iter().map(Tensor::copy).collect();
    let learnt = student.vs.trainable_variables();
    let teacher = Teacher::new(model(&recipe), &student, recipe.teacher_decay);
    let anchors = Tensor::rand([2, CLASSES as i64 * 128], (Kind::Float, Device::Cpu));
    let kept = anchors.copy();
    let adaptive = Adaptive::new(2, &recipe, &Taxonomy::built_in("cityscapes19").unwrap().classes[..CLASSES], unseen());
    let mut adaptation = Adaptation::new(student, teacher, anchors.shallow_clone(), adaptive, &recipe);
    let nothing = || frames(2, true);
    let (source, givers) = (frames(0, false), frames(0, false));
    let frames = Frames { source, labelled: nothing(), givers, drawn: nothing(), chosen: Some(nothing()) };
    let losses = adaptation.learn(frames, 5, |_| Ok(())).unwrap();
    assert_eq!((part(&losses, "loss/labelled"), part(&losses, "loss/consistency")), (0.0, 0.0));
    assert!(before.iter().zip(&learnt).all(|(before, now)| before == now), "no weight has moved");
    assert_eq!(anchors, kept, "nor an anchor");
}

#[test]
fn a_verdict_on_padding_does_not_count() {
    let map = Tensor::from_slice(&[0.5_f32, 0.25, -1.0, 0.0]).view([1, 1, 2, 2]).set_requires_grad(true);
    let padding = half(1);
    for gan in [Gan::LeastSquares, Gan::CrossEntropy] {
        let right = adversarial(&map.narrow(3, 1, 1), 1.0, gan, None);
        assert_eq!(adversarial(&map, 1.0, gan, Some(&padding)), right);
    }
    adversarial(&map, 1.0, Gan::LeastSquares, Some(&padding)).backward();
    assert_eq!(map.grad().narrow(3, 0, 1).abs().max().double_value(&[]), 0.0);
}

#[test]
fn what_is_left_out_of_pseudo_labels_is_a_share_of_the_frame_alone() {
    let logits = Tensor::randn([2, CLASSES as i64, SIDE, SIDE], (Kind::Float, Device::Cpu));
    let padded = PseudoLabels::of(&logits, Some(&half(2)), 0.2, 0.1);
    let inside = |maps: &Tensor| maps.narrow(2, SIDE / 2, SIDE / 2);
    let alone = PseudoLabels::of(&logits.narrow(3, SIDE / 2, SIDE / 2).contiguous(), None, 0.2, 0.1);
    assert_eq!(inside(&padded.weights), alone.weights);
    assert_eq!(inside(&padded.classes), alone.classes);
    assert_eq!(padded.weights.narrow(2, 0, SIDE / 2).max().double_value(&[]), 0.0);
}

#[test]
fn a_box_takes_its_padding_along() {
    let recipe = recipe();
    let mut adaptive =
        Adaptive::new(2, &recipe, &Taxonomy::built_in("cityscapes19").unwrap().classes[..CLASSES], unseen());
    let guide = Tensor::randn([4, CLASSES as i64, SIDE, SIDE], (Kind::Float, Device::Cpu));
    let mixed = adaptive.cutmix(0, &frames(2, false), &frames(2, true), &guide);
    let padding = mixed.padding.unwrap();
    let boxes = padding.narrow(0, 0, 2);
    assert!(bool::try_from(boxes.any()).unwrap());
    assert_eq!(boxes.logical_not(), padding.narrow(0, 2, 2), "what one gave the other got");
    assert!(adaptive.cutmix(0, &frames(2, false), &frames(2, false), &guide).padding.is_none());
}

fn recipe() -> Recipe {
    let mut recipe = Recipe::recommended(Backbone::EfficientnetLite0);
    let size = Size { width: SIDE as u32, height: SIDE as u32 };
    (recipe.frame, recipe.crop, recipe.dropout) = (size, size, 0.0);
    (recipe.adapt.steps, recipe.adapt.weight_decay) = (12, 0.0);
    recipe
}

fn model(recipe: &Recipe) -> Model {
    Model::fresh(recipe, CLASSES, 0, Device::Cpu)
}

/// Noise, labelled where it is not padding.
fn frames(n: i64, padded: bool) -> Batch {
    let cpu = |kind| (kind, Device::Cpu);
    let label = if padded { i64::from(IGNORE) } else { 1 };
    Batch {
        rgb: Tensor::randint(256, [n, SIDE, SIDE, 3], cpu(Kind::Uint8)),
        label: Tensor::full([n, SIDE, SIDE], label, cpu(Kind::Int64)),
        padding: padded.then(|| Tensor::ones([n, SIDE, SIDE], cpu(Kind::Bool))),
        frames: (0..n as usize).collect(),
    }
}

/// Padding on the left.
fn half(n: i64) -> Tensor {
    let left = Tensor::arange(SIDE, (Kind::Int64, Device::Cpu)).lt(SIDE / 2);
    left.expand([n, SIDE, SIDE], false)
}

fn part(losses: &Losses, name: &str) -> f64 {
    losses.parts.iter().find(|(part, _)| *part == name).unwrap().1.double_value(&[])
}

/// Of four frames nobody knows what is in them.
fn unseen() -> Tensor {
    Tensor::zeros([4, CLASSES as i64], (Kind::Float, Device::Cpu))
}
