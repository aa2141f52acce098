//! From values to pixels: round ticks and short numbers.

/// A straight scale between two round values.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
    step: f64,
}

impl Scale {
    /// Covers all finite `values` with about `ticks` round steps, drawn from pixel `from` to pixel `to`.
    pub(super) fn round(values: impl Iterator<Item = f64>, ticks: usize, from: f64, to: f64) -> Self {
        let (low, high) = range(values);
        let low = if low > 0.0 && low < 0.6 * high { 0.0 } else { low };
        let step = round_step(high - low, ticks);
        Self { low: (low / step).floor() * step, high: (high / step).ceil() * step, from, to, step }
    }

    /// Covers exactly the finite `values`, which count something, with whole round ticks between.
    pub(super) fn exact(values: impl Iterator<Item = f64>, ticks: usize, from: f64, to: f64) -> Self {
        let (low, high) = range(values);
        Self { low, high, from, to, step: round_step(high - low, ticks).max(1.0) }
    }

    /// The pixel of a value.
    pub(super) fn at(&self, value: f64) -> f64 {
        self.from + (value - self.low) / (self.high - self.low) * (self.to - self.from)
    }

    /// Round values within the scale.
    pub(super) fn ticks(&self) -> Vec<f64> {
        let first = (self.low / self.step - 1e-9).ceil() as i64;
        let last = (self.high / self.step + 1e-9).floor() as i64;
        (first..=last).map(|tick| tick as f64 * self.step).collect()
    }

    /// A tick as it is printed: as many decimals as the step needs.
    pub(super) fn print(&self, tick: f64) -> String {
        let decimals = (-self.step.log10()).ceil().max(0.0) as usize;
        match tick {
            0.0 => "0".into(),
            tick if decimals > 4 => format!("{tick:.0e}"),
            tick if self.step >= 1000.0 => format!("{}k", tick / 1000.0),
            tick => format!("{tick:.decimals$}"),
        }
    }
}

fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let grow = |(low, high): (f64, f64), value: f64| (low.min(value), high.max(value));
    match values.filter(|value| value.is_finite()).fold((f64::INFINITY, f64::NEG_INFINITY), grow) {
        (low, high) if low > high => (0.0, 1.0),
        (low, high) if low == high => (low - 0.5 * low.abs().max(1e-9), high + 0.5 * high.abs().max(1e-9)),
        range => range,
    }
}

/// 1, 2 or 5 times a power of ten, so that about `ticks` steps cover `span`.
fn round_step(span: f64, ticks: usize) -> f64 {
    let rough = span / ticks as f64;
    let power = 10_f64.powf(rough.log10().floor());
    let times = [1.0, 2.0, 5.0, 10.0].into_iter().find(|times| times * power >= rough * 0.999).unwrap_or(10.0);
    times * power
}

/// A value in a label: three digits that matter.
pub(super) fn short(value: f64) -> String {
    match value.abs() {
        0.0 => "0".into(),
        size if size < 1e-3 => format!("{value:.1e}"),
        size if size < 1e-2 => format!("{value:.5}"),
        size if size < 1e-1 => format!("{value:.4}"),
        size if size < 1.0 => format!("{value:.3}"),
        size if size < 10.0 => format!("{value:.2}"),
        size if size < 100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(values: &[f64]) -> Vec<String> {
        let scale = Scale::round(values.iter().copied(), 4, 0.0, 100.0);
        scale.ticks().into_iter().map(|tick| scale.print(tick)).collect()
    }

    #[test]
    fn ticks_are_few_and_round() {
        assert_eq!(printed(&[0.02, 0.93]), ["0", "0.5", "1.0"]);
        assert_eq!(printed(&[0.31, 0.37]), ["0.30", "0.32", "0.34", "0.36", "0.38"]);
        assert_eq!(printed(&[3.0, 14_000.0]), ["0", "5k", "10k", "15k"]);
        assert_eq!(printed(&[0.0, 2.5e-4]), ["0", "0.0001", "0.0002", "0.0003"]);
        assert_eq!(printed(&[0.0, 2.5e-6]), ["0", "1e-6", "2e-6", "3e-6"]);
        assert_eq!(printed(&[-3.0, 4.0, f64::NAN]), ["-4", "-2", "0", "2", "4"]);
    }

    #[test]
    fn a_label_has_three_digits_that_matter() {
        let values = [0.0, 9.11e-5, 0.00941, 0.0941, 0.941, 9.41, -94.1, 941.4];
        assert_eq!(values.map(short), ["0", "9.1e-5", "0.00941", "0.0941", "0.941", "9.41", "-94.1", "941"]);
    }

    #[test]
    fn values_that_are_all_one_or_none_at_all_still_have_a_scale() {
        for values in [&[2.0, 2.0][..], &[0.0], &[], &[f64::NAN]] {
            let scale = Scale::round(values.iter().copied(), 4, 100.0, 0.0);
            assert!((2..8).contains(&scale.ticks().len()), "{scale:?}");
            assert!(values.iter().filter(|v| v.is_finite()).all(|&v| (0.0..=100.0).contains(&scale.at(v))));
        }
    }
}
