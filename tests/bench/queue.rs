//! What the queue costs on the memory store, beside a plain queue that keeps no ids, no status and no results.
//!
//! `cargo bench -p mcpq-tests --bench queue` runs everything; `-- drain latency` only what is named.
#![allow(clippy::unwrap_used, reason = "a benchmark may fail")]
#![allow(clippy::print_stdout, reason = "the table is what it is for")]

mod drain;
mod jobs;
mod latency;
mod plain;
mod scale;
mod submits;
mod table;

fn main() {
    let chosen: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let wants = |part: &str| chosen.is_empty() || chosen.iter().any(|name| name == part);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        // First, while nothing that was freed hides what is allocated.
        if wants("memory") {
            drain::memory().await;
        }
        if wants("latency") {
            latency::run().await;
        }
        if wants("submits") {
            submits::run().await;
        }
        if wants("drain") {
            drain::run().await;
        }
        if wants("scale") {
            scale::run().await;
        }
    });
}
