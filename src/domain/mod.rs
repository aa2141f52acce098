//! The words everybody uses. Nothing here opens a file, a socket or a tensor.
//!
//! | word | meaning | not |
//! |---|---|---|
//! | frame | one picture of a dataset | image, sample |
//! | domain | where a frame is from: the labelled source or the unlabelled target | dataset |
//! | class | what a pixel may be; a class index counts from 0, 255 is [`IGNORE`] | category |
//! | taxonomy | the ordered classes of a project | label set |
//! | label | what a dataset's file says of a frame | annotation |
//! | mask | one class index a pixel, made or corrected here | segmentation |
//! | start mask | the model's proposal that an annotator begins with | pre-annotation |
//! | origin | where a pixel of a mask came from: model, segment, propagation, hand | source, which is a domain |
//! | feature vector | class-wise means of the network's last map, one a frame (Eq. 1, 4) | objective vector |
//! | anchor | centre of a cluster of feature vectors (Eq. 3) | centroid, CAU |
//! | budget | how many frames people will label | |
//! | pick | a frame chosen for labelling | active sample |
//! | round | one way through selection, labelling and training | cycle |
//! | stage | one step of a round | phase |
//! | job | one run of a stage: a folder with a spec and results | task |
//! | model | weights with the classes and knobs that made them | checkpoint |
//! | recipe | every knob of a project's training | config |

mod checks;
mod choice;
mod class;
mod dataset;
mod event;
mod frame;
mod ids;
mod knobs;
mod label;
mod layers;
mod mask;
mod metrics;
mod plan;
mod preset;
mod recipe;
mod results;
mod seed;
mod spec;
mod stage;
mod survey;
mod words;
mod work;

pub use checks::Checks;
pub use choice::{Budget, Choice, Strategy};
pub use class::{Class, IGNORE, Subset, Taxonomy};
pub use dataset::{Dataset, Layout};
pub use event::{Event, Line};
pub use frame::{Domain, Frame, Size, Split};
pub use ids::{FrameId, JobId, ModelId, ProjectId, RoundId, UserId};
pub use knobs::Knob;
pub use label::{Encoding, LabelCode};
pub use layers::{Layers, PatchError, TILE};
pub use mask::{Mask, MaskError};
pub use metrics::Confusion;
pub use plan::{OWN_CODE, Plan};
pub use recipe::{Backbone, Consistency, Gan, Input, Norm, Precision, Preset, Recipe, Schedule, Supervision};
pub use results::{
    AnchorReport, ClassMix, Evaluation, GroupMix, MapPoint, ModelCard, Pick, PointKind, Proposal, Selection,
};
pub use seed::{Stream, rng};
pub use spec::{
    AnchorSet, CARD_DRIVERS, FeatureSet, FrameRef, JobSpec, LabelRef, SPEC_VERSION, SpecError, Task, files,
};
pub use stage::Stage;
pub use survey::Survey;
pub(crate) use words::words;
pub use work::{Origin, Origins, Work};
