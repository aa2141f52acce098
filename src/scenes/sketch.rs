//! Drawing in metres: a camera over the street, haze with distance.
//!
//! x is metres to the right of the road's middle, y up from the ground, z ahead of the camera.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::canvas::{Canvas, Color, Point};
use super::mood::Mood;

/// x, y, z.
pub(super) type Place = (f32, f32, f32);

/// Nothing is drawn nearer than this.
pub(super) const NEAR: f32 = 2.2;

pub(super) struct Camera {
    /// Pixels that a metre takes at a distance of one metre.
    pub focal: f32,
    /// The middle of the picture.
    pub middle: Point,
    /// Row of the horizon.
    pub horizon: f32,
    /// Metres above the ground, and to the right of the road's middle.
    pub height: f32,
    pub side: f32,
    /// The road's bend: metres to the right, a metre ahead squared.
    pub bend: f32,
    /// Radians that the camera is turned about its view.
    pub roll: f32,
}

impl Camera {
    pub(super) fn project(&self, (x, y, z): Place) -> Point {
        let z = z.max(NEAR);
        let right = (x - self.side + self.bend * z * z) * self.focal / z;
        let down = self.horizon - self.middle.1 + (self.height - y) * self.focal / z;
        let (sin, cos) = self.roll.sin_cos();
        (self.middle.0 + right * cos - down * sin, self.middle.1 + right * sin + down * cos)
    }
}

pub(super) struct Sketch {
    pub canvas: Canvas,
    pub camera: Camera,
    pub mood: Mood,
    pub rng: ChaCha8Rng,
}

impl Sketch {
    /// A flat face with its class.
    pub(super) fn face(&mut self, class: u8, color: Color, corners: &[Place]) {
        self.paint(Some(class), color, 1.0, corners);
    }

    /// A face that one can see through a little.
    pub(super) fn veil(&mut self, class: u8, color: Color, alpha: f32, corners: &[Place]) {
        self.paint(Some(class), color, alpha, corners);
    }

    /// Light or shade on what is there; its class stays.
    pub(super) fn glaze(&mut self, color: Color, alpha: f32, corners: &[Place]) {
        self.paint(None, color, alpha, corners);
    }

    fn paint(&mut self, class: Option<u8>, color: Color, alpha: f32, corners: &[Place]) {
        let distance = corners.iter().map(|corner| corner.2.max(NEAR)).sum::<f32>() / corners.len() as f32;
        let points: Vec<Point> = corners.iter().map(|&corner| self.camera.project(corner)).collect();
        self.canvas.fill(&points, class, self.mood.hazed(color, distance), alpha);
    }

    /// Pixels that a metre takes at that distance.
    pub(super) fn scale(&self, z: f32) -> f32 {
        self.camera.focal / z.max(NEAR)
    }

    /// A number between.
    pub(super) fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.rng.random::<f32>()
    }

    /// Yes with that chance.
    pub(super) fn chance(&mut self, chance: f32) -> bool {
        self.rng.random::<f32>() < chance
    }

    /// One of them.
    pub(super) fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.rng.random_range(0..of.len() as u32) as usize]
    }
}

/// Something with its own left and right that stands at a place: corners in metres to its right and up.
#[derive(Clone, Copy)]
pub(super) struct Upright {
    pub x: f32,
    /// Of its feet.
    pub y: f32,
    pub z: f32,
    /// 1, less for something seen at a slant, negative to mirror it.
    pub turn: f32,
}

impl Upright {
    pub(super) fn at(x: f32, z: f32) -> Self {
        Self { x, y: 0.0, z, turn: 1.0 }
    }

    pub(super) fn face(self, sketch: &mut Sketch, class: u8, color: Color, corners: &[Point]) {
        sketch.face(class, color, &self.places(corners));
    }

    pub(super) fn glaze(self, sketch: &mut Sketch, color: Color, alpha: f32, corners: &[Point]) {
        sketch.glaze(color, alpha, &self.places(corners));
    }

    pub(super) fn disc(self, sketch: &mut Sketch, class: u8, color: Color, middle: Point, radius: f32) {
        self.face(sketch, class, color, &ellipse(middle, radius, radius, 16));
    }

    /// A bar of that width from one point to another.
    pub(super) fn bar(self, sketch: &mut Sketch, class: u8, color: Color, from: Point, to: Point, width: f32) {
        self.face(sketch, class, color, &bar(from, to, width));
    }

    fn places(self, corners: &[Point]) -> Vec<Place> {
        corners.iter().map(|&(right, up)| (self.x + right * self.turn, self.y + up, self.z)).collect()
    }
}

/// A rectangle by its left, low, right and high.
pub(super) fn rect(left: f32, low: f32, right: f32, high: f32) -> [Point; 4] {
    [(left, low), (right, low), (right, high), (left, high)]
}

pub(super) fn bar(from: Point, to: Point, width: f32) -> [Point; 4] {
    let (x, y) = (to.0 - from.0, to.1 - from.1);
    let half = 0.5 * width / (x * x + y * y).sqrt().max(1e-6);
    let (across_x, across_y) = (-y * half, x * half);
    [
        (from.0 + across_x, from.1 + across_y),
        (to.0 + across_x, to.1 + across_y),
        (to.0 - across_x, to.1 - across_y),
        (from.0 - across_x, from.1 - across_y),
    ]
}

pub(super) fn ellipse(middle: Point, wide: f32, high: f32, corners: usize) -> Vec<Point> {
    let corner = |at: usize| {
        let (sin, cos) = (at as f32 / corners as f32 * std::f32::consts::TAU).sin_cos();
        (middle.0 + wide * cos, middle.1 + high * sin)
    };
    (0..corners).map(corner).collect()
}

/// A colour made lighter (above 1) or darker.
pub(super) fn lit(color: Color, by: f32) -> Color {
    color.map(|channel| (channel * by).min(1.0))
}

pub(super) fn mix(a: Color, b: Color, share: f32) -> Color {
    std::array::from_fn(|channel| a[channel] + (b[channel] - a[channel]) * share)
}

/// `0xRRGGBB`.
pub(super) const fn hex(rgb: u32) -> Color {
    [(rgb >> 16 & 255) as f32 / 255.0, (rgb >> 8 & 255) as f32 / 255.0, (rgb & 255) as f32 / 255.0]
}
