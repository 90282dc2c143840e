//! Workers that die, freeze or are cut off, and workers that stop.

mod outage;
mod shutdown;
mod silence;
mod storm;

use std::{sync::Arc, time::Duration};

use mcpq::{
    AttemptEnd, ErrorCode, EventKind, Status,
    store::{ClaimRequest, ClaimType, LeaseRef, Selection, Store, WorkerId},
};
use serde_json::json;
use tokio::time::Instant;

use crate::support::{Faulty, Op, Recorder, builder, echo, job, started, submit};

const LEASE: Duration = Duration::from_secs(30);

/// Claims a job of this type as a worker that is never heard of again.
async fn claim_and_die(store: &dyn Store, job_type: &str) -> LeaseRef {
    let types = vec![ClaimType { name: job_type.into(), concurrency: None, rate: None }];
    let selection = Arc::new(Selection { queues: Vec::new(), types, any_type: false });
    let request = ClaimRequest { worker: WorkerId::new(), selection, max: 1, lease: LEASE };
    let record = store.claim(&request).await.unwrap().remove(0).record;
    LeaseRef { id: record.id, lease: record.lease }
}

#[tokio::test(start_paused = true)]
async fn a_job_whose_worker_died_is_run_by_another_within_lease_and_sweep() {
    let (builder, events) = Recorder::on(builder().job(echo()).lease(LEASE));
    let queue = builder.build().await.unwrap();
    let handle = submit(&queue, "echo").await;
    claim_and_die(&**queue.store(), "echo").await;
    let died = Instant::now();
    let _worker = queue.worker().own_thread(false).start().unwrap();
    let record = handle.wait().await.unwrap();
    assert!((30_000..45_000).contains(&died.elapsed().as_millis()), "{:?}", died.elapsed());
    assert_eq!((record.status, record.attempts, record.crashes, record.lease), (Status::Completed, 1, 1, 2));
    let ends: Vec<AttemptEnd> = record.history.iter().map(|attempt| attempt.end).collect();
    assert_eq!(ends, [AttemptEnd::LeaseLost, AttemptEnd::Completed]);
    events.heard(handle.id(), EventKind::Completed, 1).await;
    let expected = [EventKind::Submitted, EventKind::Rescued, EventKind::Started, EventKind::Completed];
    assert_eq!(events.kinds(handle.id()), expected);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_kills_its_workers_is_failed_and_the_others_go_on() {
    let (builder, events) = Recorder::on(builder().job(echo()).job(job("poison", |_| std::future::pending())));
    let queue = builder.lease(LEASE).max_crashes(3).build().await.unwrap();
    let _worker = queue.worker().job_types(["echo"]).own_thread(false).start().unwrap();
    let poison = submit(&queue, "poison").await;
    for death in 1..=3 {
        claim_and_die(&**queue.store(), "poison").await;
        assert_eq!(submit(&queue, "echo").await.wait().await.unwrap().status, Status::Completed);
        if death < 3 {
            events.heard(poison.id(), EventKind::Rescued, death).await;
        }
    }
    let record = poison.wait().await.unwrap();
    assert_eq!((record.status, record.crashes, record.attempts), (Status::Failed, 3, 0));
    assert_eq!(record.failure.as_ref().unwrap().code, ErrorCode::WorkerLost);
    assert_eq!(record.history.len(), 3);
    events.heard(poison.id(), EventKind::Failed, 1).await;
    assert_eq!(submit(&queue, "echo").await.wait().await.unwrap().status, Status::Completed);
}

#[tokio::test(start_paused = true)]
async fn a_long_job_keeps_its_lease_with_a_renewal_at_each_third() {
    let long = job("long", |_| async {
        tokio::time::sleep(Duration::from_secs(200)).await;
        Ok(json!("done"))
    });
    let store = Faulty::default();
    let (queue, _worker) = started(builder().job(long).store(store.clone()).lease(LEASE)).await;
    let record = submit(&queue, "long").await.wait().await.unwrap();
    assert_eq!((record.status, record.lease, record.crashes), (Status::Completed, 1, 0));
    assert!((19..=21).contains(&store.calls(Op::Renew)), "{} renewals", store.calls(Op::Renew));
}

#[tokio::test]
async fn a_worker_whose_handlers_runtime_is_gone_gives_back_and_stops() {
    let store = Faulty::default();
    let (builder, events) = Recorder::on(builder().job(echo()).store(store.clone()));
    let queue = builder.build().await.unwrap();
    let other = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let worker = {
        let _inside = other.enter();
        queue.worker().start().unwrap()
    };
    assert_eq!(submit(&queue, "echo").await.wait().await.unwrap().status, Status::Completed);
    other.shutdown_background();
    let handle = submit(&queue, "echo").await;
    worker.stopped().await;
    let record = handle.status().await.unwrap();
    assert_eq!((record.status, record.attempts, record.crashes), (Status::Pending, 0, 0));
    events.heard(handle.id(), EventKind::Released, 1).await;
    assert!(store.calls(Op::Claim) < 10, "{} claims", store.calls(Op::Claim));
    assert!(!queue.is_served("default", "echo").await && queue.stats().await.unwrap().unserved);
}
