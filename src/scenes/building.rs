//! Houses: a front full of windows, shops or gardens below, a roof above.

use super::canvas::Color;
use super::class;
use super::sketch::{Sketch, hex, lit, mix};
use super::solid::{Cuboid, Side};

/// What a house is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// Shops below, flats above, a flat roof.
    Town,
    /// Two storeys under a pitched roof.
    Home,
    /// Arches below, as around a square.
    Arcade,
    /// A long shed.
    Works,
}

/// A house between two corners of the ground.
pub(super) fn house(sketch: &mut Sketch, x: (f32, f32), z: (f32, f32), high: f32, used: Use) {
    let facade = sketch.one_of(sketch.mood.facades);
    let facade = lit(facade, sketch.between(0.9, 1.1));
    let body = Cuboid { x, y: (0.0, high), z };
    body.draw(sketch, class::BUILDING, facade);
    if used == Use::Home {
        roof(sketch, &body, facade);
    }
    for side in body.seen(sketch) {
        front(sketch, &body, side, facade, used);
        if used != Use::Home {
            let long = body.length(side);
            body.panel(sketch, side, class::BUILDING, lit(facade, 0.72), (0.0, long), (high - 0.9, high - 0.65));
            body.panel(sketch, side, class::BUILDING, lit(facade, 1.15), (-0.1, long + 0.1), (high - 0.65, high));
        }
    }
}

/// A pitched roof whose ridge runs along the road.
fn roof(sketch: &mut Sketch, body: &Cuboid, facade: Color) {
    let tiles = sketch.one_of(sketch.mood.roofs);
    let ((left, right), up, (near, far)) = (body.x, body.y.1, body.z);
    let middle = (left + right) / 2.0;
    let ridge = up + 0.42 * (right - left).min(9.0);
    let light = sketch.mood.light;
    for side in body.seen(sketch) {
        let eave = match side {
            Side::Left => left - 0.4,
            Side::Right => right + 0.4,
            Side::Near => continue,
        };
        let slope =
            [(eave, up - 0.15, near - 0.3), (eave, up - 0.15, far), (middle, ridge, far), (middle, ridge, near - 0.3)];
        sketch.face(class::BUILDING, lit(tiles, light[side as usize]), &slope);
        for course in 1..6 {
            let share = course as f32 / 6.0;
            let (x, y) = (eave + (middle - eave) * share, up - 0.15 + (ridge - up + 0.15) * share);
            let line = [(x, y, near - 0.3), (x, y, far), (x, y + 0.07, far), (x, y + 0.07, near - 0.3)];
            sketch.face(class::BUILDING, lit(tiles, 0.82 * light[side as usize]), &line);
        }
    }
    sketch.face(class::BUILDING, lit(facade, light[1]), &[(left, up, near), (right, up, near), (middle, ridge, near)]);
    let chimney =
        Cuboid { x: (middle - 1.2, middle - 0.6), y: (ridge - 1.2, ridge + 0.8), z: (near + 2.0, near + 2.7) };
    chimney.draw(sketch, class::BUILDING, hex(0x8a5a48));
}

/// Windows, doors and shops on one side.
fn front(sketch: &mut Sketch, body: &Cuboid, side: Side, facade: Color, used: Use) {
    let (long, high) = (body.length(side), body.y.1);
    // Windows that would be smaller than a pixel only cost time.
    if sketch.scale(body.z.0) < 2.0 {
        return;
    }
    let (ground, storey, pitch) = match used {
        Use::Town => (3.6, 3.1, 2.3),
        Use::Home => (0.4, 2.8, 2.6),
        Use::Arcade => (4.2, 3.3, 2.6),
        Use::Works => (2.6, 4.2, 3.4),
    };
    let storeys = ((high - ground - 0.8) / storey).max(0.0) as usize;
    let windows = ((long - 0.8) / pitch).max(0.0) as usize;
    for row in 0..storeys {
        for column in 0..windows {
            let along = (long - windows as f32 * pitch) / 2.0 + (column as f32 + 0.22) * pitch;
            let up = ground + row as f32 * storey + 0.75;
            window(sketch, body, side, facade, (along, along + 0.56 * pitch), (up, up + 0.58 * storey));
        }
    }
    match used {
        Use::Town => shops(sketch, body, side, long),
        Use::Arcade => arches(sketch, body, side, facade, long),
        Use::Home if side != Side::Near && long > 4.0 => {
            let (at, door) = (0.42 * long, sketch.one_of(sketch.mood.clothes));
            body.panel(sketch, side, class::BUILDING, lit(facade, 1.2), (at - 0.12, at + 1.12), (0.0, 2.25));
            body.panel(sketch, side, class::BUILDING, lit(door, 0.8), (at, at + 1.0), (0.0, 2.1));
        }
        Use::Home | Use::Works => {}
    }
}

fn window(sketch: &mut Sketch, body: &Cuboid, side: Side, facade: Color, along: (f32, f32), up: (f32, f32)) {
    let lamp = sketch.chance(sketch.mood.lamps);
    let gleam = sketch.between(0.0, 0.35);
    let glass = if lamp { hex(0xffdf9a) } else { mix(sketch.mood.glass, sketch.mood.sky[1], gleam) };
    let frame = 0.12;
    let outer = ((along.0 - frame, along.1 + frame), (up.0 - 1.6 * frame, up.1 + frame));
    body.panel(sketch, side, class::BUILDING, lit(facade, 1.22), outer.0, outer.1);
    body.panel(sketch, side, class::BUILDING, glass, along, up);
    let middle = (along.0 + along.1) / 2.0;
    body.panel(sketch, side, class::BUILDING, lit(facade, 1.15), (middle - 0.05, middle + 0.05), up);
    body.panel(sketch, side, class::BUILDING, lit(glass, 0.7), along, (up.1 - 0.2, up.1));
}

fn shops(sketch: &mut Sketch, body: &Cuboid, side: Side, long: f32) {
    let bays = (long / 4.2).max(1.0) as usize;
    let pitch = long / bays as f32;
    for bay in 0..bays {
        let at = bay as f32 * pitch;
        let cloth = sketch.one_of(sketch.mood.clothes);
        let glass =
            if sketch.chance(2.0 * sketch.mood.lamps) { hex(0xf7cf86) } else { mix(sketch.mood.glass, [0.1; 3], 0.4) };
        body.panel(sketch, side, class::BUILDING, lit(cloth, 0.55), (at + 0.15, at + pitch - 0.15), (0.0, 3.1));
        body.panel(sketch, side, class::BUILDING, glass, (at + 0.35, at + pitch - 1.4), (0.6, 2.45));
        body.panel(sketch, side, class::BUILDING, lit(glass, 0.7), (at + pitch - 1.2, at + pitch - 0.35), (0.0, 2.4));
        body.panel(sketch, side, class::BUILDING, cloth, (at + 0.1, at + pitch - 0.1), (2.5, 3.05));
        if sketch.chance(0.5) {
            body.panel(sketch, side, class::BUILDING, hex(0xf3efe6), (at + 0.6, at + 0.6 * pitch), (2.66, 2.88));
        }
    }
}

fn arches(sketch: &mut Sketch, body: &Cuboid, side: Side, facade: Color, long: f32) {
    let bays = (long / 3.4).max(1.0) as usize;
    let pitch = long / bays as f32;
    for bay in 0..bays {
        let (left, right) = (bay as f32 * pitch + 0.45, (bay + 1) as f32 * pitch - 0.45);
        let (middle, radius) = ((left + right) / 2.0, (right - left) / 2.0);
        let mut arch = vec![(left, 0.0), (right, 0.0)];
        arch.extend((0..=8).map(|step| {
            let (sin, cos) = (step as f32 / 8.0 * std::f32::consts::PI).sin_cos();
            (middle + radius * cos, 2.4 + radius * sin)
        }));
        body.shape(sketch, side, class::BUILDING, lit(facade, 0.38), &arch);
    }
}
