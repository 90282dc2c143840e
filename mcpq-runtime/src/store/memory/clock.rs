//! The time in a critical section: looked at once, since looking costs as much as a step of a job.

use chrono::{DateTime, Utc};
use tokio::time::Instant;

#[derive(Debug)]
pub(super) struct Clock {
    start: Instant,
    /// Monotonic microseconds since the start.
    pub(super) now: u64,
    pub(super) wall: DateTime<Utc>,
}

impl Clock {
    pub(super) fn start() -> Self {
        Self { start: Instant::now(), now: 0, wall: Utc::now() }
    }

    pub(super) fn tick(&mut self) {
        self.now = self.start.elapsed().as_micros() as u64;
        self.wall = Utc::now();
    }
}
