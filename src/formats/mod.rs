//! Other people's files: dataset layouts, pictures, labels, exports.
//!
//! Originals are read in place and never changed. What comes from outside is measured by its header before memory is
//! spent on it, and what cannot be used is refused with one sentence that says what to do.

pub mod chart;
pub mod pick_list;
pub mod picture;
mod opened;
pub mod resize;
pub mod label;
pub mod mask_png;
pub mod segments;
pub mod atomic;
pub mod digest;
pub mod datasets;
pub mod contain;
pub mod codes;
#[cfg(feature = "server")]
pub mod mapping;
pub mod import;
pub mod export;
pub mod safetensors;

#[cfg(test)]
mod test_files;
