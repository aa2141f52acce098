//! One curve in a small box, without axes: what a page shows many of.

use super::lines::{Series, path};
use super::scale::{Scale, short};

/// A drawn curve, and what a page says beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Spark {
    /// As the series is called.
    pub name: String,
    /// An `<svg>` that stretches to its box.
    pub svg: String,
    /// The smallest and the largest value, in words.
    pub range: [String; 2],
    /// The newest value, in words.
    pub last: String,
    /// The newest x.
    pub last_x: f64,
}

const WIDTH: f64 = 320.0;
const HEIGHT: f64 = 96.0;
/// Air, so that the line is not cut at the edges.
const AIR: f64 = 2.0;

impl Spark {
    /// None where there are not two finite values to draw a line between.
    pub fn of(series: &Series) -> Option<Self> {
        let finite = || series.points.iter().filter(|point| point.1.is_finite());
        let (_, last) = *finite().next_back()?;
        if finite().count() < 2 {
            return None;
        }
        let (low, high) =
            finite().fold((f64::MAX, f64::MIN), |(low, high), point| (low.min(point.1), high.max(point.1)));
        let x = Scale::exact(series.points.iter().map(|point| point.0), 1, 0.0, WIDTH);
        // A flat curve lies in the middle.
        let y = Scale::exact([low, high].into_iter(), 1, HEIGHT - AIR, AIR);
        let d = path(&series.points, &x, &y);
        let name = super::escape(&series.name);
        let last_x = series.points.last().map_or(0.0, |point| point.0);
        let svg = format!(
            r#"<svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" role="img" aria-label="{name}: {last} at step {last_x}"><path d="{d}"/></svg>"#,
            last = short(last)
        );
        Some(Self { name: series.name.clone(), svg, range: [short(low), short(high)], last: short(last), last_x })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spark(points: &[(f64, f64)]) -> Option<Spark> {
        Spark::of(&Series { name: "loss/<b>".into(), points: points.to_vec() })
    }

    #[test]
    fn a_curve_that_broke_draws_what_it_has() {
        let drawn = spark(&[(1.0, 2.0), (2.0, f64::NAN), (3.0, 4.0), (4.0, 3.0)]).unwrap();
        assert!(drawn.svg.contains(r#"d="M0.0 94.0h0M213.3 2.0L320.0 48.0""#), "{}", drawn.svg);
        assert!(drawn.svg.contains("loss/&lt;b&gt;: 3.00 at step 4"));
        assert_eq!((drawn.range, drawn.last.as_str(), drawn.last_x), (["2.00".into(), "4.00".into()], "3.00", 4.0));
    }

    #[test]
    fn a_flat_curve_lies_in_the_middle_and_a_lone_point_is_no_curve() {
        assert!(spark(&[(1.0, 2.0), (2.0, 2.0)]).unwrap().svg.contains("M0.0 48.0L320.0 48.0"));
        assert_eq!(spark(&[(1.0, 2.0)]), None);
        assert_eq!(spark(&[(1.0, f64::NAN), (2.0, f64::NAN)]), None);
    }
}
