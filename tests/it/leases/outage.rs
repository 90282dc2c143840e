//! A store that cannot be reached for a while.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use mcpq::{AttemptEnd, CancelReason, EventKind, JobDefinition, Queue, Status};
use serde_json::{Value, json};
use tokio::{sync::oneshot, time::Instant};

use super::LEASE;
use crate::support::{Fault, Faulty, Op, Recorder, builder, echo, eventually, job, started, submit};

const ALL: [Op; 6] = [Op::Claim, Op::Renew, Op::Finish, Op::Release, Op::Progress, Op::Rescue];

/// Takes this many seconds, and counts its starts.
fn slow(seconds: u64) -> (JobDefinition, Arc<AtomicUsize>) {
    let starts = Arc::new(AtomicUsize::new(0));
    let counted = starts.clone();
    let definition = job("slow", move |call| {
        counted.fetch_add(1, Ordering::SeqCst);
        async move {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            Ok(json!(call.context().lease()))
        }
    });
    (definition, starts)
}

async fn runs(queue: &Queue, events: &Recorder) -> mcpq::JobHandle<Value> {
    let handle = submit(queue, "slow").await;
    events.heard(handle.id(), EventKind::Started, 1).await;
    handle
}

#[tokio::test(start_paused = true)]
async fn a_completion_survives_an_outage_shorter_than_the_lease() {
    for fault in [Fault::Before, Fault::After] {
        let (work, starts) = slow(1);
        let store = Faulty::default();
        let (builder, events) = Recorder::on(builder().job(work).job(echo()).store(store.clone()).lease(LEASE));
        let (queue, _worker) = started(builder).await;
        let handle = runs(&queue, &events).await;
        store.fail(&ALL, fault);
        tokio::time::sleep(Duration::from_secs(11)).await;
        let tries = store.calls(Op::Finish);
        assert!((2..20).contains(&tries), "{tries} tries in ten seconds");
        store.heal();
        events.heard(handle.id(), EventKind::Completed, 1).await;
        let record = handle.wait().await.unwrap();
        assert_eq!((record.status, record.attempts, record.crashes), (Status::Completed, 1, 0), "{fault:?}");
        assert_eq!((starts.load(Ordering::SeqCst), record.history.len()), (1, 1));
        assert_eq!(submit(&queue, "echo").await.wait().await.unwrap().status, Status::Completed);
        let completions = events.kinds(handle.id()).iter().filter(|kind| **kind == EventKind::Completed).count();
        assert_eq!(completions, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_longer_than_the_lease_fires_the_token_and_records_nothing() {
    for fault in [Fault::Before, Fault::Hang] {
        let (reason_seen, reason) = oneshot::channel();
        let reason_seen = Mutex::new(Some(reason_seen));
        let cut_off = job("slow", move |call| {
            let seen = reason_seen.lock().unwrap().take();
            let token = call.cancel_token().clone();
            tokio::spawn(async move {
                token.cancelled().await;
                seen.map(|seen| seen.send(token.reason()))
            });
            std::future::pending()
        });
        let store = Faulty::default();
        let (cut, events) = Recorder::on(builder().job(cut_off).store(store.clone()).lease(LEASE));
        let (queue, worker) = started(cut).await;
        let handle = runs(&queue, &events).await;
        let begun = Instant::now();
        store.fail(&ALL, fault);
        assert_eq!(reason.await.unwrap(), Some(CancelReason::LeaseLost));
        let after = begun.elapsed();
        assert!(after >= Duration::from_secs(20) && after <= LEASE + Duration::from_millis(100), "{after:?}");
        let record = handle.status().await.unwrap();
        assert_eq!((record.status, record.lease), (Status::Running, 1), "nothing was recorded");
        worker.stop_within(Duration::ZERO).await;

        let again = job("slow", |_| async { Ok(json!("the second worker's")) });
        let (sound, _worker) = started(builder().job(again).store_arc(store.sound()).lease(LEASE)).await;
        assert_eq!(sound.job(handle.id()).result().await.unwrap(), json!("the second worker's"));
        let record = handle.status().await.unwrap();
        assert_eq!((record.lease, record.attempts, record.crashes), (2, 1, 1));
        assert_eq!(record.history[0].end, AttemptEnd::LeaseLost);
    }
}

#[tokio::test(start_paused = true)]
async fn an_end_that_comes_after_another_worker_took_over_is_not_recorded() {
    let store = Faulty::default();
    let ((work, starts), (work_again, starts_again)) = (slow(1), slow(1));
    let (cut, events) = Recorder::on(builder().job(work).store(store.clone()).lease(LEASE));
    let (queue, _worker) = started(cut.job(echo())).await;
    let handle = runs(&queue, &events).await;
    store.fail(&ALL, Fault::Before);
    let (sound, sound_worker) = started(builder().job(work_again).store_arc(store.sound()).lease(LEASE)).await;
    assert_eq!(sound.job(handle.id()).result().await.unwrap(), json!(2));
    sound_worker.stop().await;
    store.heal();
    // The first worker is told that its end is stale, and is of use again.
    assert_eq!(submit(&queue, "echo").await.wait().await.unwrap().status, Status::Completed);
    assert_eq!(queue.job(handle.id()).result().await.unwrap(), json!(2));
    assert_eq!((starts.load(Ordering::SeqCst), starts_again.load(Ordering::SeqCst)), (1, 1));
    assert!(!events.kinds(handle.id()).contains(&EventKind::Completed));
}

#[tokio::test(start_paused = true)]
async fn a_worker_claims_again_when_the_store_is_back_and_does_not_storm_it_meanwhile() {
    let store = Faulty::default();
    store.fail(&ALL, Fault::Before);
    let (queue, _worker) = started(builder().job(echo()).store(store.clone())).await;
    let handle = submit(&queue, "echo").await;
    tokio::time::sleep(Duration::from_secs(100)).await;
    assert!((20..60).contains(&store.calls(Op::Claim)), "{} claims in 100 s", store.calls(Op::Claim));
    store.heal();
    let healed = Instant::now();
    assert_eq!(handle.wait().await.unwrap().status, Status::Completed);
    assert!(healed.elapsed() <= Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn what_was_claimed_is_run_though_the_store_fails_right_after() {
    let store = Faulty::default();
    store.fail(&[Op::NextDue], Fault::Before);
    let (queue, _worker) = started(builder().job(echo()).store(store.clone()).lease(LEASE)).await;
    let record = submit(&queue, "echo").await.wait().await.unwrap();
    assert_eq!((record.status, record.lease, record.crashes), (Status::Completed, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_sweep_that_failed_is_made_up_for() {
    let store = Faulty::default();
    let (queue, _worker) = started(builder().job(echo()).store(store.clone()).lease(LEASE)).await;
    store.fail(&[Op::Claim], Fault::Before);
    let handle = submit(&queue, "echo").await;
    super::claim_and_die(&*store.sound(), "echo").await;
    store.fail(&[Op::Rescue, Op::Prune], Fault::Before);
    tokio::time::sleep(LEASE * 3).await;
    assert_eq!(handle.status().await.unwrap().status, Status::Running);
    store.heal();
    eventually("it is rescued and run", || async {
        (handle.status().await.unwrap().status == Status::Completed).then_some(())
    })
    .await;
}
