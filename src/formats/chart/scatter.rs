//! Points in the plane, by kind: a map of feature vectors (Fig. 1 and 4 of the paper).

use super::{Chart, Frame, escape};
use crate::domain::{MapPoint, PointKind};

/// How a point looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Shape {
    Dot,
    Square,
    Triangle,
}

/// Points of one kind; later groups are drawn over earlier ones.
#[derive(Clone, Debug, PartialEq)]
pub struct Points {
    /// Stands in the legend.
    pub name: String,
    /// How they look.
    pub shape: Shape,
    /// Of the eight series, from 1.
    pub color: usize,
    /// x and y, in any unit.
    pub places: Vec<[f64; 2]>,
}

/// A map.
#[derive(Clone, Debug, PartialEq)]
pub struct Scatter {
    /// Read aloud, and printed above a stand-alone chart.
    pub title: String,
    /// From bottom to top.
    pub points: Vec<Points>,
}

const WIDTH: f64 = 520.0;
const HEIGHT: f64 = 400.0;
const LEGEND: f64 = 148.0;
const AIR: f64 = 12.0;

impl Scatter {
    /// Both domains with their anchors and what was chosen, as the paper draws them.
    pub fn of_map(title: String, map: &[MapPoint]) -> Self {
        let kinds = [
            (PointKind::Source, "source", Shape::Dot, 8),
            (PointKind::Target, "target", Shape::Dot, 5),
            (PointKind::Picked, "picked", Shape::Triangle, 7),
            (PointKind::SourceAnchor, "source anchors", Shape::Square, 8),
            (PointKind::TargetAnchor, "target anchors", Shape::Square, 2),
        ];
        let points = kinds.map(|(kind, name, shape, color)| {
            let places = map.iter().filter(|point| point.kind == kind).map(|point| [point.x, point.y]).collect();
            Points { name: name.into(), shape, color, places }
        });
        Self { title, points: points.into() }
    }
}

impl Chart for Scatter {
    fn draw(&self, stand_alone: bool) -> String {
        let mut frame = Frame::new(&self.title, WIDTH, HEIGHT, stand_alone);
        let top = super::top(stand_alone);
        let all = || self.points.iter().flat_map(|points| &points.places);
        let [x, y] = [0, 1].map(|axis| {
            let grow = |(low, high): (f64, f64), place: &[f64; 2]| (low.min(place[axis]), high.max(place[axis]));
            all().fold((f64::INFINITY, f64::NEG_INFINITY), grow)
        });
        // One scale for both, so that distances are what they look like.
        let (wide, high) = (WIDTH - LEGEND - 2.0 * AIR, HEIGHT - top - AIR);
        let span = |(low, high): (f64, f64)| (high - low).max(1e-9);
        let scale = (wide / span(x)).min(high / span(y));
        let place = |[px, py]: &[f64; 2]| {
            let middle = |(low, high): (f64, f64)| 0.5 * (low + high);
            [AIR + wide / 2.0 + (px - middle(x)) * scale, top + high / 2.0 - (py - middle(y)) * scale]
        };
        for points in self.points.iter().filter(|points| !points.places.is_empty()) {
            let d: String = points.places.iter().map(|at| mark(points.shape, place(at))).collect();
            frame.push(&format!(r#"<path class="{}" d="{d}"/>"#, points.class()));
        }
        for (row, points) in self.points.iter().enumerate() {
            let (at, name) = (top + 14.0 + 22.0 * row as f64, escape(&points.name));
            let (mark_x, text_x) = (WIDTH - LEGEND + 4.0, WIDTH - LEGEND + 18.0);
            frame.push(&format!(r#"<path class="{}" d="{}"/>"#, points.class(), mark(points.shape, [mark_x, at])));
            let (text_y, n) = (at + 4.0, points.places.len());
            frame.push(&format!(
                r#"<text class="label" x="{text_x}" y="{text_y}">{name} <tspan class="value">{n}</tspan></text>"#
            ));
        }
        frame.finish()
    }
}

impl Points {
    fn class(&self) -> String {
        let shape = match self.shape {
            Shape::Dot => "point",
            Shape::Square | Shape::Triangle => "mark",
        };
        format!("{shape} s{}", self.color)
    }
}

/// A part of a path: dots are lines of no length with round ends.
fn mark(shape: Shape, [x, y]: [f64; 2]) -> String {
    match shape {
        Shape::Dot => format!("M{x:.1} {y:.1}h0"),
        Shape::Square => format!("M{:.1} {:.1}h8v8h-8z", x - 4.0, y - 4.0),
        Shape::Triangle => format!("M{x:.1} {:.1}l4 7h-8z", y - 4.5),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_fill_the_map_without_being_stretched() {
        let points =
            |shape, places: &[[f64; 2]]| Points { name: "a & b".into(), shape, color: 2, places: places.into() };
        let map = Scatter {
            title: "Map".into(),
            points: vec![
                points(Shape::Dot, &[[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]]),
                points(Shape::Square, &[[5.0, 5.0]]),
                points(Shape::Triangle, &[]),
            ],
        };
        let svg = map.svg();
        assert!(svg.contains(r#"class="point s2" d="M12.0 374.0h0M360.0 374.0h0M12.0 26.0h0""#), "{svg}");
        assert!(svg.contains("M182.0 196.0h8v8h-8z") && svg.contains("a &amp; b <tspan class=\"value\">3</tspan>"));
        assert!(!map.file().contains("NaN") && !Scatter { title: String::new(), points: vec![] }.svg().contains("NaN"));
    }
}
