//! Charts as SVG text: curves over steps, bars of classes, maps, confusion. Coloured by the page's CSS, or by their own in a file.

mod bars;
mod lines;
mod matrix;
mod scale;
mod scatter;
mod spark;

pub use bars::{Bar, Bars};
pub use lines::{Lines, Series};
pub use matrix::Matrix;
pub use scatter::{Points, Scatter, Shape};
pub use spark::Spark;

/// What stands in a page, or in a file of its own.
pub trait Chart {
    /// Draws it; `stand_alone` with its title and its own style.
    fn draw(&self, stand_alone: bool) -> String;

    /// An `<svg>` to stand in a page that has [`CSS`].
    fn svg(&self) -> String {
        self.draw(false)
    }

    /// An SVG file, with its title and its own style.
    fn file(&self) -> String {
        self.draw(true)
    }
}

/// The rules that charts in a page need. They take `--series-1` to `--series-8` from it, and its text colour.
pub const CSS: &str = include_str!("../../static/chart.css");

/// The colours of a file that stands alone: eight that tell apart on light and on dark, also without red and green.
const FILE_CSS: &str = "\
.chart { color: #1f2933; background: #ffffff; \
--series-1: #2b6cb0; --series-2: #c05621; --series-3: #2f855a; --series-4: #805ad5; \
--series-5: #b7791f; --series-6: #0987a0; --series-7: #b83280; --series-8: #4a5568; }
@media (prefers-color-scheme: dark) { .chart { color: #e4e7eb; background: #16191d; \
--series-1: #63a4e6; --series-2: #f0935a; --series-3: #68c793; --series-4: #b197f0; \
--series-5: #e0b04a; --series-6: #4fc3d9; --series-7: #ee82bd; --series-8: #a0aab8; } }
";

/// Where the drawing begins, without and with a title above it.
const TOP: f64 = 12.0;
const TITLED_TOP: f64 = 56.0;

/// Of a letter of a title, and from one line of it to the next.
const TITLE_LETTER: f64 = 7.8;
const TITLE_LINE: f64 = 18.0;

fn top(stand_alone: bool) -> f64 {
    if stand_alone { TITLED_TOP } else { TOP }
}

/// An `<svg>` under construction.
struct Frame {
    svg: String,
}

impl Frame {
    fn new(title: &str, width: f64, height: f64, stand_alone: bool) -> Self {
        let lines = wrapped(title, ((width - 24.0) / TITLE_LETTER) as usize);
        let title = escape(title);
        let size = if stand_alone { format!(r#" width="{width}" height="{height}""#) } else { String::new() };
        let open = r#"<svg xmlns="http://www.w3.org/2000/svg" class="chart" role="img""#;
        let mut svg = format!(r#"{open}{size} viewBox="0 0 {width} {height}"><title>{title}</title>"#);
        if stand_alone {
            svg += &format!("<style>{CSS}{FILE_CSS}</style>");
            for (line, y) in lines.iter().zip([22.0, 22.0 + TITLE_LINE]) {
                svg += &format!(r#"<text class="title" x="12" y="{y}">{}</text>"#, escape(line));
            }
        }
        Self { svg }
    }

    fn push(&mut self, element: &str) {
        self.svg += element;
    }

    fn finish(self) -> String {
        self.svg + "</svg>"
    }
}

/// A title in two lines at most, of about so many letters; what is too long for them ends in dots.
fn wrapped(title: &str, letters: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in title.split(' ') {
        let line = lines.last_mut().expect("there is always a line");
        match line.chars().count() + 1 + word.chars().count() <= letters {
            _ if line.is_empty() => *line = word.into(),
            true => *line = format!("{line} {word}"),
            false => lines.push(word.into()),
        }
    }
    if lines.len() > 2 {
        lines.truncate(2);
        lines[1] += " …";
    }
    lines
}

/// Text that can mean no markup.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_title_takes_two_lines_and_no_more() {
        assert_eq!(wrapped("IoU in percent", 20), ["IoU in percent"]);
        assert_eq!(wrapped("Percent of each class taken for another", 20), ["Percent of each", "class taken for …"]);
        assert_eq!(wrapped("an-arm-whose-name-is-long alone", 10), ["an-arm-whose-name-is-long", "alone"]);
    }
}
