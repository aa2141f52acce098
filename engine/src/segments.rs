//! Segments of a frame by colour and by what the network sees in it: what an annotator corrects a start mask by.

use anyhow::Result;
use tch::{Device, Kind, Tensor};
use windlass::domain::FrameRef;
use windlass::formats::{picture, segments::Segments};
use windlass::method::segment_tree::merge_tree;
use windlass::method::superpixel::{means, step_for, superpixels, to_lab};

use crate::model::Model;

/// Directions of the network's features that are kept: those along which the frame varies most.
const DIRECTIONS: i64 = 16;
/// Weight of a unit of CIELAB beside features of norm 1: of 0.02, 0.03 and 0.05 the one by which fewest clicks on segments
/// mended real start masks up to 96 % of pixels.
const COLOUR: f32 = 0.03;

/// The segments file of a frame, of which the network's last map is f32 `[1, D, h, w]`.
pub fn of(model: &Model, frame: &FrameRef, features: &Tensor) -> Result<Vec<u8>> {
    let rgb = picture::read_rgb(&frame.image)?;
    let (width, size) = (rgb.size.width as usize, rgb.size);
    let ids = superpixels(&rgb.pixels, size, step_for(size));
    let colours = means(&ids, to_lab(&rgb.pixels).into_iter());
    let places = means(&ids, (0..ids.len()).map(|at| [(at % width) as f32, (at / width) as f32]));
    let directions = principal(&model.net.sample(features, &places, size)); // [n, DIRECTIONS]
    let kept = directions.size()[1] as usize;
    let directions = Vec::<f32>::try_from(directions.flatten(0, -1))?;
    let vector = |(colour, directions): (&[f32; 3], &[f32])| {
        // Gray in the middle, as far as a stored number reaches.
        let colour = [colour[0] - 50.0, colour[1], colour[2]].map(|value| value * COLOUR);
        [&colour, directions].concat()
    };
    let vectors: Vec<f32> = colours.iter().zip(directions.chunks_exact(kept)).flat_map(vector).collect();
    let d = 3 + kept;
    let parents = merge_tree(&ids, width, &vectors, d);
    Ok(Segments { size, ids: &ids, parents: &parents, vectors: &vectors, d }.encode())
}

/// Rows `[n, D]` along their principal directions: `[n, DIRECTIONS]` on the CPU, of mean square norm 1 at most.
fn principal(rows: &Tensor) -> Tensor {
    let centred = rows.to_device(Device::Cpu).to_kind(Kind::Double);
    let centred = &centred - centred.mean_dim([0].as_slice(), true, Kind::Double);
    let covariance = centred.tr().matmul(&centred) / centred.size()[0]; // [D, D]
    let (variances, directions) = covariance.linalg_eigh("L"); // the smallest first
    let kept = DIRECTIONS.min(directions.size()[1]);
    let directions = directions.narrow(1, directions.size()[1] - kept, kept);
    let norm = variances.sum(Kind::Double).clamp_min(1e-12).sqrt();
    (centred.matmul(&directions) / norm).to_kind(Kind::Float)
}
