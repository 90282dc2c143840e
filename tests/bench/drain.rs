//! Jobs a second that one worker completes, with ids, status and results kept; and what a stored job takes of memory.

use std::time::{Duration, Instant};

use mcpq::{JobId, Queue, Status};

use super::{
    jobs::{self, fill},
    plain::Plain,
    table,
};

const FEW: usize = 20_000;
const MANY: usize = 1_000_000;
const RUNS: usize = 7;

pub(crate) async fn run() {
    table::part("jobs drained a second", ["mcpq", "plain", "ratio"]);
    for (jobs, runs) in [(FEW, RUNS), (MANY, 1)] {
        for concurrency in [4, 64, 256] {
            let (mut ours, mut reference) = (Vec::new(), Vec::new());
            for _ in 0..runs {
                let queue = jobs::queue().await;
                let ids = fill(&queue, jobs).await;
                ours.push(drain(&queue, &ids, concurrency).await);
                reference.push(drain_plain(jobs, concurrency).await);
            }
            let name = format!("{jobs} queued, {concurrency} at once");
            table::row(&name, table::median(ours), table::median(reference));
        }
    }
    spawning().await;
}

/// Memory a job, while it waits and after it has run.
pub(crate) async fn memory() {
    table::part("bytes a job, of 1,000,000", ["mcpq", "", ""]);
    let before = resident();
    let queue = jobs::queue().await;
    let ids = fill(&queue, MANY).await;
    let each = |bytes: usize| (bytes - before) as f64 / MANY as f64 - size_of::<JobId>() as f64;
    table::single("pending", each(resident()));
    drain(&queue, &ids, 64).await;
    table::single("completed, with result", each(resident()));
}

async fn drain(queue: &Queue, ids: &[JobId], concurrency: usize) -> f64 {
    let started = Instant::now();
    let worker = queue.worker().concurrency(concurrency).start().unwrap();
    while completed(queue).await < ids.len() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let rate = table::rate(ids.len(), started.elapsed());
    worker.stop().await;
    for (value, id) in ids.iter().enumerate().step_by(97) {
        let (record, result) = queue.result(*id).await.unwrap();
        assert_eq!(record.status, Status::Completed);
        assert_eq!(result.unwrap().parse::<usize>().unwrap(), value);
    }
    rate
}

async fn completed(queue: &Queue) -> usize {
    queue.stats().await.unwrap().queues.iter().map(|queue| queue.completed).sum()
}

async fn drain_plain(jobs: usize, concurrency: usize) -> f64 {
    let plain = Plain::echo();
    (0..jobs as u64).for_each(|value| plain.submit(value));
    let started = Instant::now();
    let worker = plain.work(concurrency);
    while plain.ended() < jobs {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    worker.abort();
    table::rate(jobs, started.elapsed())
}

/// What no queue with a task for each job can beat.
async fn spawning() {
    const TASKS: usize = 256_000;
    for at_once in [1, 256] {
        let started = Instant::now();
        for _ in 0..TASKS / at_once {
            let tasks: Vec<_> = (0..at_once).map(|value| tokio::spawn(async move { value })).collect();
            for task in tasks {
                std::hint::black_box(task.await.unwrap());
            }
        }
        let name = format!("only tokio::spawn and await, {at_once} at once");
        table::single(&name, table::rate(TASKS, started.elapsed()));
    }
}

/// Bytes of memory that this process holds.
fn resident() -> usize {
    const PAGE: usize = 4096;
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * PAGE
}
