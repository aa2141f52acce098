//! What is minimised. Logits are `[n, C, h, w]`, labels i64 `[n, h, w]` with 255 where nothing is known.

use tch::{Kind, Reduction, Tensor, no_grad};
use windlass::domain::IGNORE;

/// Added to squared distances, so that a frame that lies on an anchor has a finite gradient.
const EPS: f64 = 1e-8;

/// Mean cross entropy over labelled pixels; 0 where there is none. Scalar.
pub fn cross_entropy(logits: &Tensor, labels: &Tensor) -> Tensor {
    let loss = per_pixel(logits, labels);
    loss.sum(Kind::Float) / labels.not_equal(i64::from(IGNORE)).sum(Kind::Float).clamp_min(1.0)
}

/// Cross entropy `[n, h, w]`, 0 where the label is 255.
fn per_pixel(logits: &Tensor, labels: &Tensor) -> Tensor {
    logits.cross_entropy_loss::<Tensor>(labels, None, Reduction::None, i64::from(IGNORE), 0.0)
}

/// Online hard example mining: mean cross entropy over the labelled pixels whose class got less than `threshold`,
/// and in any case over the hardest pixels up to `min_kept` of all (AEL). Scalar.
pub fn ohem(logits: &Tensor, labels: &Tensor, threshold: f64, min_kept: f64) -> Tensor {
    let loss = per_pixel(logits, labels);
    let kept = no_grad(|| {
        let labelled = labels.not_equal(i64::from(IGNORE));
        // Unlabelled pixels count as easier than any: they come last among the hardest.
        let p = loss.neg().exp().masked_fill(&labelled.logical_not(), 2.0);
        let least = ((min_kept * p.numel() as f64) as i64).max(1);
        let (hardest, _) = p.flatten(0, -1).kthvalue(least, 0, false);
        p.le_tensor(&hardest.clamp_min(threshold)).logical_and(&labelled).to_kind(Kind::Float)
    });
    (loss * &kept).sum(Kind::Float) / kept.sum(Kind::Float).clamp_min(1.0)
}

/// Least-squares GAN loss of a discriminator's map (Mao et al. 2017): `domain` is 0 for source and 1 for target. Scalar.
pub fn ls_gan(map: &Tensor, domain: f64) -> Tensor {
    (map - domain).square().mean(Kind::Float)
}

/// Cross entropy to the teacher's best class, each pixel weighted by the square of the teacher's confidence (AEL). Scalar.
pub fn consistency(logits: &Tensor, teacher_logits: &Tensor) -> Tensor {
    let (confidence, class) = no_grad(|| teacher_logits.softmax(1, Kind::Float).max_dim(1, false)); // [n, h, w] each
    let weight = confidence.square();
    (per_pixel(logits, &class) * &weight).sum(Kind::Float) / weight.sum(Kind::Float)
}

/// Soft alignment of vectors `[n, d]` with anchors `[v, d]`: the harmonic mean of the mean-squared distances of a frame
/// to all anchors, averaged over frames (Eq. 14 divided by d). Scalar.
pub fn alignment(vectors: &Tensor, anchors: &Tensor) -> Tensor {
    let n_anchors = anchors.size()[0] as f64;
    let inverse = (distances(vectors, anchors) + EPS).reciprocal(); // [n, v]
    (inverse.sum_dim_intlist(1, false, Kind::Float).reciprocal() * n_anchors).mean(Kind::Float)
}

/// Mean-squared distances of vectors `[n, d]` to anchors `[v, d]`: `[n, v]`.
pub fn distances(vectors: &Tensor, anchors: &Tensor) -> Tensor {
    (vectors.unsqueeze(1) - anchors.unsqueeze(0)).square().mean_dim(2, false, Kind::Float) // [n, v]
}
