//! Checking every frame of a scan before a project takes it.

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::datasets::{Found, Refused, Scan};
use super::label::read_label;
use super::picture;
use crate::domain::{LabelCode, Size};

/// A scan after a look into every file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Fit for use, in the order of the scan.
    pub frames: Vec<CheckedFrame>,
    /// What was left out by the scan and by this check, sorted by path.
    pub refused: Vec<Refused>,
}

/// A frame whose picture has a size, and whose label has the same and only known ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedFrame {
    /// Its files.
    pub found: Found,
    /// Of the picture.
    pub size: Size,
}

/// Looks into every picture's header and end, and decodes every label; without a `code`, labels are left unread.
///
/// A frame with a fault is refused, the others go on. Runs on every core with one frame a thread in memory.
/// `progress` hears how many frames of how many are done, from any of the threads.
pub fn check(scan: &Scan, code: Option<&LabelCode>, progress: &(dyn Fn(usize, usize) + Sync)) -> Checked {
    let done = AtomicUsize::new(0);
    let look = |found: &Found| {
        let outcome = check_frame(found, code);
        progress(done.fetch_add(1, Ordering::Relaxed) + 1, scan.found.len());
        outcome
    };
    let outcomes: Vec<_> = scan.found.par_iter().map(look).collect();
    let mut checked = Checked { frames: vec![], refused: scan.refused.clone() };
    for outcome in outcomes {
        match outcome {
            Ok(frame) => checked.frames.push(frame),
            Err(refused) => checked.refused.push(refused),
        }
    }
    checked.refused.sort();
    checked
}

fn check_frame(found: &Found, code: Option<&LabelCode>) -> Result<CheckedFrame, Refused> {
    let size =
        picture::check(&found.image).map_err(|error| Refused { path: error.path, reason: error.fault.to_string() })?;
    if let (Some(label), Some(code)) = (&found.label, code) {
        read_label(label, code, size).map_err(|error| Refused { path: error.path, reason: error.fault.to_string() })?;
    }
    Ok(CheckedFrame { found: found.clone(), size })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Mutex;

    use png::{BitDepth, ColorType};

    use super::super::datasets::scan;
    use super::super::test_files::*;
    use super::*;
    use crate::domain::{Dataset, Layout, Taxonomy};

    #[test]
    fn every_bad_frame_is_refused_with_its_reason_and_the_good_ones_stay() {
        let folder = Folder::new();
        let small = size(16, 8);
        let picture = png(small, ColorType::Rgb, BitDepth::Eight, &noise(small).pixels);
        let label = gray(small, &[7; 128]);
        let put = |name: &str, picture: &[u8], label: &[u8]| {
            folder.put(&format!("images/{name}.png"), picture);
            folder.put(&format!("labels/{name}.png"), label);
        };
        put("1_good", &picture, &label);
        put("2_unknown_id", &picture, &gray(small, &[99; 128]));
        put("3_other_size", &picture, &gray(size(8, 16), &[7; 128]));
        put("4_cut_picture", &picture[..picture.len() - 20], &label);
        put("5_cut_label", &picture, &label[..label.len() - 20]);
        put("6_bomb", &png_header(size(65_535, 65_535)), &label);
        put("7_deep", &png(small, ColorType::Rgb, BitDepth::Sixteen, &[0; 768]), &label);
        put("8_cmyk", &jpeg_header(small, 4), &label);
        put("9_good_jpeg_with_a_tail", &[jpeg(&noise(small)), b"made by a camera".to_vec()].concat(), &label);

        let dataset =
            Dataset { layout: Layout::Gta5, root: folder.path().into(), split: None, labels: None, mapping: None };
        let scan = scan(&dataset, true).unwrap();
        let code = super::super::codes::label_code(Layout::Gta5, &Taxonomy::built_in("cityscapes19").unwrap());
        let heard = Mutex::new(BTreeSet::new());
        let checked = check(&scan, code.as_ref(), &|done, total| {
            heard.lock().unwrap().insert((done, total));
        });

        assert_eq!(*heard.lock().unwrap(), (1..=9).map(|done| (done, 9)).collect());
        let names: Vec<&str> = checked.frames.iter().map(|frame| frame.found.name.as_str()).collect();
        assert_eq!(names, ["1_good", "9_good_jpeg_with_a_tail"]);
        assert!(checked.frames.iter().all(|frame| frame.size == small));
        let reason = |name: &str| {
            let refused = checked.refused.iter().find(|refused| refused.path.to_string_lossy().contains(name)).unwrap();
            refused.reason.clone()
        };
        assert_eq!(checked.refused.len(), 7);
        assert!(reason("labels/2_").starts_with("holds id 99 at pixel (0, 0)"));
        assert!(reason("labels/3_").starts_with("is 8x16, where its picture is 16x8"));
        assert!(reason("images/4_").starts_with("is damaged or cut short"));
        assert!(reason("labels/5_").starts_with("is damaged or cut short"));
        assert!(reason("images/6_").starts_with("is 65535x65535"));
        assert!(reason("images/7_").starts_with("has 16 bits a channel"));
        assert!(reason("images/8_").starts_with("is in printing colours"));

        let pictures_only = check(&scan, None, &|_, _| {});
        assert_eq!(pictures_only.frames.len(), 5);
    }
}
