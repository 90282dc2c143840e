//! How long jobs take and how fast the queue drains, as seen from this process.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::Utc;
use tokio::time::Instant;

use crate::job::{JobRecord, Status};

/// Seconds over which the drain rate is measured.
const WINDOW: u64 = 30;

/// Weight of the newest run in a type's usual run.
const NEWEST: f64 = 0.2;

/// Measures ends of jobs.
#[derive(Debug, Default)]
pub struct Meter(Mutex<Measured>);

#[derive(Debug, Default)]
struct Measured {
    start: Option<Instant>,
    /// Ends by second, oldest first.
    ends: VecDeque<(u64, u64)>,
    /// The usual run of each type, in seconds.
    runs: HashMap<Arc<str>, f64>,
}

impl Measured {
    fn second(&mut self) -> u64 {
        self.start.get_or_insert_with(Instant::now).elapsed().as_secs()
    }

    fn rate(&mut self) -> Option<f64> {
        let now = self.second();
        while self.ends.front().is_some_and(|(second, _)| now.saturating_sub(*second) > WINDOW) {
            self.ends.pop_front();
        }
        let (first, _) = self.ends.front()?;
        let ends: u64 = self.ends.iter().map(|(_, count)| count).sum();
        Some(ends as f64 / (now - first + 1) as f64)
    }
}

impl Meter {
    /// Jobs have ended: of which type, and how long each took.
    pub(crate) fn ended(&self, runs: &[(Arc<str>, Duration)]) {
        if runs.is_empty() {
            return;
        }
        let mut measured = self.lock();
        let second = measured.second();
        let count = runs.len() as u64;
        match measured.ends.back_mut() {
            Some((last, ends)) if *last == second => *ends += count,
            _ => measured.ends.push_back((second, count)),
        }
        if measured.ends.len() > WINDOW as usize + 2 {
            measured.ends.pop_front();
        }
        for of_type in runs.chunk_by(|(one, _), (next, _)| one == next) {
            let (job_type, first) = &of_type[0];
            let usual = measured.runs.entry(job_type.clone()).or_insert(first.as_secs_f64());
            of_type.iter().for_each(|(_, run)| *usual += NEWEST * (run.as_secs_f64() - *usual));
        }
    }

    /// Jobs that end in a second, over the last half minute; `None` until one has.
    pub fn drain_rate(&self) -> Option<f64> {
        self.lock().rate()
    }

    /// How long `waiting` jobs will take.
    pub(crate) fn wait_for(&self, waiting: usize) -> Option<Duration> {
        let rate = self.drain_rate().filter(|rate| *rate > 0.0)?;
        Duration::try_from_secs_f64(waiting as f64 / rate).ok()
    }

    /// How long a running job of the type `kind` will still take.
    pub(crate) fn estimate(&self, kind: &str, record: &JobRecord) -> Option<Duration> {
        let usual = self.lock().runs.get(kind).copied();
        let seconds = match record.status {
            Status::Running => {
                let ran = (Utc::now() - record.started_at?).to_std().ok()?.as_secs_f64();
                if record.progress > 0.01 {
                    ran * (1.0 - record.progress) / record.progress
                } else {
                    // One that has outrun its kind says nothing of what is left.
                    Some(usual? - ran).filter(|left| *left > 0.0)?
                }
            }
            _ => return None,
        };
        Duration::try_from_secs_f64(seconds).ok()
    }

    fn lock(&self) -> MutexGuard<'_, Measured> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
