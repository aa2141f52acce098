//! Slows guessing of passwords down: by name and address, in memory.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Wrong tries before anybody waits.
const FREE: u32 = 5;
const LONGEST: Duration = Duration::from_secs(300);
/// A flood of names must not fill the memory: past this only those that have to wait are kept.
const MOST: usize = 10_000;

type Key = (String, Option<IpAddr>);

/// Wrong tries of late.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    tries: Mutex<HashMap<Key, (u32, Instant)>>,
}

impl Throttle {
    /// Counts a try, wrong until [`Self::right`] says otherwise, so that tries at the same moment wait like any others.
    ///
    /// # Errors
    /// The seconds that this name from this address still has to wait; nothing is counted then.
    pub(crate) fn admit(&self, name: &str, from: Option<IpAddr>) -> Result<(), u64> {
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if tries.len() >= MOST {
            tries.retain(|_, (wrong, at)| *at + pause(*wrong) > now);
        }
        let (wrong, at) = tries.entry(key(name, from)).or_insert((0, now));
        if let Some(left) = (*at + pause(*wrong)).checked_duration_since(now).filter(|left| !left.is_zero()) {
            return Err(left.as_secs() + 1);
        }
        // Forgiven after the longest pause twice over.
        *wrong = if now.duration_since(*at) > 2 * LONGEST { 1 } else { *wrong + 1 };
        *at = now;
        Ok(())
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
        for _ in 0..FREE {
            assert_eq!(throttle.admit("Ada", None), Ok(()));
        }
        assert_eq!(throttle.admit("ADA", None), Err(1));
        assert_eq!(throttle.admit("bob", None), Ok(()));
        throttle.right("ada", None);
        assert_eq!(throttle.admit("ada", None), Ok(()));
        for name in 0..2 * MOST {
            assert_eq!(throttle.admit(&name.to_string(), None), Ok(()));
        }
        assert!(throttle.tries.lock().unwrap().len() <= MOST);
        assert_eq!([4, 5, 6, 7, 40].map(|wrong| pause(wrong).as_secs()), [0, 1, 2, 4, LONGEST.as_secs()]);
    }
}
