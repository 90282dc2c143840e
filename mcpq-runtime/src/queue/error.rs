//! What a queue refuses, and why.

use std::time::Duration;

use crate::{
    job::{ArgError, ArgFault, Failure, JobId, Status},
    store::StoreError,
    suggest,
};

/// The longest schema, in bytes, that an error quotes.
const MAX_QUOTED_SCHEMA: usize = 8 * 1024;

/// Why a queue did not do what it was asked. Each has a [`code`](Self::code) for programs, and says what to do next.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueueError {
    /// A parameter is wrong.
    #[error("{}", join(faults))]
    Validation {
        /// All that is wrong; the pointers lead into the request.
        faults: Vec<ArgFault>,
    },
    /// There is no such job type.
    #[error("unknown job type `{name}`{}", hint(nearest.as_deref()))]
    UnknownJobType {
        /// What was asked for, cut to a length that can be quoted.
        name: String,
        /// The most similar name.
        nearest: Option<String>,
        /// All names.
        known: Vec<String>,
    },
    /// The job's arguments are wrong.
    #[error("invalid arguments for job type `{job_type}`: {}", join(faults))]
    InvalidArguments {
        /// The job type.
        job_type: String,
        /// All that is wrong; the pointers lead into the arguments.
        faults: Vec<ArgFault>,
        /// The schema they must match.
        schema: serde_json::Value,
    },
    /// There is no such job, it is another's, or it has been forgotten.
    #[error("job not found: {id}")]
    JobNotFound {
        /// What was asked for.
        id: String,
    },
    /// No more jobs may wait.
    #[error("the queue is full: {waiting} jobs wait (the limit is {limit}) and {running} run")]
    Full {
        /// Jobs that wait.
        waiting: usize,
        /// Jobs that run.
        running: usize,
        /// Most jobs that may wait.
        limit: usize,
        /// How long the waiting ones will take, where that has been measured.
        wait: Option<Duration>,
    },
    /// The arguments are too large.
    #[error("the arguments are too large: {size} bytes, the limit is {limit}")]
    PayloadTooLarge {
        /// Their size.
        size: usize,
        /// The largest size.
        limit: usize,
    },
    /// The idempotency key belongs to a job with other arguments.
    #[error("the idempotency key was used for job {existing} with other arguments")]
    IdempotencyConflict {
        /// That job.
        existing: JobId,
    },
    /// The job cannot be run again.
    #[error("job {id} is {status}; only a failed, timed-out or cancelled job can be retried")]
    NotRetryable {
        /// The job.
        id: JobId,
        /// Its status.
        status: Status,
    },
    /// The job's type is unique, and an equal job has not ended.
    #[error("job {id} cannot be retried while the equal job {live} has not ended")]
    EqualJobLive {
        /// The job.
        id: JobId,
        /// The equal one.
        live: JobId,
    },
    /// The job has not ended, so it cannot be forgotten.
    #[error("job {id} is {status}; only a job that has ended can be removed")]
    NotEnded {
        /// The job.
        id: JobId,
        /// Its status.
        status: Status,
    },
    /// An argument of a typed submit cannot be written as JSON.
    #[error(transparent)]
    Arguments(#[from] ArgError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A fault of the server's own, which its log explains.
    #[error("the server failed to answer; this is a fault of its own")]
    Internal,
}

impl QueueError {
    /// A single wrong parameter.
    pub fn validation(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Validation { faults: vec![ArgFault::new(pointer, message)] }
    }

    pub(crate) fn not_found(id: JobId) -> Self {
        Self::JobNotFound { id: id.to_string() }
    }

    /// The code that programs and agents read.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Validation { .. } | Self::NotEnded { .. } => "VALIDATION_ERROR",
            Self::UnknownJobType { .. } => "UNKNOWN_JOB_TYPE",
            Self::InvalidArguments { .. } | Self::Arguments(_) => "INVALID_JOB_ARGUMENTS",
            Self::JobNotFound { .. } => "JOB_NOT_FOUND",
            Self::Full { .. } => "QUEUE_FULL",
            Self::PayloadTooLarge { .. } => "PAYLOAD_TOO_LARGE",
            Self::IdempotencyConflict { .. } => "IDEMPOTENCY_CONFLICT",
            Self::NotRetryable { .. } | Self::EqualJobLive { .. } => "NOT_RETRYABLE",
            Self::Store(_) => "STORE_UNAVAILABLE",
            Self::Internal => "INTERNAL_ERROR",
        }
    }

    /// Whether asking again, mended or later, can succeed.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Validation { .. } | Self::Full { .. } | Self::Store(_))
    }

    /// When to ask again, where only time can help.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            // The whole backlog need not drain, only make some room.
            Self::Full { wait, .. } => {
                let part = wait.map_or(Duration::from_secs(5), |wait| wait / 10);
                Some(part.clamp(Duration::from_secs(1), Duration::from_secs(60)))
            }
            Self::Store(_) => Some(Duration::from_secs(5)),
            _ => None,
        }
    }

    /// What to do next, in words.
    pub fn suggestion(&self) -> Option<String> {
        Some(match self {
            Self::Validation { .. } => "Mend the named parameters and call again.".to_owned(),
            Self::UnknownJobType { known, nearest, .. } => {
                let first = nearest.as_ref().map(|name| format!("Did you mean `{name}`? ")).unwrap_or_default();
                format!("{first}The job types are {}.", suggest::list(known))
            }
            Self::InvalidArguments { schema, job_type, .. } => match schema.to_string() {
                short if short.len() <= MAX_QUOTED_SCHEMA => format!("Pass `args` matching this schema: {short}"),
                _ => format!("Pass `args` matching the schema in the resource `job-type:{job_type}`."),
            },
            Self::Arguments(_) => return None,
            Self::JobNotFound { .. } => {
                "Use the job_id exactly as the submit returned it. Ended jobs are forgotten after a while; submit again \
                 if the result is still needed."
                    .to_owned()
            }
            Self::Full { .. } => {
                let seconds = self.retry_after().unwrap_or_default().as_secs();
                format!("Nothing was stored. Submit again in about {seconds} s, or cancel jobs that are no longer needed.")
            }
            Self::PayloadTooLarge { .. } => {
                "Nothing was stored. Pass a path, a URL or a key to the data instead of the data itself.".to_owned()
            }
            Self::IdempotencyConflict { existing } => {
                format!("Read job {existing} with its id, or submit these arguments under a new idempotency_key.")
            }
            Self::NotRetryable { status: Status::Completed, .. } => "Read its result, or submit a new job.".to_owned(),
            Self::NotRetryable { .. } => "Wait for its end, or cancel it first.".to_owned(),
            Self::EqualJobLive { live, .. } => format!("Follow job {live} instead."),
            Self::NotEnded { .. } => "Cancel it first, or wait for its end.".to_owned(),
            Self::Internal => "Tell the server's operator; its log has the details.".to_owned(),
            Self::Store(_) => "Call again in a few seconds. A submit with an idempotency_key can be repeated safely.".to_owned(),
        })
    }
}

fn join(faults: &[ArgFault]) -> String {
    let texts: Vec<String> = faults.iter().map(ToString::to_string).collect();
    texts.join("; ")
}

fn hint(nearest: Option<&str>) -> String {
    nearest.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

/// Why a job gave no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobFailed {
    /// It failed or timed out.
    #[error("job {id} {status}: {failure}")]
    Ended {
        /// The job.
        id: JobId,
        /// `failed` or `timeout`.
        status: Status,
        /// Why.
        failure: Failure,
    },
    /// It was cancelled.
    #[error("job {id} was cancelled")]
    Cancelled {
        /// The job.
        id: JobId,
    },
    /// The queue was closed before it ended.
    #[error("job {id} is still {status}; the queue was closed")]
    NotEnded {
        /// The job.
        id: JobId,
        /// Its status.
        status: Status,
    },
    /// The result has another shape than was asked for.
    #[error("the result of job {id} cannot be read as the expected type: {source}")]
    Decode {
        /// The job.
        id: JobId,
        /// What did not fit.
        source: serde_json::Error,
    },
    /// The queue could not say.
    #[error(transparent)]
    Queue(#[from] QueueError),
}
