//! Windlass moves a segmentation model to a new domain with labels on 5 % of its frames (MADAv2).

pub mod domain;
pub mod method;
pub mod formats;
#[cfg(feature = "server")]
pub mod store;
#[cfg(feature = "server")]
pub mod supervisor;
#[cfg(feature = "server")]
pub mod web;
