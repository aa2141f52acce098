//! What is minimised. Logits are `[n, C, h, w]`, labels i64 `[n, h, w]` with 255 where nothing is known.

use tch::{Kind, Reduction, Tensor, no_grad};
use windlass::domain::{Gan, IGNORE};

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

/// Loss of a discriminator's map `[n, 1, h, w]` that is to say `domain`, 0 for source and 1 for target: least squares (Mao
/// et al. 2017), or binary cross entropy of the map as logits. A mean without the places that are [`padding`](padded_at) of
/// crops, bool `[n, height, width]`. Scalar.
pub fn adversarial(map: &Tensor, domain: f64, gan: Gan, padding: Option<&Tensor>) -> Tensor {
    let loss = match gan {
        Gan::LeastSquares => (map - domain).square(),
        Gan::CrossEntropy => map.softplus() - map * domain,
    };
    let Some(padding) = padding else { return loss.mean(Kind::Float) };
    let kept = padded_at(padding, &loss).logical_not().to_kind(Kind::Float).unsqueeze(1);
    (loss * &kept).sum(Kind::Float) / kept.sum(Kind::Float).clamp_min(1.0)
}

/// Which places of a map `[n, _, h, w]` lie mostly outside of their frame: padding bool `[n, height, width]` -> bool
/// `[n, h, w]`.
pub fn padded_at(padding: &Tensor, map: &Tensor) -> Tensor {
    let size = map.size();
    padding.to_kind(Kind::Float).unsqueeze(1).adaptive_avg_pool2d([size[2], size[3]]).squeeze_dim(1).gt(0.5)
}

/// A teacher's answer as labels.
pub struct PseudoLabels {
    /// i64 `[n, h, w]`: its best class; 255 where it is left out.
    pub classes: Tensor,
    /// f32 `[n, h, w]`: the square of its confidence (AEL); 0 where it is left out.
    pub weights: Tensor,
}

impl PseudoLabels {
    /// Of logits `[n, C, h, w]`, without padding, bool `[n, h, w]`, and of the rest without the given shares of pixels:
    /// those of the lowest and of the highest entropy.
    pub fn of(teacher_logits: &Tensor, padding: Option<&Tensor>, drop_surest: f64, drop_doubtful: f64) -> Self {
        no_grad(|| {
            let log_p = teacher_logits.log_softmax(1, Kind::Float);
            let p = log_p.exp();
            let (confidence, classes) = p.max_dim(1, false); // [n, h, w] each
            let mut labels = Self { classes, weights: confidence.square() };
            if let Some(padding) = padding {
                labels = labels.without(padding);
            }
            if drop_surest <= 0.0 && drop_doubtful <= 0.0 {
                return labels;
            }
            let entropy = -(p * log_p).sum_dim_intlist(1, false, Kind::Float); // [n, h, w]
            let counted = match padding {
                Some(padding) => entropy.masked_select(&padding.logical_not()),
                None => entropy.flatten(0, -1),
            };
            let n = counted.numel() as i64;
            if n == 0 {
                return labels;
            }
            let count = |share: f64| ((share * n as f64) as i64).clamp(0, n - 1);
            let ranked = |rank: i64| counted.kthvalue(rank, 0, false).0;
            let low = entropy.lt_tensor(&ranked(count(drop_surest) + 1));
            let high = entropy.gt_tensor(&ranked(n - count(drop_doubtful)));
            labels.without(&low.logical_or(&high))
        })
    }

    /// Leaves some pixels out, bool `[n, h, w]`.
    fn without(self, these: &Tensor) -> Self {
        let classes = self.classes.masked_fill(these, i64::from(IGNORE));
        Self { classes, weights: self.weights.masked_fill(these, 0.0) }
    }
}

/// Leaves pixels out at random, as likely as the class that the student gives them is unlikely in `keep_odds`: kept is what
/// has a draw, f32 `[n, h, w]` in [0, 1), below the odds (AEL).
pub fn keep_at_random(labels: PseudoLabels, logits: &Tensor, keep_odds: &[f32], draws: &Tensor) -> PseudoLabels {
    no_grad(|| {
        let odds = Tensor::from_slice(keep_odds).to_device(logits.device()).take(&logits.argmax(1, false)); // [n, h, w]
        labels.without(&draws.ge_tensor(&odds))
    })
}

/// Cross entropy to pseudo-labels, a mean by their weights; 0 where all are left out. Scalar.
pub fn consistency(logits: &Tensor, labels: &PseudoLabels) -> Tensor {
    let PseudoLabels { classes, weights } = labels;
    (per_pixel(logits, classes) * weights).sum(Kind::Float) / weights.sum(Kind::Float).clamp_min(1e-8)
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
