//! Jobs a second that one worker claims, runs and completes.

use std::time::Instant;

use crate::{Completed, Server, bare::Bare, counted, fill, table};
use mcpq::Queue;

const RUNS: usize = 3;

pub(crate) async fn run(server: &Server) {
    table::part("PostgreSQL: jobs drained a second", ["mcpq", "bare, 100", "ratio"]);
    for jobs in [20_000, 100_000] {
        for concurrency in [10, 100] {
            let (mut ours, mut reference) = (Vec::new(), Vec::new());
            for _ in 0..RUNS {
                let (queue, completed) = counted(server).await;
                fill(&queue, jobs).await;
                ours.push(drain(&queue, &completed, jobs, concurrency).await);
                let mut bare = Bare::new(server).await;
                bare.fill(jobs).await;
                reference.push(bare.drain(jobs, 100).await);
            }
            let name = format!("{jobs} queued, {concurrency} at once");
            table::row(&name, table::median(ours), table::median(reference));
        }
    }
}

async fn drain(queue: &Queue, completed: &Completed, jobs: usize, concurrency: usize) -> f64 {
    let started = Instant::now();
    let worker = queue.worker().concurrency(concurrency).start().unwrap();
    completed.reach(jobs).await;
    let rate = table::rate(jobs, started.elapsed());
    worker.stop().await;
    rate
}
