//! What goes into a store and comes out of it.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};

use super::WorkerId;
use crate::{
    inject::ProgressUpdate,
    job::{AttemptEnd, Failure, JobId, JobRecord, Owner, Payload, Priority, RateLimit, Status, Unique},
};

/// A job to be stored.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// Its id, made by the caller: known before the commit.
    pub id: JobId,
    /// Its type.
    pub job_type: Arc<str>,
    /// Whom it belongs to.
    pub owner: Owner,
    /// The queue it joins.
    pub queue: Arc<str>,
    /// How urgent it is.
    pub priority: Priority,
    /// When it becomes due.
    pub run_at: RunAt,
    /// Its arguments.
    pub args: Payload,
    /// The fingerprint of the schema that its arguments were checked against.
    pub schema: u64,
    /// The SHA-256 of its canonical arguments; there whenever a key or `unique` is.
    pub args_hash: Option<[u8; 32]>,
    /// The caller's key for "the same request".
    pub idempotency_key: Option<Arc<str>>,
    /// Whether an equal job is given back instead.
    pub unique: Option<Unique>,
    /// Attempts it may have.
    pub max_attempts: u32,
    /// Longest run of one attempt.
    pub timeout: Duration,
    /// How long it is kept after its end.
    pub keeping: Keeping,
    /// The batch it belongs to, and its place there.
    pub batch: Option<(JobId, u32)>,
}

/// When a job becomes due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunAt {
    /// At once.
    Now,
    /// After a delay, by the store's clock.
    After(Duration),
    /// At a time, by the store's clock; at once where that is past.
    At(DateTime<Utc>),
}

/// How long a job is kept after its end; `None` is for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keeping {
    /// When it was completed or cancelled.
    pub result: Option<Duration>,
    /// When it failed or timed out.
    pub failure: Option<Duration>,
}

impl Keeping {
    /// How long a job with this final status is kept.
    pub fn of(&self, status: Status) -> Option<Duration> {
        match status {
            Status::Failed | Status::Timeout => self.failure,
            _ => self.result,
        }
    }
}

/// How many jobs may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// Most jobs that are pending, delayed or parked.
    pub max_pending: usize,
}

/// What became of an insert.
#[derive(Clone, Debug)]
pub enum InsertReply {
    /// Stored; one answer a job.
    Done(Vec<Inserted>),
    /// Refused: the bound is reached.
    Full(Depth),
}

/// What became of one job of an insert.
#[derive(Clone, Debug)]
pub enum Inserted {
    /// It is stored, by this call or by an earlier one with the same id.
    Created,
    /// This one stands for it: same key and equal arguments, or `unique`.
    Existing(Box<JobRecord>),
    /// Its key belongs to this job, with other arguments.
    Conflict(JobId),
}

/// How full a store is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Jobs that are pending, delayed or parked.
    pub waiting: usize,
    /// Jobs that run.
    pub running: usize,
}

/// The job types and queues that a worker serves.
#[derive(Clone, Debug)]
pub struct Selection {
    /// The queues; all when empty.
    pub queues: Vec<Arc<str>>,
    /// The types, with their limits.
    pub types: Vec<ClaimType>,
    /// Whether types that are not listed are served too.
    pub any_type: bool,
}

/// A job type that a worker serves.
#[derive(Clone, Debug)]
pub struct ClaimType {
    /// Its name.
    pub name: Arc<str>,
    /// Most running at once, across all workers of the store.
    pub concurrency: Option<u32>,
    /// Most starts in a period, across all workers of the store.
    pub rate: Option<RateLimit>,
}

/// A worker asks for jobs.
#[derive(Clone, Debug)]
pub struct ClaimRequest {
    /// Who asks.
    pub worker: WorkerId,
    /// What it serves.
    pub selection: Arc<Selection>,
    /// Most jobs it can take.
    pub max: usize,
    /// How long its lease lasts.
    pub lease: Duration,
}

/// A job that was claimed. Its record has the lease.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The job as it is now, running.
    pub record: JobRecord,
    /// Its arguments.
    pub args: Payload,
    /// The fingerprint of the schema that they were checked against.
    pub schema: u64,
}

/// What became of a request for a job's end.
#[derive(Clone, Debug)]
pub struct CancelReply {
    /// The job as it is now.
    pub record: JobRecord,
    /// Whether this very request ended it.
    pub ended: bool,
}

/// A claim that a worker holds, or once held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LeaseRef {
    /// The job.
    pub id: JobId,
    /// The number of the claim.
    pub lease: u64,
}

/// What became of a lease that was to be prolonged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewed {
    /// It lasts on.
    Kept {
        /// Whether somebody asked for the job's end.
        cancel_requested: bool,
    },
    /// It is over.
    Lost,
}

/// How an attempt ended.
#[derive(Clone, Debug)]
pub struct Finish {
    /// Whose attempt.
    pub lease: LeaseRef,
    /// How it ended.
    pub outcome: Outcome,
    /// Its last progress.
    pub progress: ProgressUpdate,
}

/// What follows from an attempt.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The job is completed with this result.
    Completed(Payload),
    /// The job failed.
    Failed(Failure),
    /// The job timed out.
    Timeout(Failure),
    /// The job is cancelled.
    Cancelled,
    /// The job runs again after a delay.
    Retry {
        /// The delay.
        after: Duration,
        /// What went wrong in this attempt.
        attempt: Failure,
        /// How this attempt ended: failed or timeout.
        end: AttemptEnd,
        /// What status shows meanwhile.
        failure: Failure,
    },
}

impl Outcome {
    /// How the attempt ended.
    pub fn end(&self) -> AttemptEnd {
        match self {
            Self::Completed(_) => AttemptEnd::Completed,
            Self::Failed(_) => AttemptEnd::Failed,
            Self::Timeout(_) => AttemptEnd::Timeout,
            Self::Cancelled => AttemptEnd::Cancelled,
            Self::Retry { end, .. } => *end,
        }
    }
}

/// What became of a worker's write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It holds, and gave the job this status.
    Accepted(Status),
    /// The lease was over; nothing changed.
    Stale,
}

/// Progress to be recorded.
#[derive(Clone, Debug)]
pub struct ProgressWrite {
    /// Whose.
    pub lease: LeaseRef,
    /// What.
    pub update: ProgressUpdate,
}

/// A job that waits for answers.
#[derive(Clone, Debug)]
pub struct Park {
    /// Whose attempt.
    pub lease: LeaseRef,
    /// The questions, by key.
    pub questions: Vec<(String, Payload)>,
    /// How long it waits.
    pub expires_in: Duration,
}

/// What became of answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// For each answer, whether it was the first to an open question.
    pub accepted: Vec<bool>,
    /// The job's status then.
    pub status: Status,
}

/// An entry of a job's journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalEntry {
    /// Its key, unique for the job's life.
    pub key: Arc<str>,
    /// The question, where it is one.
    pub question: Option<Payload>,
    /// The stored value or answer; `None` while a question is open.
    pub value: Option<Payload>,
}

/// What became of a journal write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JournalWrite {
    /// It is stored.
    Stored,
    /// The key has this value already.
    Exists(Payload),
    /// The lease was over.
    Stale,
}

/// What became of a replay.
#[derive(Clone, Debug)]
pub enum Replayed {
    /// The job is pending again.
    Done(Box<JobRecord>),
    /// It is completed, or has not ended.
    NotReplayable(Status),
    /// An equal job is live.
    Duplicate(JobId),
    /// The bound is reached.
    Full(Depth),
    /// There is no such job.
    NotFound,
}

/// What became of a removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removed {
    /// It is forgotten.
    Done,
    /// It has not ended.
    NotEnded(Status),
    /// There is no such job.
    NotFound,
}

/// A job whose lease had run out, or that waited for input too long.
#[derive(Clone, Debug)]
pub struct Rescued {
    /// The job as it is now: pending, failed or cancelled.
    pub record: JobRecord,
}
