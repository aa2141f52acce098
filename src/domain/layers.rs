//! A mask together with where its pixels came from, and changes to it as an editor sends them: tiles in runs.
//!
//! # Tiles in runs
//!
//! A frame is cut into tiles of [`TILE`] by [`TILE`] pixels, row by row; those at the right and the bottom are as small as
//! is left. A change is a sequence of tiles, each once, all integers little-endian:
//!
//! | bytes | what |
//! |---|---|
//! | 4 | number of the tile, row by row from 0 |
//! | 4 | how many runs follow |
//! | 4 a run | 2: pixels in the run, at least 1; 1: class, 255 for none; 1: [`Origin`] |
//!
//! The runs go row by row through the tile and fill it exactly.

use super::{IGNORE, Mask, MaskError, Origin, Size};

/// Side of a tile in pixels.
pub const TILE: u32 = 64;

/// Bytes before the runs of a tile, and of a run.
const HEAD: usize = 8;
const RUN: usize = 4;

/// Class and origin of every pixel; row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layers {
    size: Size,
    classes: Vec<u8>,
    origins: Vec<u8>,
}

/// Why bytes are not a change of a mask.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum PatchError {
    #[error("the change ends in the middle of a tile")]
    CutShort,
    #[error("there is no tile {tile}: a frame of {size} has {count}, counted from 0")]
    NoSuchTile { tile: u32, size: Size, count: u32 },
    #[error("tile {0} comes twice")]
    Twice(u32),
    #[error("tile {tile} is said to have {runs} runs where it has {pixels} pixels")]
    TooManyRuns { tile: u32, runs: u32, pixels: usize },
    #[error("the runs of tile {tile} do not fill it: they have {got} pixels where it has {pixels}")]
    NotFilled { tile: u32, got: usize, pixels: usize },
    #[error("a pixel of tile {tile} comes from {origin}, which means nothing: there are 0 to 3")]
    UnknownOrigin { tile: u32, origin: u8 },
    #[error(transparent)]
    Mask(#[from] MaskError),
}

impl Layers {
    /// A mask all of whose pixels came from one place.
    pub fn uniform(mask: Mask, origin: Origin) -> Self {
        let size = mask.size();
        Self { size, classes: mask.into_pixels(), origins: vec![origin as u8; size.pixels()] }
    }

    /// Of a database's columns.
    pub fn from_parts(size: Size, classes: Vec<u8>, origins: Vec<u8>) -> Result<Self, MaskError> {
        for got in [classes.len(), origins.len()] {
            if got != size.pixels() {
                return Err(MaskError::WrongSize { size, got });
            }
        }
        Ok(Self { size, classes, origins })
    }

    /// Width and height.
    pub fn size(&self) -> Size {
        self.size
    }

    /// Class indices, row by row.
    pub fn classes(&self) -> &[u8] {
        &self.classes
    }

    /// [`Origin`]s as numbers, row by row.
    pub fn origins(&self) -> &[u8] {
        &self.origins
    }

    /// The share of pixels without a class, 0 to 1.
    pub fn unlabelled_share(&self) -> f64 {
        let none = self.classes.iter().filter(|&&value| value == IGNORE).count();
        none as f64 / self.classes.len().max(1) as f64
    }

    /// All tiles, as a change that makes these layers of any others.
    pub fn patch(&self) -> Vec<u8> {
        let mut patch = vec![];
        for tile in 0..tiles(self.size) {
            let place = Place::of(tile, self.size);
            let head = patch.len();
            patch.extend(tile.to_le_bytes());
            patch.extend([0; 4]);
            let mut runs = 0_u32;
            let mut open: Option<(u16, u8, u8)> = None;
            for at in place.rows(self.size).flatten() {
                let (class, origin) = (self.classes[at], self.origins[at]);
                open = match open {
                    Some((length, c, o)) if (c, o) == (class, origin) => Some((length + 1, c, o)),
                    before => {
                        runs += u32::from(close(&mut patch, before));
                        Some((1, class, origin))
                    }
                };
            }
            runs += u32::from(close(&mut patch, open));
            patch[head + 4..head + HEAD].copy_from_slice(&runs.to_le_bytes());
        }
        patch
    }

    /// The longest change of a frame of this size, in bytes.
    pub fn longest_patch(size: Size) -> usize {
        tiles(size) as usize * HEAD + size.pixels() * RUN
    }

    /// Makes a change; where it is refused these layers are to be thrown away.
    pub fn apply(&mut self, patch: &[u8], n_classes: usize) -> Result<(), PatchError> {
        let size = self.size;
        let mut seen = vec![false; tiles(size) as usize];
        let mut rest = patch;
        while !rest.is_empty() {
            let (head, after) = rest.split_at_checked(HEAD).ok_or(PatchError::CutShort)?;
            let (tile, runs) = (number(&head[..4]), number(&head[4..]));
            let no_tile = || PatchError::NoSuchTile { tile, size, count: tiles(size) };
            let seen = seen.get_mut(tile as usize).ok_or_else(no_tile)?;
            if std::mem::replace(seen, true) {
                return Err(PatchError::Twice(tile));
            }
            let place = Place::of(tile, size);
            // Before anything is counted on: the number comes from outside.
            if runs as usize > place.pixels() {
                return Err(PatchError::TooManyRuns { tile, runs, pixels: place.pixels() });
            }
            let (runs, after) = after.split_at_checked(runs as usize * RUN).ok_or(PatchError::CutShort)?;
            self.fill(tile, &place, runs, n_classes)?;
            rest = after;
        }
        Ok(())
    }

    fn fill(&mut self, tile: u32, place: &Place, runs: &[u8], n_classes: usize) -> Result<(), PatchError> {
        let mut done = 0;
        for run in runs.chunks_exact(RUN) {
            let (length, class, origin) = (usize::from(u16::from_le_bytes([run[0], run[1]])), run[2], run[3]);
            if length == 0 || done + length > place.pixels() {
                return Err(PatchError::NotFilled { tile, got: done + length, pixels: place.pixels() });
            }
            if class != IGNORE && usize::from(class) >= n_classes {
                let at = place.index(done, self.size);
                let (x, y) = (at as u32 % self.size.width, at as u32 / self.size.width);
                return Err(MaskError::UnknownClass { x, y, value: class, n_classes }.into());
            }
            if origin >= Origin::COUNT {
                return Err(PatchError::UnknownOrigin { tile, origin });
            }
            for offset in done..done + length {
                let at = place.index(offset, self.size);
                self.classes[at] = class;
                self.origins[at] = origin;
            }
            done += length;
        }
        if done < place.pixels() {
            return Err(PatchError::NotFilled { tile, got: done, pixels: place.pixels() });
        }
        Ok(())
    }
}

/// A tile's rectangle.
struct Place {
    x: usize,
    y: usize,
    width: usize,
    height: usize,
}

impl Place {
    fn of(tile: u32, size: Size) -> Self {
        let columns = size.width.div_ceil(TILE);
        let (x, y) = (tile % columns * TILE, tile / columns * TILE);
        let [width, height] = [(size.width - x).min(TILE), (size.height - y).min(TILE)];
        Self { x: x as usize, y: y as usize, width: width as usize, height: height as usize }
    }

    fn pixels(&self) -> usize {
        self.width * self.height
    }

    /// Where its pixels lie in the frame, row by row.
    fn rows(&self, size: Size) -> impl Iterator<Item = std::ops::Range<usize>> {
        let (x, across, stride) = (self.x, self.width, size.width as usize);
        (self.y..self.y + self.height).map(move |y| y * stride + x..y * stride + x + across)
    }

    /// Where the tile's pixel of that number lies in the frame.
    fn index(&self, offset: usize, size: Size) -> usize {
        (self.y + offset / self.width) * size.width as usize + self.x + offset % self.width
    }
}

/// Ends a run; whether there was one.
fn close(patch: &mut Vec<u8>, run: Option<(u16, u8, u8)>) -> bool {
    let Some((length, class, origin)) = run else { return false };
    patch.extend(length.to_le_bytes());
    patch.extend([class, origin]);
    true
}

fn tiles(size: Size) -> u32 {
    size.width.div_ceil(TILE) * size.height.div_ceil(TILE)
}

fn number(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |number, &byte| number << 8 | u32::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four tiles, three of them cut off: 64x64, 6x64, 64x2, 6x2.
    const SIZE: Size = Size { width: 70, height: 66 };

    fn tile(number: u32, runs: &[(u16, u8, u8)]) -> Vec<u8> {
        let mut bytes = [number.to_le_bytes(), (runs.len() as u32).to_le_bytes()].concat();
        for &(length, class, origin) in runs {
            bytes.extend(length.to_le_bytes());
            bytes.extend([class, origin]);
        }
        bytes
    }

    fn blank() -> Layers {
        Layers::uniform(Mask::unlabelled(SIZE), Origin::Model)
    }

    fn refusal(patch: &[u8]) -> String {
        blank().apply(patch, 5).unwrap_err().to_string()
    }

    #[test]
    fn runs_go_row_by_row_through_their_tile_and_touch_no_other() {
        let mut layers = blank();
        layers.apply(&[tile(3, &[(7, 2, 3), (5, 255, 1)]), tile(1, &[(384, 4, 2)])].concat(), 5).unwrap();
        let at = |x: usize, y: usize| (layers.classes()[y * 70 + x], layers.origins()[y * 70 + x]);
        // The tile at the corner is 6 wide: seven pixels are its first row and one more.
        assert_eq!([at(64, 64), at(69, 64), at(64, 65), at(65, 65)], [(2, 3), (2, 3), (2, 3), (255, 1)]);
        assert_eq!([at(64, 0), at(69, 63), at(63, 0), at(0, 65)], [(4, 2), (4, 2), (255, 0), (255, 0)]);
    }

    #[test]
    fn all_tiles_in_runs_make_the_same_layers_again() {
        let mut layers = blank();
        layers.apply(&[tile(3, &[(7, 2, 3), (5, 255, 1)]), tile(0, &[(4000, 4, 2), (96, 4, 3)])].concat(), 5).unwrap();
        let patch = layers.patch();
        assert_eq!(patch.len(), 4 * HEAD + (2 + 1 + 1 + 2) * RUN);
        let mut again = Layers::uniform(Mask::new(SIZE, vec![1; SIZE.pixels()], 5).unwrap(), Origin::Hand);
        again.apply(&patch, 5).unwrap();
        assert_eq!(again, layers);
    }

    #[test]
    fn a_change_that_is_none_of_the_frame_is_refused_with_a_sentence() {
        assert_eq!(refusal(&tile(4, &[])), "there is no tile 4: a frame of 70x66 has 4, counted from 0");
        assert_eq!(
            refusal(&tile(3, &[(11, 0, 0)])),
            "the runs of tile 3 do not fill it: they have 11 pixels where it has 12"
        );
        assert_eq!(
            refusal(&tile(3, &[(13, 0, 0)])),
            "the runs of tile 3 do not fill it: they have 13 pixels where it has 12"
        );
        assert!(refusal(&tile(3, &[(12, 0, 0), (0, 0, 0)])).contains("do not fill"));
        assert_eq!(
            refusal(&tile(3, &[(7, 0, 0), (5, 5, 0)])),
            "pixel (65, 65) holds 5, which is no class: there are 5, and 255 for none"
        );
        assert!(refusal(&tile(3, &[(12, 0, 4)])).contains("comes from 4"));
        assert_eq!(refusal(&[tile(3, &[(12, 0, 0)]), tile(3, &[(12, 0, 0)])].concat()), "tile 3 comes twice");
        let whole = tile(3, &[(12, 0, 0)]);
        for length in 1..whole.len() {
            assert_eq!(refusal(&whole[..length]), "the change ends in the middle of a tile");
        }
        let runs = [0_u32.to_le_bytes(), (1_u32 << 31).to_le_bytes()].concat();
        assert_eq!(refusal(&runs), "tile 0 is said to have 2147483648 runs where it has 4096 pixels");
    }
}
