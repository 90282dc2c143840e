//! Jobs a second that one worker claims, runs and completes, every commit on the disk.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use mcpq::{
    Payload, ProgressUpdate, Queue,
    store::{ClaimRequest, Finish, LeaseRef, Outcome, Selection, WorkerId},
};

use crate::{bare::Bare, fill, folder, queue, table};

const JOBS: usize = 20_000;
const RUNS: usize = 5;

pub(crate) async fn run() {
    table::part("SQLite, FULL: jobs drained a second", ["mcpq", "bare, 100", "ratio"]);
    for concurrency in [4, 64, 100, 256] {
        let (mut ours, mut reference) = (Vec::new(), Vec::new());
        for _ in 0..RUNS {
            let folder = folder();
            let queue = queue(&folder).await;
            fill(&queue, JOBS).await;
            ours.push(drain(&queue, concurrency).await);
            reference.push(bare());
        }
        table::row(&format!("{JOBS} queued, {concurrency} at once"), table::median(ours), table::median(reference));
    }
}

fn bare() -> f64 {
    let mut bare = Bare::new();
    bare.fill(JOBS);
    bare.drain(JOBS, 100)
}

async fn drain(queue: &Queue, concurrency: usize) -> f64 {
    let started = Instant::now();
    let worker = queue.worker().concurrency(concurrency).start().unwrap();
    while queue.stats().await.unwrap().queues.iter().map(|queue| queue.completed).sum::<usize>() < JOBS {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let rate = table::rate(JOBS, started.elapsed());
    worker.stop().await;
    rate
}

/// The store's calls alone, without a worker: 100 claimed, then 100 completed.
pub(crate) async fn calls() {
    let mut rates = Vec::new();
    for _ in 0..RUNS {
        let folder = folder();
        let queue = queue(&folder).await;
        fill(&queue, JOBS).await;
        let selection = Selection { queues: Vec::new(), types: Vec::new(), any_type: true };
        let request = ClaimRequest {
            worker: WorkerId::new(),
            selection: Arc::new(selection),
            max: 100,
            lease: Duration::from_secs(60),
        };
        let started = Instant::now();
        for _ in 0..JOBS / 100 {
            let claimed = queue.store().claim(&request).await.unwrap();
            let finishes = claimed.iter().map(|claimed| Finish {
                lease: LeaseRef { id: claimed.record.id, lease: claimed.record.lease },
                outcome: Outcome::Completed(Payload::from_json_bytes(*b"42")),
                progress: ProgressUpdate::default(),
            });
            queue.store().finish(finishes.collect()).await.unwrap();
        }
        rates.push(table::rate(JOBS, started.elapsed()));
    }
    table::single("the store's calls alone, 100 each", table::median(rates));
}
