//! Slows guessing of passwords down: by name and address, in memory.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Wrong tries before anybody waits.
const FREE: u32 = 5;
const LONGEST: Duration = Duration::from_secs(300);
/// A flood of names must not fill the memory: past this the settled ones are forgotten.
const MOST: usize = 10_000;

type Key = (String, Option<IpAddr>);

/// Wrong tries of late.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    tries: Mutex<HashMap<Key, (u32, Instant)>>,
}

impl Throttle {
    /// Seconds that this name from this address still has to wait; `None` if it may try.
    pub(crate) fn wait(&self, name: &str, from: Option<IpAddr>) -> Option<u64> {
        let tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        let &(wrong, at) = tries.get(&key(name, from))?;
        let left = (at + pause(wrong)).checked_duration_since(Instant::now())?;
        Some(left.as_secs() + 1)
    }

    /// Another wrong try.
    pub(crate) fn wrong(&self, name: &str, from: Option<IpAddr>) {
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if tries.len() >= MOST {
            tries.retain(|_, (_, at)| now.duration_since(*at) < LONGEST);
        }
        let (wrong, at) = tries.entry(key(name, from)).or_insert((0, now));
        // Forgiven after the longest pause twice over.
        *wrong = if now.duration_since(*at) > 2 * LONGEST { 1 } else { *wrong + 1 };
        *at = now;
    }

    /// The right password: all is forgotten.
    pub(crate) fn right(&self, name: &str, from: Option<IpAddr>) {
        self.tries.lock().unwrap_or_else(PoisonError::into_inner).remove(&key(name, from));
    }
}

fn key(name: &str, from: Option<IpAddr>) -> Key {
    (name.chars().take(64).flat_map(char::to_lowercase).collect(), from)
}

fn pause(wrong: u32) -> Duration {
    match wrong.checked_sub(FREE) {
        None => Duration::ZERO,
        Some(more) => Duration::from_secs(1 << more.min(9)).min(LONGEST),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixth_guess_waits_and_longer_each_time_but_only_for_that_name() {
        let throttle = Throttle::default();
        for _ in 0..FREE - 1 {
            throttle.wrong("Ada", None);
            assert_eq!(throttle.wait("ada", None), None);
        }
        throttle.wrong("ada", None);
        assert_eq!(throttle.wait("ADA", None), Some(1));
        throttle.wrong("ada", None);
        assert_eq!(throttle.wait("ada", None), Some(2));
        assert_eq!(throttle.wait("bob", None), None);
        throttle.right("ada", None);
        assert_eq!(throttle.wait("ada", None), None);
        assert_eq!(pause(40), LONGEST);
    }
}
