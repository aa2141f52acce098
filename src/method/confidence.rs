//! How sure the network is of each class, and what that is used for (Eq. 10, 11; AEL, Hu et al. 2021).
//!
//! The paper prints the confidence as a mean log-probability and the probability of a class as a sum of soft-maxes,
//! which is 1; both are read here as AEL, which they come from, has them.

/// Eq. 10: the bank follows a step's confidences, `bank = decay * bank + (1 - decay) * confidence`.
///
/// The confidence of a class is the mean soft-max probability of the true class over its pixels; a class without pixels
/// has none, and its place in the bank stays: a step without buses says nothing of how sure the network is of them.
pub fn follow(bank: &mut [f32], confidences: &[Option<f32>], decay: f64) {
    for (held, confidence) in bank.iter_mut().zip(confidences) {
        if let Some(confidence) = confidence {
            *held = (decay * f64::from(*held) + (1.0 - decay) * f64::from(*confidence)) as f32;
        }
    }
}

/// Eq. 11: how likely each class is to be cut for, `softmax(1 - confidence)`.
pub fn cut_odds(bank: &[f32]) -> Vec<f64> {
    softmax(bank.iter().map(|&confidence| Some(1.0 - f64::from(confidence))))
}

/// How likely each of the `allowed` classes is to be pasted, `softmax(sqrt(1 - confidence))` over them. All 0 where none
/// is allowed.
pub fn paste_odds(bank: &[f32], allowed: &[bool]) -> Vec<f64> {
    let root = |(&confidence, &allowed): (&f32, &bool)| allowed.then(|| (1.0 - f64::from(confidence)).max(0.0).sqrt());
    softmax(bank.iter().zip(allowed).map(root))
}

/// How likely a pixel of each class is kept by the sampled consistency: `(1 - confidence) / max(1 - confidence)`.
pub fn keep_odds(bank: &[f32]) -> Vec<f32> {
    let doubt = |confidence: &f32| 1.0 - confidence;
    let most = bank.iter().map(doubt).fold(f32::MIN_POSITIVE, f32::max);
    bank.iter().map(|confidence| (doubt(confidence) / most).clamp(0.0, 1.0)).collect()
}

/// The class at `draw`, 0 to 1, of classes laid end to end by their odds. `None` where all odds are 0.
pub fn pick(odds: &[f64], draw: f64) -> Option<usize> {
    let mut end = 0.0;
    let reaches = |odds: &f64| {
        end += odds;
        draw < end && *odds > 0.0
    };
    odds.iter().position(reaches).or_else(|| odds.iter().rposition(|&odds| odds > 0.0))
}

fn softmax(values: impl Iterator<Item = Option<f64>>) -> Vec<f64> {
    let raised: Vec<f64> = values.map(|value| value.map_or(0.0, f64::exp)).collect();
    let sum: f64 = raised.iter().sum();
    raised.into_iter().map(|value| if sum > 0.0 { value / sum } else { 0.0 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::method::golden::{close, floats, mixing};

    #[test]
    fn the_bank_and_its_odds_are_those_of_pytorch() {
        let case = &mixing()["confidence"];
        let numbers = |name: &str| floats(&case[name]);
        let mut bank = numbers("bank");
        for step in serde_json::from_value::<Vec<Vec<Option<f32>>>>(case["steps"].clone()).unwrap() {
            follow(&mut bank, &step, case["decay"].as_f64().unwrap());
        }
        close(&bank, &numbers("after"), 1e-6);
        let f32s = |odds: Vec<f64>| odds.into_iter().map(|odds| odds as f32).collect::<Vec<_>>();
        close(&f32s(cut_odds(&bank)), &numbers("cut"), 1e-6);
        let allowed: Vec<bool> = serde_json::from_value(case["allowed"].clone()).unwrap();
        close(&f32s(paste_odds(&bank, &allowed)), &numbers("paste"), 1e-6);
        close(&keep_odds(&bank), &numbers("keep"), 1e-6);
        let drawn = numbers("draws").into_iter().map(|draw| pick(&cut_odds(&bank), f64::from(draw)).unwrap());
        assert_eq!(drawn.collect::<Vec<_>>(), serde_json::from_value::<Vec<usize>>(case["picked"].clone()).unwrap());
    }

    #[test]
    fn a_class_that_never_occurs_keeps_its_place() {
        let mut bank = [0.5, 0.5];
        follow(&mut bank, &[Some(1.0), None], 0.9);
        assert_eq!(bank, [0.55, 0.5]);
    }

    #[test]
    fn what_may_not_be_pasted_is_never_picked() {
        let odds = paste_odds(&[0.0, 0.9, 0.5], &[false, true, false]);
        assert_eq!(odds, [0.0, 1.0, 0.0]);
        for draw in [0.0, 0.5, 1.0] {
            assert_eq!(pick(&odds, draw), Some(1));
        }
        assert_eq!(pick(&paste_odds(&[0.1], &[false]), 0.5), None);
    }

    #[test]
    fn odds_add_up_to_one_and_a_sure_network_keeps_every_pixel_of_its_least_sure_class() {
        assert!((cut_odds(&[0.1, 0.9, 0.4]).iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert_eq!(keep_odds(&[0.75, 0.5, 1.0]), [0.5, 1.0, 0.0]);
        assert_eq!(keep_odds(&[1.0, 1.0]), [0.0, 0.0], "nothing is left to learn");
    }
}
