//! Submitting one job with types.

use std::{future::IntoFuture, marker::PhantomData, time::Duration};

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;

use super::SubmitOptions;
use crate::{
    job::{ArgError, ArgMap, Priority},
    queue::{JobHandle, Queue, QueueError},
    registry::Job,
};

impl Queue {
    /// Submits a job with types: `queue.submit(generate_report { department, quarters: 4 }).await?`.
    /// Options may follow before the `.await`.
    pub fn submit<J: Job<Output = T>, T>(&self, job: J) -> Submit<T> {
        Submit {
            queue: self.clone(),
            job_type: J::JOB.name(),
            args: job.into_args(),
            options: SubmitOptions::default(),
            output: PhantomData,
        }
    }
}

/// A submit with types; `.await` sends it.
#[derive(Debug)]
#[must_use = "a submit does nothing until it is awaited"]
pub struct Submit<T> {
    pub(super) queue: Queue,
    pub(super) job_type: &'static str,
    pub(super) args: Result<ArgMap, ArgError>,
    pub(super) options: SubmitOptions,
    output: PhantomData<fn() -> T>,
}

impl<T> Submit<T> {
    /// How urgent the job is.
    pub fn priority(mut self, priority: Priority) -> Self {
        self.options.priority = Some(priority);
        self
    }

    /// The queue it joins.
    pub fn queue(mut self, queue: impl Into<String>) -> Self {
        self.options.queue = Some(queue.into());
        self
    }

    /// Makes repeated submits of this key and these arguments one job.
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.options.idempotency_key = Some(key.into());
        self
    }

    /// How long it waits before it is due.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.options.delay = Some(delay);
        self
    }

    /// When it is due.
    pub fn run_at(mut self, at: DateTime<Utc>) -> Self {
        self.options.run_at = Some(at);
        self
    }

    /// Longest run of one attempt; at most the job type's.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = Some(timeout);
        self
    }

    /// Attempts after the first; at most the job type's.
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.options.max_retries = Some(retries);
        self
    }
}

impl<T: 'static> IntoFuture for Submit<T> {
    type Output = Result<JobHandle<T>, QueueError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let submitted = self.queue.submit_json(self.job_type, self.args?, self.options).await?;
            Ok(JobHandle::new(self.queue, submitted.id, submitted.existing.is_some()))
        })
    }
}
