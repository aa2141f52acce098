//! Slows guessing of passwords down: by name and address, and by address alone, in memory.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::HeaderMap;

/// Wrong tries of a name before anybody waits.
const FREE: u32 = 5;
/// Wrong tries of all names from one address: a team behind one router has that many slips, a list of names has not.
const FREE_OF_ADDRESS: u32 = 50;
const LONGEST: Duration = Duration::from_secs(300);
/// A flood of names must not fill the memory: past this only those that have to wait are kept.
const MOST: usize = 10_000;

/// A name from an address, or, without a name, all that comes from there.
type Key = (Option<String>, Option<IpAddr>);

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
            tries.retain(|key, (wrong, at)| *at + pause(key, *wrong) > now);
        }
        let left =
            |key: &Key| tries.get(key).map(|&(wrong, at)| (at + pause(key, wrong)).saturating_duration_since(now));
        let keys: Vec<Key> = keys(name, from).collect();
        if let Some(left) = keys.iter().filter_map(left).max().filter(|left| !left.is_zero()) {
            return Err(left.as_secs() + 1);
        }
        for key in keys {
            let (wrong, at) = tries.entry(key).or_insert((0, now));
            // Forgiven after the longest pause twice over.
            *wrong = if now.duration_since(*at) > 2 * LONGEST { 1 } else { *wrong + 1 };
            *at = now;
        }
        Ok(())
    }

    /// The right password: all of this name is forgotten, and this one try of the address.
    pub(crate) fn right(&self, name: &str, from: Option<IpAddr>) {
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        for key in keys(name, from) {
            if key.0.is_some() {
                tries.remove(&key);
            } else if let Some((wrong, _)) = tries.get_mut(&key) {
                *wrong = wrong.saturating_sub(1);
            }
        }
    }
}

/// Where a request comes from. A proxy on this box says for whom it asks, at the end of what its visitor may have made
/// up; any other peer speaks for itself.
pub(crate) fn visitor(peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let said = headers.get_all("x-forwarded-for").iter().next_back().and_then(|line| line.to_str().ok());
    let last = said.and_then(|line| line.rsplit(',').next()?.trim().parse().ok());
    last.filter(|_| peer.to_canonical().is_loopback()).unwrap_or(peer)
}

fn keys(name: &str, from: Option<IpAddr>) -> impl Iterator<Item = Key> {
    let name = name.chars().take(64).flat_map(char::to_lowercase).collect();
    [(Some(name), from)].into_iter().chain(from.map(|from| (None, Some(from))))
}

fn pause((name, _): &Key, wrong: u32) -> Duration {
    let free = if name.is_some() { FREE } else { FREE_OF_ADDRESS };
    match wrong.checked_sub(free) {
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
        let ada = (Some("ada".to_owned()), None);
        assert_eq!([4, 5, 6, 7, 40].map(|wrong| pause(&ada, wrong).as_secs()), [0, 1, 2, 4, LONGEST.as_secs()]);
    }

    #[test]
    fn a_list_of_names_from_one_address_waits_and_a_team_that_knows_its_passwords_does_not() {
        let throttle = Throttle::default();
        let [team, eve] = ["10.0.0.1", "10.0.0.2"].map(|address| Some(address.parse().unwrap()));
        for name in 0..200 {
            assert_eq!(throttle.admit(&name.to_string(), team), Ok(()));
            throttle.right(&name.to_string(), team);
        }
        for name in 0..FREE_OF_ADDRESS {
            assert_eq!(throttle.admit(&name.to_string(), eve), Ok(()));
        }
        assert_eq!(throttle.admit("ada", eve), Err(1));
        assert_eq!(throttle.admit("ada", team), Ok(()));
    }

    #[test]
    fn only_a_proxy_on_this_box_speaks_for_others() {
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", "1.1.1.1, 2.2.2.2".parse().unwrap());
        let from = |peer: &str| visitor(peer.parse().unwrap(), &headers).to_string();
        assert_eq!([from("127.0.0.1"), from("::1"), from("3.3.3.3")], ["2.2.2.2", "2.2.2.2", "3.3.3.3"]);
        assert_eq!(visitor("::1".parse().unwrap(), &HeaderMap::new()).to_string(), "::1");
    }
}
