//! One class index a pixel.

use super::{IGNORE, Size};

/// A class index, or [`IGNORE`], for every pixel; row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mask {
    size: Size,
    pixels: Vec<u8>,
}

/// Why bytes are not a mask.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum MaskError {
    #[error("the mask has {got} pixels where the frame of {size} has {want}", want = size.pixels())]
    WrongSize { size: Size, got: usize },
    #[error("pixel ({x}, {y}) holds {value}, which is no class: there are {n_classes}, and 255 for none")]
    UnknownClass { x: u32, y: u32, value: u8, n_classes: usize },
}

impl Mask {
    /// Takes bytes for a mask, or says what is wrong with them.
    pub fn new(size: Size, pixels: Vec<u8>, n_classes: usize) -> Result<Self, MaskError> {
        if pixels.len() != size.pixels() {
            return Err(MaskError::WrongSize { size, got: pixels.len() });
        }
        if let Some(at) = pixels.iter().position(|&value| value != IGNORE && usize::from(value) >= n_classes) {
            let (x, y) = (at as u32 % size.width, at as u32 / size.width);
            return Err(MaskError::UnknownClass { x, y, value: pixels[at], n_classes });
        }
        Ok(Self { size, pixels })
    }

    /// A mask in which nothing is labelled.
    pub fn unlabelled(size: Size) -> Self {
        Self { size, pixels: vec![IGNORE; size.pixels()] }
    }

    /// Width and height.
    pub fn size(&self) -> Size {
        self.size
    }

    /// Row by row.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The bytes, row by row.
    pub fn into_pixels(self) -> Vec<u8> {
        self.pixels
    }

    /// The share of pixels without a class, 0 to 1.
    pub fn unlabelled_share(&self) -> f64 {
        let none = self.pixels.iter().filter(|&&value| value == IGNORE).count();
        none as f64 / self.pixels.len().max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_of_another_size_or_with_an_unknown_class_is_refused() {
        let size = Size { width: 3, height: 2 };
        assert_eq!(Mask::new(size, vec![0; 5], 2), Err(MaskError::WrongSize { size, got: 5 }));
        let refused = Mask::new(size, vec![0, 1, 255, 0, 2, 0], 2).unwrap_err();
        assert_eq!(refused, MaskError::UnknownClass { x: 1, y: 1, value: 2, n_classes: 2 });
        assert_eq!(Mask::new(size, vec![0, 1, 255, 0, 1, 0], 2).unwrap().unlabelled_share(), 1.0 / 6.0);
    }
}
