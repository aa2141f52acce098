//! Two drawn street domains with exact labels: for the demo and for tests.
//!
//! A scene is drawn as a painter would: ground and sky, then everything that stands on the ground from the farthest to
//! the nearest, each polygon into the picture and into the labels. Classes are the 19 of Cityscapes, the rare ones rare.

mod building;
mod canvas;
mod demo;
mod furniture;
mod kinds;
mod mood;
mod nature;
mod people;
mod sketch;
mod solid;
mod street;
mod vehicle;

pub use demo::{DemoSizes, write_demo};

use canvas::Canvas;
use mood::Mood;
use sketch::{Camera, Sketch, mix};

use crate::domain::{Mask, Size, Stream, rng};
use crate::formats::picture::Rgb;

/// Train ids of Cityscapes: class indices of its taxonomy.
mod class {
    pub(super) const ROAD: u8 = 0;
    pub(super) const SIDEWALK: u8 = 1;
    pub(super) const BUILDING: u8 = 2;
    pub(super) const WALL: u8 = 3;
    pub(super) const FENCE: u8 = 4;
    pub(super) const POLE: u8 = 5;
    pub(super) const LIGHT: u8 = 6;
    pub(super) const SIGN: u8 = 7;
    pub(super) const VEGETATION: u8 = 8;
    pub(super) const TERRAIN: u8 = 9;
    pub(super) const SKY: u8 = 10;
    pub(super) const PERSON: u8 = 11;
    pub(super) const RIDER: u8 = 12;
    pub(super) const CAR: u8 = 13;
    pub(super) const TRUCK: u8 = 14;
    pub(super) const BUS: u8 = 15;
    pub(super) const TRAIN: u8 = 16;
    pub(super) const MOTORCYCLE: u8 = 17;
    pub(super) const BICYCLE: u8 = 18;
    pub(super) const COUNT: usize = 19;
}

/// How a domain looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Rendered: clean, bright, sharp.
    Source,
    /// Filmed: another town on a dull day, haze, a softer and noisier camera that hangs a little askew.
    Target,
}

/// What kind of street it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Four lanes between shops and trees.
    Avenue,
    /// Parked cars, gardens, pitched roofs.
    Residential,
    /// Six lanes, trucks, noise barriers.
    Highway,
    /// A paved square with stalls, full of people.
    Market,
    /// Trams between walls and fences at dusk. Only the target has it.
    Tramway,
}

impl Kind {
    /// The kinds that both domains have.
    pub const SHARED: [Self; 4] = [Self::Avenue, Self::Residential, Self::Highway, Self::Market];

    /// In file names.
    pub fn name(self) -> &'static str {
        match self {
            Self::Avenue => "avenue",
            Self::Residential => "residential",
            Self::Highway => "highway",
            Self::Market => "market",
            Self::Tramway => "tramway",
        }
    }
}

/// A picture and what each of its pixels is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scene {
    /// What a network sees.
    pub picture: Rgb,
    /// Class indices of `cityscapes19`; no pixel is without one.
    pub labels: Mask,
}

/// Draws one scene; the same arguments give the same bytes.
///
/// Things keep their share of the picture at every size; pictures are meant to be twice as wide as high.
pub fn scene(seed: u64, look: Look, kind: Kind, size: Size) -> Scene {
    let mut rng = rng(seed, Stream::Scene, kind as u64 + 8 * look as u64);
    let mood = Mood::new(look, kind, &mut rng);
    let camera = camera(look, kind, size);
    let mut sketch = Sketch { canvas: Canvas::new(size, class::SKY), camera, mood, rng };
    aim(&mut sketch, look);
    sky(&mut sketch);
    kinds::lay_out(kind, &mut sketch).draw(&mut sketch);

    let Sketch { canvas, mood, mut rng, .. } = sketch;
    let (colors, classes) = canvas.finish();
    let pixels = mood.photograph(colors, &classes, size, &mut rng);
    let labels = Mask::new(size, classes, class::COUNT).expect("only classes are drawn, one a pixel");
    Scene { picture: Rgb { size, pixels }, labels }
}

fn camera(look: Look, kind: Kind, size: Size) -> Camera {
    let (width, height) = (size.width as f32, size.height as f32);
    let (focal, horizon, above) = match look {
        Look::Source => (0.86, 0.47, 1.55),
        Look::Target => (0.78, 0.43, 1.3),
    };
    Camera {
        focal: focal * width,
        middle: (width / 2.0, height / 2.0),
        horizon: horizon * height,
        height: above,
        side: kinds::our_lane(kind),
        bend: 0.0,
        roll: 0.0,
    }
}

/// No two frames are taken alike.
fn aim(sketch: &mut Sketch, look: Look) {
    let size = sketch.canvas.size();
    sketch.camera.bend = sketch.between(-0.0007, 0.0007);
    sketch.camera.side += sketch.between(-0.35, 0.35);
    sketch.camera.middle.0 += sketch.between(-0.05, 0.05) * size.width as f32;
    sketch.camera.horizon += sketch.between(-0.025, 0.025) * size.height as f32;
    if look == Look::Target {
        sketch.camera.roll = sketch.between(-0.022, 0.022);
    }
}

/// Brighter towards the horizon, with clouds.
fn sky(sketch: &mut Sketch) {
    let (size, horizon) = (sketch.canvas.size(), sketch.camera.horizon);
    let seed = rand::Rng::random::<u32>(&mut sketch.rng);
    let mood = &sketch.mood;
    let wide = size.width as f32;
    sketch.canvas.shade(horizon + 0.1 * wide, |x, y| {
        let clear = mix(mood.sky[0], mood.sky[1], (y / horizon).clamp(0.0, 1.0));
        let (right, down) = (x / wide * 9.0, y / wide * 26.0);
        let billow = 0.6 * mood::smooth(seed, right, down) + 0.4 * mood::smooth(seed ^ 7, 2.7 * right, 2.7 * down);
        mix(clear, mood.cloud, mood.clouds * ((billow - 0.5) * 3.0).clamp(0.0, 1.0))
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Size = Size { width: 128, height: 64 };

    #[test]
    fn the_same_seed_draws_the_same_bytes_and_another_does_not() {
        let draw = |seed| scene(seed, Look::Target, Kind::Market, SMALL);
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1).labels, draw(2).labels);
    }

    #[test]
    fn streets_have_their_classes_and_rare_ones_are_rare() {
        let mut counts = [0_usize; class::COUNT];
        for seed in 0..6 {
            for kind in Kind::SHARED.into_iter().chain([Kind::Tramway]) {
                let labels = scene(seed, Look::Target, kind, SMALL).labels;
                labels.pixels().iter().for_each(|&class| counts[usize::from(class)] += 1);
            }
        }
        let total: usize = counts.iter().sum();
        let share = |class: u8| counts[usize::from(class)] as f64 / total as f64;
        assert!(counts.iter().all(|&count| count > 0), "{counts:?}");
        assert!(share(class::ROAD) > 0.2 && share(class::BUILDING) > 0.1, "{counts:?}");
        for rare in [class::RIDER, class::MOTORCYCLE, class::BICYCLE, class::LIGHT] {
            assert!(share(rare) < 0.01, "class {rare}: {counts:?}");
        }
    }

    #[test]
    fn the_road_is_below_and_the_sky_above() {
        for kind in Kind::SHARED {
            let labels = scene(3, Look::Source, kind, SMALL).labels;
            let row = |y: usize| &labels.pixels()[y * 128..][..128];
            assert!(row(62).contains(&class::ROAD), "{kind:?}");
            assert!(!row(62).contains(&class::SKY), "{kind:?}");
        }
    }
}
