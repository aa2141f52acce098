//! `windlass-engine weights`: what an operator does with weights files by hand.

use std::path::PathBuf;

use clap::Subcommand;

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
}

impl WeightsCommand {
    /// Does it and prints a line that says so.
    #[expect(clippy::print_stdout, reason = "an operator reads it")]
    pub fn run(self) -> anyhow::Result<()> {
        let Self::Convert { from, to } = self;
        super::convert(&from, &to)?;
        println!("{}  {}", super::sha256(&to)?, to.display());
        Ok(())
    }
}
