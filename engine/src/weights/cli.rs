//! `windlass-engine weights`: what an operator does with weights files by hand.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use tch::{Device, Kind, Tensor, nn};
use windlass::domain::{Backbone, Norm, Size};
use windlass::formats::picture::{Rgb, read_rgb};

use crate::net::Lite0Classifier;

/// What to do with a weights file.
#[derive(Debug, Subcommand)]
pub enum WeightsCommand {
    /// Turn a PyTorch file (.pth) into safetensors. Nothing in it is run.
    Convert {
        /// A state dict as torch.save writes it, or a safetensors file to be written anew.
        from: PathBuf,
        /// The safetensors file to write.
        to: PathBuf,
    },
    /// Say whether a file holds the ImageNet weights of a backbone.
    Check {
        /// A safetensors file.
        file: PathBuf,
        /// Whose.
        #[arg(long, value_enum)]
        backbone: BackboneName,
    },
    /// Say what EfficientNet-Lite0 sees in pictures: ImageNet's numbers of the three likeliest classes.
    Classify {
        /// A safetensors file with the classifier, as `make release` leaves it.
        file: PathBuf,
        /// PNG or JPEG files.
        #[arg(required = true)]
        pictures: Vec<PathBuf>,
    },
}

/// [`Backbone`] on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum BackboneName {
    #[value(name = "resnet101")]
    Resnet101,
    #[value(name = "efficientnet_lite0")]
    EfficientnetLite0,
}

impl From<BackboneName> for Backbone {
    fn from(name: BackboneName) -> Self {
        match name {
            BackboneName::Resnet101 => Self::Resnet101,
            BackboneName::EfficientnetLite0 => Self::EfficientnetLite0,
        }
    }
}

impl WeightsCommand {
    /// Does it and prints a line that says so.
    #[expect(clippy::print_stdout, reason = "an operator reads it")]
    pub fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Convert { from, to } => {
                super::convert(&from, &to)?;
                println!("{}  {}", super::sha256(&to)?, to.display());
            }
            Self::Check { file, backbone } => {
                let mut vs = nn::VarStore::new(Device::Cpu);
                crate::net::Segmenter::new(&vs.root(), backbone.into(), Norm::Frozen, 1);
                super::load_backbone(&mut vs, &file)?;
                println!("{}  {} fits", super::sha256(&file)?, file.display());
            }
            Self::Classify { file, pictures } => {
                let mut vs = nn::VarStore::new(Device::Cpu);
                let net = Lite0Classifier::new(&vs.root());
                super::load(&mut vs, &file)?;
                for picture in pictures {
                    let logits = net.forward(&lite0_input(&read_rgb(&picture)?));
                    let (shares, classes) = logits.softmax(1, Kind::Float).topk(3, 1, true, true);
                    let shares = Vec::<f32>::try_from(shares.flatten(0, 1))?;
                    let classes = Vec::<i64>::try_from(classes.flatten(0, 1))?;
                    let seen: Vec<_> =
                        classes.iter().zip(shares).map(|(class, share)| format!("{class} {share:.3}")).collect();
                    println!("{}  {}", picture.display(), seen.join("  "));
                }
            }
        }
        Ok(())
    }
}

/// The middle seven eighths of a picture at 224 pixels a side, `[1, 3, 224, 224]`, as its training saw them.
fn lite0_input(picture: &Rgb) -> Tensor {
    const SIDE: i64 = 224;
    let Size { width, height } = picture.size;
    let side = (width.min(height) * 7 / 8).max(1);
    let (left, top) = (i64::from(width - side) / 2, i64::from(height - side) / 2);
    let pixels = Tensor::from_slice(&picture.pixels).view([i64::from(height), i64::from(width), 3]);
    let square = pixels.narrow(0, top, side.into()).narrow(1, left, side.into());
    let square = square.permute([2, 0, 1]).unsqueeze(0).to_kind(Kind::Float);
    let square = square.internal_upsample_bicubic2d_aa([SIDE, SIDE], false, None, None);
    (square.clamp(0, 255) - 127) / 128
}
