//! Frames with parts of others: cutmix (Eq. 9) and copy-paste (Eq. 12), and what the confidence bank is fed with (Eq. 10).

use tch::{Device, Kind, Tensor, no_grad};
use windlass::domain::IGNORE;
use windlass::method::mixing::Rectangle;

/// Cutmix in both orders: `first` `[n, c, h, w]` with the boxes, one a frame, of `second`, and the other way round:
/// `[2 * n, c, h, w]`.
pub fn mix(first: &Tensor, second: &Tensor, boxes: &[Rectangle]) -> Tensor {
    let size = first.size();
    let inside = Tensor::zeros([size[0], 1, size[2], size[3]], (Kind::Bool, first.device()));
    for (frame, bounds) in boxes.iter().enumerate() {
        let Rectangle { left, top, width, height } = *bounds;
        let rows = inside.get(frame as i64).narrow(1, i64::from(top), i64::from(height));
        let _ = rows.narrow(2, i64::from(left), i64::from(width)).fill_(1);
    }
    Tensor::cat(&[second.where_self(&inside, first), first.where_self(&inside, second)], 0)
}

/// The same of pictures `[n, h, w, 3]`.
pub fn mix_pictures(first: &Tensor, second: &Tensor, boxes: &[Rectangle]) -> Tensor {
    let planes = |pictures: &Tensor| pictures.permute([0, 3, 1, 2]);
    mix(&planes(first), &planes(second), boxes).permute([0, 2, 3, 1])
}

/// Labelled pictures `[n, h, w, 3]` and labels `[n, h, w]` with those pixels of others pasted in whose class is among the
/// `classes` of the frame.
pub fn paste(
    (rgb, label): (&Tensor, &Tensor),
    (other_rgb, other_label): (&Tensor, &Tensor),
    classes: &[Vec<usize>],
) -> (Tensor, Tensor) {
    let here = |(frame, classes): (usize, &Vec<usize>)| {
        let classes: Vec<i64> = classes.iter().map(|&class| class as i64).collect();
        let classes = Tensor::from_slice(&classes).to_device(label.device());
        other_label.get(frame as i64).unsqueeze(2).eq_tensor(&classes).any_dim(2, false) // [h, w]
    };
    let here = Tensor::stack(&classes.iter().enumerate().map(here).collect::<Vec<_>>(), 0); // [n, h, w]
    (other_rgb.where_self(&here.unsqueeze(3), rgb), other_label.where_self(&here, label))
}

/// Pictures u8 `[n, h, w, 3]`, each with its factors of brightness, contrast about its mean grey, and saturation, in this
/// order, as torchvision's ColorJitter has them.
pub fn recolour(rgb: &Tensor, factors: &[[f64; 3]]) -> Tensor {
    let by = |which: usize| {
        let factors: Vec<f32> = factors.iter().map(|factors| factors[which] as f32).collect();
        Tensor::from_slice(&factors).to_device(rgb.device()).view([-1, 1, 1, 1])
    };
    let weights = Tensor::from_slice(&[0.299_f32, 0.587, 0.114]).to_device(rgb.device());
    let grey = |rgb: &Tensor| (rgb * &weights).sum_dim_intlist(3, true, Kind::Float);
    let bright = (rgb.to_kind(Kind::Float) * by(0)).clamp(0.0, 255.0);
    let mean = grey(&bright).mean_dim([1_i64, 2].as_slice(), true, Kind::Float);
    let contrasted = (&mean + (bright - &mean) * by(1)).clamp(0.0, 255.0);
    let grey = grey(&contrasted);
    (&grey + (contrasted - &grey) * by(2)).clamp(0.0, 255.0).round().to_kind(Kind::Uint8)
}

/// Mean soft-max probability of the true class over the pixels of each class; none for a class without pixels. Logits
/// `[n, C, h, w]`, labels i64 `[n, h, w]`.
pub fn class_confidences(logits: &Tensor, labels: &Tensor) -> Vec<Option<f32>> {
    no_grad(|| {
        let n_classes = logits.size()[1];
        let known = labels.not_equal(i64::from(IGNORE));
        let truth = labels.where_scalarother(&known, 0);
        let p = logits.softmax(1, Kind::Float).gather(1, &truth.unsqueeze(1), false).squeeze_dim(1);
        let known = known.to_kind(Kind::Float);
        let zeros = || Tensor::zeros([n_classes], (Kind::Double, Device::Cpu));
        // On the CPU a sum by class has one order; on a card it would have another each time.
        let cpu = |tensor: &Tensor| tensor.to_device(Device::Cpu).flatten(0, -1);
        let truth = cpu(&truth);
        let sum = |values: &Tensor| zeros().index_add(0, &truth, &cpu(values).to_kind(Kind::Double));
        let (sums, counts) = (sum(&(p * &known)), sum(&known));
        let pair = |class| (sums.double_value(&[class]), counts.double_value(&[class]));
        (0..n_classes).map(pair).map(|(sum, count)| (count > 0.0).then(|| (sum / count) as f32)).collect()
    })
}
