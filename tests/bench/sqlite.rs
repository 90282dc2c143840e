//! What the queue costs on an SQLite file, beside what bare statements reach on the same disk in the same run.
//!
//! `cargo bench -p mcpq-tests --bench sqlite` runs everything; `-- drain` only what is named.
#![allow(clippy::unwrap_used, reason = "a benchmark may fail")]
#![allow(clippy::print_stdout, reason = "the table is what it is for")]

#[path = "sqlite/bare.rs"]
mod bare;
#[path = "sqlite/drain.rs"]
mod drain;
#[path = "sqlite/growth.rs"]
mod growth;
#[path = "sqlite/submits.rs"]
mod submits;
mod table;

use std::path::PathBuf;

use mcpq::{Queue, prelude::*, store::sqlite::SqliteStore};
use tempfile::TempDir;

/// Returns its argument.
#[mcp_job]
pub(crate) async fn echo(value: u64) -> u64 {
    value
}

fn main() {
    let chosen: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let wants = |part: &str| chosen.is_empty() || chosen.iter().any(|name| name == part);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        if wants("drain") {
            drain::run().await;
        }
        if wants("calls") {
            drain::calls().await;
        }
        if wants("submits") {
            submits::run().await;
        }
        if wants("growth") {
            growth::run().await;
        }
    });
}

/// A folder on the disk that the build is on: the one for temporary files is often in memory.
fn folder() -> TempDir {
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    tempfile::tempdir_in(target).unwrap()
}

/// A queue on a new file, with room for everything here.
async fn queue(folder: &TempDir) -> Queue {
    let store = SqliteStore::open(folder.path().join("jobs.db")).await.unwrap();
    let builder = Queue::builder().without_linked_jobs().job(echo::JOB).max_pending(usize::MAX).store(store);
    builder.build().await.unwrap()
}

/// Submits `echo` with 0, 1, 2, ..
async fn fill(queue: &Queue, jobs: usize) {
    for start in (0..jobs).step_by(10_000) {
        let some = (start..jobs.min(start + 10_000)).map(|value| echo { value: value as u64 });
        queue.submit_all(some).await.unwrap();
    }
}
