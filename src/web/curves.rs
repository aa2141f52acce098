//! The curves of training jobs, kept in memory and thinned, so that each look reads only what is new.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use crate::domain::{Event, JobId};
use crate::formats::chart::{Series, Spark};
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

impl Curves {
    /// The charts of a job, by name, the losses first.
    pub(crate) async fn of(&self, db: &Db, job: JobId) -> Result<Vec<Spark>> {
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
        let spark = |(name, curve): (&String, &Curve)| {
            let points = curve.iter().map(|(&step, &value)| (step as f64, value)).collect();
            Spark::of(&Series { name: name.clone(), points })
        };
        let mut charts: Vec<Spark> = seen.curves.iter().filter_map(spark).collect();
        charts.sort_by_key(|chart| !chart.name.starts_with("loss"));
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
    }
}
