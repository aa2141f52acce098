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

/// The rules that charts in a page need. They take `--series-1` to `--series-8` from it, and its text colour.
pub const CSS: &str = "\
.chart { display: block; width: 100%; height: auto; font: 12px/1 system-ui, sans-serif; color: inherit; }
.chart text { fill: currentColor; }
.chart .title { font-weight: 600; font-size: 14px; }
.chart .tick, .chart .value { fill-opacity: 0.65; font-variant-numeric: tabular-nums; }
.chart .middle { text-anchor: middle; }
.chart .end { text-anchor: end; }
.chart .grid { stroke: currentColor; stroke-opacity: 0.12; stroke-width: 1; fill: none; }
.chart .axis { stroke: currentColor; stroke-opacity: 0.5; stroke-width: 1; fill: none; }
.chart .before { stroke: currentColor; stroke-width: 2; fill: none; }
.chart .point { fill: none; stroke-width: 5; stroke-linecap: round; stroke-opacity: 0.55; }
.chart .mark { stroke: var(--surface, #ffffff); stroke-width: 1; }
.chart .strong { fill: var(--surface, #ffffff); }
.chart .cell.hit { fill: var(--series-1); } .chart .cell.miss { fill: var(--series-2); }
.chart .line { fill: none; stroke-width: 1.75; stroke-linejoin: round; stroke-linecap: round; }
.chart .faint { stroke-opacity: 0.3; stroke-width: 1; }
.chart .line.s1, .chart .point.s1 { stroke: var(--series-1); } .chart .name.s1, .chart .share.s1, .chart .mark.s1 { fill: var(--series-1); }
.chart .line.s2, .chart .point.s2 { stroke: var(--series-2); } .chart .name.s2, .chart .share.s2, .chart .mark.s2 { fill: var(--series-2); }
.chart .line.s3, .chart .point.s3 { stroke: var(--series-3); } .chart .name.s3, .chart .share.s3, .chart .mark.s3 { fill: var(--series-3); }
.chart .line.s4, .chart .point.s4 { stroke: var(--series-4); } .chart .name.s4, .chart .share.s4, .chart .mark.s4 { fill: var(--series-4); }
.chart .line.s5, .chart .point.s5 { stroke: var(--series-5); } .chart .name.s5, .chart .share.s5, .chart .mark.s5 { fill: var(--series-5); }
.chart .line.s6, .chart .point.s6 { stroke: var(--series-6); } .chart .name.s6, .chart .share.s6, .chart .mark.s6 { fill: var(--series-6); }
.chart .line.s7, .chart .point.s7 { stroke: var(--series-7); } .chart .name.s7, .chart .share.s7, .chart .mark.s7 { fill: var(--series-7); }
.chart .line.s8, .chart .point.s8 { stroke: var(--series-8); } .chart .name.s8, .chart .share.s8, .chart .mark.s8 { fill: var(--series-8); }
";

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
const TITLED_TOP: f64 = 40.0;

/// An `<svg>` under construction.
struct Frame {
    svg: String,
    stand_alone: bool,
}

impl Frame {
    fn new(title: &str, width: f64, height: f64, stand_alone: bool) -> Self {
        let title = escape(title);
        let size = if stand_alone { format!(r#" width="{width}" height="{height}""#) } else { String::new() };
        let open = r#"<svg xmlns="http://www.w3.org/2000/svg" class="chart" role="img""#;
        let mut svg = format!(r#"{open}{size} viewBox="0 0 {width} {height}"><title>{title}</title>"#);
        if stand_alone {
            svg += &format!("<style>{CSS}{FILE_CSS}</style>");
            svg += &format!(r#"<text class="title" x="12" y="22">{title}</text>"#);
        }
        Self { svg, stand_alone }
    }

    fn top(&self) -> f64 {
        if self.stand_alone { TITLED_TOP } else { TOP }
    }

    fn push(&mut self, element: &str) {
        self.svg += element;
    }

    fn finish(self) -> String {
        self.svg + "</svg>"
    }
}

/// Text that can mean no markup.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_pages_style_has_the_rules_of_the_charts() {
        assert!(include_str!("../../static/app.css").contains(super::CSS), "copy chart::CSS into static/app.css");
    }
}
