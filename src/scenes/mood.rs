//! How a domain looks: its colours, its light, its air, its camera.
//!
//! The source is a clean rendering of a sunny town. The target is a dull day (or dusk) through the windscreen of
//! another car in another town: other stones and leaves, haze, a softer and noisier camera.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::canvas::Color;
use super::sketch::{hex, lit, mix};
use super::{Kind, Look};
use crate::domain::Size;

pub(super) struct Mood {
    pub sky: [Color; 2], // at the top, at the horizon
    pub cloud: Color,
    pub clouds: f32,
    pub road: Color,
    pub marking: Color,
    pub sidewalk: Color,
    pub terrain: Color,
    pub leaf: Color,
    pub bark: Color,
    pub metal: Color,
    pub wall: Color,
    pub fence: Color,
    pub glass: Color,
    pub facades: &'static [Color],
    pub roofs: &'static [Color],
    pub cars: &'static [Color],
    pub clothes: &'static [Color],
    /// Brightness of what faces left, faces the camera, faces right.
    pub light: [f32; 3],
    pub shadow: f32,
    /// Chance that a window is lit.
    pub lamps: f32,
    haze: Color,
    haze_per_metre: f32,
    /// How strong the grain of surfaces is, and the noise of the camera.
    grain: f32,
    noise: f32,
    blur: f32,
    vignette: f32,
    saturation: f32,
    contrast: f32,
    cast: Color,
}

const SUNNY_FACADES: [Color; 8] = [
    hex(0xe2b27c),
    hex(0xd98b6a),
    hex(0xf0d9a8),
    hex(0xc9705a),
    hex(0xe8c9b5),
    hex(0xa9c3d6),
    hex(0xf3e6cf),
    hex(0xb9cf9f),
];
const DULL_FACADES: [Color; 8] = [
    hex(0x8d8578),
    hex(0x7a6f66),
    hex(0xa39b8c),
    hex(0x6f5548),
    hex(0x8a8f92),
    hex(0x9a8d7b),
    hex(0x5f6468),
    hex(0x84604f),
];
const SUNNY_ROOFS: [Color; 3] = [hex(0xb5533c), hex(0xa8442f), hex(0x8c5a45)];
const DULL_ROOFS: [Color; 3] = [hex(0x4d4745), hex(0x5c4038), hex(0x3f4448)];
const SUNNY_CARS: [Color; 7] =
    [hex(0xd8322a), hex(0x2a64c8), hex(0xf2f2ee), hex(0xf0b41e), hex(0x1e9a6a), hex(0x222831), hex(0x8d47b5)];
const DULL_CARS: [Color; 7] =
    [hex(0x2b2e33), hex(0x73787c), hex(0xb7babb), hex(0x30384a), hex(0x552a2a), hex(0x1b1c1e), hex(0xd5d5d2)];
const SUNNY_CLOTHES: [Color; 8] = [
    hex(0xe0453a),
    hex(0x2f6fd0),
    hex(0xf0c93a),
    hex(0x3aa865),
    hex(0xf4f1ea),
    hex(0xd66bb0),
    hex(0x3b3f8f),
    hex(0xef8a3c),
];
const DULL_CLOTHES: [Color; 8] = [
    hex(0x2a2c33),
    hex(0x4a4f58),
    hex(0x6a2f35),
    hex(0x2f4058),
    hex(0x77736a),
    hex(0x3c4a3c),
    hex(0x1d1e22),
    hex(0x8c8579),
];

impl Mood {
    pub(super) fn new(look: Look, kind: Kind, rng: &mut ChaCha8Rng) -> Self {
        let mut mood = match look {
            Look::Source => Self::sunny(),
            Look::Target => Self::dull(),
        };
        if rng.random::<bool>() {
            mood.light.reverse();
        }
        mood.haze_per_metre *= rng.random_range(0.7..1.4);
        mood.clouds *= rng.random_range(0.5..1.5);
        let tint = rng.random_range(0.92..1.08);
        for color in [&mut mood.road, &mut mood.sidewalk, &mut mood.terrain, &mut mood.leaf] {
            *color = lit(*color, tint);
        }
        if kind == Kind::Tramway {
            mood.dusk();
        }
        mood
    }

    fn sunny() -> Self {
        Self {
            sky: [hex(0x3f86d8), hex(0xb9defa)],
            cloud: hex(0xffffff),
            clouds: 0.9,
            road: hex(0x54555e),
            marking: hex(0xf4f4ee),
            sidewalk: hex(0xc2b6a4),
            terrain: hex(0x8fbf4d),
            leaf: hex(0x3f9a3c),
            bark: hex(0x7a5433),
            metal: hex(0x8c949c),
            wall: hex(0xb89a86),
            fence: hex(0xb98a57),
            glass: hex(0x6fa3c7),
            facades: &SUNNY_FACADES,
            roofs: &SUNNY_ROOFS,
            cars: &SUNNY_CARS,
            clothes: &SUNNY_CLOTHES,
            light: [1.06, 0.92, 0.7],
            shadow: 0.42,
            lamps: 0.0,
            haze: hex(0xc8e2f5),
            haze_per_metre: 0.0022,
            grain: 0.6,
            noise: 0.0,
            blur: 0.0,
            vignette: 0.0,
            saturation: 1.1,
            contrast: 1.05,
            cast: [1.0, 1.0, 1.0],
        }
    }

    fn dull() -> Self {
        Self {
            sky: [hex(0xaab4bb), hex(0xdfe2e0)],
            cloud: hex(0x8f999f),
            clouds: 0.7,
            road: hex(0x77746c),
            marking: hex(0xcac7bb),
            sidewalk: hex(0xa09a94),
            terrain: hex(0x858a4c),
            leaf: hex(0x56683a),
            bark: hex(0x40382f),
            metal: hex(0x565a5a),
            wall: hex(0x5f5752),
            fence: hex(0x5d6660),
            glass: hex(0x3c464b),
            facades: &DULL_FACADES,
            roofs: &DULL_ROOFS,
            cars: &DULL_CARS,
            clothes: &DULL_CLOTHES,
            light: [0.98, 0.9, 0.8],
            shadow: 0.22,
            lamps: 0.08,
            haze: hex(0xd3d6d2),
            haze_per_metre: 0.006,
            grain: 0.8,
            noise: 0.022,
            blur: 0.55,
            vignette: 0.28,
            saturation: 0.78,
            contrast: 1.0,
            cast: [1.1, 1.13, 1.06],
        }
    }

    fn dusk(&mut self) {
        self.sky = [hex(0x39436b), hex(0xe5a178)];
        self.cloud = hex(0x8a5f78);
        self.haze = hex(0xb98f86);
        self.lamps = 0.45;
        self.light = self.light.map(|light| light * 0.85);
        self.cast = [1.06, 0.98, 1.06];
    }

    /// The colour of something at that distance.
    pub(super) fn hazed(&self, color: Color, distance: f32) -> Color {
        mix(color, self.haze, 1.0 - (-self.haze_per_metre * distance).exp())
    }

    /// What the surfaces' grain, the lens and the sensor make of a drawing; 8 bits a channel.
    pub(super) fn photograph(&self, colors: Vec<Color>, classes: &[u8], size: Size, rng: &mut ChaCha8Rng) -> Vec<u8> {
        let seed = rng.random::<u32>();
        let grained = self.grained(colors, classes, size, seed);
        let blurred = if self.blur > 0.0 { blurred(&grained, size, self.blur) } else { grained };
        let (width, height) = (size.width as f32, size.height as f32);
        let mut bytes = Vec::with_capacity(3 * size.pixels());
        for (at, color) in blurred.into_iter().enumerate() {
            let (x, y) = (at as u32 % size.width, at as u32 / size.width);
            let off_x = (x as f32 / width - 0.5) * 1.6;
            let off_y = (y as f32 / height - 0.5) * 1.2;
            let fall = 1.0 - self.vignette * (off_x * off_x + off_y * off_y);
            let gray = 0.3 * color[0] + 0.59 * color[1] + 0.11 * color[2];
            for (channel, (value, cast)) in (0..).zip(color.into_iter().zip(self.cast)) {
                let toned = gray + (value - gray) * self.saturation;
                let toned = 0.5 + (toned - 0.5) * self.contrast;
                let noise = self.noise * 2.0 * (hash(seed, x * 3 + channel, y) - 0.5);
                let value = toned * fall * cast + noise;
                bytes.push((value.clamp(0.0, 1.0) * 255.0 + 0.5) as u8);
            }
        }
        bytes
    }

    fn grained(&self, mut colors: Vec<Color>, classes: &[u8], size: Size, seed: u32) -> Vec<Color> {
        // The same grain at every size: a cell is a share of the picture.
        let cell = size.width as f32 / 1024.0;
        for (at, (color, &class)) in colors.iter_mut().zip(classes).enumerate() {
            let [fine, coarse] = GRAIN[usize::from(class)];
            if fine + coarse == 0.0 {
                continue;
            }
            let (x, y) = (at as u32 % size.width, at as u32 / size.width);
            let here = (x as f32 / cell, y as f32 / cell);
            let small = smooth(seed, here.0 / 2.5, here.1 / 2.5) - 0.5;
            let large = smooth(seed ^ 0x9e37, here.0 / 17.0, here.1 / 11.0) - 0.5;
            // Bright or hazy surfaces show less of it.
            let strength = self.grain * (0.45 / color[1].max(0.01)).min(1.0);
            *color = lit(*color, 1.0 + strength * (fine * small + coarse * large));
        }
        colors
    }
}

/// Fine and coarse grain of each class, in the order of Cityscapes' train ids.
const GRAIN: [[f32; 2]; 19] = [
    [0.16, 0.10],
    [0.16, 0.12],
    [0.10, 0.10],
    [0.22, 0.18],
    [0.20, 0.05],
    [0.05, 0.0],
    [0.0, 0.0],
    [0.0, 0.0],
    [0.60, 0.35],
    [0.45, 0.35],
    [0.0, 0.0],
    [0.12, 0.0],
    [0.12, 0.0],
    [0.04, 0.03],
    [0.05, 0.04],
    [0.04, 0.03],
    [0.04, 0.03],
    [0.08, 0.0],
    [0.08, 0.0],
];

/// A number from 0 to 1 for a place.
fn hash(seed: u32, x: u32, y: u32) -> f32 {
    let mut h = seed ^ x.wrapping_mul(0x85eb_ca6b) ^ y.wrapping_mul(0xc2b2_ae35);
    h = (h ^ h >> 15).wrapping_mul(0x2c1b_3c6d);
    h = (h ^ h >> 12).wrapping_mul(0x297a_2d39);
    (h ^ h >> 15) as f32 / u32::MAX as f32
}

/// Value noise: hashes of the corners of a grid, blended between them.
pub(super) fn smooth(seed: u32, x: f32, y: f32) -> f32 {
    let (left, top) = (x.floor(), y.floor());
    let ease = |t: f32| t * t * (3.0 - 2.0 * t);
    let (right, down) = (ease(x - left), ease(y - top));
    let corner = |dx: i32, dy: i32| hash(seed, (left as i32 + dx) as u32, (top as i32 + dy) as u32);
    let row = |dy: i32| corner(0, dy) + (corner(1, dy) - corner(0, dy)) * right;
    row(0) + (row(1) - row(0)) * down
}

/// A soft lens: each pixel takes a share from its neighbours, first along rows, then along columns.
fn blurred(colors: &[Color], size: Size, share: f32) -> Vec<Color> {
    let (width, height) = (size.width as usize, size.height as usize);
    let soft = |from: &[Color], step: usize, place: &dyn Fn(usize) -> usize, length: usize| -> Vec<Color> {
        let pixel = |at: usize| {
            let here = place(at);
            let before = from[if here == 0 { at } else { at - step }];
            let after = from[if here + 1 == length { at } else { at + step }];
            std::array::from_fn(|c| from[at][c] * (1.0 - share) + (before[c] + after[c]) * share / 2.0)
        };
        (0..from.len()).map(pixel).collect()
    };
    let rows = soft(colors, 1, &|at| at % width, width);
    soft(&rows, width, &|at| at / width, height)
}
