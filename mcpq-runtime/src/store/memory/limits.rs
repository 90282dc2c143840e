//! How many jobs of a type may start: running at once, and starts per period.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use crate::store::{ClaimType, RateLimit};

/// The load of the job types that have a limit.
#[derive(Debug, Default)]
pub(super) struct Loads {
    buckets: HashMap<Arc<str>, Bucket>,
    /// Types of which a claim left jobs for want of room.
    full: HashSet<Arc<str>>,
    /// Whether a slot of one of them has become free.
    freed: bool,
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
    /// How many jobs of a type may start now, beside those that run.
    pub(super) fn room(&mut self, kind: &ClaimType, running: usize, now: u64) -> usize {
        let by_concurrency = kind.concurrency.map_or(usize::MAX, |most| (most as usize).saturating_sub(running));
        if by_concurrency == 0 {
            self.left(kind);
        }
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
    pub(super) fn startable(&mut self, kind: &ClaimType, running: usize, now: u64) -> Option<u64> {
        if self.room(kind, running, now) > 0 {
            return Some(now);
        }
        if kind.concurrency.is_some_and(|most| running >= most as usize) {
            return None;
        }
        let (rate, bucket) = (kind.rate.as_ref()?, self.buckets.get(&kind.name)?);
        let micros = (1.0 - bucket.tokens) * rate.per.as_micros() as f64 / f64::from(rate.count.max(1));
        Some(now + micros.ceil().max(1.0) as u64)
    }

    /// So many jobs of a type have been claimed.
    pub(super) fn started(&mut self, kind: &ClaimType, jobs: usize) {
        if kind.rate.is_some()
            && let Some(bucket) = self.buckets.get_mut(&kind.name)
        {
            bucket.tokens -= jobs as f64;
        }
    }

    /// A claim leaves jobs of a type that has only so many places.
    pub(super) fn left(&mut self, kind: &ClaimType) {
        if kind.concurrency.is_some() && !self.full.contains(&kind.name) {
            self.full.insert(kind.name.clone());
        }
    }

    /// A job of a type runs no more.
    pub(super) fn stopped(&mut self, job_type: &Arc<str>) {
        if !self.full.is_empty() && self.full.remove(job_type) {
            self.freed = true;
        }
    }

    /// Whether a full type has had an end since the last call, so that workers should ask again.
    pub(super) fn take_freed(&mut self) -> bool {
        std::mem::take(&mut self.freed)
    }
}
