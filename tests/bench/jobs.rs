//! The jobs that are measured, and queues that hold them.

use std::{
    sync::OnceLock,
    time::{Duration, Instant},
};

use mcpq::{JobId, Queue, prelude::*, store::memory::MemoryStore};
use tokio::sync::mpsc::UnboundedSender;

/// Where [`stamp`] tells how long its start took.
pub(crate) static HEARD: OnceLock<UnboundedSender<Duration>> = OnceLock::new();

/// Returns its argument.
#[mcp_job]
pub(crate) async fn echo(value: u64) -> u64 {
    value
}

/// Tells how long ago `at` was, in nanoseconds of this process.
#[mcp_job]
pub(crate) async fn stamp(at: u64) {
    hear(at);
}

pub(crate) fn hear(at: u64) {
    let now = nanos();
    HEARD.get().unwrap().send(Duration::from_nanos(now - at)).unwrap();
}

/// Nanoseconds since this was first asked.
pub(crate) fn nanos() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_nanos() as u64
}

/// A queue that has room for everything here.
pub(crate) async fn queue() -> Queue {
    let store = MemoryStore::new().max_finished(usize::MAX).max_bytes(usize::MAX);
    Queue::builder()
        .without_linked_jobs()
        .job(echo::JOB)
        .job(stamp::JOB)
        .max_pending(usize::MAX)
        .store(store)
        .build()
        .await
        .unwrap()
}

/// Submits `echo` with 0, 1, 2, ..; the ids come in that order.
pub(crate) async fn fill(queue: &Queue, jobs: usize) -> Vec<JobId> {
    let mut ids = Vec::with_capacity(jobs);
    for value in 0..jobs as u64 {
        ids.push(queue.submit(echo { value }).await.unwrap().id());
    }
    ids
}
