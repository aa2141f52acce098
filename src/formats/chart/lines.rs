//! Curves over steps.

use super::scale::{Scale, short};
use super::{Chart, Frame, escape};

/// A named curve.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Stands at the end of the line.
    pub name: String,
    /// x, such as a step, rising; and y. A y that is not finite is a gap.
    pub points: Vec<(f64, f64)>,
}

/// A line chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Lines {
    /// Read aloud, and printed above a stand-alone chart.
    pub title: String,
    /// What x counts, such as `step`.
    pub x: String,
    /// At most eight, coloured in order.
    pub series: Vec<Series>,
    /// Draws a running mean over each curve, which turns faint: how much of the mean so far stays, such as 0.9.
    pub smoothing: Option<f64>,
}

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 240.0;
const LEFT: f64 = 48.0;
const RIGHT: f64 = 132.0; // room for the names
const BOTTOM: f64 = 32.0;
/// Between the names of two lines that end close together.
const NAME_HEIGHT: f64 = 15.0;

impl Chart for Lines {
    fn draw(&self, stand_alone: bool) -> String {
        let mut frame = Frame::new(&self.title, WIDTH, HEIGHT, stand_alone);
        let (top, bottom) = (super::top(stand_alone), HEIGHT - BOTTOM);
        let points = || self.series.iter().flat_map(|series| &series.points);
        let drawn = points().filter(|(_, y)| y.is_finite());
        let x = Scale::exact(points().map(|(x, _)| *x), 6, LEFT, WIDTH - RIGHT);
        let y = Scale::round(drawn.map(|(_, y)| *y), 4, bottom, top);

        for tick in y.ticks() {
            let (at, label) = (y.at(tick), y.print(tick));
            let end = WIDTH - RIGHT;
            frame.push(&format!(r#"<path class="grid" d="M{LEFT} {at:.1}H{end}"/>"#));
            let (text_x, text_y) = (LEFT - 8.0, at + 4.0);
            frame.push(&format!(r#"<text class="tick end" x="{text_x}" y="{text_y:.1}">{label}</text>"#));
        }
        frame.push(&format!(r#"<path class="axis" d="M{LEFT} {bottom}H{}"/>"#, WIDTH - RIGHT));
        for tick in x.ticks() {
            let (at, label, text_y) = (x.at(tick), x.print(tick), bottom + 16.0);
            frame.push(&format!(r#"<text class="tick middle" x="{at:.1}" y="{text_y}">{label}</text>"#));
        }
        let (unit_x, unit_y) = (WIDTH - RIGHT + 24.0, bottom + 16.0);
        frame.push(&format!(r#"<text class="tick" x="{unit_x}" y="{unit_y}">{}</text>"#, escape(&self.x)));

        for (at, series) in self.series.iter().enumerate() {
            let color = at % 8 + 1;
            let mean = self.smoothing.map(|stays| running_mean(&series.points, stays));
            let faint = if mean.is_some() { " faint" } else { "" };
            let raw = path(&series.points, &x, &y);
            frame.push(&format!(r#"<path class="line s{color}{faint}" d="{raw}"/>"#));
            if let Some(mean) = mean {
                frame.push(&format!(r#"<path class="line s{color}" d="{}"/>"#, path(&mean, &x, &y)));
            }
        }
        for (at, name_y) in self.name_heights(&y, bottom) {
            let (series, name_x, text_y) = (&self.series[at], WIDTH - RIGHT + 8.0, name_y + 4.0);
            let color = at % 8 + 1;
            let value = series.last(self.smoothing).map(short).unwrap_or_default();
            let name = escape(&series.name);
            frame.push(&format!(
                r#"<text class="name s{color}" x="{name_x}" y="{text_y:.1}">{name} <tspan class="value">{value}</tspan></text>"#
            ));
        }
        frame.finish()
    }
}

impl Lines {
    /// Where each series' name stands: beside its end, but on nobody else's.
    fn name_heights(&self, y: &Scale, bottom: f64) -> Vec<(usize, f64)> {
        let end = |series: &Series| series.last(self.smoothing).map_or(bottom, |value| y.at(value));
        let mut names: Vec<(usize, f64)> = self.series.iter().map(end).enumerate().collect();
        names.sort_by(|a, b| a.1.total_cmp(&b.1));
        for at in 1..names.len() {
            names[at].1 = names[at].1.max(names[at - 1].1 + NAME_HEIGHT);
        }
        // What was pushed below the chart moves up again, and pushes those above it.
        let mut lowest = bottom;
        for name in names.iter_mut().rev() {
            name.1 = name.1.min(lowest);
            lowest = name.1 - NAME_HEIGHT;
        }
        names
    }
}

impl Series {
    fn last(&self, smoothing: Option<f64>) -> Option<f64> {
        let last = |points: &[(f64, f64)]| points.iter().rev().map(|point| point.1).find(|y| y.is_finite());
        match smoothing {
            Some(stays) => last(&running_mean(&self.points, stays)),
            None => last(&self.points),
        }
    }
}

/// Exponential mean without the pull towards zero at its beginning. Gaps stay gaps.
fn running_mean(points: &[(f64, f64)], stays: f64) -> Vec<(f64, f64)> {
    let (mut sum, mut weight) = (0.0, 0.0);
    let mean = |&(x, y): &(f64, f64)| {
        if y.is_finite() {
            sum = stays * sum + (1.0 - stays) * y;
            weight = stays * weight + (1.0 - stays);
            (x, sum / weight)
        } else {
            (x, f64::NAN)
        }
    };
    points.iter().map(mean).collect()
}

/// The `d` of a curve: at most two points a pixel column, a new start after each gap.
pub(super) fn path(points: &[(f64, f64)], x: &Scale, y: &Scale) -> String {
    let mut d = String::new();
    for run in points.split(|(_, y)| !y.is_finite()).filter(|run| !run.is_empty()) {
        let pixels: Vec<(f64, f64)> = run.iter().map(|&(px, py)| (x.at(px), y.at(py))).collect();
        let mut letter = 'M';
        for column in pixels.chunk_by(|a, b| a.0.round() == b.0.round()) {
            for (px, py) in extremes(column) {
                d += &format!("{letter}{px:.1} {py:.1}");
                letter = 'L';
            }
        }
        if run.len() == 1 {
            d += "h0"; // round line ends make it a dot
        }
    }
    d
}

/// The lowest and the highest point of a pixel column, in their order.
fn extremes(column: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let by_height = |a: &&(f64, f64), b: &&(f64, f64)| a.1.total_cmp(&b.1);
    let (Some(low), Some(high)) = (column.iter().min_by(by_height), column.iter().max_by(by_height)) else {
        return vec![];
    };
    match low.0.total_cmp(&high.0) {
        std::cmp::Ordering::Equal => vec![*low],
        std::cmp::Ordering::Less => vec![*low, *high],
        std::cmp::Ordering::Greater => vec![*high, *low],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(values: &[f64]) -> Scale {
        Scale::exact(values.iter().copied(), 4, 0.0, 100.0)
    }

    #[test]
    fn a_gap_starts_the_path_anew_and_a_lone_point_is_a_dot() {
        let points = [(0.0, 0.0), (5.0, 1.0), (6.0, f64::NAN), (10.0, 1.0)];
        let d = path(&points, &unit(&[0.0, 10.0]), &unit(&[0.0, 1.0]));
        assert_eq!(d, "M0.0 0.0L50.0 100.0M100.0 100.0h0");
    }

    #[test]
    fn forty_thousand_steps_make_a_short_path_that_keeps_its_spikes() {
        let mut points: Vec<(f64, f64)> = (0..40_000).map(|step| (f64::from(step), 0.5)).collect();
        points[20_001].1 = 1.0;
        let d = path(&points, &unit(&[0.0, 40_000.0]), &unit(&[0.0, 1.0]));
        assert!(d.len() < 4000, "{} bytes", d.len());
        assert!(d.contains("L50.0 100.0"), "{d}");
    }

    #[test]
    fn a_running_mean_starts_at_the_first_value() {
        let mean = running_mean(&[(1.0, 4.0), (2.0, f64::NAN), (3.0, 4.0)], 0.9);
        assert!((mean[0].1 - 4.0).abs() < 1e-12 && mean[1].1.is_nan() && (mean[2].1 - 4.0).abs() < 1e-12);
    }

    #[test]
    fn names_of_lines_that_end_together_do_not_overlap_or_leave_the_chart() {
        let series = |name: &str| Series { name: name.into(), points: vec![(0.0, 1.0), (9.0, 0.0)] };
        let chart = Lines {
            title: "loss <a & b>".into(),
            x: "step".into(),
            series: ["a", "b", "c"].map(series).into(),
            smoothing: None,
        };
        let y = Scale::round([0.0, 1.0].into_iter(), 4, 200.0, 0.0);
        let heights: Vec<f64> = chart.name_heights(&y, 200.0).into_iter().map(|(_, height)| height).collect();
        assert_eq!(heights, [170.0, 185.0, 200.0]);
        let svg = chart.svg();
        assert!(svg.contains("<title>loss &lt;a &amp; b&gt;</title>") && svg.contains(r#"role="img""#));
        assert!(!svg.contains("style"), "a page's policy forbids inline styles");
        assert!(chart.file().contains("<style>"));
    }
}
