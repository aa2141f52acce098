//! How a mask came about: where its pixels came from, and what it cost.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Where a pixel's class came from. The numbers are those of saved masks and of `static/annotate/label_map.js`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Origin {
    /// The model's proposal, untouched.
    Model = 0,
    /// A segment that was given a class.
    Segment = 1,
    /// A region that was filled in around a scribble, a speck that was given to what lies around it.
    Propagate = 2,
    /// A brush, polygon, rectangle or fill.
    Hand = 3,
}

impl Origin {
    /// Numbers from here on mean nothing.
    pub const COUNT: u8 = 4;
}

/// How many pixels came from where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are those of Origin")]
pub struct Origins {
    pub model: u64,
    pub segment: u64,
    pub propagate: u64,
    pub hand: u64,
}

impl Origins {
    /// Counts them.
    pub fn of(origins: &[u8]) -> Self {
        let mut counts = [0_u64; 256];
        for &origin in origins {
            counts[usize::from(origin)] += 1;
        }
        let of = |origin: Origin| counts[origin as usize];
        Self {
            model: of(Origin::Model),
            segment: of(Origin::Segment),
            propagate: of(Origin::Propagate),
            hand: of(Origin::Hand),
        }
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.model + self.segment + self.propagate + self.hand
    }
}

/// What a person did between two saves.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Work {
    /// Seconds of work; idle time is taken out.
    pub seconds: f64,
    /// How often each tool was used.
    pub actions: BTreeMap<String, u32>,
}

/// A day: nobody works longer between two saves.
const MOST_SECONDS: f64 = 86_400.0;
const MOST_TOOLS: usize = 64;
const LONGEST_NAME: usize = 32;

impl Work {
    /// Refuses, with a sentence, what no person can have done.
    pub fn check(&self) -> Result<(), String> {
        if !(0.0..=MOST_SECONDS).contains(&self.seconds) {
            return Err(format!("{} seconds of work are not between 0 and a day", self.seconds));
        }
        if self.actions.len() > MOST_TOOLS || self.actions.keys().any(|name| name.len() > LONGEST_NAME) {
            return Err(format!(
                "work names at most {MOST_TOOLS} tools, each with a name of at most {LONGEST_NAME} bytes"
            ));
        }
        Ok(())
    }

    /// All actions.
    pub fn total_actions(&self) -> u64 {
        self.actions.values().copied().map(u64::from).sum()
    }

    /// Adds what was done in another stretch.
    pub fn add(&mut self, other: &Self) {
        self.seconds += other.seconds;
        for (name, count) in &other.actions {
            let sum = self.actions.entry(name.clone()).or_default();
            *sum = sum.saturating_add(*count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_that_nobody_can_have_done_is_refused() {
        let day = |seconds| Work { seconds, ..Work::default() };
        assert_eq!(day(12.5).check(), Ok(()));
        for seconds in [-1.0, f64::NAN, f64::INFINITY, 86_401.0] {
            assert!(day(seconds).check().unwrap_err().contains("between 0 and a day"));
        }
        let long = Work { seconds: 1.0, actions: [("x".repeat(33), 1)].into() };
        assert!(long.check().unwrap_err().contains("at most 32 bytes"));
    }

    #[test]
    fn origins_are_counted_and_stretches_added() {
        assert_eq!(Origins::of(&[0, 3, 3, 1, 0, 2]), Origins { model: 2, segment: 1, propagate: 1, hand: 2 });
        let mut sum = Work { seconds: 2.0, actions: [("brush".into(), 3)].into() };
        sum.add(&Work { seconds: 1.5, actions: [("brush".into(), 1), ("fill".into(), 2)].into() });
        assert_eq!((sum.seconds, sum.total_actions()), (3.5, 6));
    }
}
