//! The two drawn street domains as files, in any number and size: what `experiments/pairs/drawn.toml` is played on.
//!
//! `draw DIR SOURCE TARGET VAL [WIDTHxHEIGHT] [SEED]`, such as `draw data 400 600 100 256x128 1`.

use std::path::Path;

use anyhow::{Context, Result};
use windlass::domain::Size;
use windlass::scenes::{DemoSizes, write_demo};

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let word =
        |at: usize, what: &str| words.get(at).with_context(|| format!("give {what}: draw DIR SOURCE TARGET VAL"));
    let number = |at, what| Ok::<usize, anyhow::Error>(word(at, what)?.parse()?);
    let (width, height) =
        words.get(4).map_or("256x128", String::as_str).split_once('x').context("a size is 256x128")?;
    let sizes = DemoSizes {
        source: number(1, "how many source frames")?,
        target: number(2, "how many target frames")?,
        val: number(3, "how many validation frames")?,
        size: Size { width: width.parse()?, height: height.parse()? },
    };
    let seed = words.get(5).map_or(Ok(1), |seed| seed.parse())?;
    Ok(write_demo(Path::new(word(0, "a folder")?), sizes, seed)?)
}
