//! What a features file says of a frame.

use tch::{Device, Kind, Tensor};
use windlass::domain::{FrameRef, Gan, LabelRef, OWN_CODE, Plan, files};
use windlass::formats::mask_png::write_gray;
use windlass_engine::feature_file::FeatureFile;
use windlass_engine::loss::adversarial;
use windlass_engine::net::probability;
use windlass_engine::predict::entropy;

use crate::toy::{FRAME, Toy};

#[test]
fn entropy_is_1_where_nothing_is_known_and_0_where_all_is() {
    let logits = Tensor::zeros([1, 5, 2, 3], (Kind::Float, Device::Cpu));
    assert!(entropy(&logits).allclose(&Tensor::ones([1, 2, 3], (Kind::Float, Device::Cpu)), 0.0, 1e-6, false));
    let _ = logits.narrow(1, 3, 1).fill_(100.0);
    assert!(entropy(&logits).abs().max().double_value(&[]) < 1e-6);
}

#[test]
fn a_verdict_that_is_right_of_the_target_is_a_probability_of_1() {
    let of = |verdict: f64| Tensor::full([1, 1, 1, 1], verdict, (Kind::Float, Device::Cpu));
    for (gan, source, target) in [(Gan::LeastSquares, 0.0, 1.0), (Gan::CrossEntropy, -20.0, 20.0)] {
        for (verdict, domain) in [(source, 0.0), (target, 1.0)] {
            assert!(adversarial(&of(verdict), domain, gan, None).double_value(&[]) < 1e-6, "the verdict is right");
            assert!((probability(&of(verdict), gan).double_value(&[0, 0, 0, 0]) - domain).abs() < 1e-6);
        }
    }
    // Least squares bound nothing; the logit 1 is a probability of 0.73.
    assert_eq!(
        [-0.5, 0.25, 1.5].map(|v| probability(&of(v), Gan::LeastSquares).double_value(&[0, 0, 0, 0])),
        [0.0, 0.25, 1.0]
    );
    assert!((probability(&of(1.0), Gan::CrossEntropy).double_value(&[0, 0, 0, 0]) - 0.731_059).abs() < 1e-6);
}

/// The same picture without a label, with one that says nothing, and with labels that say each class everywhere.
#[test]
fn of_a_labelled_frame_only_rightly_predicted_pixels_count() {
    let toy = Toy::draw();
    let warmup = toy.done("warmup", &toy.plan.warmup());
    let picture = &toy.plan.source[0];
    let labelled = |value: u8| {
        let path = picture.image.with_file_name(format!("all{value}.png"));
        write_gray(&path, FRAME, &vec![value; FRAME.pixels()]).unwrap();
        FrameRef { label: Some(LabelRef { path, code: OWN_CODE.into() }), ..picture.clone() }
    };
    let unlabelled = FrameRef { label: None, ..picture.clone() };
    let source = vec![unlabelled, labelled(255), labelled(0), labelled(1), labelled(2)];
    let plan = Plan { source, ..toy.plan.clone() };
    let features = toy.done("features", &plan.features(warmup.model(), None)).out(files::FEATURES);
    let file = FeatureFile::open(&features).unwrap();
    let (vectors, length) = file.floats("source", "vectors").unwrap();
    let (present, n_classes) = file.bytes("source", "present").unwrap();
    let (pixels, _) = file.floats("source", "pixels").unwrap();
    let vector = |row: usize, class: usize| &vectors[row * length..][..length][class * length / 3..][..length / 3];
    let is_present = |row: usize, class: usize| present[row * n_classes + class];
    let nothing = vec![0.0; length / 3];

    assert!((0..3).filter(|&class| is_present(0, class) == 1).count() > 1, "the model tells classes apart");
    for (row, said) in [(1, None), (2, Some(0)), (3, Some(1)), (4, Some(2))] {
        assert_eq!(pixels[row * 3..][..3], pixels[..3], "shares are of what is predicted");
        assert!((pixels[row * 3..][..3].iter().sum::<f32>() - 1.0).abs() < 1e-5);
        for class in 0..3 {
            let here = (vector(row, class), is_present(row, class));
            let want = if said == Some(class) { (vector(0, class), is_present(0, class)) } else { (&nothing[..], 0) };
            assert_eq!(here, want, "class {class} of row {row}");
        }
    }
}
