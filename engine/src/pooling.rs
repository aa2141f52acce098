//! Feature vectors as tensors (Eq. 1, 4), with gradient, and anchors that follow them (Eq. 8).

use tch::{Kind, Tensor, no_grad};

use crate::loss::distances;

/// The feature vectors of some frames.
pub struct Vectors {
    /// f32 `[n, C, D]`; zeros where a class is absent.
    pub values: Tensor,
    /// bool `[n, C]`: the class has at least the wanted number of pixels.
    pub present: Tensor,
}

/// Means of features `[n, D, h, w]` over the pixels of each class in `classes` i64 `[n, h, w]`; other values than
/// `0..n_classes` count nowhere.
pub fn class_means(features: &Tensor, classes: &Tensor, n_classes: usize, min_pixels: usize) -> Vectors {
    let every = Tensor::arange(n_classes as i64, (Kind::Int64, features.device())).view([1, -1, 1]); // [1, C, 1]
    let masks = classes.flatten(1, 2).unsqueeze(1).eq_tensor(&every).to_kind(Kind::Float); // [n, C, h*w]
    let sums = masks.bmm(&features.flatten(2, 3).transpose(1, 2)); // [n, C, D]
    let counts = masks.sum_dim_intlist(2, true, Kind::Float); // [n, C, 1]
    let present = counts.ge(min_pixels.max(1) as i64);
    let values = sums / counts.clamp_min(1.0) * present.to_kind(Kind::Float);
    Vectors { values, present: present.squeeze_dim(2) }
}

/// Eq. 8: each frame, in turn, draws its nearest anchor of `[v, C * D]` towards itself, the blocks of absent classes left alone.
pub fn follow(anchors: &mut Tensor, vectors: &Vectors, decay: f64) {
    no_grad(|| {
        let (n_frames, n_classes, d) = vectors.values.size3().expect("vectors are [n, C, D]");
        for frame in 0..n_frames {
            let vector = vectors.values.get(frame).detach(); // [C, D]
            let nearest = distances(&vector.view([1, -1]), anchors).argmin(1, false).int64_value(&[0]);
            let mut anchor = anchors.get(nearest).view([n_classes, d]); // shares memory with `anchors`
            let moved = &anchor * decay + vector * (1.0 - decay);
            anchor.copy_(&moved.where_self(&vectors.present.get(frame).unsqueeze(1), &anchor));
        }
    });
}
