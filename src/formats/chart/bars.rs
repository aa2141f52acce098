//! A bar for each class, with a mark where it stood before.

use super::{Chart, Frame, escape};
use crate::domain::{ClassMix, GroupMix};

/// A class and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// Stands before the bar.
    pub name: String,
    /// 0 to 1; `None` where the class does not occur.
    pub value: Option<f64>,
    /// The same of an earlier model, drawn as a mark and told as a difference.
    pub before: Option<f64>,
}

/// Horizontal bars of shares, such as the IoU of each class.
#[derive(Clone, Debug, PartialEq)]
pub struct Bars {
    /// Read aloud, and printed above a stand-alone chart.
    pub title: String,
    /// From top to bottom.
    pub bars: Vec<Bar>,
}

/// Of the plot.
const PLOT: f64 = 304.0;
/// Room for the names: for short ones, for long ones, and of a letter.
const LEFT: [f64; 2] = [112.0, 240.0];
const LETTER: f64 = 7.0;
const RIGHT: f64 = 104.0; // room for value and difference
const ROW: f64 = 22.0;
const THICKNESS: f64 = 12.0;
/// Groups that are shown: as many as a street has classes.
const GROUPS: usize = 19;

impl Bars {
    /// The share of picks in which each class is present, marked where that of all candidates is.
    pub fn of_mix(title: String, classes: impl Iterator<Item = String>, mix: &ClassMix) -> Self {
        let shares = mix.picked_frames.iter().zip(&mix.pool_frames);
        let bar = |(name, (&picked, &pool))| Bar { name, value: Some(picked), before: Some(pool) };
        Self { title, bars: classes.zip(shares).map(bar).collect() }
    }

    /// The share of picks that each group has, marked where that of all candidates is: the groups in which the two lie
    /// farthest apart, in order of name.
    pub fn of_groups(title: String, groups: &[GroupMix]) -> Self {
        let all = |of: fn(&GroupMix) -> usize| groups.iter().map(of).sum::<usize>().max(1) as f64;
        let (picked, candidates) = (all(|group| group.picked), all(|group| group.candidates));
        let bar = |group: &GroupMix| Bar {
            name: group.name.clone(),
            value: Some(group.picked as f64 / picked),
            before: Some(group.candidates as f64 / candidates),
        };
        let mut bars: Vec<Bar> = groups.iter().map(bar).collect();
        let apart = |bar: &Bar| bar.value.zip(bar.before).map_or(0.0, |(value, before)| (value - before).abs());
        bars.sort_by(|a, b| apart(b).total_cmp(&apart(a)).then_with(|| a.name.cmp(&b.name)));
        bars.truncate(GROUPS);
        bars.sort_by(|a, b| a.name.cmp(&b.name));
        Self { title, bars }
    }
}

impl Chart for Bars {
    fn draw(&self, stand_alone: bool) -> String {
        let top = super::top(stand_alone);
        let bottom = top + ROW * self.bars.len() as f64;
        let longest = self.bars.iter().map(|bar| bar.name.chars().count()).max().unwrap_or(0);
        let left = (longest as f64 * LETTER + 8.0).clamp(LEFT[0], LEFT[1]);
        let mut frame = Frame::new(&self.title, left + PLOT + RIGHT, bottom + 22.0, stand_alone);
        let at = |value: f64| left + value.clamp(0.0, 1.0) * PLOT;
        for percent in [0, 25, 50, 75, 100] {
            let (x, text_y) = (at(f64::from(percent) / 100.0), bottom + 16.0);
            let class = if percent == 0 { "axis" } else { "grid" };
            frame.push(&format!(r#"<path class="{class}" d="M{x:.1} {top}V{bottom}"/>"#));
            frame.push(&format!(r#"<text class="tick middle" x="{x:.1}" y="{text_y}">{percent}</text>"#));
        }
        for (row, bar) in self.bars.iter().enumerate() {
            let middle = top + ROW * (row as f64 + 0.5);
            let (y, text_y) = (middle - THICKNESS / 2.0, middle + 4.0);
            let (name_x, name) = (left - 8.0, escape(&bar.name));
            frame.push(&format!(r#"<text class="label end" x="{name_x}" y="{text_y:.1}">{name}</text>"#));
            if let Some(value) = bar.value {
                let width = at(value) - left;
                frame.push(&format!(
                    r#"<rect class="share s1" x="{left}" y="{y:.1}" width="{width:.1}" height="{THICKNESS}"/>"#
                ));
            }
            if let Some(before) = bar.before {
                let (x, from, to) = (at(before), y - 3.0, y + THICKNESS + 3.0);
                frame.push(&format!(r#"<path class="before" d="M{x:.1} {from:.1}V{to:.1}"/>"#));
            }
            let (value_x, told) = (left + PLOT + 12.0, told(bar));
            frame.push(&format!(r#"<text class="label" x="{value_x}" y="{text_y:.1}">{told}</text>"#));
        }
        frame.finish()
    }
}

/// `63.2` or `63.2 +4.1`, in percent; a dash for a class that does not occur.
fn told(bar: &Bar) -> String {
    match (bar.value, bar.before) {
        (None, _) => "–".into(),
        (Some(value), None) => format!("{:.1}", 100.0 * value),
        (Some(value), Some(before)) => {
            let difference = 100.0 * (value - before);
            format!(r#"{:.1} <tspan class="value">{difference:+.1}</tspan>"#, 100.0 * value)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_long_as_its_share_and_marks_what_was_before() {
        let bar = |value, before| Bar { name: "car".into(), value, before };
        let chart = Bars { title: "IoU".into(), bars: vec![bar(Some(0.5), Some(0.25)), bar(None, None)] };
        let svg = chart.svg();
        assert!(svg.contains(r#"x="112" y="17.0" width="152.0""#), "{svg}");
        assert!(svg.contains(r#"class="before" d="M188.0 "#), "{svg}");
        assert!(svg.contains("50.0 <tspan class=\"value\">+25.0</tspan>") && svg.contains("–"), "{svg}");
        assert_eq!(svg.matches("<rect").count(), 1, "a class that does not occur has no bar");
    }
}
