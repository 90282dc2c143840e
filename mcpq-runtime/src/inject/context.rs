//! What a handler can know of its own job.

use std::{fmt, sync::Arc};

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use tokio::time::Instant;

use crate::job::{ArgMap, JobError, JobId, Owner, Priority};

/// The running attempt, seen from inside.
///
/// ```
/// # use mcpq_runtime::JobContext;
/// let context = JobContext::for_test("generate_report").with_owner("ada").with_attempt(2);
/// assert_eq!((context.owner().as_str(), context.attempt()), ("ada", 2));
/// ```
#[derive(Clone)]
pub struct JobContext(Arc<ContextParts>);

/// The fields of a [`JobContext`], as a worker fills them in.
#[allow(missing_docs)]
#[derive(Clone)]
pub struct ContextParts {
    pub job_id: JobId,
    pub job_type: Arc<str>,
    pub attempt: u32,
    pub max_attempts: u32,
    pub lease: u64,
    pub idempotency_key: Option<Arc<str>>,
    pub owner: Owner,
    pub queue: Arc<str>,
    pub priority: Priority,
    pub batch_id: Option<JobId>,
    pub deadline: Option<Instant>,
    pub submitted_at: DateTime<Utc>,
    pub submitter: Option<Arc<dyn JobSubmitter>>,
}

/// Takes the jobs that a handler submits. A worker fills it in with its queue.
pub trait JobSubmitter: Send + Sync {
    /// Submits a job for `owner`, once for each key.
    fn submit(
        &self,
        owner: Owner,
        job_type: String,
        args: ArgMap,
        key: Option<String>,
    ) -> BoxFuture<'_, Result<JobId, JobError>>;
}

impl JobContext {
    /// The context a worker hands out.
    #[doc(hidden)]
    pub fn new(parts: ContextParts) -> Self {
        Self(Arc::new(parts))
    }

    /// A context with made-up values, for calling a job directly in a test: the first of one attempt, of the owner
    /// `local`, without an idempotency key. The methods below change that.
    pub fn for_test(job_type: &str) -> Self {
        Self::new(ContextParts {
            job_id: JobId::new(),
            job_type: job_type.into(),
            attempt: 1,
            max_attempts: 1,
            lease: 1,
            idempotency_key: None,
            owner: Owner::local(),
            queue: "default".into(),
            priority: Priority::Normal,
            batch_id: None,
            deadline: None,
            submitted_at: Utc::now(),
            submitter: None,
        })
    }

    /// For a test: the same context in attempt number `attempt`, from 1, of at least as many.
    #[must_use]
    pub fn with_attempt(self, attempt: u32) -> Self {
        self.changed(|parts| {
            parts.attempt = attempt;
            parts.max_attempts = parts.max_attempts.max(attempt);
        })
    }

    /// For a test: the same context of a job that may have `attempts`, which includes the present one.
    #[must_use]
    pub fn with_max_attempts(self, attempts: u32) -> Self {
        self.changed(|parts| parts.max_attempts = attempts.max(parts.attempt))
    }

    /// For a test: the same context of a job that belongs to `owner`.
    #[must_use]
    pub fn with_owner(self, owner: impl Into<Owner>) -> Self {
        self.changed(|parts| parts.owner = owner.into())
    }

    /// For a test: the same context of a job that was submitted with `key`.
    #[must_use]
    pub fn with_idempotency_key(self, key: impl Into<Arc<str>>) -> Self {
        self.changed(|parts| parts.idempotency_key = Some(key.into()))
    }

    fn changed(self, change: impl FnOnce(&mut ContextParts)) -> Self {
        let mut parts = Arc::unwrap_or_clone(self.0);
        // A context that says what no worker said must not submit: its jobs would be another owner's.
        parts.submitter = None;
        change(&mut parts);
        Self::new(parts)
    }

    /// The job's id.
    pub fn job_id(&self) -> JobId {
        self.0.job_id
    }

    /// The name of the job's type.
    pub fn job_type(&self) -> &str {
        &self.0.job_type
    }

    /// Which attempt this is, from 1. Starts that were given back do not count.
    pub fn attempt(&self) -> u32 {
        self.0.attempt
    }

    /// Attempts the job may have.
    pub fn max_attempts(&self) -> u32 {
        self.0.max_attempts
    }

    /// The number of this claim; it grows with every start and can serve as a fencing token.
    pub fn lease(&self) -> u64 {
        self.0.lease
    }

    /// The caller's key for "the same request".
    pub fn idempotency_key(&self) -> Option<&str> {
        self.0.idempotency_key.as_deref()
    }

    /// Whom the job belongs to.
    pub fn owner(&self) -> &Owner {
        &self.0.owner
    }

    /// The queue it joined.
    pub fn queue(&self) -> &str {
        &self.0.queue
    }

    /// How urgent it is.
    pub fn priority(&self) -> Priority {
        self.0.priority
    }

    /// The batch it was submitted in.
    pub fn batch_id(&self) -> Option<JobId> {
        self.0.batch_id
    }

    /// When this attempt times out.
    pub fn deadline(&self) -> Option<Instant> {
        self.0.deadline
    }

    /// When the job was submitted.
    pub fn submitted_at(&self) -> DateTime<Utc> {
        self.0.submitted_at
    }

    /// Submits another job; it inherits this job's owner. With an idempotency key, an attempt that runs again submits
    /// nothing again.
    ///
    /// # Errors
    /// What the queue refused, as an error that is retried where another try may help; and always in a context made
    /// for a test.
    pub async fn submit_json(&self, job_type: &str, args: ArgMap, key: Option<&str>) -> Result<JobId, JobError> {
        match &self.0.submitter {
            Some(submitter) => {
                let key = key.map(str::to_owned);
                submitter.submit(self.0.owner.clone(), job_type.to_owned(), args, key).await
            }
            None => Err(JobError::fatal("this context was made for a test and has no queue to submit to")),
        }
    }
}

impl fmt::Debug for JobContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobContext")
            .field("job_id", &self.0.job_id)
            .field("job_type", &self.0.job_type)
            .field("attempt", &self.0.attempt)
            .finish_non_exhaustive()
    }
}
