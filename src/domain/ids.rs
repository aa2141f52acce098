//! Names of rows. A type each, so that a frame's number is never taken for a job's.

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta] $name:ident),* $(,)?) => {$(
        #[$doc]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

id! {
    /// A frame, everywhere and for good; never its place in a list.
    FrameId,
    /// A job and its folder.
    JobId,
    /// A trained model.
    ModelId,
    /// A project.
    ProjectId,
    /// A round of a project.
    RoundId,
    /// A person.
    UserId,
}
