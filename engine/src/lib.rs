//! Windlass's engine: a job is a folder with a spec; this turns it into results.
//!
//! | file | what |
//! |---|---|
//! | [`job`] | the folder: its lock, its spec, its end; [`events`] what it says, [`failure`] errors as sentences |
//! | [`device`] | the CPU or a card; [`memory`] how it is kept |
//! | [`stage`] | the stages, one file each: what each learns in a step |
//! | [`training`] | what the loops share; [`checkpoint`], [`optimizer`], [`loss`], [`pooling`], [`ema`], [`best`]; [`block`] weights bound together |
//! | [`adaptive`] | what the adaptation remembers of the classes; [`mixing`] frames with parts of others |
//! | [`batch`] | training views: [`frames`] read and scaled, [`augment`] cut, [`ahead`] of the step that needs them |
//! | [`predict`] | whole frames through a model, [`views`] in parts and mirrored, [`segments`] cut up; [`feature_file`] what is kept of them, [`mark`] how far it came |
//! | [`predictions`] | a folder of pictures through a model, by hand |
//! | [`layout`] | safetensors files written tensor by tensor |
//! | [`model`] | a network with its weights: [`net`], [`weights`] |
//! | [`bench`] | how fast this box is |

pub mod job;
pub mod events;
pub mod failure;
pub mod device;
pub mod memory;
pub mod stage;
pub mod training;
pub mod checkpoint;
pub mod block;
pub mod optimizer;
pub mod loss;
pub mod pooling;
pub mod ema;
pub mod best;
pub mod adaptive;
pub mod mixing;
pub mod batch;
pub mod frames;
pub mod augment;
pub mod ahead;
pub mod predict;
pub mod views;
pub mod mark;
pub mod feature_file;
pub mod layout;
pub mod segments;
pub mod model;
pub mod net;
pub mod weights;
pub mod predictions;
pub mod bench;
