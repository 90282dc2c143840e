//! Several workers on a store that fails every third time: slower, but as right as ever.

use std::{collections::HashMap, time::Duration};

use mcpq::{EventKind, JobError, JobId, Status};
use serde_json::json;

use crate::support::{Fault, Faulty, Op, Recorder, builder, eventually, job, options, submit_with, with};

const FINAL: [EventKind; 4] = [EventKind::Completed, EventKind::Failed, EventKind::TimedOut, EventKind::Cancelled];

/// A store whose workers meet a fault in every third call.
fn chaotic(seed: u64) -> Faulty {
    let spared = [Op::Insert, Op::Get, Op::RequestCancel, Op::Counts, Op::List];
    let ops: Vec<Op> = Op::ALL.into_iter().filter(|op| !spared.contains(op)).collect();
    Faulty::default().by_chance(seed, &ops, &[Fault::Before, Fault::After, Fault::Late(Duration::from_secs(1))])
}

async fn survive(seed: u64) {
    let work = job("work", |mut call| async move {
        let n: u64 = call.arg("n")?;
        for step in 0..n % 7 {
            tokio::time::sleep(Duration::from_millis(150)).await;
            call.progress().report(step, 7u8);
        }
        match n % 5 {
            0 if call.context().attempt() < 3 => Err(JobError::retry("boom")),
            1 if n.is_multiple_of(2) => Err(JobError::fatal("broken")),
            2 if n.is_multiple_of(3) => std::future::pending().await,
            _ => Ok(json!(n)),
        }
    });
    let policy = options(|o| (o.max_retries, o.backoff_base, o.timeout) = (2, 0.1, Some(Duration::from_secs(2))));
    let (builder, events) = Recorder::on(builder().job(work.options(policy)).store(chaotic(seed)));
    let builder = builder.lease(Duration::from_secs(1)).sweep_interval(Duration::from_millis(300)).max_crashes(50);
    let queue = builder.cancel_wait(Duration::ZERO).cancel_grace(Duration::from_millis(200)).build().await.unwrap();
    let start = || queue.worker().own_thread(false).concurrency(3).start().unwrap();
    let workers = [start(), start(), start()];
    let mut jobs = Vec::new();
    for n in 0..60u64 {
        let handle = submit_with(&queue, "work", json!({ "n": n }), with(|_| {})).await;
        if n % 11 == 0 {
            tokio::time::sleep(Duration::from_millis(40)).await;
            handle.cancel().await.unwrap();
        }
        jobs.push((n, handle));
    }
    workers[0].stop_within(Duration::from_millis(500)).await;
    for (n, handle) in &jobs {
        let ended = || async { Some(handle.status().await.unwrap()).filter(|record| record.status.is_final()) };
        let record = eventually(&format!("job {n} of seed {seed} ends"), ended).await;
        let (_, result) = queue.result(handle.id()).await.unwrap();
        assert_eq!(result.is_some(), record.status == Status::Completed, "seed {seed}, job {n}");
        let expected = match n % 5 {
            1 if n.is_multiple_of(2) => Status::Failed,
            2 if n.is_multiple_of(3) => Status::Timeout,
            _ => Status::Completed,
        };
        assert!(record.status == expected || n % 11 == 0, "seed {seed}, job {n}: {record:?}");
        assert!(record.attempts <= record.max_attempts && u64::from(record.crashes) <= record.lease);
    }
    for worker in workers {
        worker.stop().await;
    }
    let mut ends: HashMap<JobId, usize> = HashMap::new();
    for event in events.events().iter().filter(|event| FINAL.contains(&event.kind)) {
        *ends.entry(event.job_id).or_default() += 1;
    }
    assert!(ends.values().all(|count| *count == 1), "seed {seed}: one end is told once");
    let stats = queue.operator().stats().await.unwrap();
    assert_eq!((stats.queued, stats.running, stats.leaked, stats.capacity), (0, 0, 0, 0), "seed {seed}");
}

#[tokio::test(start_paused = true)]
async fn every_job_ends_once_whatever_the_store_does() {
    for seed in 1..=20 {
        survive(seed).await;
    }
}
