//! What all streets are put together from: ground in strips, rows of houses, lanes of traffic, people.

use super::building::{Use, house};
use super::canvas::Color;
use super::sketch::{NEAR, Sketch, lit};
use super::vehicle::{Heading, bus, car, truck};
use super::{class, furniture, nature, people};

type Draw = Box<dyn FnOnce(&mut Sketch)>;

/// Things in the order of their being found; drawn from the farthest to the nearest.
#[derive(Default)]
pub(super) struct Things {
    all: Vec<(f32, Draw)>,
    /// Metres by which what is added now is drawn earlier than its place says: it stands behind long things, whose
    /// near end would hide it too late.
    pub behind: f32,
}

impl Things {
    pub(super) fn add(&mut self, z: f32, draw: impl FnOnce(&mut Sketch) + 'static) {
        self.all.push((z + self.behind, Box::new(draw)));
    }

    pub(super) fn draw(mut self, sketch: &mut Sketch) {
        self.all.sort_by(|a, b| b.0.total_cmp(&a.0));
        self.all.into_iter().for_each(|(_, draw)| draw(sketch));
    }
}

/// Ground between two lines along the road, as far as one sees.
pub(super) fn strip(sketch: &mut Sketch, class: u8, color: Color, x: (f32, f32)) {
    let mut far = 400.0;
    while far > NEAR {
        let near = (far * 0.72).max(NEAR);
        sketch.face(class, color, &[(x.0, 0.0, far), (x.1, 0.0, far), (x.1, 0.0, near), (x.0, 0.0, near)]);
        far = if near > NEAR { near } else { 0.0 };
    }
}

/// A painted line of dashes, or without gaps where `gap` is 0.
pub(super) fn line(sketch: &mut Sketch, x: f32, dash: f32, gap: f32) {
    let (color, wide) = (sketch.mood.marking, 0.075);
    let mut z = 130.0 - sketch.between(0.0, dash + gap);
    while z > NEAR {
        let near = (z - dash).max(NEAR);
        sketch.face(
            class::ROAD,
            color,
            &[(x - wide, 0.0, z), (x + wide, 0.0, z), (x + wide, 0.0, near), (x - wide, 0.0, near)],
        );
        z = near - gap - 0.001;
    }
}

/// A road with pavements on both sides, their kerbs, and darker tracks where wheels run.
pub(super) fn road(sketch: &mut Sketch, half: f32, sidewalk: f32) {
    let (road, stone) = (sketch.mood.road, sketch.mood.sidewalk);
    strip(sketch, class::SIDEWALK, stone, (-half - sidewalk, half + sidewalk));
    for side in [-1.0, 1.0] {
        for slab in 1..(sidewalk / 1.5) as usize {
            let x = side * (half + 1.5 * slab as f32);
            strip(sketch, class::SIDEWALK, lit(stone, 0.88), (x - 0.03, x + 0.03));
        }
        let kerb = side * half;
        strip(sketch, class::SIDEWALK, lit(stone, 1.2), (kerb.min(kerb + side * 0.3), kerb.max(kerb + side * 0.3)));
    }
    strip(sketch, class::ROAD, road, (-half, half));
    let mut x = -half + 0.9;
    while x < half {
        strip(sketch, class::ROAD, lit(road, 0.93), (x, x + 0.5));
        x += 1.6;
    }
    strip(sketch, class::ROAD, lit(road, 0.78), (-half, -half + 0.25));
    strip(sketch, class::ROAD, lit(road, 0.78), (half - 0.25, half));
}

/// A road that crosses, with stripes for walkers before it.
pub(super) fn crossing(sketch: &mut Sketch, z: (f32, f32), half: f32, far: f32) {
    let (road, marking) = (sketch.mood.road, sketch.mood.marking);
    sketch.face(class::ROAD, road, &[(-far, 0.0, z.1), (far, 0.0, z.1), (far, 0.0, z.0), (-far, 0.0, z.0)]);
    let mut x = -half + 0.3;
    while x < half - 0.4 {
        let (near, far) = (z.0 - 3.4, z.0 - 0.6);
        sketch.face(class::ROAD, marking, &[(x, 0.0, far), (x + 0.5, 0.0, far), (x + 0.5, 0.0, near), (x, 0.0, near)]);
        x += 1.0;
    }
}

/// How houses stand along a side of the road.
#[derive(Clone, Copy)]
pub(super) struct Row {
    /// Metres from the road's middle to the fronts.
    pub setback: f32,
    pub deep: f32,
    pub long: (f32, f32),
    pub high: (f32, f32),
    /// Between two houses; often none.
    pub gap: (f32, f32),
    pub used: Use,
    /// Where no house may stand: the crossing road.
    pub free: (f32, f32),
}

impl Row {
    pub(super) fn build(self, sketch: &mut Sketch, things: &mut Things) {
        for side in [-1.0, 1.0] {
            self.build_side(sketch, things, side);
        }
    }

    /// On the left (-1) or on the right (1) only.
    pub(super) fn build_side(self, sketch: &mut Sketch, things: &mut Things, side: f32) {
        let mut z = NEAR - sketch.between(0.0, 8.0);
        while z < 150.0 {
            let (long, high) = (sketch.between(self.long.0, self.long.1), sketch.between(self.high.0, self.high.1));
            let mut end = z + long;
            if z < self.free.1 && end > self.free.0 {
                end = end.min(self.free.0);
                if end - z < 4.0 {
                    z = self.free.1;
                    continue;
                }
            }
            let back = self.setback + sketch.between(0.0, 0.6);
            let x = if side < 0.0 { (-back - self.deep, -back) } else { (back, back + self.deep) };
            let (near, used) = (z.max(NEAR), self.used);
            if end > NEAR + 0.5 {
                things.add(end, move |sketch| house(sketch, x, (near, end), high, used));
            }
            z = end + sketch.between(self.gap.0, self.gap.1).max(0.0);
        }
    }
}

/// Vehicles one behind another in a lane.
#[derive(Clone, Copy)]
pub(super) struct Lane {
    pub x: f32,
    pub heading: Heading,
    /// Metres to the first and between them.
    pub first: (f32, f32),
    pub gap: (f32, f32),
    /// Chances of a truck and of a bus.
    pub truck: f32,
    pub bus: f32,
    pub free: (f32, f32),
}

impl Lane {
    pub(super) fn fill(self, sketch: &mut Sketch, things: &mut Things) {
        let mut z = sketch.between(self.first.0, self.first.1);
        while z < 95.0 {
            let (x, heading) = (self.x + sketch.between(-0.15, 0.15), self.heading);
            let which = sketch.between(0.0, 1.0);
            let long = if which < self.truck + self.bus { 12.0 } else { 4.6 };
            if z + long < self.free.0 || z > self.free.1 {
                let draw = if which < self.truck {
                    truck
                } else if which < self.truck + self.bus {
                    bus
                } else {
                    car
                };
                things.add(z, move |sketch| draw(sketch, x, z, heading));
            }
            z += long + sketch.between(self.gap.0, self.gap.1);
        }
    }
}

/// So many walkers between two lines along the road, most of them not far.
pub(super) fn walkers(sketch: &mut Sketch, things: &mut Things, many: (f32, f32), x: (f32, f32), z: (f32, f32)) {
    for _ in 0..sketch.between(many.0, many.1 + 1.0) as usize {
        let near = sketch.between(0.0, 1.0);
        let (x, z) = (sketch.between(x.0, x.1), z.0 + (z.1 - z.0) * near * near);
        things.add(z, move |sketch| people::person(sketch, x, z));
        if sketch.chance(0.35) {
            let (x, z) = (x + sketch.between(0.45, 0.7), z + sketch.between(-0.3, 0.3));
            things.add(z, move |sketch| people::person(sketch, x, z));
        }
    }
}

/// Bicycles that lean in a row at the kerb.
pub(super) fn bicycles(sketch: &mut Sketch, things: &mut Things, x: f32, many: (f32, f32)) {
    let first = sketch.between(7.0, 26.0);
    for at in 0..sketch.between(many.0, many.1 + 1.0) as usize {
        let (z, turn) = (first + 0.7 * at as f32, sketch.between(0.7, 1.0));
        things.add(z, move |sketch| people::bicycle(sketch, x, z, false, turn));
    }
}

/// Somebody who rides a bicycle, or rarely a motorcycle, at that line.
pub(super) fn two_wheeler(sketch: &mut Sketch, things: &mut Things, x: f32, motor: bool) {
    let (z, turn) = (sketch.between(7.0, 24.0), sketch.one_of(&[-0.9, -0.55, 0.45, 0.6, 1.0]));
    let draw = if motor { people::motorcycle } else { people::bicycle };
    things.add(z, move |sketch| draw(sketch, x, z, true, turn));
}

/// The same thing every so many metres along a line.
pub(super) fn every(
    sketch: &mut Sketch,
    things: &mut Things,
    (first, pitch): (f32, f32),
    free: (f32, f32),
    draw: impl Fn(&mut Sketch, f32) + Copy + 'static,
) {
    let mut z = first + sketch.between(0.0, 0.6 * pitch);
    while z < 120.0 {
        if z < free.0 - 1.0 || z > free.1 + 1.0 {
            things.add(z, move |sketch| draw(sketch, z));
        }
        z += pitch * sketch.between(0.9, 1.1);
    }
}

/// The same wall or fence from here to the distance, in pieces, so that nearer things come after it.
pub(super) fn along(
    things: &mut Things,
    free: (f32, f32),
    piece: f32,
    draw: impl Fn(&mut Sketch, (f32, f32)) + Copy + 'static,
) {
    let mut z = NEAR;
    while z < 110.0 {
        let end = z + piece;
        if end < free.0 || z > free.1 {
            things.add(end, move |sketch| draw(sketch, (z, end)));
        }
        z = end;
    }
}

/// Where the view ends: far houses and trees.
pub(super) fn backdrop(sketch: &mut Sketch, things: &mut Things, houses: bool, high: f32) {
    let shift = -sketch.camera.bend * 190.0 * 190.0;
    things.add(1001.0, move |sketch| {
        nature::grove(sketch, (shift - 170.0, shift + 170.0), 205.0, 0.8 * high);
        let mut x = shift - 150.0;
        while houses && x < shift + 150.0 {
            let (wide, high) = (sketch.between(9.0, 20.0), sketch.between(0.6, 1.5) * high);
            house(sketch, (x, x + wide), (180.0, 196.0), high, Use::Works);
            x += wide + sketch.between(-1.0, 7.0);
        }
    });
    things.add(1000.0, move |sketch| nature::grove(sketch, (shift - 140.0, shift + 140.0), 170.0, 0.42 * high));
}

/// A traffic light on either side of a crossing, and a sign or two along the road.
pub(super) fn regulations(sketch: &mut Sketch, things: &mut Things, half: f32, crossing: Option<f32>) {
    if let Some(z) = crossing {
        for (x, over) in [(half + 0.8, if sketch.chance(0.5) { -3.0 } else { 0.0 }), (-half - 0.8, 0.0)] {
            things.add(z - 1.0, move |sketch| furniture::traffic_light(sketch, x, z - 1.0, over));
        }
        if sketch.chance(0.6) {
            let (x, z) = (-half - 0.6, z + 12.0);
            things.add(z, move |sketch| furniture::traffic_light(sketch, x, z, 0.0));
        }
    }
    for side in [-1.0, 1.0] {
        for _ in 0..sketch.between(0.4, 2.6) as usize {
            let (x, z) = (side * (half + sketch.between(0.6, 1.3)), sketch.between(8.0, 45.0));
            things.add(z, move |sketch| furniture::sign(sketch, x, z));
        }
    }
}
