//! Submitting many jobs at once.

use futures::future::BoxFuture;

use super::{SubmitOptions, submitted};
use crate::{
    job::{ArgFault, ArgMap, JobId},
    queue::{JobHandle, Queue, QueueError},
    registry::Job,
    store::{InsertReply, Inserted, NewJob},
};

/// Jobs that were submitted together.
#[derive(Debug)]
pub struct JobBatch<T> {
    /// The batch: a listing shows its jobs.
    pub id: JobId,
    /// The jobs, in the order in which they were given.
    pub jobs: Vec<JobHandle<T>>,
}

impl Queue {
    /// Submits jobs of one type in one commit: all of them, or none. Many times faster than one by one on a durable store.
    ///
    /// ```
    /// # use mcpq_runtime::{Job, Queue, QueueError};
    /// async fn resize_all<J: Job<Output = u32>>(queue: &Queue, jobs: Vec<J>) -> Result<(), QueueError> {
    ///     let batch = queue.submit_all(jobs).await?;
    ///     for job in &batch.jobs {
    ///         job.wait().await?;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// As [`submit_json`](Self::submit_json); the pointers of faults begin with the place of the job that is wrong.
    /// Nothing is stored then.
    pub fn submit_all<J: Job<Output = T>, T: Send + 'static>(
        &self,
        jobs: impl IntoIterator<Item = J>,
    ) -> BoxFuture<'static, Result<JobBatch<T>, QueueError>> {
        let batch = JobId::new();
        let prepared: Result<Vec<NewJob>, QueueError> =
            jobs.into_iter().zip(0..).map(|(job, place)| self.prepare_in(batch, place, job)).collect();
        let queue = self.clone();
        Box::pin(async move { queue.insert_all(batch, prepared?).await })
    }

    fn prepare_in<J: Job>(&self, batch: JobId, place: u32, job: J) -> Result<NewJob, QueueError> {
        let prepare = |args: ArgMap| self.prepare(J::JOB.name(), args, SubmitOptions::default());
        let mut new = job.into_args().map_err(QueueError::from).and_then(prepare).map_err(|error| at(place, error))?;
        new.batch = Some((batch, place));
        Ok(new)
    }

    async fn insert_all<T>(self, batch: JobId, new: Vec<NewJob>) -> Result<JobBatch<T>, QueueError> {
        let events: Vec<_> = new.iter().map(submitted).collect();
        if events.is_empty() {
            return Ok(JobBatch { id: batch, jobs: Vec::new() });
        }
        let replies = match self.store().insert(new, self.bound()).await? {
            InsertReply::Full(depth) => return Err(self.full(depth)),
            InsertReply::Done(replies) => replies,
        };
        let mut jobs = Vec::with_capacity(events.len());
        let first = events.first().map(|event| (event.queue.clone(), event.job_type.clone()));
        for (event, reply) in events.into_iter().zip(replies) {
            let (id, deduplicated) = match reply {
                Inserted::Created => (event.job_id, false),
                Inserted::Existing(record) => (record.id, true),
                // Only keys can conflict, and none were given.
                Inserted::Conflict(existing) => return Err(QueueError::IdempotencyConflict { existing }),
            };
            if !deduplicated {
                self.shared.events.emit(|| event);
            }
            jobs.push(JobHandle::new(self.clone(), id, deduplicated));
        }
        if let Some((queue, job_type)) = first {
            self.warn_unserved(&queue, &job_type);
        }
        Ok(JobBatch { id: batch, jobs })
    }
}

/// Tells which of the jobs is wrong.
fn at(place: u32, error: QueueError) -> QueueError {
    let placed = |faults: Vec<ArgFault>| {
        faults.into_iter().map(|fault| ArgFault::new(format!("/{place}{}", fault.pointer), fault.message)).collect()
    };
    match error {
        QueueError::InvalidArguments { job_type, faults, schema } => {
            QueueError::InvalidArguments { job_type, faults: placed(faults), schema }
        }
        QueueError::Validation { faults } => QueueError::Validation { faults: placed(faults) },
        other => other,
    }
}
