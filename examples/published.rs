//! Our distances and lists beside what MADAv2's authors published.
//!
//! `published DIR`, where `DIR` holds `anchors/`, `data/target_names.txt`, `selection_list/` of their repository, and
//! `golden_min_mse.json`: the nearest source and target anchor of each of their stage 1 anchors by NumPy.
#![expect(clippy::print_stdout, reason = "what it is for")]

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use windlass::domain::{Budget, FrameId};
use windlass::formats::pick_list::read_list;
use windlass::method::scores::{Described, to_nearest};

const N_CLASSES: usize = 19;

#[derive(Deserialize)]
struct Golden {
    src_min: f64,
    src_idx: usize,
    tgt_min: f64,
    tgt_idx: usize,
    score: f64,
}

fn main() -> Result<()> {
    let dir = PathBuf::from(std::env::args().nth(1).context("name the folder of what was published")?);
    let anchors = |name: &str| floats(&dir.join("anchors").join(format!("cluster_centroids_sub_10{name}.npy")));
    let (rows, source, target) = (anchors("_target_stage1")?, anchors("")?, anchors("_target_warmup")?);
    let golden: Vec<Golden> = serde_json::from_str(&text(&dir.join("golden_min_mse.json"))?)?;
    let length = rows.len() / golden.len();
    let mut worst = 0.0_f64;
    for (vector, want) in rows.chunks_exact(length).zip(&golden) {
        let none = [0.0; N_CLASSES];
        let (present, frame) = (&[1; N_CLASSES], FrameId(0));
        let frame = Described { frame, vector, present, entropy: &none, foreign: None, pixels: &none };
        let ((by_source, s), (by_target, t)) = (to_nearest(&frame, &source), to_nearest(&frame, &target));
        ensure!((by_source.index, by_target.index) == (want.src_idx, want.tgt_idx), "another anchor is the nearest");
        let parts: f64 = s.per_class.iter().chain(&t.per_class).sum();
        for (ours, theirs) in [(s.value, want.src_min), (t.value, want.tgt_min), (parts, want.score)] {
            worst = worst.max((ours - theirs).abs() / theirs);
        }
    }
    ensure!(worst < 1e-5, "distances differ by {worst:e}");

    let names = text(&dir.join("data/target_names.txt"))?;
    let frames: Vec<(&str, usize)> =
        names.lines().map(|line| line.trim_end_matches("_leftImg8bit.png")).zip(0..).collect();
    let list = |name: &str| text(&dir.join("selection_list").join(format!("stage1_cac_{name}_0.05_dual_dis_far.txt")));
    let by_number = read_list(&list("index")?, Some(&names), &frames)?;
    let by_name = read_list(&list("list")?, None, &frames)?;
    ensure!(by_number == by_name, "numbers and names are of other frames");
    let budget = Budget::Percent(5.0).of(frames.len(), 0);
    ensure!(budget == by_name.len(), "5 % are {budget} frames, the list has {}", by_name.len());
    println!(
        "{} anchors agree to {worst:.1e}; {budget} of {} frames, by number and by name",
        golden.len(),
        frames.len()
    );
    Ok(())
}

fn text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
}

/// The numbers of an NPY file of little-endian f32 in C order.
fn floats(path: &Path) -> Result<Vec<f32>> {
    let bytes = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let header = bytes.get(8..10).map(|size| 10 + usize::from(u16::from_le_bytes([size[0], size[1]])));
    let header = header.filter(|&end| end <= bytes.len()).context("no NPY file")?;
    let words = String::from_utf8_lossy(&bytes[..header]);
    ensure!(words.contains("'<f4'") && words.contains("'fortran_order': False"), "no f32 in C order: {words}");
    let (numbers, _) = bytes[header..].as_chunks::<4>();
    Ok(numbers.iter().map(|four| f32::from_le_bytes(*four)).collect())
}
