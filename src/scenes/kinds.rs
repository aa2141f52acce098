//! The kinds of street, each with its own mix of classes.

use super::building::Use;
use super::sketch::{Sketch, lit};
use super::street::{
    Lane, Row, Things, along, backdrop, bicycles, crossing, every, line, regulations, road, strip, two_wheeler, walkers,
};
use super::vehicle::{Heading, bus, car, train};
use super::{Kind, class, furniture, nature, people};

const NOWHERE: (f32, f32) = (1e6, 1e6);

/// Metres from the road's middle to where our car drives.
pub(super) fn our_lane(kind: Kind) -> f32 {
    match kind {
        Kind::Avenue => 1.7,
        Kind::Residential => 1.1,
        Kind::Highway => 6.0,
        Kind::Market => 0.6,
        Kind::Tramway => 2.2,
    }
}

/// Draws the ground and finds the things of a street.
pub(super) fn lay_out(kind: Kind, sketch: &mut Sketch) -> Things {
    let mut things = Things::default();
    match kind {
        Kind::Avenue => avenue(sketch, &mut things),
        Kind::Residential => residential(sketch, &mut things),
        Kind::Highway => highway(sketch, &mut things),
        Kind::Market => market(sketch, &mut things),
        Kind::Tramway => tramway(sketch, &mut things),
    }
    things
}

fn avenue(sketch: &mut Sketch, things: &mut Things) {
    let half = 6.6;
    strip(sketch, class::SIDEWALK, lit(sketch.mood.sidewalk, 0.9), (-220.0, 220.0));
    road(sketch, half, 5.0);
    line(sketch, 0.0, 200.0, 0.0);
    for x in [-3.3, 3.3] {
        line(sketch, x, 3.0, 4.5);
    }
    let z = sketch.between(20.0, 48.0);
    let cross = sketch.chance(0.75).then_some(z);
    let free = cross.map_or(NOWHERE, |z| (z, z + 11.0));
    if cross.is_some() {
        crossing(sketch, free, half, 120.0);
        if sketch.chance(0.5) {
            let (x, z) = (sketch.between(-16.0, 14.0), z + 3.0);
            let draw = if sketch.chance(0.2) { bus } else { car };
            things.add(z, move |sketch| draw(sketch, x, z, Heading::Across));
        }
    }
    backdrop(sketch, things, true, 20.0);
    let row = Row {
        setback: 11.6,
        deep: 14.0,
        long: (10.0, 20.0),
        high: (11.0, 21.0),
        gap: (-3.0, 0.6),
        used: Use::Town,
        free,
    };
    row.build(sketch, things);
    let leafy = sketch.chance(0.75);
    for side in [-1.0_f32, 1.0] {
        if leafy {
            let x = side * 8.2;
            every(sketch, things, (9.0, 10.0), free, move |sketch, z| {
                let high = sketch.between(6.0, 8.5);
                nature::tree(sketch, x, z, high);
            });
        }
        every(sketch, things, (13.0, 24.0), free, move |sketch, z| {
            furniture::lamp(sketch, side * 7.4, z, 7.0, -side * 1.6);
        });
        let lanes = [(side * 5.0, (9.0, 30.0), (3.0, 22.0)), (side * 1.75, (16.0, 45.0), (8.0, 40.0))];
        for (x, first, gap) in lanes {
            let heading = if side > 0.0 { Heading::Away } else { Heading::Towards };
            Lane { x, heading, first, gap, truck: 0.04, bus: 0.06, free }.fill(sketch, things);
        }
        walkers(sketch, things, (2.0, 7.0), (side * 8.0, side * 11.2), (7.0, 60.0));
    }
    if let Some(z) = cross {
        walkers(sketch, things, (0.0, 3.0), (-half, half), (z - 3.2, z - 0.8));
    }
    regulations(sketch, things, half, cross);
    if sketch.chance(0.4) {
        bicycles(sketch, things, 7.6, (2.0, 5.0));
    }
    if sketch.chance(0.25) {
        two_wheeler(sketch, things, 5.9, false);
    }
    if sketch.chance(0.12) {
        two_wheeler(sketch, things, 3.4, true);
    }
}

fn residential(sketch: &mut Sketch, things: &mut Things) {
    let half = 3.9;
    strip(sketch, class::TERRAIN, sketch.mood.terrain, (-220.0, 220.0));
    road(sketch, half, 2.0);
    if sketch.chance(0.5) {
        line(sketch, 0.0, 2.0, 3.0);
    }
    backdrop(sketch, things, true, 11.0);
    let row = Row {
        setback: 10.0,
        deep: 9.0,
        long: (8.0, 12.0),
        high: (5.2, 6.4),
        gap: (3.0, 8.0),
        used: Use::Home,
        free: NOWHERE,
    };
    things.behind = 30.0;
    row.build(sketch, things);
    for side in [-1.0_f32, 1.0] {
        things.behind = 0.0;
        // Each garden has its own border.
        let x = side * 6.1;
        along(things, NOWHERE, 9.0, move |sketch, z| match (z.0 / 9.0 + side) as u32 % 4 {
            0 => furniture::fence(sketch, x, z, 1.15),
            1 => nature::hedge(sketch, x, z, 1.3),
            2 => furniture::wall(sketch, (x - 0.15, x + 0.15), z, 1.0),
            _ => furniture::fence(sketch, x, (z.0, z.1 - 3.0), 0.95),
        });
        things.behind = 10.0;
        every(sketch, things, (10.0, 13.0), NOWHERE, move |sketch, z| {
            let (high, off) = (sketch.between(4.5, 8.0), sketch.between(0.0, 2.0));
            nature::tree(sketch, side * (7.6 + off), z, high);
        });
        every(sketch, things, (6.0, 7.0), NOWHERE, move |sketch, z| {
            let high = sketch.between(0.8, 1.7);
            nature::bush(sketch, side * 8.6, z, high);
        });
        things.behind = 0.0;
        every(sketch, things, (16.0, 28.0), NOWHERE, move |sketch, z| {
            furniture::lamp(sketch, side * 4.3, z, 5.0, -side * 0.9);
        });
        let heading = if side > 0.0 { Heading::Away } else { Heading::Towards };
        let parked = Lane {
            x: side * 2.95,
            heading,
            first: (8.0, 22.0),
            gap: (1.0, 14.0),
            truck: 0.03,
            bus: 0.0,
            free: NOWHERE,
        };
        parked.fill(sketch, things);
        walkers(sketch, things, (0.0, 2.6), (side * 4.4, side * 5.7), (7.0, 40.0));
    }
    if sketch.chance(0.5) {
        Lane {
            x: -0.9,
            heading: Heading::Towards,
            first: (18.0, 60.0),
            gap: (40.0, 80.0),
            truck: 0.1,
            bus: 0.0,
            free: NOWHERE,
        }
        .fill(sketch, things);
    }
    regulations(sketch, things, half, None);
    if sketch.chance(0.35) {
        bicycles(sketch, things, 5.4, (1.0, 2.0));
    }
    if sketch.chance(0.25) {
        two_wheeler(sketch, things, 1.2, false);
    }
    if sketch.chance(0.1) {
        let z = sketch.between(8.0, 18.0);
        things.add(z, move |sketch| people::motorcycle(sketch, -4.6, z, false, 0.8));
    }
}

fn highway(sketch: &mut Sketch, things: &mut Things) {
    let half = 12.2;
    strip(sketch, class::TERRAIN, sketch.mood.terrain, (-220.0, 220.0));
    strip(sketch, class::ROAD, sketch.mood.road, (-half, half));
    for side in [-1.0_f32, 1.0] {
        strip(sketch, class::TERRAIN, lit(sketch.mood.terrain, 1.12), (side * half, side * (half + 1.0)));
        for x in [0.9, 11.6] {
            line(sketch, side * x, 200.0, 0.0);
        }
        for x in [4.4, 8.0] {
            line(sketch, side * x, 5.0, 8.0);
        }
    }
    backdrop(sketch, things, false, 17.0);
    along(things, NOWHERE, 10.0, move |sketch, z| furniture::wall(sketch, (-0.3, 0.3), z, 0.85));
    let barrier = sketch.chance(0.55);
    let works = sketch.chance(0.5);
    for side in [-1.0_f32, 1.0] {
        if barrier && side > 0.0 {
            along(things, NOWHERE, 10.0, move |sketch, z| furniture::wall(sketch, (16.0, 16.5), z, 3.4));
        } else {
            along(things, NOWHERE, 10.0, move |sketch, z| furniture::fence(sketch, side * 15.5, z, 1.6));
        }
        things.behind = 20.0;
        every(sketch, things, (6.0, 6.5), NOWHERE, move |sketch, z| {
            let (high, off) = (sketch.between(6.0, 11.0), sketch.between(0.0, 9.0));
            nature::tree(sketch, side * (20.0 + off), z, high);
        });
        every(sketch, things, (8.0, 7.0), NOWHERE, move |sketch, z| {
            let (high, off) = (sketch.between(1.2, 2.6), sketch.between(0.0, 2.0));
            nature::bush(sketch, side * (17.8 + off), z, high);
        });
        things.behind = 0.0;
        let heading = if side > 0.0 { Heading::Away } else { Heading::Towards };
        for (x, truck, first) in [(2.6, 0.02, (22.0, 70.0)), (6.2, 0.1, (20.0, 55.0)), (9.8, 0.35, (10.0, 50.0))] {
            Lane { x: side * x, heading, first, gap: (10.0, 45.0), truck, bus: 0.03, free: NOWHERE }
                .fill(sketch, things);
        }
        every(sketch, things, (20.0, 40.0), NOWHERE, move |sketch, z| {
            furniture::lamp(sketch, side * 13.2, z, 9.5, -side * 2.2);
        });
        if works {
            let z = sketch.between(50.0, 110.0);
            let x = if side < 0.0 { (-60.0, -30.0) } else { (30.0, 60.0) };
            things.add(z + 60.0, move |sketch| super::building::house(sketch, x, (z, z + 25.0), 9.0, Use::Works));
        }
    }
    if sketch.chance(0.7) {
        let z = sketch.between(26.0, 60.0);
        things.add(z, move |sketch| furniture::gantry(sketch, (0.0, 13.4), z));
    }
    let (x, z) = (13.0, sketch.between(11.0, 24.0));
    things.add(z, move |sketch| furniture::sign(sketch, x, z));
    if sketch.chance(0.15) {
        two_wheeler(sketch, things, 8.0, true);
    }
}

fn market(sketch: &mut Sketch, things: &mut Things) {
    let half = 2.9;
    strip(sketch, class::SIDEWALK, lit(sketch.mood.sidewalk, 1.05), (-220.0, 220.0));
    road(sketch, half, 14.5);
    let end = sketch.between(45.0, 75.0);
    backdrop(sketch, things, true, 18.0);
    let row = Row {
        setback: 17.5,
        deep: 12.0,
        long: (9.0, 15.0),
        high: (9.0, 15.0),
        gap: (-4.0, 0.0),
        used: Use::Arcade,
        free: (end, end + 12.0),
    };
    row.build(sketch, things);
    // The house at the far end of the square.
    if sketch.chance(0.6) {
        things.add(end + 50.0, move |sketch| {
            super::building::house(sketch, (-16.0, -3.4), (end + 34.0, end + 50.0), 17.0, Use::Arcade);
        });
        things.add(end + 50.0, move |sketch| {
            super::building::house(sketch, (3.4, 17.0), (end + 34.0, end + 50.0), 14.0, Use::Arcade);
        });
    }
    for side in [-1.0_f32, 1.0] {
        let first = sketch.between(11.0, 18.0);
        for at in 0..sketch.between(2.0, 5.0) as usize {
            let (x, z) = (side * sketch.between(8.5, 11.0), first + 6.5 * at as f32);
            things.add(z, move |sketch| furniture::stall(sketch, x, z));
        }
        every(sketch, things, (14.0, 19.0), NOWHERE, move |sketch, z| {
            let high = sketch.between(5.0, 7.0);
            nature::tree(sketch, side * 14.0, z, high);
        });
        every(sketch, things, (12.0, 21.0), NOWHERE, move |sketch, z| {
            furniture::lamp(sketch, side * 4.6, z, 4.6, side * 0.5);
        });
        walkers(sketch, things, (7.0, 15.0), (side * 3.6, side * 12.5), (6.5, 50.0));
        if sketch.chance(0.6) {
            bicycles(sketch, things, side * 5.2, (3.0, 7.0));
        }
    }
    walkers(sketch, things, (1.0, 4.0), (-half, half), (14.0, 50.0));
    if sketch.chance(0.55) {
        let x = sketch.between(-2.0, 2.2);
        two_wheeler(sketch, things, x, false);
    }
    if sketch.chance(0.1) {
        two_wheeler(sketch, things, -1.6, true);
    }
    if sketch.chance(0.45) {
        Lane {
            x: -1.4,
            heading: Heading::Towards,
            first: (22.0, 50.0),
            gap: (30.0, 60.0),
            truck: 0.2,
            bus: 0.0,
            free: NOWHERE,
        }
        .fill(sketch, things);
    }
    regulations(sketch, things, half, None);
}

/// Only the target has these: rails beside a road at dusk, between walls and fences.
fn tramway(sketch: &mut Sketch, things: &mut Things) {
    let half = 4.4;
    strip(sketch, class::SIDEWALK, lit(sketch.mood.sidewalk, 0.9), (-220.0, 220.0));
    road(sketch, half, 3.4);
    line(sketch, 0.0, 3.0, 4.5);
    // The tracks lie in the pavement's left: a bed of grass or stone, four rails.
    let grassy = sketch.chance(0.6);
    let bed = if grassy { (class::TERRAIN, sketch.mood.terrain) } else { (class::ROAD, lit(sketch.mood.road, 1.2)) };
    strip(sketch, bed.0, bed.1, (-12.6, -5.0));
    for x in [-11.9, -10.4, -7.9, -6.4] {
        strip(sketch, bed.0, lit(sketch.mood.metal, 0.55), (x - 0.14, x + 0.14));
        strip(sketch, bed.0, lit(sketch.mood.metal, 1.3), (x - 0.05, x + 0.05));
    }
    strip(sketch, class::SIDEWALK, lit(sketch.mood.sidewalk, 1.1), (-15.6, -12.6));
    backdrop(sketch, things, true, 15.0);
    let row = Row {
        setback: 8.4,
        deep: 14.0,
        long: (12.0, 24.0),
        high: (9.0, 18.0),
        gap: (-3.0, 2.0),
        used: Use::Town,
        free: NOWHERE,
    };
    row.build_side(sketch, things, 1.0);
    // What lies beyond the tracks comes before the trains, and these before the fence that hides them.
    things.behind = 100.0;
    Row { setback: 18.5, used: Use::Works, ..row }.build_side(sketch, things, -1.0);
    let high = sketch.between(2.2, 4.2);
    along(things, NOWHERE, 8.0, move |sketch, z| furniture::wall(sketch, (-16.6, -16.0), z, high));
    things.behind = 0.0;
    let (z, long) = (sketch.between(10.0, 26.0), sketch.one_of(&[18.0, 27.0, 36.0]));
    let tram = if sketch.chance(0.85) { (z, z + long) } else { NOWHERE };
    if tram != NOWHERE {
        things.add(tram.1, move |sketch| train(sketch, -7.15, z, Heading::Towards, long));
    }
    if sketch.chance(0.4) {
        let z = sketch.between(16.0, 40.0);
        things.add(z + 67.0, move |sketch| train(sketch, -11.15, z, Heading::Towards, 27.0));
    } else {
        walkers(sketch, things, (2.0, 7.0), (-15.4, -13.0), (7.0, tram.0.min(30.0)));
    }
    along(things, NOWHERE, 4.0, move |sketch, z| furniture::fence(sketch, -4.85, z, 1.1));
    every(sketch, things, (11.0, 20.0), tram, move |sketch, z| furniture::lamp(sketch, -9.1, z, 6.2, 1.6));
    every(sketch, things, (9.0, 18.0), NOWHERE, move |sketch, z| furniture::lamp(sketch, 5.3, z, 6.4, -1.4));
    for x in [-11.1, -7.1] {
        things.add(NEAR_WIRES, move |sketch| furniture::wire(sketch, x, 5.3, (6.0, 150.0)));
    }
    walkers(sketch, things, (1.0, 5.0), (5.2, 7.4), (7.0, 40.0));
    let lane = Lane {
        x: 2.2,
        heading: Heading::Away,
        first: (10.0, 40.0),
        gap: (6.0, 40.0),
        truck: 0.08,
        bus: 0.05,
        free: NOWHERE,
    };
    lane.fill(sketch, things);
    Lane { x: -2.2, heading: Heading::Towards, ..lane }.fill(sketch, things);
    regulations(sketch, things, half, None);
    if sketch.chance(0.35) {
        bicycles(sketch, things, 5.6, (2.0, 5.0));
    }
    if sketch.chance(0.3) {
        two_wheeler(sketch, things, 3.8, false);
    }
    if sketch.chance(0.12) {
        two_wheeler(sketch, things, 0.9, true);
    }
}

/// Wires come last: nothing stands between them and the camera.
const NEAR_WIRES: f32 = 0.0;
