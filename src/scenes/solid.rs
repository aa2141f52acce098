//! Boxes, and what stands on their sides.

use super::canvas::Color;
use super::sketch::{Place, Sketch, ellipse, lit};

/// An upright box between two corners.
#[derive(Clone, Copy)]
pub(super) struct Cuboid {
    pub x: (f32, f32),
    pub y: (f32, f32),
    pub z: (f32, f32),
}

/// A side of a box that the camera sees.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Facing left, seen on things to the right.
    Left,
    /// Facing the camera.
    Near,
    /// Facing right.
    Right,
}

impl Cuboid {
    /// The sides that can be seen, the one that others hide first.
    pub(super) fn seen(&self, sketch: &Sketch) -> Vec<Side> {
        let column = |x: f32, z: f32| sketch.camera.project((x, 0.0, z)).0;
        let mut seen = Vec::with_capacity(2);
        if column(self.x.0, self.z.1) < column(self.x.0, self.z.0) {
            seen.push(Side::Left);
        } else if column(self.x.1, self.z.1) > column(self.x.1, self.z.0) {
            seen.push(Side::Right);
        }
        seen.push(Side::Near);
        seen
    }

    /// How long a side is, in metres.
    pub(super) fn length(&self, side: Side) -> f32 {
        match side {
            Side::Near => self.x.1 - self.x.0,
            Side::Left | Side::Right => self.z.1 - self.z.0,
        }
    }

    /// A place on a side, by metres along it and up from its foot. Along counts from the camera, or from the left.
    pub(super) fn on(&self, side: Side, along: f32, up: f32) -> Place {
        match side {
            Side::Left => (self.x.0, self.y.0 + up, self.z.0 + along),
            Side::Near => (self.x.0 + along, self.y.0 + up, self.z.0),
            Side::Right => (self.x.1, self.y.0 + up, self.z.0 + along),
        }
    }

    /// All that can be seen of it.
    pub(super) fn draw(&self, sketch: &mut Sketch, class: u8, color: Color) {
        let (y, z) = (self.y.1, self.z);
        if y < sketch.camera.height {
            let top = [(self.x.0, y, z.0), (self.x.1, y, z.0), (self.x.1, y, z.1), (self.x.0, y, z.1)];
            sketch.face(class, lit(color, 1.12), &top);
        }
        for side in self.seen(sketch) {
            self.panel(sketch, side, class, color, (0.0, self.length(side)), (0.0, self.y.1 - self.y.0));
        }
    }

    /// A rectangle on a side, shaded as the side is.
    pub(super) fn panel(
        &self,
        sketch: &mut Sketch,
        side: Side,
        class: u8,
        color: Color,
        along: (f32, f32),
        up: (f32, f32),
    ) {
        let corners = [(along.0, up.0), (along.1, up.0), (along.1, up.1), (along.0, up.1)];
        self.shape(sketch, side, class, color, &corners);
    }

    /// Any flat shape on a side, shaded as the side is.
    pub(super) fn shape(&self, sketch: &mut Sketch, side: Side, class: u8, color: Color, corners: &[(f32, f32)]) {
        let light = sketch.mood.light[side as usize];
        let places: Vec<Place> = corners.iter().map(|&(along, up)| self.on(side, along, up)).collect();
        sketch.face(class, lit(color, light), &places);
    }

    /// A wheel on a side: tyre and hub.
    pub(super) fn wheel(&self, sketch: &mut Sketch, side: Side, class: u8, along: f32, radius: f32) {
        let foot = radius - self.y.0;
        self.shape(sketch, side, class, [0.09, 0.09, 0.1], &ellipse((along, foot), radius, radius, 18));
        self.shape(sketch, side, class, [0.5, 0.5, 0.52], &ellipse((along, foot), radius * 0.55, radius * 0.55, 12));
    }

    /// The shade that it throws on the ground.
    pub(super) fn shade(&self, sketch: &mut Sketch) {
        let (x, z) = ((self.x.0 - 0.15, self.x.1 + 0.15), (self.z.0 - 0.25, self.z.1 + 0.2));
        let shadow = sketch.mood.shadow;
        let ground = [(x.0, 0.01, z.0), (x.1, 0.01, z.0), (x.1, 0.01, z.1), (x.0, 0.01, z.1)];
        sketch.glaze([0.02, 0.02, 0.05], shadow + 0.2, &ground);
    }
}
