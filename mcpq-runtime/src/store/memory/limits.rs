//! How many jobs of a type may start: running at once, and starts per period.

use std::{collections::HashMap, sync::Arc};

use crate::store::{ClaimType, RateLimit};

/// The load of the job types that have a limit.
#[derive(Debug, Default)]
pub(super) struct Loads {
    running: HashMap<Arc<str>, usize>,
    buckets: HashMap<Arc<str>, Bucket>,
    /// Whether a slot of a type that claims found full has become free.
    freed: bool,
    full: HashMap<Arc<str>, ()>,
}

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    at: u64,
}

impl Bucket {
    fn refill(&mut self, rate: &RateLimit, now: u64) {
        let per_micro = f64::from(rate.count) / (rate.per.as_micros().max(1) as f64);
        let gained = now.saturating_sub(self.at) as f64 * per_micro;
        self.tokens = (self.tokens + gained).min(f64::from(rate.count));
        self.at = now;
    }
}

impl Loads {
    /// How many jobs of a type may start now.
    pub(super) fn room(&mut self, kind: &ClaimType, now: u64) -> usize {
        let by_concurrency = match kind.concurrency {
            Some(most) => {
                let running = self.running.get(&kind.name).copied().unwrap_or(0);
                let room = (most as usize).saturating_sub(running);
                if room == 0 {
                    self.full.insert(kind.name.clone(), ());
                }
                room
            }
            None => usize::MAX,
        };
        let by_rate = match &kind.rate {
            Some(rate) => {
                let bucket = self
                    .buckets
                    .entry(kind.name.clone())
                    .or_insert_with(|| Bucket { tokens: f64::from(rate.count), at: now });
                bucket.refill(rate, now);
                bucket.tokens as usize
            }
            None => usize::MAX,
        };
        by_concurrency.min(by_rate)
    }

    /// When a job of a type may start by time alone; `None` while only an end can make room.
    pub(super) fn startable(&mut self, kind: &ClaimType, now: u64) -> Option<u64> {
        if self.room(kind, now) > 0 {
            return Some(now);
        }
        let running = self.running.get(&kind.name).copied().unwrap_or(0);
        if kind.concurrency.is_some_and(|most| running >= most as usize) {
            return None;
        }
        let (rate, bucket) = (kind.rate.as_ref()?, self.buckets.get(&kind.name)?);
        let micros = (1.0 - bucket.tokens) * rate.per.as_micros() as f64 / f64::from(rate.count.max(1));
        Some(now + micros.ceil().max(1.0) as u64)
    }

    pub(super) fn started(&mut self, kind: Option<&ClaimType>, job_type: &Arc<str>) {
        *self.running.entry(job_type.clone()).or_default() += 1;
        if kind.is_some_and(|kind| kind.rate.is_some())
            && let Some(bucket) = self.buckets.get_mut(job_type)
        {
            bucket.tokens -= 1.0;
        }
    }

    pub(super) fn stopped(&mut self, job_type: &Arc<str>) {
        if let Some(running) = self.running.get_mut(job_type) {
            *running -= 1;
            if *running == 0 {
                self.running.remove(job_type);
            }
        }
        if !self.full.is_empty() && self.full.remove(job_type).is_some() {
            self.freed = true;
        }
    }

    /// Whether a full type has had an end since the last call, so that workers should ask again.
    pub(super) fn take_freed(&mut self) -> bool {
        std::mem::take(&mut self.freed)
    }
}
