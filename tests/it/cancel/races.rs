//! A cancel that meets the job's start or end: one of them wins, and everybody hears the same.

use std::{sync::Arc, time::Duration};

use mcpq::{JobError, JobHandle, Status};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{Fault, Faulty, Op, builder, eventually, job, options, started, submit};

/// The status that the cancel told, and the record and result in the end.
async fn cancelled_while_it_runs(handle: &JobHandle<Value>, spins: u32) -> Status {
    for _ in 0..spins {
        tokio::task::yield_now().await;
    }
    handle.cancel().await.unwrap().status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cancel_that_races_the_end_has_one_outcome() {
    let quick = job("quick", |call| async move {
        for _ in 0..call.context().job_id().as_uuid().as_bytes()[15] % 8 {
            tokio::task::yield_now().await;
        }
        match call.context().job_id().as_uuid().as_bytes()[14] % 4 {
            0 => Err(JobError::retry("boom")),
            1 => {
                call.cancel_token().cancelled().await;
                Err(JobError::cancelled())
            }
            _ => Ok(json!("result")),
        }
    });
    let retried = options(|o| (o.max_retries, o.backoff_base) = (1, 0.0));
    let queue = builder().job(quick.options(retried)).cancel_wait(Duration::from_secs(60)).build().await.unwrap();
    let worker = queue.worker().concurrency(8).start().unwrap();
    let mut seen = std::collections::HashMap::<Status, u32>::new();
    for round in 0..500 {
        let handle = submit(&queue, "quick").await;
        let told = cancelled_while_it_runs(&handle, round % 40).await;
        assert!(told.is_final(), "the wait was long enough for all of these, and yet it is {told}");
        let (record, result) = queue.result(handle.id()).await.unwrap();
        assert_eq!(record.status, told, "what was told is what is so");
        assert_eq!(result.is_some(), told == Status::Completed, "{told}");
        assert_eq!(record.failure.is_some(), told == Status::Failed, "{told}");
        *seen.entry(told).or_default() += 1;
    }
    worker.stop().await;
    assert!(seen.contains_key(&Status::Cancelled) && seen.contains_key(&Status::Completed), "{seen:?}");
    let stats = queue.stats().await.unwrap();
    assert_eq!((stats.queued, stats.running, stats.leaked), (0, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_cancel_between_the_claim_and_its_answer_does_not_wait_for_the_next_renewal() {
    let work = job("work", |call| async move {
        call.cancel_token().cancelled().await;
        Err(JobError::cancelled())
    });
    let store = Faulty::default();
    // The first claim finds nothing.
    let queue = builder().job(work).lease(Duration::from_secs(60)).store_arc(Arc::new(store.clone()));
    let (queue, worker) = started(queue.cancel_wait(Duration::ZERO)).await;
    eventually("it has claimed", || async { (store.calls(Op::Claim) > 0).then_some(()) }).await;
    store.fail_once(Op::Claim, Fault::Late(Duration::from_secs(2)));
    let handle = submit(&queue, "work").await;
    let runs = || async { (handle.status().await.unwrap().status == Status::Running).then_some(()) };
    eventually("it is claimed", runs).await;
    let asked = Instant::now();
    handle.cancel().await.unwrap();
    assert_eq!(handle.wait().await.unwrap().status, Status::Cancelled);
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    worker.stop().await;
}
