//! What stands beside a road: lamps, lights, signs, fences, walls, stalls and wires.

use super::canvas::{Color, Point};
use super::class;
use super::sketch::{Sketch, Upright, ellipse, hex, lit, rect};
use super::solid::{Cuboid, Side};

/// A street lamp whose arm reaches `over` metres to the right.
pub(super) fn lamp(sketch: &mut Sketch, x: f32, z: f32, high: f32, over: f32) {
    let (here, metal) = (Upright::at(x, z), sketch.mood.metal);
    post(sketch, here, high, 0.09);
    here.bar(sketch, class::POLE, metal, (0.0, high), (over, high + 0.35), 0.1);
    here.face(
        sketch,
        class::POLE,
        lit(metal, 0.8),
        &rect(over - 0.1 * over.signum(), high + 0.22, over * 1.35, high + 0.42),
    );
    if sketch.mood.lamps > 0.3 {
        here.glaze(sketch, hex(0xffe2a0), 0.8, &ellipse((over * 1.15, high + 0.2), 0.3, 0.12, 12));
        here.glaze(sketch, hex(0xffd080), 0.14, &ellipse((over * 1.15, high + 0.1), 1.3, 0.9, 18));
    }
}

fn post(sketch: &mut Sketch, here: Upright, high: f32, wide: f32) {
    // Never thinner than a pixel, or it would be dotted.
    let wide = wide.max(0.6 / sketch.scale(here.z));
    let metal = sketch.mood.metal;
    here.face(sketch, class::POLE, metal, &rect(-wide, 0.0, wide, high));
    here.face(sketch, class::POLE, lit(metal, 1.25), &rect(-wide, 0.0, -0.3 * wide, high));
    here.face(sketch, class::POLE, lit(metal, 0.75), &rect(-1.6 * wide, 0.0, 1.6 * wide, 0.25));
}

/// A traffic light; with an arm over the road where `over` is not 0.
pub(super) fn traffic_light(sketch: &mut Sketch, x: f32, z: f32, over: f32) {
    let here = Upright::at(x, z);
    let high = if over == 0.0 { 2.4 } else { 5.2 };
    post(sketch, here, high, 0.08);
    let state = sketch.one_of(&[0_usize, 0, 2, 2, 1]);
    if over != 0.0 {
        here.bar(sketch, class::POLE, sketch.mood.metal, (0.0, high - 0.1), (over, high - 0.1), 0.12);
        lights(sketch, here, (over, high - 1.15), state);
    }
    lights(sketch, here, (0.0, 2.3), state);
}

fn lights(sketch: &mut Sketch, here: Upright, (right, up): Point, state: usize) {
    here.face(sketch, class::LIGHT, hex(0x121416), &rect(right - 0.24, up, right + 0.24, up + 1.15));
    for (at, color) in [hex(0xff3b2e), hex(0xffb52e), hex(0x35d86a)].into_iter().enumerate() {
        let color = if at == state { color } else { lit(color, 0.25) };
        here.disc(sketch, class::LIGHT, color, (right, up + 0.95 - 0.37 * at as f32), 0.15);
    }
}

/// A road sign on its post.
pub(super) fn sign(sketch: &mut Sketch, x: f32, z: f32) {
    let here = Upright::at(x, z);
    post(sketch, here, 2.5, 0.05);
    let middle = (0.0, 2.5);
    let (red, white, blue) = (hex(0xd2202a), hex(0xf5f5f0), hex(0x1f5fb4));
    let mut plate = |color: Color, corners: &[Point]| here.face(sketch, class::SIGN, color, corners);
    match (x.abs() * 10.0 + z) as u32 % 5 {
        0 => {
            plate(red, &ellipse(middle, 0.38, 0.38, 20));
            plate(white, &ellipse(middle, 0.27, 0.27, 20));
            plate([0.1; 3], &rect(-0.12, 2.42, 0.12, 2.6));
        }
        1 => {
            plate(red, &[(-0.42, 2.18), (0.42, 2.18), (0.0, 2.92)]);
            plate(white, &[(-0.25, 2.28), (0.25, 2.28), (0.0, 2.72)]);
        }
        2 => {
            plate(blue, &rect(-0.36, 2.15, 0.36, 2.87));
            plate(white, &[(-0.2, 2.3), (0.2, 2.3), (0.0, 2.72)]);
        }
        3 => {
            plate(hex(0xf2c31a), &[(0.0, 2.05), (0.42, 2.5), (0.0, 2.95), (-0.42, 2.5)]);
            plate(white, &[(0.0, 2.12), (0.34, 2.5), (0.0, 2.88), (-0.34, 2.5)]);
            plate(hex(0xf2c31a), &[(0.0, 2.25), (0.22, 2.5), (0.0, 2.75), (-0.22, 2.5)]);
        }
        _ => {
            plate(red, &ellipse(middle, 0.38, 0.38, 8));
            plate(white, &rect(-0.26, 2.43, 0.26, 2.57));
        }
    }
}

/// Signs over a highway, from one side of it to the other.
pub(super) fn gantry(sketch: &mut Sketch, x: (f32, f32), z: f32) {
    let here = Upright::at(0.0, z);
    for x in [x.0, x.1] {
        post(sketch, Upright::at(x, z), 6.6, 0.16);
    }
    let metal = sketch.mood.metal;
    here.face(sketch, class::POLE, metal, &rect(x.0, 6.2, x.1, 6.5));
    for panel in 0..2 {
        let left = x.0 + 1.0 + (x.1 - x.0) * 0.5 * panel as f32;
        let right = left + (x.1 - x.0) * 0.38;
        here.face(sketch, class::SIGN, hex(0xeef0ee), &rect(left, 5.1, right, 7.3));
        here.face(sketch, class::SIGN, hex(0x1c56a6), &rect(left + 0.1, 5.2, right - 0.1, 7.2));
        for line in 0..2 {
            let low = 5.7 + 0.7 * line as f32;
            let end = right - sketch.between(0.5, 2.0);
            here.face(sketch, class::SIGN, hex(0xeef0ee), &rect(left + 0.4, low, end, low + 0.22));
        }
    }
}

/// Rails and posts along the road; what is seen between them belongs to the fence too, as in Cityscapes.
pub(super) fn fence(sketch: &mut Sketch, x: f32, z: (f32, f32), high: f32) {
    let color = sketch.mood.fence;
    let panel = [(x, 0.0, z.0), (x, 0.0, z.1), (x, high, z.1), (x, high, z.0)];
    sketch.veil(class::FENCE, lit(color, 0.8), 0.45, &panel);
    for up in [0.25, 0.6, 0.95] {
        let (low, top) = (up * high - 0.05, up * high + 0.05);
        sketch.face(class::FENCE, color, &[(x, low, z.0), (x, low, z.1), (x, top, z.1), (x, top, z.0)]);
    }
    let mut at = z.1;
    while at >= z.0 {
        let post = [(x, 0.0, at), (x, 0.0, at + 0.14), (x, high * 1.06, at + 0.14), (x, high * 1.06, at)];
        sketch.face(class::FENCE, lit(color, 0.9), &post);
        at -= if at > 40.0 { 4.0 } else { 0.9 };
    }
}

/// A wall along the road, with its coping and courses.
pub(super) fn wall(sketch: &mut Sketch, x: (f32, f32), z: (f32, f32), high: f32) {
    let color = sketch.mood.wall;
    let body = Cuboid { x, y: (0.0, high), z };
    body.draw(sketch, class::WALL, color);
    for side in body.seen(sketch) {
        let long = body.length(side);
        let courses = if z.0 < 30.0 { (high / 0.35) as usize } else { 0 };
        for course in 1..courses {
            let up = course as f32 * 0.35;
            body.panel(sketch, side, class::WALL, lit(color, 0.82), (0.0, long), (up, up + 0.04));
        }
        if side != Side::Near {
            for joint in 0..(long / 4.0) as usize {
                let at = joint as f32 * 4.0;
                body.panel(sketch, side, class::WALL, lit(color, 0.75), (at, at + 0.1), (0.0, high));
            }
        }
        body.panel(sketch, side, class::WALL, lit(color, 1.18), (0.0, long), (high - 0.18, high));
    }
}

/// A wire in the air. It is too thin to be labelled, so whatever is behind it keeps its class.
pub(super) fn wire(sketch: &mut Sketch, x: f32, up: f32, z: (f32, f32)) {
    let wide = 0.03;
    sketch.glaze(
        [0.12, 0.12, 0.14],
        0.75,
        &[(x - wide, up, z.0), (x + wide, up, z.0), (x + wide, up, z.1), (x - wide, up, z.1)],
    );
}

/// A market stall: striped cloth over a table. It counts as building, as kiosks do in Cityscapes.
pub(super) fn stall(sketch: &mut Sketch, x: f32, z: f32) {
    let here = Upright::at(x, z);
    let (cloth, wood) = (sketch.one_of(sketch.mood.clothes), lit(sketch.mood.bark, 1.3));
    here.face(sketch, class::BUILDING, lit(wood, 0.45), &rect(-1.5, 0.0, 1.5, 2.1));
    here.face(sketch, class::BUILDING, wood, &rect(-1.6, 0.0, 1.6, 0.85));
    for fruit in 0..9 {
        let color = sketch.one_of(&[hex(0xe2562b), hex(0x8dbb3a), hex(0xe8c531), hex(0xb33a55)]);
        here.disc(sketch, class::BUILDING, color, (-1.35 + 0.33 * fruit as f32, 0.92), 0.16);
    }
    for side in [-1.6, 1.6] {
        here.bar(sketch, class::BUILDING, wood, (side, 0.0), (side, 2.2), 0.09);
    }
    for stripe in 0..8 {
        let (left, right) = (-1.9 + 0.475 * stripe as f32, -1.9 + 0.475 * (stripe + 1) as f32);
        let color = if stripe % 2 == 0 { cloth } else { hex(0xf2eee4) };
        let roof = [(left, 2.05), (right, 2.05), (right * 0.8, 2.75), (left * 0.8, 2.75)];
        here.face(sketch, class::BUILDING, color, &roof);
        here.face(sketch, class::BUILDING, lit(color, 0.8), &rect(left, 1.88, right, 2.05));
    }
}
