//! People on foot, on bicycles and on motorcycles.

use super::canvas::{Color, Point};
use super::class;
use super::sketch::{Sketch, Upright, ellipse, hex, rect};

const SKIN: [Color; 4] = [hex(0xe8b998), hex(0xc98d66), hex(0x8d5a3c), hex(0xf0cdb0)];
const HAIR: [Color; 4] = [hex(0x2a1d16), hex(0x6b4426), hex(0xb98d4c), hex(0x777777)];
const TYRE: Color = [0.07, 0.07, 0.08];

/// Somebody who walks or stands.
pub(super) fn person(sketch: &mut Sketch, x: f32, z: f32) {
    let size = sketch.between(0.86, 1.08);
    let turn = size * if sketch.chance(0.5) { -1.0 } else { 1.0 };
    let stride = sketch.between(0.02, 0.2);
    let (coat, trousers) = (sketch.one_of(sketch.mood.clothes), sketch.one_of(sketch.mood.clothes));
    let (skin, hair) = (sketch.one_of(&SKIN), sketch.one_of(&HAIR));
    let here = Upright { turn, ..Upright::at(x, z) };
    shade(sketch, x, z, 0.35);
    let up = |points: &[Point]| points.iter().map(|&(right, up)| (right, up * size)).collect::<Vec<_>>();
    let mut part = |color: Color, points: &[Point]| here.face(sketch, class::PERSON, color, &up(points));
    let dark = trousers.map(|channel| channel * 0.7);
    part(dark, &[(-stride - 0.08, 0.0), (-stride + 0.1, 0.0), (0.05, 0.85), (-0.14, 0.85)]);
    part(trousers, &[(stride - 0.1, 0.0), (stride + 0.1, 0.0), (0.15, 0.85), (-0.06, 0.85)]);
    part([0.1, 0.09, 0.09], &rect(-stride - 0.1, 0.0, -stride + 0.14, 0.07));
    part([0.1, 0.09, 0.09], &rect(stride - 0.1, 0.0, stride + 0.14, 0.07));
    part(coat.map(|c| c * 0.8), &[(-0.2, 1.4), (-0.3 + stride, 0.85), (-0.2 + stride, 0.82), (-0.1, 1.36)]);
    part(coat, &[(-0.19, 0.78), (0.18, 0.78), (0.22, 1.38), (0.1, 1.47), (-0.1, 1.47), (-0.22, 1.38)]);
    part(coat.map(|c| c * 0.88), &[(0.2, 1.4), (0.3 - stride, 0.85), (0.2 - stride, 0.82), (0.1, 1.36)]);
    part(skin, &rect(-0.05, 1.44, 0.05, 1.54));
    part(hair, &ellipse((0.0, 1.65), 0.115, 0.13, 14));
    part(skin, &ellipse((0.03, 1.62), 0.085, 0.11, 12));
}

/// A bicycle, with or without somebody on it; seen from the side, or at a slant.
pub(super) fn bicycle(sketch: &mut Sketch, x: f32, z: f32, ridden: bool, turn: f32) {
    let frame = sketch.one_of(sketch.mood.clothes);
    let here = Upright { turn, ..Upright::at(x, z) };
    shade(sketch, x, z, 0.8 * turn.abs());
    for wheel in [-0.52, 0.52] {
        tyre(sketch, here, class::BICYCLE, (wheel, 0.34), 0.34, 0.3);
    }
    let mut tube = |from, to| here.bar(sketch, class::BICYCLE, frame, from, to, 0.055);
    tube((-0.52, 0.34), (-0.1, 0.34));
    tube((-0.1, 0.34), (-0.22, 0.88));
    tube((-0.1, 0.34), (0.38, 0.8));
    tube((-0.2, 0.8), (0.38, 0.82));
    tube((0.52, 0.34), (0.36, 0.98));
    here.bar(sketch, class::BICYCLE, TYRE, (0.3, 1.0), (0.46, 1.0), 0.05);
    here.bar(sketch, class::BICYCLE, TYRE, (-0.34, 0.92), (-0.12, 0.92), 0.07);
    if ridden {
        rider(sketch, here, 0.0);
    }
}

/// A motorcycle seen from the side or at a slant.
pub(super) fn motorcycle(sketch: &mut Sketch, x: f32, z: f32, ridden: bool, turn: f32) {
    let paint = sketch.one_of(sketch.mood.cars);
    let here = Upright { turn, ..Upright::at(x, z) };
    shade(sketch, x, z, 1.0 * turn.abs());
    for wheel in [-0.68, 0.7] {
        tyre(sketch, here, class::MOTORCYCLE, (wheel, 0.32), 0.32, 0.75);
    }
    let mut part = |color: Color, points: &[Point]| here.face(sketch, class::MOTORCYCLE, color, points);
    part(hex(0x33363a), &[(-0.5, 0.3), (0.4, 0.28), (0.35, 0.62), (-0.45, 0.6)]);
    part(paint, &[(-0.1, 0.58), (0.5, 0.55), (0.56, 0.85), (0.2, 0.95), (-0.05, 0.8)]);
    part(hex(0x17181a), &[(-0.8, 0.72), (0.0, 0.68), (0.02, 0.82), (-0.75, 0.9)]);
    part(paint, &[(-0.95, 0.7), (-0.6, 0.62), (-0.6, 0.78), (-0.95, 0.8)]);
    here.bar(sketch, class::MOTORCYCLE, hex(0x9a9da0), (0.7, 0.32), (0.45, 1.05), 0.08);
    here.bar(sketch, class::MOTORCYCLE, TYRE, (0.32, 1.08), (0.5, 1.04), 0.07);
    if ridden {
        rider(sketch, here, -0.05);
    }
}

/// Somebody seated: one leg, a back that leans forward, arms to the bar, a helmet.
fn rider(sketch: &mut Sketch, here: Upright, shift: f32) {
    let (coat, trousers) = (sketch.one_of(sketch.mood.clothes), sketch.one_of(sketch.mood.clothes));
    let (skin, helmet) = (sketch.one_of(&SKIN), sketch.one_of(&[hex(0xe8e8e8), hex(0x2a2c30), hex(0xd0342c)]));
    let at = |points: &[Point]| points.iter().map(|&(right, up)| (right + shift, up)).collect::<Vec<_>>();
    let mut part = |color: Color, points: &[Point]| here.face(sketch, class::RIDER, color, &at(points));
    part(trousers, &[(-0.28, 0.9), (-0.1, 1.02), (0.18, 0.78), (0.1, 0.66)]);
    part(trousers, &[(0.05, 0.7), (0.19, 0.78), (0.06, 0.28), (-0.07, 0.28)]);
    part([0.1, 0.09, 0.09], &rect(-0.08, 0.24, 0.16, 0.33));
    part(coat, &[(-0.3, 0.92), (-0.02, 0.95), (0.22, 1.42), (0.08, 1.52), (-0.1, 1.48), (-0.26, 1.25)]);
    part(coat.map(|c| c * 0.8), &[(0.1, 1.42), (0.2, 1.36), (0.42, 1.08), (0.34, 1.02)]);
    part(skin, &ellipse((0.2, 1.62), 0.1, 0.12, 12));
    part(helmet, &[(0.07, 1.6), (0.08, 1.74), (0.2, 1.8), (0.32, 1.72), (0.33, 1.64)]);
}

/// A ring, and what is seen between its spokes.
fn tyre(sketch: &mut Sketch, here: Upright, class: u8, middle: Point, radius: f32, filled: f32) {
    let place = |&(right, up): &Point| (here.x + right * here.turn, here.y + up, here.z);
    let disc: Vec<_> = ellipse(middle, radius, radius, 18).iter().map(place).collect();
    sketch.veil(class, [0.3, 0.3, 0.32], filled, &disc);
    let mut ring = ellipse(middle, radius, radius, 18);
    ring.push(ring[0]);
    let inner = ellipse(middle, radius * 0.84, radius * 0.84, 18);
    ring.push(inner[0]);
    ring.extend(inner.iter().rev());
    here.face(sketch, class, TYRE, &ring);
}

fn shade(sketch: &mut Sketch, x: f32, z: f32, wide: f32) {
    let shadow = sketch.mood.shadow;
    let ground: Vec<_> = ellipse((x, z), wide, 0.25, 12).into_iter().map(|(x, z)| (x, 0.01, z)).collect();
    sketch.glaze([0.02, 0.02, 0.05], shadow, &ground);
}
