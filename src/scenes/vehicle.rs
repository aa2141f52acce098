//! Cars, trucks, buses and trains: boxes with glass, lights and wheels.

use super::canvas::Color;
use super::class;
use super::sketch::{Sketch, hex, lit, mix};
use super::solid::{Cuboid, Side};

/// Which way a vehicle stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Heading {
    /// We follow it.
    Away,
    /// It comes towards us.
    Towards,
    /// It crosses our way, from left to right.
    Across,
}

const TYRE: Color = [0.08, 0.08, 0.09];
const TAIL: Color = hex(0xd12a22);
const LAMP: Color = hex(0xfff4d0);

/// A box on the ground, its middle at `x`, its nearest side at `z`.
fn stand(x: f32, z: f32, heading: Heading, size: (f32, f32, f32), from: f32) -> Cuboid {
    let (wide, high, long) = size;
    let (wide, long) = if heading == Heading::Across { (long, wide) } else { (wide, long) };
    Cuboid { x: (x - wide / 2.0, x + wide / 2.0), y: (from, high), z: (z, z + long) }
}

/// The sides that run along its length.
fn is_flank(side: Side, heading: Heading) -> bool {
    (side == Side::Near) == (heading == Heading::Across)
}

pub(super) fn car(sketch: &mut Sketch, x: f32, z: f32, heading: Heading) {
    let paint = sketch.one_of(sketch.mood.cars);
    let van = sketch.chance(0.2);
    let (long, high) = (sketch.between(4.0, 4.7), if van { 1.95 } else { sketch.between(1.4, 1.55) });
    let belt = if van { 1.05 } else { 0.88 };
    let body = stand(x, z, heading, (1.8, belt, long), 0.28);
    let glass = mix(sketch.mood.glass, [0.05, 0.06, 0.08], 0.55);
    body.shade(sketch);
    // The cabin, a little narrower at its top, hides behind the body's near side; so it comes first.
    let back = heading == Heading::Away;
    let (rear, front) = if van { (0.1, 0.62 * long) } else { (0.3, 0.66 * long) };
    let (rear, front) = if back { (rear, front) } else { (long - front - 0.5, long - rear - 0.3) };
    cabin(sketch, &body, heading, (rear, front), high, paint, glass);
    body.draw(sketch, class::CAR, paint);
    for side in body.seen(sketch) {
        let up = belt - 0.28;
        if is_flank(side, heading) {
            body.panel(sketch, side, class::CAR, lit(paint, 0.7), (0.0, long), (0.0, 0.16));
            body.wheel(sketch, side, class::CAR, 0.19 * long, 0.33);
            body.wheel(sketch, side, class::CAR, 0.81 * long, 0.33);
            let door = [0.36 * long, 0.6 * long];
            for at in door {
                body.panel(sketch, side, class::CAR, lit(paint, 0.75), (at, at + 0.03), (0.08, up));
            }
        } else {
            let wide = body.length(side);
            let tyres = [(0.1, 0.36), (wide - 0.36, wide - 0.1)];
            for along in tyres {
                body.panel(sketch, side, class::CAR, TYRE, along, (-0.28, 0.06));
            }
            body.panel(sketch, side, class::CAR, lit(paint, 0.62), (0.02, wide - 0.02), (0.0, 0.17));
            let (color, low) = if back { (TAIL, 0.62 * up) } else { (LAMP, 0.5 * up) };
            let lamps = [(0.06, 0.36), (wide - 0.36, wide - 0.06)];
            for along in lamps {
                body.panel(sketch, side, class::CAR, color, along, (low, low + 0.15));
            }
            let middle = wide / 2.0;
            body.panel(sketch, side, class::CAR, hex(0xe9e9e2), (middle - 0.26, middle + 0.26), (0.2, 0.31));
            if !back {
                let grille = (middle - 0.42, middle + 0.42);
                body.panel(sketch, side, class::CAR, lit(paint, 0.35), grille, (0.5 * up, 0.5 * up + 0.12));
            }
        }
    }
}

/// Glass and roof over a car's body, between two places of its length.
fn cabin(
    sketch: &mut Sketch,
    body: &Cuboid,
    heading: Heading,
    (rear, front): (f32, f32),
    high: f32,
    paint: Color,
    glass: Color,
) {
    let (belt, slant, lean) = (body.y.1, 0.5, 0.14);
    // (across, up, along) to a place.
    let place = |across: f32, up: f32, along: f32| match heading {
        Heading::Across => (body.x.0 + along, up, body.z.0 + across),
        Heading::Away | Heading::Towards => (body.x.0 + across, up, body.z.0 + along),
    };
    let wide = if heading == Heading::Across { body.z.1 - body.z.0 } else { body.x.1 - body.x.0 };
    let profile = |across: f32, inset: f32, up: (f32, f32)| {
        let share = |height: f32| slant * (height - belt) / (high - belt);
        [
            place(across, up.0, rear + share(up.0) + inset),
            place(across, up.1, rear + share(up.1) + inset),
            place(across, up.1, front + slant - share(up.1) - inset),
            place(across, up.0, front + slant - share(up.0) - inset),
        ]
    };
    let across_of = |side: Side| if side == Side::Right { wide - lean } else { lean };
    for side in body.seen(sketch).into_iter().filter(|&side| is_flank(side, heading)) {
        let light = sketch.mood.light[side as usize];
        let across = across_of(side);
        sketch.face(class::CAR, lit(paint, light), &profile(across, 0.0, (belt, high)));
        sketch.face(class::CAR, lit(glass, light), &profile(across, 0.14, (belt + 0.04, high - 0.1)));
        let post = (rear + front + slant) / 2.0;
        let post =
            [(belt, -0.04), (high, -0.04), (high, 0.04), (belt, 0.04)].map(|(up, off)| place(across, up, post + off));
        sketch.face(class::CAR, lit(paint, light), &post);
    }
    if heading != Heading::Across {
        let pane = |inset: f32, low: f32, top: f32| {
            let along = |up: f32| rear + slant * (up - belt) / (high - belt);
            let edge = |up: f32| inset + lean * (up - belt) / (high - belt);
            [(low, 0), (low, 1), (top, 1), (top, 0)].map(|(up, right)| {
                let across = if right == 1 { wide - edge(up) } else { edge(up) };
                place(across, up, along(up))
            })
        };
        let light = sketch.mood.light[1];
        sketch.face(class::CAR, lit(paint, light), &pane(0.04, belt, high));
        sketch.face(class::CAR, lit(glass, 1.25 * light), &pane(0.15, belt + 0.04, high - 0.1));
    }
}

pub(super) fn bus(sketch: &mut Sketch, x: f32, z: f32, heading: Heading) {
    let paint = sketch.one_of(&[hex(0xe8b11e), hex(0xc8322b), hex(0xd9dcdc), hex(0x2a7f8f)]);
    let body = stand(x, z, heading, (2.5, 3.1, 11.5), 0.32);
    coach(sketch, &body, heading, class::BUS, paint, hex(0xf4f1e6));
}

pub(super) fn train(sketch: &mut Sketch, x: f32, z: f32, heading: Heading, long: f32) {
    let paint = sketch.one_of(&[hex(0xb3262a), hex(0xd9a51c), hex(0x2d6b4f), hex(0x2f5d9b)]);
    let body = stand(x, z, heading, (2.65, 3.5, long), 0.3);
    coach(sketch, &body, heading, class::TRAIN, paint, hex(0xe6e4da));
    for side in body.seen(sketch).into_iter().filter(|&side| is_flank(side, heading)) {
        for joint in 1..(long / 9.0) as usize {
            let at = joint as f32 * 9.0;
            body.panel(sketch, side, class::TRAIN, hex(0x2b2d30), (at, at + 0.5), (0.1, 3.1));
        }
    }
    // The pantograph.
    let (x, z, wide) = ((body.x.0 + body.x.1) / 2.0, z + 0.3 * body.z.1.min(z + 9.0) - 0.3 * z, 0.08);
    let arm = [(x - wide, 3.5, z), (x + wide, 3.5, z), (x + 0.6 + wide, 4.4, z), (x + 0.6 - wide, 4.4, z)];
    sketch.face(class::TRAIN, hex(0x3a3c40), &arm);
    let bow = [(x - 0.4, 4.4, z), (x + 1.2, 4.4, z), (x + 1.2, 4.5, z), (x - 0.4, 4.5, z)];
    sketch.face(class::TRAIN, hex(0x3a3c40), &bow);
}

/// A long box full of windows.
fn coach(sketch: &mut Sketch, body: &Cuboid, heading: Heading, class: u8, paint: Color, stripe: Color) {
    let glass = mix(sketch.mood.glass, [0.05, 0.06, 0.08], 0.5);
    let lit_glass = if sketch.mood.lamps > 0.3 { hex(0xf5d99a) } else { glass };
    let high = body.y.1 - body.y.0;
    body.shade(sketch);
    body.draw(sketch, class, paint);
    for side in body.seen(sketch) {
        let long = body.length(side);
        if is_flank(side, heading) {
            body.panel(sketch, side, class, stripe, (0.0, long), (0.32 * high, 0.38 * high));
            body.panel(sketch, side, class, lit(paint, 0.6), (0.0, long), (0.0, 0.1 * high));
            let panes = (long / 1.6) as usize;
            for pane in 0..panes {
                let at = long * (pane as f32 + 0.08) / panes as f32;
                let low = if pane % 4 == 1 { 0.08 } else { 0.46 }; // a door
                body.panel(sketch, side, class, lit_glass, (at, at + 1.32), (low * high, 0.86 * high));
            }
            if class == class::BUS {
                for share in [0.18, 0.74] {
                    body.wheel(sketch, side, class, share * long, 0.5);
                }
            } else {
                body.panel(sketch, side, class, TYRE, (0.0, long), (-body.y.0, 0.02));
            }
        } else {
            let (away, middle) = (heading == Heading::Away, long / 2.0);
            let low = if away { 0.5 } else { 0.38 };
            body.panel(sketch, side, class, TYRE, (0.25, long - 0.25), (-body.y.0, 0.0));
            body.panel(sketch, side, class, lit(glass, 1.2), (0.18, long - 0.18), (low * high, 0.84 * high));
            body.panel(sketch, side, class, hex(0x16181a), (0.4, long - 0.4), (0.87 * high, 0.97 * high));
            let sign = (middle - 0.45, middle + 0.45);
            body.panel(sketch, side, class, hex(0xf6b73c), sign, (0.89 * high, 0.95 * high));
            let lamps = [(0.15, 0.5), (long - 0.5, long - 0.15)];
            let color = if away { TAIL } else { LAMP };
            for along in lamps {
                body.panel(sketch, side, class, color, along, (0.14 * high, 0.22 * high));
            }
        }
    }
}

pub(super) fn truck(sketch: &mut Sketch, x: f32, z: f32, heading: Heading) {
    let paint = sketch.one_of(sketch.mood.cars);
    let load = sketch.one_of(&[hex(0xdedbd2), hex(0xc9cdd0), hex(0x3a6ea5), hex(0xb9402f), hex(0x5d7a4a)]);
    let high = sketch.between(3.3, 3.9);
    let across = heading == Heading::Across;
    let shift = |along: f32| if across { (x - 4.0 + along, z) } else { (x, z + along) };
    let part = |from: f32, to: f32, wide: f32, low: f32, high: f32| {
        let middle = if across { (from + to) / 2.0 } else { from };
        let (x, z) = shift(middle);
        stand(x, z, heading, (wide, high, to - from), low)
    };
    // Seen from behind, the load hides the cab.
    let (cab, cargo) = if heading == Heading::Towards {
        (part(0.0, 2.1, 2.3, 0.45, 2.7), part(2.3, 8.5, 2.5, 0.95, high))
    } else {
        (part(6.2, 8.2, 2.3, 0.45, 2.7), part(0.0, 6.0, 2.5, 0.95, high))
    };
    cargo.shade(sketch);
    let parts = if heading == Heading::Towards { [(cargo, load), (cab, paint)] } else { [(cab, paint), (cargo, load)] };
    for (part, color) in parts {
        part.draw(sketch, class::TRUCK, color);
        let is_cab = part.y.0 < 0.5;
        for side in part.seen(sketch) {
            let (long, up) = (part.length(side), part.y.1 - part.y.0);
            let glass = mix(sketch.mood.glass, [0.05, 0.06, 0.08], 0.5);
            match (is_flank(side, heading), is_cab) {
                (true, true) => {
                    part.panel(sketch, side, class::TRUCK, glass, (0.4, 0.75 * long), (0.52 * up, 0.88 * up));
                    part.wheel(sketch, side, class::TRUCK, 0.5 * long, 0.48);
                }
                (true, false) => {
                    part.panel(sketch, side, class::TRUCK, hex(0x25272a), (0.2, long), (-0.35, 0.0));
                    for at in [0.22, 0.38] {
                        part.wheel(sketch, side, class::TRUCK, at * long, 0.48);
                    }
                    part.panel(
                        sketch,
                        side,
                        class::TRUCK,
                        lit(load, 0.82),
                        (0.1 * long, 0.9 * long),
                        (0.3 * up, 0.36 * up),
                    );
                }
                (false, true) => {
                    part.panel(sketch, side, class::TRUCK, lit(glass, 1.2), (0.15, long - 0.15), (0.5 * up, 0.88 * up));
                    part.panel(sketch, side, class::TRUCK, hex(0x202225), (0.4, long - 0.4), (0.12 * up, 0.36 * up));
                    let lamps = [(0.12, 0.45), (long - 0.45, long - 0.12)];
                    for along in lamps {
                        part.panel(sketch, side, class::TRUCK, LAMP, along, (0.1 * up, 0.2 * up));
                    }
                    let tyres = [(0.05, 0.4), (long - 0.4, long - 0.05)];
                    for along in tyres {
                        part.panel(sketch, side, class::TRUCK, TYRE, along, (-0.45, 0.02));
                    }
                }
                (false, false) if heading == Heading::Away => {
                    let middle = long / 2.0;
                    part.panel(sketch, side, class::TRUCK, lit(load, 0.7), (middle - 0.03, middle + 0.03), (0.0, up));
                    part.panel(sketch, side, class::TRUCK, hex(0x25272a), (0.0, long), (-0.4, 0.0));
                    let lamps = [(0.1, 0.45), (long - 0.45, long - 0.1)];
                    for along in lamps {
                        part.panel(sketch, side, class::TRUCK, TAIL, along, (-0.3, -0.1));
                    }
                    let tyres = [(0.05, 0.6), (long - 0.6, long - 0.05)];
                    for along in tyres {
                        part.panel(sketch, side, class::TRUCK, TYRE, along, (-0.95, -0.35));
                    }
                }
                (false, false) => {}
            }
        }
    }
}
