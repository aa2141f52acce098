//! `windlass-engine weights`: what an operator does with weights files by hand.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use tch::{Device, nn};
use windlass::domain::{Backbone, Norm};

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
        }
        Ok(())
    }
}
