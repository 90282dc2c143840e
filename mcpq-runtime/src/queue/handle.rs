//! A submitted job, with its type.

use std::{fmt, marker::PhantomData, time::Duration};

use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::{JobFailed, Queue, QueueError};
use crate::job::{ErrorCode, Failure, JobId, JobRecord, Payload, Status};

/// Longest wait without a limit; a century is for ever, and a deadline can still be computed.
const FOREVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// A submitted job that gives a `T`.
pub struct JobHandle<T> {
    queue: Queue,
    id: JobId,
    deduplicated: bool,
    output: PhantomData<fn() -> T>,
}

impl<T> JobHandle<T> {
    pub(super) fn new(queue: Queue, id: JobId, deduplicated: bool) -> Self {
        Self { queue, id, deduplicated, output: PhantomData }
    }

    /// The job's id.
    pub fn id(&self) -> JobId {
        self.id
    }

    /// Whether the submit was answered with a job that was there already.
    pub fn deduplicated(&self) -> bool {
        self.deduplicated
    }

    /// The job as it is now.
    ///
    /// # Errors
    /// As [`Queue::status`].
    pub async fn status(&self) -> Result<JobRecord, QueueError> {
        self.queue.status(self.id).await
    }

    /// Waits until the job has ended or asks for input, and returns it as it is then.
    ///
    /// # Errors
    /// As [`Queue::status`].
    pub async fn wait(&self) -> Result<JobRecord, QueueError> {
        self.wait_for(FOREVER).await
    }

    /// As [`wait`](Self::wait), but at most for `limit`.
    ///
    /// # Errors
    /// As [`Queue::status`].
    pub async fn wait_for(&self, limit: Duration) -> Result<JobRecord, QueueError> {
        let deadline = Instant::now() + limit.min(FOREVER);
        self.queue.watch(self.id).ended_by(deadline).await
    }

    /// Asks for the job's end; see [`Queue::cancel`].
    ///
    /// # Errors
    /// As [`Queue::status`].
    pub async fn cancel(&self) -> Result<JobRecord, QueueError> {
        self.queue.cancel(self.id).await
    }

    /// Waits for the job's end and returns its result as JSON bytes.
    ///
    /// # Errors
    /// When it ended without one.
    pub async fn payload(&self) -> Result<Payload, JobFailed> {
        let deadline = Instant::now() + FOREVER;
        let mut watch = self.queue.watch(self.id);
        loop {
            let record = watch.ended_by(deadline).await?;
            match record.status {
                Status::Completed => {
                    let (_, payload) = self.queue.result(self.id).await?;
                    return payload.ok_or_else(|| QueueError::not_found(self.id).into());
                }
                Status::Cancelled => return Err(JobFailed::Cancelled { id: self.id }),
                status @ (Status::Failed | Status::Timeout) => {
                    let failure = record.failure.map(|failure| (*failure).clone());
                    let failure =
                        failure.unwrap_or_else(|| Failure::new(ErrorCode::HandlerError, "no reason was kept"));
                    return Err(JobFailed::Ended { id: self.id, status, failure });
                }
                Status::InputRequired if !self.queue.shared.closing.is_cancelled() => {
                    watch.changed_from(Status::InputRequired, deadline).await?;
                }
                status => {
                    return Err(JobFailed::NotEnded { id: self.id, status });
                }
            }
        }
    }
}

impl<T: DeserializeOwned> JobHandle<T> {
    /// Waits for the job's end and returns its result.
    ///
    /// # Errors
    /// When it ended without one, or with one of another shape.
    pub async fn result(&self) -> Result<T, JobFailed> {
        let payload = self.payload().await?;
        payload.parse().map_err(|source| JobFailed::Decode { id: self.id, source })
    }
}

impl<T> fmt::Debug for JobHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobHandle").field("id", &self.id).field("deduplicated", &self.deduplicated).finish()
    }
}
