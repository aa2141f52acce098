//! A picture and its classes, filled polygon by polygon, from the back to the front.

use crate::domain::Size;

/// Red, green and blue, 0 to 1.
pub(super) type Color = [f32; 3];
/// x to the right and y down, in pixels.
pub(super) type Point = (f32, f32);

/// Samples a pixel and direction. Colours are averaged over them; a class is that of one of them.
const SUB: usize = 2;

pub(super) struct Canvas {
    size: Size,
    width: usize,
    height: usize,
    colors: Vec<[u8; 3]>,
    classes: Vec<u8>,
}

impl Canvas {
    pub(super) fn new(size: Size, class: u8) -> Self {
        let (width, height) = (size.width as usize * SUB, size.height as usize * SUB);
        Self { size, width, height, colors: vec![[0; 3]; width * height], classes: vec![class; width * height] }
    }

    pub(super) fn size(&self) -> Size {
        self.size
    }

    /// Colours every pixel above a row by its place.
    pub(super) fn shade(&mut self, below: f32, color: impl Fn(f32, f32) -> Color) {
        let rows = (below.max(0.0) as usize).min(self.size.height as usize);
        for (y, rows) in self.colors.chunks_exact_mut(self.width * SUB).take(rows).enumerate() {
            for x in 0..self.width / SUB {
                let color = bytes(color(x as f32, y as f32));
                rows.chunks_exact_mut(self.width).for_each(|row| row[x * SUB..][..SUB].fill(color));
            }
        }
    }

    /// Fills a polygon with a class and a colour; `None` leaves the class as it is, for what is only light or shade.
    pub(super) fn fill(&mut self, corners: &[Point], class: Option<u8>, color: Color, alpha: f32) {
        let color = bytes(color);
        let weight = (alpha.clamp(0.0, 1.0) * 256.0) as u32;
        let blend = |under: u8, over: u8| ((u32::from(under) * (256 - weight) + u32::from(over) * weight) >> 8) as u8;
        let corners: Vec<Point> = corners.iter().map(|&(x, y)| (x * SUB as f32, y * SUB as f32)).collect();
        let bounds = corners.iter().fold((f32::MAX, f32::MIN), |(low, high), c| (low.min(c.1), high.max(c.1)));
        let rows =
            (bounds.0 - 0.5).ceil().max(0.0) as usize..((bounds.1 - 0.5).ceil().max(0.0) as usize).min(self.height);
        let mut crossings = Vec::new();
        for y in rows {
            cross(&corners, y as f32 + 0.5, &mut crossings);
            for span in crossings.chunks_exact(2) {
                let clip = |x: f32| ((x - 0.5).ceil().max(0.0) as usize).min(self.width);
                let span = y * self.width + clip(span[0])..y * self.width + clip(span[1]).max(clip(span[0]));
                if let Some(class) = class {
                    self.classes[span.clone()].fill(class);
                }
                if weight == 256 {
                    self.colors[span].fill(color);
                } else {
                    for under in &mut self.colors[span] {
                        *under = std::array::from_fn(|channel| blend(under[channel], color[channel]));
                    }
                }
            }
        }
    }

    /// Mean colours, 0 to 1, and classes, one a pixel.
    pub(super) fn finish(self) -> (Vec<Color>, Vec<u8>) {
        let (width, height) = (self.size.width as usize, self.size.height as usize);
        let mut colors = Vec::with_capacity(width * height);
        let mut classes = Vec::with_capacity(width * height);
        for y in 0..height {
            for x in 0..width {
                let at = SUB * (y * self.width + x);
                let samples = [at, at + 1, at + self.width, at + self.width + 1].map(|at| self.colors[at]);
                let sum = |channel: usize| samples.iter().map(|sample| u32::from(sample[channel])).sum::<u32>();
                colors.push(std::array::from_fn(|channel| sum(channel) as f32 / (255 * SUB * SUB) as f32));
                classes.push(self.classes[at]);
            }
        }
        (colors, classes)
    }
}

fn bytes(color: Color) -> [u8; 3] {
    color.map(|channel| (channel.clamp(0.0, 1.0) * 255.0) as u8)
}

/// The places where a line of samples enters and leaves the polygon, from left to right.
fn cross(corners: &[Point], y: f32, crossings: &mut Vec<f32>) {
    crossings.clear();
    let mut from = corners[corners.len() - 1];
    for &to in corners {
        if (from.1 <= y) != (to.1 <= y) {
            crossings.push(from.0 + (y - from.1) / (to.1 - from.1) * (to.0 - from.0));
        }
        from = to;
    }
    crossings.sort_by(f32::total_cmp);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_polygon_fills_its_pixels_and_light_changes_no_class() {
        let mut canvas = Canvas::new(Size { width: 4, height: 3 }, 10);
        canvas.fill(&[(1.0, 0.0), (3.0, 0.0), (3.0, 2.0), (1.0, 2.0)], Some(2), [1.0; 3], 1.0);
        canvas.fill(&[(-9.0, 1.0), (99.0, 1.0), (99.0, 99.0), (-9.0, 99.0)], None, [0.0; 3], 0.5);
        let (colors, classes) = canvas.finish();
        assert_eq!(classes, [10, 2, 2, 10, 10, 2, 2, 10, 10, 10, 10, 10]);
        assert_eq!(colors[1], [1.0; 3]);
        assert!((colors[5][0] - 0.5).abs() < 0.01);
    }
}
