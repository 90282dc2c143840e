//! What a store shows: pages of jobs, and counts.

use std::sync::Arc;

use crate::job::{JobId, JobRecord, Status};

/// Which jobs a listing shows.
#[derive(Clone, Debug, Default)]
pub struct ListFilter {
    /// Only with this status.
    pub status: Option<Status>,
    /// Only of this type.
    pub job_type: Option<String>,
    /// Only in this queue.
    pub queue: Option<String>,
    /// Only of this batch.
    pub batch: Option<JobId>,
}

/// Which part of a listing.
#[derive(Clone, Debug)]
pub struct Page {
    /// Most jobs.
    pub limit: usize,
    /// Only jobs submitted before the one with this number: [`Listing::next`] of the page before.
    pub cursor: Option<u64>,
    /// Jobs to skip; counts from the cursor.
    pub offset: usize,
}

/// One page of jobs.
#[derive(Clone, Debug)]
pub struct Listing {
    /// The jobs, newest first.
    pub jobs: Vec<JobRecord>,
    /// How many match, without regard to cursor, offset and limit.
    pub total: usize,
    /// Whether there may be more than `total`.
    pub total_is_minimum: bool,
    /// Where the next page begins; `None` at the end.
    pub next: Option<u64>,
}

/// How many jobs a queue holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueueCounts {
    /// The queue.
    pub queue: Arc<str>,
    /// Due or delayed.
    pub pending: usize,
    /// Under a lease.
    pub running: usize,
    /// Waiting for input.
    pub parked: usize,
    /// Ended, kept: completed.
    pub completed: usize,
    /// Ended, kept: failed.
    pub failed: usize,
    /// Ended, kept: timed out.
    pub timeout: usize,
    /// Ended, kept: cancelled.
    pub cancelled: usize,
}

impl QueueCounts {
    /// The count of a status.
    pub fn of(&mut self, status: Status) -> &mut usize {
        match status {
            Status::Pending => &mut self.pending,
            Status::Running => &mut self.running,
            Status::InputRequired => &mut self.parked,
            Status::Completed => &mut self.completed,
            Status::Failed => &mut self.failed,
            Status::Timeout => &mut self.timeout,
            Status::Cancelled => &mut self.cancelled,
        }
    }
}
