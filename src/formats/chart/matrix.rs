//! A confusion matrix: what each class was taken for.

use super::{Chart, Frame, escape};

/// Shares of a row in each column, 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    /// Read aloud, and printed above a stand-alone chart.
    pub title: String,
    /// Of rows and columns.
    pub names: Vec<String>,
    /// Row by row; a row without pixels is `None`.
    pub rows: Vec<Option<Vec<f64>>>,
}

const LEFT: f64 = 112.0;
const HEAD: f64 = 84.0;
const CELL: f64 = 30.0;

impl Matrix {
    /// Of counts: truth in rows, predictions in columns.
    pub fn of(title: String, names: Vec<String>, count: impl Fn(usize, usize) -> u64) -> Self {
        let n = names.len();
        let row = |truth| {
            let counts: Vec<u64> = (0..n).map(|guess| count(truth, guess)).collect();
            let total: u64 = counts.iter().sum();
            (total > 0).then(|| counts.into_iter().map(|count| count as f64 / total as f64).collect())
        };
        Self { title, names, rows: (0..n).map(row).collect() }
    }
}

impl Chart for Matrix {
    fn draw(&self, stand_alone: bool) -> String {
        let side = CELL * self.names.len() as f64;
        let extra = if stand_alone { super::TITLED_TOP } else { 0.0 };
        let mut frame = Frame::new(&self.title, LEFT + side + 24.0, extra + HEAD + side + 8.0, stand_alone);
        let top = extra + HEAD;
        for (at, name) in self.names.iter().enumerate() {
            let (name, middle) = (escape(name), CELL * (at as f64 + 0.5));
            let (x, y) = (LEFT + middle, top + middle + 4.0);
            frame.push(&format!(r#"<text class="label end" x="{}" y="{y}">{name}</text>"#, LEFT - 8.0));
            frame.push(&format!(
                r#"<text class="label" transform="translate({} {}) rotate(-45)">{name}</text>"#,
                x - 2.0,
                top - 8.0
            ));
        }
        for (truth, row) in self.rows.iter().enumerate() {
            for (guess, &share) in row.iter().flatten().enumerate() {
                let (x, y) = (LEFT + CELL * guess as f64, top + CELL * truth as f64);
                let class = if truth == guess { "cell hit" } else { "cell miss" };
                let (side, told) = (CELL - 2.0, 100.0 * share);
                frame.push(&format!(
                    r#"<rect class="{class}" x="{x}" y="{y}" width="{side}" height="{side}" fill-opacity="{:.2}"/>"#,
                    0.04 + 0.8 * share
                ));
                if told >= 1.0 {
                    let (text_x, text_y) = (x + side / 2.0, y + side / 2.0 + 4.0);
                    let class = if share >= 0.5 { "strong middle" } else { "tick middle" };
                    frame.push(&format!(r#"<text class="{class}" x="{text_x}" y="{text_y}">{told:.0}</text>"#));
                }
            }
        }
        frame.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_shares_and_a_class_without_pixels_is_empty() {
        let counts = [[3, 1, 0], [0, 0, 0], [0, 2, 2]];
        let names = ["road", "<sky>", "car"].map(String::from).to_vec();
        let matrix = Matrix::of("What was what".into(), names, |truth, guess| counts[truth][guess]);
        assert_eq!(matrix.rows, [Some(vec![0.75, 0.25, 0.0]), None, Some(vec![0.0, 0.5, 0.5])]);
        let svg = matrix.svg();
        assert_eq!((svg.matches("<rect").count(), svg.matches("cell hit").count()), (6, 2));
        assert!(svg.contains(">75</text>") && svg.contains("&lt;sky&gt;") && !svg.contains(">0</text>"), "{svg}");
    }
}
