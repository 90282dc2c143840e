//! The schemas that agents read: what they look like, and that another implementation of JSON Schema than the queue's own
//! accepts and refuses the same arguments.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod agreement;
mod attributes;
mod hosts;
mod independent;
mod jobs;
mod pages;
mod refusals;
mod types;

use std::sync::Arc;

use mcpq::{JobDefinition, JobDescriptor, JobType, Queue, QueueBuilder};

/// A queue of these jobs and no others.
fn builder(jobs: impl IntoIterator<Item = JobDescriptor>) -> QueueBuilder {
    let empty = Queue::builder().without_linked_jobs().submit_only();
    jobs.into_iter().fold(empty, |builder, job| builder.job(JobDefinition::from(job)))
}

/// What the registry makes of the jobs, sorted by name.
async fn registered(jobs: impl IntoIterator<Item = JobDescriptor>) -> Vec<Arc<JobType>> {
    let queue = builder(jobs).build().await.unwrap();
    queue.registry().types().cloned().collect()
}
