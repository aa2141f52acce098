//! What the adaptation remembers of the classes, and the mixing that it drives (Eq. 9-12; AEL, Hu et al. 2021).

use rand::Rng;
use tch::{Device, Kind, Tensor, no_grad};
use windlass::domain::{Class, IGNORE, Recipe, Stream, rng};
use windlass::method::confidence::{self, cut_odds, paste_odds, pick};
use windlass::method::mixing::{cut, partner, present};

use crate::batch::Batch;
use crate::checkpoint::Named;
use crate::mixing::{mix, mix_pictures, paste, recolour};

/// Classes drawn for a frame that gets pixels of another (AEL).
const PASTED: usize = 3;
/// What the bank holds before anything was seen.
const UNKNOWN: f64 = 0.5;

/// The confidence bank, and which classes were last seen in which unlabelled frame.
pub struct Adaptive {
    seed: u64,
    pub(crate) recipe: Recipe,
    /// By class.
    pasted: Vec<bool>,
    /// f32 `[C]`.
    bank: Tensor,
    /// f32 `[frames, C]`, 1 where the class was seen.
    seen: Tensor,
}

/// Unlabelled pictures with boxes of others, `2 * n`.
pub struct Mixed {
    /// u8 `[2 * n, h, w, 3]`.
    pub rgb: Tensor,
    /// The teacher's logits of them, `[2 * n, C, h, w]`.
    pub guide: Tensor,
    /// bool `[2 * n, h, w]`, as that of a [`Batch`].
    pub padding: Option<Tensor>,
}

/// What is drawn for a pair of unlabelled frames, 0 to 1 each.
struct PairDraws {
    class: f64,
    frame: f64,
    place: [f64; 3],
}

impl Adaptive {
    /// `seen` f32 `[frames, C]`, 1 where a class is known to be in an unlabelled frame.
    pub fn new(seed: u64, recipe: &Recipe, classes: &[Class], seen: Tensor) -> Self {
        let cpu = (Kind::Float, Device::Cpu);
        Self {
            seed,
            recipe: recipe.clone(),
            pasted: classes.iter().map(|class| !recipe.never_pasted.contains(&class.name)).collect(),
            bank: Tensor::full([classes.len() as i64], UNKNOWN, cpu),
            seen,
        }
    }

    /// What a checkpoint has to hold.
    pub fn state(&self) -> Named {
        vec![("confidence".into(), self.bank.shallow_clone()), ("seen".into(), self.seen.shallow_clone())]
    }

    /// The confidence in each class.
    pub fn confidence(&self) -> Vec<f32> {
        floats(&self.bank)
    }

    /// Eq. 10.
    pub fn follow(&mut self, confidences: &[Option<f32>]) {
        let mut bank = self.confidence();
        confidence::follow(&mut bank, confidences, self.recipe.confidence_decay);
        no_grad(|| self.bank.copy_(&Tensor::from_slice(&bank)));
    }

    /// How likely a pixel of each class is to be learnt by the sampled consistency.
    pub fn keep_odds(&self) -> Vec<f32> {
        confidence::keep_odds(&self.confidence())
    }

    /// The unlabelled frames to cut from in a step, by their places: each was seen with a class that the bank is unsure of.
    pub fn partners(&self, step: u64, n_pairs: usize) -> Vec<usize> {
        let one = |draws: &PairDraws| {
            let has: Vec<bool> =
                floats(&self.seen.select(1, self.class(draws))).into_iter().map(|seen| seen > 0.0).collect();
            partner(&has, draws.frame)
        };
        self.pair_draws(step, n_pairs).iter().map(one).collect()
    }

    /// Each unlabelled picture with a box of its partner, in both orders. `guide` are the teacher's logits of the frames as
    /// they are, the drawn before the chosen.
    pub fn cutmix(&mut self, step: u64, drawn: &Batch, chosen: &Batch, guide: &Tensor) -> Mixed {
        let n = drawn.len();
        let padding = Batch::padding(&[drawn, chosen]);
        let mut guesses = guide.argmax(1, false).to_kind(Kind::Uint8); // [2 * n, h, w]
        if let Some(padding) = &padding {
            guesses = guesses.masked_fill(padding, i64::from(IGNORE));
        }
        let guesses = guesses.to_device(Device::Cpu);
        let guesses = (0..2 * n).map(|frame| bytes(&guesses.get(frame))).collect::<Vec<_>>();
        let draws = self.pair_draws(step, n as usize);
        let size = self.recipe.crop;
        let boxes: Vec<_> = guesses[n as usize..]
            .iter()
            .zip(&draws)
            .map(|(guess, draws)| cut(guess, size, self.class(draws) as u8, draws.place))
            .collect();
        let frames = drawn.frames.iter().chain(&chosen.frames);
        for (&frame, guess) in frames.zip(&guesses) {
            let here = present(guess, self.pasted.len()).into_iter().map(|here| f32::from(u8::from(here)));
            let here = Tensor::from_slice(&here.collect::<Vec<_>>());
            no_grad(|| self.seen.get(frame as i64).copy_(&here));
        }
        let mixed = |both: &Tensor| mix(&both.narrow(0, 0, n), &both.narrow(0, n, n), &boxes);
        Mixed {
            rgb: mix_pictures(&drawn.rgb, &chosen.rgb, &boxes),
            guide: mixed(guide),
            padding: padding.map(|padding| mixed(&padding.unsqueeze(1)).squeeze_dim(1)),
        }
    }

    /// Labelled frames, some with pixels of the givers' unsure classes.
    pub fn paste(&self, step: u64, labelled: Batch, givers: &Batch) -> Batch {
        if givers.is_empty() {
            return labelled;
        }
        let mut draw = rng(self.seed, Stream::Pasting, step);
        let odds = paste_odds(&self.confidence(), &self.pasted);
        let classes = (0..labelled.len()).map(|_| {
            let [happens, draws @ ..]: [f64; 1 + PASTED] = draw.random();
            match happens < self.recipe.copy_paste {
                true => draws.into_iter().filter_map(|draw| pick(&odds, draw)).collect(),
                false => vec![],
            }
        });
        let classes: Vec<Vec<usize>> = classes.collect();
        let (rgb, label) = paste((&labelled.rgb, &labelled.label), (&givers.rgb, &givers.label), &classes);
        // What lies outside of the frame may have got pixels, too.
        let padding = labelled.padding.map(|padding| padding.logical_and(&label.eq(i64::from(IGNORE))));
        Batch { rgb, label, padding, ..labelled }
    }

    /// What the student is shown of pictures `[n, h, w, 3]`: each with brightness, contrast and colours of its own.
    pub fn recolour(&self, step: u64, rgb: &Tensor) -> Tensor {
        let most = self.recipe.jitter;
        if most == 0.0 {
            return rgb.shallow_clone();
        }
        let mut draw = rng(self.seed, Stream::Jitter, step);
        let factors = (0..rgb.size()[0]).map(|_| [(); 3].map(|()| draw.random_range(1.0 - most..=1.0 + most)));
        recolour(rgb, &factors.collect::<Vec<_>>())
    }

    fn class(&self, draws: &PairDraws) -> i64 {
        pick(&cut_odds(&self.confidence()), draws.class).unwrap_or_default() as i64
    }

    /// The same whenever they are asked for: partners are read a step before they are mixed.
    fn pair_draws(&self, step: u64, n_pairs: usize) -> Vec<PairDraws> {
        let mut draw = rng(self.seed, Stream::Mixing, step);
        (0..n_pairs).map(|_| PairDraws { class: draw.random(), frame: draw.random(), place: draw.random() }).collect()
    }
}

fn floats(tensor: &Tensor) -> Vec<f32> {
    Vec::try_from(tensor.contiguous()).expect("a row of f32")
}

fn bytes(map: &Tensor) -> Vec<u8> {
    Vec::try_from(map.contiguous().flatten(0, -1)).expect("a row of u8")
}
