//! `#[mcp_job]` where it must compile without a complaint, under lints that many crates deny, and do what it says.
#![forbid(unsafe_code)]
#![deny(
    deprecated,
    elided_lifetimes_in_paths,
    future_incompatible,
    keyword_idents,
    missing_copy_implementations,
    missing_debug_implementations,
    missing_docs,
    non_local_definitions,
    nonstandard_style,
    private_bounds,
    private_interfaces,
    rust_2018_idioms,
    single_use_lifetimes,
    trivial_casts,
    trivial_numeric_casts,
    unnameable_types,
    unreachable_pub,
    unused,
    unused_import_braces,
    unused_lifetimes,
    unused_qualifications,
    variant_size_differences,
    clippy::all,
    clippy::nursery,
    clippy::pedantic
)]
// About the tests, not about what the attribute makes of them.
#![allow(clippy::missing_const_for_fn, clippy::unwrap_used)]

mod arguments;
mod calls;
mod descriptor;
mod hygiene;
mod lints;
mod places;
mod returns;
mod running;

use std::sync::Arc;

use mcpq::{JobDescriptor, JobType, Queue};

/// What the registry makes of one job.
async fn registered(job: JobDescriptor) -> Arc<JobType> {
    let queue = Queue::builder().without_linked_jobs().submit_only().job(job).build().await.unwrap();
    queue.registry().get(job.name()).unwrap().clone()
}
