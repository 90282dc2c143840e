//! Several workers on a store that fails every third time: more often than the conformance suite has time for.

use std::sync::Arc;

use mcpq::{store::memory::MemoryStore, storm::survive};

#[tokio::test(start_paused = true)]
async fn every_job_ends_once_whatever_the_store_does() {
    for seed in 1..=20 {
        survive(Arc::new(MemoryStore::new()), seed).await;
    }
}
