//! What the queue costs on PostgreSQL, beside what bare statements reach on the same server in the same run.
//!
//! `cargo bench -p mcpq-tests --bench postgres` runs everything on a private server at default durability; `-- drain` only
//! what is named. Its files are among the temporary files: set `TMPDIR` where those are in memory.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a benchmark may fail")]
#![allow(clippy::print_stdout, reason = "the table is what it is for")]

#[path = "postgres/bare.rs"]
mod bare;
#[path = "postgres/drain.rs"]
mod drain;
#[path = "postgres/growth.rs"]
mod growth;
#[path = "postgres/latency.rs"]
mod latency;
#[allow(dead_code, reason = "the tests need more of it")]
#[path = "../it/servers/programs.rs"]
mod programs;
#[allow(dead_code, clippy::expect_used, clippy::panic, reason = "the tests need more of it")]
#[path = "../it/servers/postgres.rs"]
mod servers;
#[path = "postgres/submits.rs"]
mod submits;
mod table;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use mcpq::{EventKind, Queue, QueueBuilder, prelude::*, store::postgres::PostgresStore};
use servers::{Server, new_schema};
use tokio::sync::watch;

/// Returns its argument.
#[mcp_job]
pub(crate) async fn echo(value: u64) -> u64 {
    value
}

fn main() {
    let chosen: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let wants = |part: &str| chosen.is_empty() || chosen.iter().any(|name| name == part);
    let server = Server::start(&[]);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        if wants("drain") {
            drain::run(&server).await;
        }
        if wants("submits") {
            submits::run(&server).await;
        }
        if wants("latency") {
            latency::run(&server).await;
        }
        if wants("growth") {
            growth::run(&server).await;
        }
    });
}

/// A store in a schema of its own.
async fn store(server: &Server, schema: &str) -> PostgresStore {
    PostgresStore::at(&server.url()).unwrap().schema(schema).open().await.unwrap()
}

fn builder() -> QueueBuilder {
    Queue::builder().without_linked_jobs().job(echo::JOB).max_pending(usize::MAX)
}

/// A queue with room for everything here, in a schema of its own.
async fn queue(server: &Server) -> Queue {
    builder().store(store(server, &new_schema()).await).build().await.unwrap()
}

/// A queue that counts the jobs which have been completed.
async fn counted(server: &Server) -> (Queue, Completed) {
    let completed = Completed(Arc::default(), Arc::new(watch::channel(0).0));
    let Completed(count, told) = completed.clone();
    let builder = builder().on_event(move |event| {
        if event.kind == EventKind::Completed {
            let count = count.fetch_add(1, Ordering::SeqCst) + 1;
            told.send_modify(|told| *told = count.max(*told));
        }
    });
    (builder.store(store(server, &new_schema()).await).build().await.unwrap(), completed)
}

#[derive(Clone)]
struct Completed(Arc<AtomicUsize>, Arc<watch::Sender<usize>>);

impl Completed {
    async fn reach(&self, jobs: usize) {
        self.1.subscribe().wait_for(|count| *count >= jobs).await.unwrap();
    }
}

/// Submits `echo` with 0, 1, 2, ..
async fn fill(queue: &Queue, jobs: usize) {
    for start in (0..jobs).step_by(10_000) {
        let some = (start..jobs.min(start + 10_000)).map(|value| echo { value: value as u64 });
        queue.submit_all(some).await.unwrap();
    }
}
