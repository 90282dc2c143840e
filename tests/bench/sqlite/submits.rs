//! Submits a second, each acknowledged when it is on the disk, beside what the disk does of single rows.

use std::time::Instant;

use crate::{bare::Bare, echo, folder, queue, table};

const JOBS: usize = 10_000;
const RUNS: usize = 5;

pub(crate) async fn run() {
    table::part("SQLite, FULL: submits a second", ["mcpq", "bare rows", "ratio"]);
    let mut by_producers = [const { Vec::new() }; 2];
    let mut reference = Vec::new();
    for _ in 0..RUNS {
        for (producers, rates) in [1, 16].into_iter().zip(&mut by_producers) {
            rates.push(submits(producers).await);
        }
        reference.push(Bare::new().insert_one_by_one(JOBS));
    }
    let reference = table::median(reference);
    for (name, rates) in ["one producer, one by one", "16 producers, one by one"].into_iter().zip(by_producers) {
        table::row(name, table::median(rates), reference);
    }
    let mut bulk = Vec::new();
    for _ in 0..RUNS {
        let folder = folder();
        let queue = queue(&folder).await;
        let started = Instant::now();
        crate::fill(&queue, 50_000).await;
        bulk.push(table::rate(50_000, started.elapsed()));
    }
    table::single("submit_all, 10,000 in a commit", table::median(bulk));
}

async fn submits(producers: usize) -> f64 {
    let folder = folder();
    let queue = queue(&folder).await;
    let started = Instant::now();
    let tasks: Vec<_> = (0..producers)
        .map(|_| {
            let queue = queue.clone();
            tokio::spawn(async move {
                for value in 0..(JOBS / producers) as u64 {
                    queue.submit(echo { value }).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    table::rate(JOBS, started.elapsed())
}
