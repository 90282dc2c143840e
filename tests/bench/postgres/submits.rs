//! Submits a second, each acknowledged when it is committed, beside what the server does of single rows.

use std::time::Instant;

use crate::{Server, bare::Bare, echo, fill, queue, table};

const JOBS: usize = 2_000;
const RUNS: usize = 3;

pub(crate) async fn run(server: &Server) {
    table::part("PostgreSQL: submits a second", ["mcpq", "bare rows", "ratio"]);
    for producers in [1, 16] {
        let (mut ours, mut reference) = (Vec::new(), Vec::new());
        for _ in 0..RUNS {
            ours.push(submits(server, producers).await);
            reference.push(bare(server, producers).await);
        }
        let name = format!("one by one, producers: {producers}");
        table::row(&name, table::median(ours), table::median(reference));
    }
    let mut bulk = Vec::new();
    for _ in 0..RUNS {
        let queue = queue(server).await;
        let started = Instant::now();
        fill(&queue, 50_000).await;
        bulk.push(table::rate(50_000, started.elapsed()));
    }
    table::single("submit_all, 10,000 in a commit", table::median(bulk));
}

async fn submits(server: &Server, producers: usize) -> f64 {
    let queue = queue(server).await;
    let started = Instant::now();
    let produce = |queue: mcpq::Queue| async move {
        for value in 0..(JOBS / producers) as u64 {
            queue.submit(echo { value }).await.unwrap();
        }
    };
    let tasks: Vec<_> = (0..producers).map(|_| tokio::spawn(produce(queue.clone()))).collect();
    for task in tasks {
        task.await.unwrap();
    }
    table::rate(JOBS, started.elapsed())
}

/// So many connections, each with a commit for each row.
async fn bare(server: &Server, producers: usize) -> f64 {
    let mut connections = Vec::new();
    for _ in 0..producers {
        connections.push(Bare::new(server).await);
    }
    let started = Instant::now();
    let produce = |mut bare: Bare| async move { bare.insert_one_by_one(JOBS / producers).await };
    let tasks: Vec<_> = connections.into_iter().map(|bare| tokio::spawn(produce(bare))).collect();
    for task in tasks {
        task.await.unwrap();
    }
    table::rate(JOBS, started.elapsed())
}
