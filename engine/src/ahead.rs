//! Things made ahead of time on a thread of their own, so that reading frames overlaps with computing.

use std::ops::Range;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;

use anyhow::{Result, anyhow};
use rayon::{ThreadPool, ThreadPoolBuilder};

/// How many things wait at most: one being used, two ready, one in the making.
const READY: usize = 2;

/// Makes one thing for every number of a range, in order.
pub struct Ahead<T> {
    things: Receiver<Result<T>>,
    thread: Option<JoinHandle<()>>,
}

impl<T: Send + 'static> Ahead<T> {
    /// Starts making. `make` runs inside a rayon pool of `threads`; its first error is the last thing.
    pub fn start(
        range: Range<u64>,
        threads: usize,
        make: impl Fn(u64) -> Result<T> + Send + Sync + 'static,
    ) -> Result<Self> {
        let pool: ThreadPool =
            ThreadPoolBuilder::new().num_threads(threads).thread_name(|i| format!("reader-{i}")).build()?;
        let (ready, things) = sync_channel(READY);
        let work = move || {
            for number in range {
                let thing = pool.install(|| make(number));
                let failed = thing.is_err();
                if ready.send(thing).is_err() || failed {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("ahead".into()).spawn(work)?;
        Ok(Self { things, thread: Some(thread) })
    }

    /// Waits for the next thing.
    ///
    /// # Panics
    /// With the panic of `make`, if it had one.
    pub fn take(&mut self) -> Result<T> {
        if let Ok(thing) = self.things.recv() {
            return thing;
        }
        match self.thread.take().map(JoinHandle::join) {
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            _ => Err(anyhow!("there is nothing more to read")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_come_in_order_and_an_error_ends_them() {
        let make = |n| if n < 3 { Ok(n * 10) } else { Err(anyhow!("no {n}")) };
        let mut ahead = Ahead::start(0..9, 1, make).unwrap();
        assert_eq!([ahead.take().unwrap(), ahead.take().unwrap(), ahead.take().unwrap()], [0, 10, 20]);
        assert_eq!(ahead.take().unwrap_err().to_string(), "no 3");
        assert!(ahead.take().is_err());
    }

    #[test]
    #[should_panic(expected = "broken frame")]
    fn a_panic_of_the_reader_is_passed_on() {
        let mut ahead = Ahead::<()>::start(0..1, 1, |_| panic!("broken frame")).unwrap();
        let _ = ahead.take();
    }
}
