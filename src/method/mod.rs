//! The paper's mathematics on plain slices. It reads like sections 3.2 and 3.3.
//!
//! | file | what | where |
//! |---|---|---|
//! | [`kmeans`] | the anchors of a domain | Eq. 2, 3 |
//! | [`anchors`] | distances to anchors | Eq. 5 |
//! | [`scores`] | what frames are ranked by | Eq. 5, 16 to 19 |
//! | [`greedy`] | what frames are chosen by one after another | ours |
//! | [`selection`] | which frames to label | section 3.2, Table 4 |
//! | [`tsne`] | both domains in the plane | Fig. 1, 4 |
//! | [`superpixel`] | a frame cut into small pieces alike | SLIC |
//! | [`segment_tree`] | pieces merged into segments of every size | Ward |
//! | [`confidence`] | how sure the network is of each class | Eq. 10, 11 |
//! | [`mixing`] | where adaptive cutmix cuts | Eq. 9 |
//!
//! What steps of a training do with tensors (feature vectors, Eq. 1 and 4; anchors that move, Eq. 8; losses, Eq. 6 to 15)
//! is the engine's.
//!
//! Everywhere `d` is the number of channels of one class, a row is a frame's vector of `n_classes * d` numbers, and
//! several rows or anchors stand one after another in one slice.

pub mod kmeans;
pub mod anchors;
pub mod scores;
pub mod greedy;
pub mod selection;
pub mod superpixel;
pub mod segment_tree;
pub mod tsne;
pub mod confidence;
pub mod mixing;
mod tile;
#[cfg(test)]
mod golden;
