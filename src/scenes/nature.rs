//! Trees, bushes and hedges.

use super::canvas::{Color, Point};
use super::class;
use super::sketch::{Sketch, Upright, lit};

/// A tree of that height: a trunk under a crown of leaf clumps.
pub(super) fn tree(sketch: &mut Sketch, x: f32, z: f32, high: f32) {
    let here = Upright::at(x, z);
    let (bark, wide) = (sketch.mood.bark, 0.028 * high);
    let fork = 0.42 * high;
    let ground: Vec<_> =
        super::sketch::ellipse((x, z), 0.22 * high, 0.8, 16).into_iter().map(|(x, z)| (x, 0.01, z)).collect();
    sketch.glaze([0.02, 0.03, 0.05], sketch.mood.shadow * 0.8, &ground);
    here.face(sketch, class::VEGETATION, bark, &[(-wide, 0.0), (wide, 0.0), (0.6 * wide, fork), (-0.6 * wide, fork)]);
    here.bar(sketch, class::VEGETATION, lit(bark, 0.8), (0.0, 0.8 * fork), (0.12 * high, 0.62 * high), wide);
    let leaf = tinted(sketch);
    crown(sketch, here, leaf, (0.0, 0.7 * high), (0.25 * high, 0.29 * high));
}

/// A round bush.
pub(super) fn bush(sketch: &mut Sketch, x: f32, z: f32, high: f32) {
    let leaf = tinted(sketch);
    crown(sketch, Upright::at(x, z), leaf, (0.0, 0.5 * high), (0.6 * high, 0.5 * high));
}

/// Clumps of leaves around a middle: dark ones below and behind, light ones above.
fn crown(sketch: &mut Sketch, here: Upright, leaf: Color, middle: Point, radii: Point) {
    let pixels = sketch.scale(here.z) * radii.0;
    let clumps = if pixels < 6.0 { 4 } else { 11 };
    for shade in [0.62, 0.84, 1.06] {
        for clump in 0..clumps {
            let angle = (clump as f32 + sketch.between(0.0, 0.8)) / clumps as f32 * std::f32::consts::TAU;
            let (sin, cos) = angle.sin_cos();
            let out = sketch.between(0.45, 0.78) - 0.25 * (shade - 0.62);
            let lift = (shade - 0.7) * 0.45 * radii.1;
            let at = (middle.0 + cos * out * radii.0, middle.1 + sin * out * radii.1 + lift);
            let size = sketch.between(0.32, 0.5) * (1.2 - 0.35 * shade);
            let color = lit(leaf, shade * sketch.between(0.92, 1.08));
            ragged(sketch, here, color, at, (size * radii.0, size * radii.1));
        }
        ragged(sketch, here, lit(leaf, shade), middle, (radii.0 * (1.1 - 0.5 * shade), radii.1 * (1.05 - 0.5 * shade)));
    }
}

/// A blob with an uneven edge.
fn ragged(sketch: &mut Sketch, here: Upright, color: Color, middle: Point, radii: Point) {
    let corners: Vec<Point> = (0..13)
        .map(|at| {
            let (sin, cos) = (at as f32 / 13.0 * std::f32::consts::TAU).sin_cos();
            let reach = sketch.between(0.78, 1.12);
            (middle.0 + cos * radii.0 * reach, (middle.1 + sin * radii.1 * reach).max(0.0))
        })
        .collect();
    here.face(sketch, class::VEGETATION, color, &corners);
}

/// A cut hedge along the road.
pub(super) fn hedge(sketch: &mut Sketch, x: f32, z: (f32, f32), high: f32) {
    let leaf = tinted(sketch);
    let body = super::solid::Cuboid { x: (x - 0.4, x + 0.4), y: (0.0, high), z };
    body.draw(sketch, class::VEGETATION, lit(leaf, 0.85));
    let mut at = z.1;
    while at > z.0 {
        let (side, up) = (sketch.between(-0.4, 0.4), sketch.between(0.5, 1.0) * high);
        let color = lit(leaf, sketch.between(0.7, 1.1));
        ragged(sketch, Upright::at(x + side, at.max(z.0)), color, (0.0, up), (0.35, 0.25));
        at -= 0.7;
    }
}

/// Far trees side by side: the end of a view.
pub(super) fn grove(sketch: &mut Sketch, x: (f32, f32), z: f32, high: f32) {
    let mut at = x.0;
    while at < x.1 {
        let (leaf, tall) = (tinted(sketch), high * sketch.between(0.6, 1.1));
        let leaf = lit(leaf, 0.82);
        ragged(sketch, Upright::at(at, z), leaf, (0.0, 0.45 * tall), (0.5 * high, 0.55 * tall));
        ragged(sketch, Upright::at(at, z), lit(leaf, 1.15), (-0.1 * high, 0.65 * tall), (0.3 * high, 0.3 * tall));
        at += 0.55 * high;
    }
}

fn tinted(sketch: &mut Sketch) -> Color {
    let [red, green, blue] = sketch.mood.leaf;
    let warm = sketch.between(0.85, 1.3);
    [(red * warm).min(1.0), green * sketch.between(0.88, 1.1), blue]
}
