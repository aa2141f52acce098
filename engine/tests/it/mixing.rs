//! Cutmix, copy-paste and class confidences against the numbers that `tests/golden/mixing.py` made with PyTorch.

use serde_json::Value;
use tch::{Kind, Tensor};
use windlass::method::mixing::Rectangle;
use windlass_engine::mixing::{class_confidences, mix, mix_pictures, paste, recolour};

use crate::losses::{close, integers, tensor};

#[test]
fn cutmix_swaps_the_boxes_of_two_frames() {
    let case = &golden()["mix"];
    let bounds = |[left, top, width, height]: [u32; 4]| Rectangle { left, top, width, height };
    let boxes: Vec<[u32; 4]> = serde_json::from_value(case["boxes"].clone()).unwrap();
    let boxes: Vec<Rectangle> = boxes.into_iter().map(bounds).collect();
    let (first, second) = (tensor(&case["first"]), tensor(&case["second"]));
    let mixed = tensor(&case["mixed"]);
    close(&mix(&first, &second, &boxes), &mixed);
    let last = |maps: &Tensor| maps.permute([0, 2, 3, 1]);
    close(&mix_pictures(&last(&first), &last(&second), &boxes), &last(&mixed));
}

#[test]
fn copy_paste_takes_exactly_the_pixels_of_the_classes() {
    let case = &golden()["paste"];
    let bytes = |name: &str| tensor(&case[name]).to_kind(Kind::Uint8);
    let classes: Vec<Vec<usize>> = serde_json::from_value(case["classes"].clone()).unwrap();
    let (rgb, label) =
        paste((&bytes("rgb"), &integers(&case["label"])), (&bytes("other"), &integers(&case["other_label"])), &classes);
    assert_eq!(rgb, bytes("pasted"));
    assert_eq!(label, integers(&case["pasted_label"]));
}

#[test]
fn a_picture_is_brightened_drawn_to_its_mean_grey_and_robbed_of_its_colours() {
    let picture = Tensor::from_slice(&[200_u8, 100, 50, 40, 40, 40]).view([1, 1, 2, 3]);
    let seen = |factors| Vec::<u8>::try_from(recolour(&picture, &[factors]).flatten(0, -1)).unwrap();
    assert_eq!(seen([1.0, 1.0, 1.0]), [200, 100, 50, 40, 40, 40]);
    assert_eq!(seen([1.5, 1.0, 1.0]), [255, 150, 75, 60, 60, 60]);
    // Greys of 124.2 and 40, their mean 82.1.
    assert_eq!(seen([1.0, 0.0, 1.0]), [82; 6]);
    assert_eq!(seen([1.0, 1.0, 0.0]), [124, 124, 124, 40, 40, 40]);
}

#[test]
fn a_class_is_as_sure_as_the_mean_of_its_pixels() {
    let case = &golden()["class_confidence"];
    let got = class_confidences(&tensor(&case["logits"]), &integers(&case["labels"]));
    let want: Vec<Option<f64>> = serde_json::from_value(case["confidences"].clone()).unwrap();
    assert!(want.contains(&None), "a class without pixels is among them");
    assert_eq!(got.len(), want.len());
    for (got, want) in got.iter().zip(&want) {
        assert_eq!(got.is_some(), want.is_some());
        assert!((f64::from(got.unwrap_or_default()) - want.unwrap_or_default()).abs() < 1e-5);
    }
}

fn golden() -> Value {
    serde_json::from_str(include_str!("../../../tests/golden/mixing.json")).unwrap()
}
