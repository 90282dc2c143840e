//! The queue as handlers reach it.

use futures::future::BoxFuture;

use crate::{
    inject::JobSubmitter,
    job::{ArgMap, JobError, JobId, Owner},
    queue::{Queue, SubmitOptions},
};

pub(super) struct Submitter(Queue);

impl Submitter {
    pub(super) fn new(queue: Queue) -> Self {
        Self(queue)
    }
}

impl JobSubmitter for Submitter {
    fn submit(
        &self,
        owner: Owner,
        job_type: String,
        args: ArgMap,
        idempotency_key: Option<String>,
    ) -> BoxFuture<'_, Result<JobId, JobError>> {
        Box::pin(async move {
            let queue = self.0.as_owner(owner);
            let options = SubmitOptions { idempotency_key, ..SubmitOptions::default() };
            match queue.submit_json(&job_type, args, options).await {
                Ok(submitted) => Ok(submitted.id),
                Err(error) => Err(match error.retry_after() {
                    Some(delay) => JobError::retry(error.to_string()).retry_after(delay),
                    None => JobError::fatal(error.to_string()),
                }),
            }
        })
    }
}
