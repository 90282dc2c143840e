//! What is known of a job at one moment.

use std::{fmt, str::FromStr, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{JobId, Owner, Priority, Status};

/// A snapshot of a job, as a store hands it out. Arguments and result travel apart from it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct JobRecord {
    /// The job's id.
    pub id: JobId,
    /// The name of its type.
    pub job_type: Arc<str>,
    /// Whom it belongs to.
    pub owner: Owner,
    /// The queue it joined.
    pub queue: Arc<str>,
    /// How urgent it is.
    pub priority: Priority,
    /// Where it is in its life.
    pub status: Status,
    /// The caller's key for "the same request".
    pub idempotency_key: Option<Arc<str>>,
    /// The batch it was submitted in, and its place there.
    pub batch: Option<(JobId, u32)>,
    /// Starts that count: all but those given back by a crash, a release or a park.
    pub attempts: u32,
    /// Attempts it may have.
    pub max_attempts: u32,
    /// Leases lost while it ran.
    pub crashes: u32,
    /// The number of its last claim; it only grows.
    pub lease: u64,
    /// Longest run of one attempt.
    pub timeout: Duration,
    /// 0.0 to 1.0.
    pub progress: f64,
    /// What the handler last said of its progress.
    pub progress_message: Option<Arc<str>>,
    /// Its last failure.
    pub failure: Option<Arc<Failure>>,
    /// Whether somebody asked for its end.
    pub cancel_requested: bool,
    /// When it was submitted.
    pub created_at: DateTime<Utc>,
    /// When its last attempt started.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// While pending: when it becomes due, where it waits for a delay or a retry.
    pub run_at: Option<DateTime<Utc>>,
    /// When it will be pruned, once it has ended; `None` is never.
    pub expires_at: Option<DateTime<Utc>>,
    /// How its attempts ended, oldest first; bounded, the oldest go first.
    pub history: Arc<[AttemptRecord]>,
}

impl JobRecord {
    /// A pending record with nothing done yet; a store fills in the rest.
    #[allow(clippy::too_many_arguments)]
    pub fn new(
        id: JobId,
        job_type: Arc<str>,
        owner: Owner,
        queue: Arc<str>,
        priority: Priority,
        max_attempts: u32,
        timeout: Duration,
        created_at: DateTime<Utc>,
    ) -> Self {
        Self {
            id,
            job_type,
            owner,
            queue,
            priority,
            status: Status::Pending,
            idempotency_key: None,
            batch: None,
            attempts: 0,
            max_attempts,
            crashes: 0,
            lease: 0,
            timeout,
            progress: 0.0,
            progress_message: None,
            failure: None,
            cancel_requested: false,
            created_at,
            started_at: None,
            finished_at: None,
            run_at: None,
            expires_at: None,
            history: Arc::default(),
        }
    }
}

/// Why an attempt or a job failed: a code for programs, a message for people and models.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The kind of failure.
    pub code: ErrorCode,
    /// What was wrong.
    pub message: String,
}

impl Failure {
    /// A failure of this kind.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

/// The kinds of failure of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum ErrorCode {
    /// The handler returned an error.
    HandlerError,
    /// The handler panicked.
    Panic,
    /// An attempt exceeded its timeout.
    Timeout,
    /// Its workers died too often while they ran it.
    WorkerLost,
    /// The result exceeds the limit.
    ResultTooLarge,
    /// The result holds a value that JSON cannot.
    ResultNotJson,
    /// The stored arguments no longer fit the job's schema.
    ArgumentsChanged,
    /// Nobody answered its question in time.
    InputExpired,
}

impl ErrorCode {
    const ALL: [Self; 8] = [
        Self::HandlerError,
        Self::Panic,
        Self::Timeout,
        Self::WorkerLost,
        Self::ResultTooLarge,
        Self::ResultNotJson,
        Self::ArgumentsChanged,
        Self::InputExpired,
    ];

    /// The code that agents read.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HandlerError => "HANDLER_ERROR",
            Self::Panic => "PANIC",
            Self::Timeout => "TIMEOUT",
            Self::WorkerLost => "WORKER_LOST",
            Self::ResultTooLarge => "RESULT_TOO_LARGE",
            Self::ResultNotJson => "RESULT_NOT_JSON",
            Self::ArgumentsChanged => "ARGUMENTS_CHANGED",
            Self::InputExpired => "INPUT_EXPIRED",
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for ErrorCode {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|code| code.as_str() == text).ok_or(())
    }
}

/// One attempt of a job, after its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttemptRecord {
    /// The lease it ran under.
    pub lease: u64,
    /// When the lease was taken.
    pub started_at: DateTime<Utc>,
    /// When its end was recorded.
    pub ended_at: DateTime<Utc>,
    /// How it ended.
    pub end: AttemptEnd,
    /// Why, where it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Arc<Failure>>,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AttemptEnd {
    /// With the job's result.
    Completed,
    /// With an error.
    Failed,
    /// Past its timeout.
    Timeout,
    /// By request.
    Cancelled,
    /// Its worker stopped and gave it back.
    Released,
    /// Its worker died, or could not reach the store for a whole lease.
    LeaseLost,
    /// It waits for input.
    Parked,
}

impl AttemptEnd {
    /// Every ending. New ones are added at the end: stores keep the place of one.
    pub const ALL: [Self; 7] =
        [Self::Completed, Self::Failed, Self::Timeout, Self::Cancelled, Self::Released, Self::LeaseLost, Self::Parked];
}
