//! The workers' half of the conformance suite: several workers on a store that fails every third time are slower, but as
//! right as ever.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a test, though it lives in a library")]

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    EventKind, JobDefinition, JobError, JobId, JobOptions, Queue, Status, SubmitOptions,
    store::{
        Store,
        conformance::{Fault, Faulty, Op},
    },
};

const JOBS: u64 = 40;

const FINAL: [EventKind; 4] = [EventKind::Completed, EventKind::Failed, EventKind::TimedOut, EventKind::Cancelled];

/// What the front desk asks is spared, so that the test hears the truth.
const SPARED: [Op; 6] = [Op::Insert, Op::Get, Op::RequestCancel, Op::Counts, Op::List, Op::Workers];

const FAULTS: [Fault; 4] = [Fault::Before, Fault::After, Fault::Late(Duration::from_millis(300)), Fault::Twice];

/// Every job ends exactly once, as its handler says, although the store fails its workers all the time. `MCPQ_SEED` sets
/// the seed of the faults, which is printed.
pub async fn every_job_ends_once_whatever_the_store_does(store: Arc<dyn Store>) {
    let seed = std::env::var("MCPQ_SEED").ok().and_then(|seed| seed.parse().ok());
    survive(store, seed.unwrap_or_else(|| fastrand::u64(..))).await;
}

/// The same with a seed.
pub async fn survive(store: Arc<dyn Store>, seed: u64) {
    let ops: Vec<Op> = Op::ALL.into_iter().filter(|op| !SPARED.contains(op)).collect();
    let store = Faulty::new(store).by_chance(seed, &ops, &FAULTS);
    let ends: Arc<Mutex<HashMap<JobId, usize>>> = Arc::default();
    let told = ends.clone();
    let builder = Queue::builder().without_linked_jobs().job(work()).store(store).on_event(move |event| {
        if FINAL.contains(&event.kind) {
            *told.lock().unwrap().entry(event.job_id).or_default() += 1;
        }
    });
    let builder = builder.lease(Duration::from_millis(600)).sweep_interval(Duration::from_millis(150)).max_crashes(50);
    let builder = builder.cancel_wait(Duration::ZERO).cancel_grace(Duration::from_millis(200));
    let queue = builder.build().await.unwrap();
    let start = || queue.worker().own_thread(false).concurrency(3).start().unwrap();
    let workers = [start(), start(), start()];
    let mut jobs = Vec::new();
    for n in 0..JOBS {
        let Value::Object(args) = json!({ "n": n }) else { return };
        let submitted = queue.submit_json("work", args, SubmitOptions::default()).await.unwrap();
        if n % 11 == 0 {
            tokio::time::sleep(Duration::from_millis(30)).await;
            queue.cancel(submitted.id).await.unwrap();
        }
        jobs.push((n, submitted.id));
    }
    workers[0].stop_within(Duration::from_millis(300)).await;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(120);
    for (n, id) in jobs {
        let record = loop {
            let record = queue.status(id).await.unwrap();
            if record.status.is_final() {
                break record;
            }
            assert!(tokio::time::Instant::now() < deadline, "seed {seed}: job {n} does not end: {record:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        let (_, result) = queue.result(id).await.unwrap();
        assert_eq!(result.is_some(), record.status == Status::Completed, "seed {seed}, job {n}");
        assert!(record.status == outcome(n) || n % 11 == 0, "seed {seed}, job {n}: {record:?}");
        assert!(record.attempts <= record.max_attempts && u64::from(record.crashes) <= record.lease);
    }
    for worker in workers {
        worker.stop().await;
    }
    assert!(ends.lock().unwrap().values().all(|times| *times == 1), "seed {seed}: one end is told once");
    let stats = queue.operator().stats().await.unwrap();
    assert_eq!((stats.queued, stats.running, stats.leaked, stats.capacity), (0, 0, 0, 0), "seed {seed}");
}

/// A job that reports, fails, breaks or hangs, as its number says.
fn work() -> JobDefinition {
    let handler = |mut call: crate::JobCall| async move {
        let n: u64 = call.arg("n")?;
        for step in 0..n % 7 {
            tokio::time::sleep(Duration::from_millis(40)).await;
            call.progress().report(step, 7u8);
        }
        match outcome(n) {
            _ if n.is_multiple_of(5) && call.context().attempt() < 3 => Err(JobError::retry("boom")),
            Status::Failed => Err(JobError::fatal("broken")),
            Status::Timeout => std::future::pending().await,
            _ => Ok(json!(n)),
        }
    };
    let mut policy = JobOptions::new();
    (policy.max_retries, policy.backoff_base, policy.timeout) = (2, 0.05, Some(Duration::from_millis(800)));
    JobDefinition::from_fn("work", "", json!({ "type": "object" }), handler).options(policy)
}

/// How a job ends that nobody cancels.
fn outcome(n: u64) -> Status {
    match n % 5 {
        1 if n.is_multiple_of(2) => Status::Failed,
        2 if n.is_multiple_of(3) => Status::Timeout,
        _ => Status::Completed,
    }
}
