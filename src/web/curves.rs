//! The curves of training jobs, kept in memory and thinned, so that each look reads only what is new.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};

use crate::domain::{Event, JobId};
use crate::store::{Db, Result, events};

/// Points of a curve at most; past that every other one goes. A chart is some 300 pixels wide.
const MOST_POINTS: usize = 400;
/// Jobs in memory at most.
const MOST_JOBS: usize = 16;
/// Lines read at once.
const PAGE: u32 = 5000;

/// One curve: values by step.
type Curve = BTreeMap<u64, f64>;

#[derive(Clone, Debug, Default)]
struct Seen {
    /// The last event that was looked at.
    event_id: i64,
    curves: BTreeMap<String, Curve>,
}

/// What was seen of each job so far.
#[derive(Debug, Default)]
pub(crate) struct Curves(Mutex<HashMap<JobId, Seen>>);

/// A small chart, ready to be drawn in a box of [`Chart::WIDTH`] by [`Chart::HEIGHT`].
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Chart {
    pub(crate) title: String,
    /// An SVG path.
    pub(crate) path: String,
    pub(crate) lowest: f64,
    pub(crate) highest: f64,
    pub(crate) last: f64,
    pub(crate) last_step: u64,
}

impl Chart {
    pub(crate) const WIDTH: f64 = 320.0;
    pub(crate) const HEIGHT: f64 = 96.0;

    /// A value as people read it: `0.0123`, `12.3`, `1.2e-5`.
    pub(crate) fn word(value: &f64) -> String {
        match value.abs() {
            0.0 => "0".into(),
            small if small < 0.001 => format!("{value:.1e}"),
            middle if middle < 10.0 => format!("{value:.3}"),
            _ => format!("{value:.1}"),
        }
    }

    fn of(title: &str, curve: &Curve) -> Option<Self> {
        let values = || curve.values().copied().filter(|value| value.is_finite());
        let (lowest, highest) = (values().fold(f64::MAX, f64::min), values().fold(f64::MIN, f64::max));
        let (&first_step, _) = curve.first_key_value()?;
        let (&last_step, &last) = curve.last_key_value()?;
        if curve.len() < 2 || lowest > highest {
            return None;
        }
        let x = |step: u64| (step - first_step) as f64 / (last_step - first_step).max(1) as f64 * Self::WIDTH;
        let span = if highest > lowest { highest - lowest } else { 1.0 };
        // Two pixels of air, so that the line is not cut at the edges.
        let y = |value: f64| 2.0 + (1.0 - (value - lowest) / span) * (Self::HEIGHT - 4.0);
        let mut path = String::new();
        for (&step, &value) in curve.iter().filter(|(_, value)| value.is_finite()) {
            let command = if path.is_empty() { 'M' } else { 'L' };
            let _ = write!(path, "{command}{:.1} {:.1}", x(step), y(value));
        }
        Some(Self { title: title.into(), path, lowest, highest, last, last_step })
    }
}

impl Curves {
    /// The charts of a job, by name, the losses first.
    pub(crate) async fn of(&self, db: &Db, job: JobId) -> Result<Vec<Chart>> {
        let mut seen = self.lock().get(&job).cloned().unwrap_or_default();
        loop {
            let lines = events::of_job(db, job, seen.event_id, PAGE).await?;
            for said in &lines {
                seen.event_id = said.event_id;
                if let Event::Scalars { step, values } = &said.line.event {
                    seen.add(*step, values);
                }
            }
            if lines.len() < PAGE as usize {
                break;
            }
        }
        let mut charts: Vec<Chart> = seen.curves.iter().filter_map(|(name, curve)| Chart::of(name, curve)).collect();
        charts.sort_by_key(|chart| !chart.title.starts_with("loss"));
        self.keep(job, seen);
        Ok(charts)
    }

    fn keep(&self, job: JobId, seen: Seen) {
        let mut jobs = self.lock();
        if jobs.len() >= MOST_JOBS && !jobs.contains_key(&job) {
            let oldest = jobs.keys().min().copied();
            oldest.map(|oldest| jobs.remove(&oldest));
        }
        jobs.insert(job, seen);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<JobId, Seen>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn add(&mut self, step: u64, values: &BTreeMap<String, f64>) {
        for (name, &value) in values {
            let curve = self.curves.entry(name.clone()).or_default();
            curve.insert(step, value);
            if curve.len() > MOST_POINTS {
                let mut keep = false;
                curve.retain(|_, _| {
                    keep = !keep;
                    keep
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_curve_is_thinned_but_keeps_its_ends() {
        let mut seen = Seen::default();
        for step in 1..=10_000 {
            seen.add(step, &BTreeMap::from([("loss/source".into(), 1.0 / step as f64)]));
        }
        let curve = &seen.curves["loss/source"];
        assert!(curve.len() <= MOST_POINTS && curve.contains_key(&1) && *curve.keys().last().unwrap() > 9_900);
        let chart = Chart::of("loss/source", curve).unwrap();
        assert_eq!((chart.highest, chart.path.starts_with("M0.0 2.0L")), (1.0, true));
    }

    #[test]
    fn a_curve_that_broke_draws_what_it_has() {
        let chart = Chart::of("loss", &Curve::from([(1, 2.0), (2, f64::NAN), (3, 2.0)])).unwrap();
        assert_eq!(chart.path, "M0.0 94.0L320.0 94.0");
        assert_eq!(Chart::of("loss", &Curve::from([(1, 2.0)])), None);
        assert_eq!(Chart::of("loss", &Curve::from([(1, f64::NAN), (2, f64::NAN)])), None);
        assert_eq!([0.0, 0.00002, 0.5, 12.34].map(|value| Chart::word(&value)), ["0", "2.0e-5", "0.500", "12.3"]);
    }
}
