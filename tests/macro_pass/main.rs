//! `#[mcp_job]` where it must compile without a complaint, under lints that many crates deny, and do what it says.
#![forbid(unsafe_code)]
#![deny(
    missing_docs,
    missing_debug_implementations,
    non_local_definitions,
    single_use_lifetimes,
    unreachable_pub,
    unused,
    unused_lifetimes,
    unused_qualifications,
    clippy::pedantic,
    clippy::nursery
)]
// About the tests, not about what the attribute makes of them.
#![allow(clippy::missing_const_for_fn, clippy::unwrap_used)]

mod arguments;
mod calls;
mod descriptor;
mod hygiene;
mod places;
mod returns;
mod running;

use std::sync::Arc;

use mcpq::{JobDescriptor, JobType, Queue};

/// What the registry makes of one job.
async fn registered(job: JobDescriptor) -> Arc<JobType> {
    let queue = Queue::builder().without_linked_jobs().submit_only().job(job).build().await.unwrap();
    queue.registry().get(job.name).unwrap().clone()
}
