//! Frames seen by windows and mirrored. To measure, both are off by default, as the paper's protocol is single-scale on
//! whole frames; a start mask is for people and may be as good as it can be.

use tch::{Kind, Tensor};
use windlass::domain::{Recipe, Size};

use crate::model::Model;
use crate::net::Output;

/// What an evaluation goes by: the logits at a quarter of the size, or, where the recipe wants windows or a mirror, the mean
/// of all views' probabilities at the frame's own size in their place. Pictures u8 `[n, h, w, 3]`; no features then.
pub fn see(model: &Model, rgb: &Tensor, recipe: &Recipe) -> Output {
    let Recipe { sliding, flip, frame, crop, .. } = *recipe;
    if !sliding && !flip {
        return model.see(rgb, false);
    }
    let (columns, rows) = match sliding {
        true => (windows(frame.width, crop.width), windows(frame.height, crop.height)),
        false => (vec![0], vec![0]),
    };
    let side = |frame: u32, crop: u32| if sliding { crop.min(frame) } else { frame };
    let size = Size { width: side(frame.width, crop.width), height: side(frame.height, crop.height) };
    let [width, height] = [size.width, size.height].map(i64::from);
    let canvas = (i64::from(frame.height), i64::from(frame.width));
    let (mut sum, counts) = (None::<Tensor>, Tensor::zeros([1, 1, canvas.0, canvas.1], (Kind::Float, rgb.device())));
    for (&top, &left) in rows.iter().flat_map(|top| columns.iter().map(move |left| (top, left))) {
        let window = rgb.narrow(1, top, height).narrow(2, left, width);
        for mirrored in [false, true].into_iter().filter(|mirrored| flip || !mirrored) {
            let seen = if mirrored { window.flip([2]) } else { window.shallow_clone() };
            let p = model.net.enlarge(&model.see(&seen, false).logits, size).softmax(1, Kind::Float);
            let p = if mirrored { p.flip([3]) } else { p };
            let here = |map: &Tensor| map.narrow(2, top, height).narrow(3, left, width);
            let sum = sum.get_or_insert_with(|| {
                let (n, n_classes) = (p.size()[0], p.size()[1]);
                Tensor::zeros([n, n_classes, canvas.0, canvas.1], (Kind::Float, rgb.device()))
            });
            let _ = here(sum).g_add_(&p);
            let _ = here(&counts).g_add_scalar_(1.0);
        }
    }
    let mean = sum.expect("there is a window") / counts;
    Output { features: Tensor::zeros([0], (Kind::Float, rgb.device())), logits: mean }
}

/// Pictures at their size and at a smaller one, as they are and mirrored: log of the mean of all probabilities in the logits'
/// place, at a quarter of the larger size; features at a quarter of the smaller. Pictures u8 `[n, h, w, 3]`.
pub fn see_larger(model: &Model, rgb: &Tensor, smaller: Size) -> Output {
    let (large, _) = both_ways(model, rgb);
    let sides = [smaller.height, smaller.width].map(i64::from);
    let small = rgb.permute([0, 3, 1, 2]).to_kind(Kind::Float);
    let small = small.internal_upsample_bilinear2d_aa(sides, false, None, None).permute([0, 2, 3, 1]);
    let (small, features) = both_ways(model, &small);
    let map = large.size();
    let small = model.net.enlarge(&small, Size { width: map[3] as u32, height: map[2] as u32 });
    Output { features, logits: ((large + small) / 2.0).clamp_min(1e-12).log() }
}

/// Mean probabilities of pictures and of their mirror images, and the features of the pictures.
fn both_ways(model: &Model, rgb: &Tensor) -> (Tensor, Tensor) {
    let Output { features, logits } = model.see(rgb, false);
    let mirrored = model.see(&rgb.flip([2]), false).logits.flip([3]);
    ((logits.softmax(1, Kind::Float) + mirrored.softmax(1, Kind::Float)) / 2.0, features)
}

/// Where windows of a length begin on a side: two thirds of a window apart, the last at the end (AEL).
fn windows(side: u32, window: u32) -> Vec<i64> {
    let (last, apart) = (side.saturating_sub(window), (window * 2 / 3).max(1));
    (0..last.div_ceil(apart)).map(|i| i64::from(i * apart)).chain([i64::from(last)]).collect()
}

#[cfg(test)]
mod tests {
    use tch::{Device, no_grad};
    use windlass::domain::Backbone;

    use super::*;

    #[test]
    fn a_mirrored_street_is_seen_as_the_street_mirrored() {
        let model = Model::fresh(&Recipe::recommended(Backbone::EfficientnetLite0), 3, 5, Device::Cpu);
        tch::manual_seed(5);
        let rgb = Tensor::randint(256, [1, 64, 96, 3], (Kind::Uint8, Device::Cpu));
        let smaller = Size { width: 64, height: 48 };
        let see = |rgb: &Tensor| no_grad(|| see_larger(&model, rgb, smaller).logits);
        let (seen, mirrored) = (see(&rgb), see(&rgb.flip([2])));
        assert!(mirrored.flip([3]).allclose(&seen, 1e-3, 1e-4, false));
        assert!(seen.exp().sum_dim_intlist(1, false, Kind::Float).allclose(
            &Tensor::ones([1, 16, 24], (Kind::Float, Device::Cpu)),
            1e-5,
            1e-6,
            false
        ));
        assert_eq!(seen.size(), [1, 3, 16, 24]);
        assert!(!model.see(&rgb, false).logits.log_softmax(1, Kind::Float).allclose(&seen, 1e-5, 1e-6, false));
    }

    /// A model and the way to see pictures 96 wide and 64 high, with windows of a size and with mirrors if wanted.
    fn street(crop: (u32, u32), sliding: bool, flip: bool) -> (Model, Recipe, Tensor) {
        let mut recipe = Recipe::recommended(Backbone::EfficientnetLite0);
        let size = |(width, height)| Size { width, height };
        (recipe.frame, recipe.crop, recipe.sliding, recipe.flip) = (size((96, 64)), size(crop), sliding, flip);
        let pixels = (0..2 * 64 * 96 * 3_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8);
        let rgb = Tensor::from_slice(&pixels.collect::<Vec<_>>()).view([2, 64, 96, 3]);
        (Model::fresh(&recipe, 3, 5, Device::Cpu), recipe, rgb)
    }

    /// The probabilities of a window seen alone.
    fn alone(model: &Model, rgb: &Tensor, [left, top, width, height]: [i64; 4]) -> Tensor {
        let window = rgb.narrow(1, top, height).narrow(2, left, width);
        let size = Size { width: width as u32, height: height as u32 };
        no_grad(|| model.net.enlarge(&model.see(&window, false).logits, size).softmax(1, Kind::Float))
    }

    fn part(maps: &Tensor, [left, top, width, height]: [i64; 4]) -> Tensor {
        maps.narrow(2, top, height).narrow(3, left, width)
    }

    #[test]
    fn a_window_as_large_as_the_frame_sees_what_the_frame_shows() {
        let (model, recipe, rgb) = street((96, 64), true, false);
        assert_eq!(no_grad(|| see(&model, &rgb, &recipe)).logits, alone(&model, &rgb, [0, 0, 96, 64]));
    }

    #[test]
    fn where_one_window_reaches_its_answer_counts_and_where_several_do_their_mean() {
        let (model, recipe, rgb) = street((64, 48), true, false);
        let seen = no_grad(|| see(&model, &rgb, &recipe)).logits;
        assert_eq!((windows(96, 64), windows(64, 48)), (vec![0, 32], vec![0, 16]));
        let [first, right, below, last] = [[0, 0], [32, 0], [0, 16], [32, 16]]
            .map(|[left, top]| (alone(&model, &rgb, [left, top, 64, 48]), left, top));
        // The corner of each window that no other reaches.
        for ((window, left, top), corner) in [(&first, [0, 0]), (&right, [64, 0]), (&below, [0, 48]), (&last, [64, 48])]
        {
            let [x, y] = corner;
            assert_eq!(part(&seen, [x, y, 32, 16]), part(window, [x - left, y - top, 32, 16]), "{corner:?}");
        }
        let top = (part(&first.0, [32, 0, 32, 16]) + part(&right.0, [0, 0, 32, 16])) / 2.0;
        assert!(part(&seen, [32, 0, 32, 16]).allclose(&top, 1e-5, 1e-6, false));
        let sums = seen.sum_dim_intlist(1, false, Kind::Float);
        assert!(sums.allclose(&sums.ones_like(), 1e-5, 1e-6, false));
    }

    #[test]
    fn a_mirrored_picture_is_measured_as_the_picture_mirrored() {
        for (crop, sliding) in [((96, 64), false), ((64, 64), true)] {
            let (model, recipe, rgb) = street(crop, sliding, true);
            let see = |rgb: &Tensor| no_grad(|| see(&model, rgb, &recipe)).logits;
            assert!(see(&rgb.flip([2])).flip([3]).allclose(&see(&rgb), 1e-4, 1e-5, false));
        }
        let (model, recipe, rgb) = street((96, 64), false, true);
        let both = [alone(&model, &rgb, [0, 0, 96, 64]), alone(&model, &rgb.flip([2]), [0, 0, 96, 64]).flip([3])];
        assert!(!both[0].allclose(&both[1], 1e-3, 1e-4, false), "a network is not symmetric");
        let seen = no_grad(|| see(&model, &rgb, &recipe)).logits;
        assert!(seen.allclose(&((&both[0] + &both[1]) / 2.0), 1e-5, 1e-6, false));
    }

    #[test]
    fn windows_reach_from_end_to_end() {
        assert_eq!(windows(64, 64), [0]);
        assert_eq!(windows(40, 64), [0]);
        assert_eq!(windows(64, 32), [0, 21, 32]);
        assert_eq!(windows(2048, 896), [0, 597, 1152]);
    }
}
