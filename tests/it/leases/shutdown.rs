//! Workers that stop.

use std::{
    future::pending,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use mcpq::{AttemptEnd, CancelReason, EventKind, JobCall, JobDefinition, JobError, JobRecord, Status, prelude::*};
use serde_json::{Value, json};
use tokio::{sync::oneshot, time::Instant};

use super::LEASE;
use crate::support::{Fault, Faulty, Op, Recorder, builder, echo, job, options, started, submit};

/// Runs the job, stops its worker while it does, and tells what became of the job and how long the stop took.
async fn stopped_while_running(definition: JobDefinition, grace: Duration) -> (JobRecord, Duration, Vec<EventKind>) {
    let name = definition.name().to_owned();
    let (builder, events) = Recorder::on(builder().job(definition).job(echo()).workers(1));
    let (queue, worker) = started(builder).await;
    let handle = submit(&queue, &name).await;
    let behind = submit(&queue, "echo").await;
    events.heard(handle.id(), EventKind::Started, 1).await;
    tokio::task::yield_now().await;
    let asked = Instant::now();
    worker.stop_within(grace).await;
    let took = asked.elapsed();
    assert_eq!(behind.status().await.unwrap().status, Status::Pending, "nothing new is claimed");
    (handle.status().await.unwrap(), took, events.kinds(handle.id()))
}

/// Waits for its token, then ends as `end` says.
fn at_the_token(end: fn(&JobCall) -> Result<Value, JobError>) -> JobDefinition {
    let waits = job("work", move |call| async move {
        call.cancel_token().cancelled().await;
        assert_eq!(call.cancel_token().reason(), Some(CancelReason::Shutdown));
        end(&call)
    });
    waits.options(options(|o| o.max_retries = 3))
}

const GRACE: Duration = Duration::from_secs(10);

#[tokio::test(start_paused = true)]
async fn an_idle_worker_stops_at_once_and_a_stop_can_be_repeated() {
    let (queue, worker) = started(builder().job(echo())).await;
    submit(&queue, "echo").await.wait().await.unwrap();
    let asked = Instant::now();
    let other = worker.clone();
    tokio::join!(worker.stop(), other.stop(), other.stopped());
    worker.stop().await;
    assert_eq!(asked.elapsed(), Duration::ZERO);
    assert!(!queue.is_served("default", "echo").await && queue.stats().await.unwrap().unserved);
}

#[tokio::test(start_paused = true)]
async fn a_result_within_the_grace_counts() {
    let last = at_the_token(|_| Ok(json!("in time")));
    let (record, took, events) = stopped_while_running(last, GRACE).await;
    assert_eq!((record.status, record.attempts), (Status::Completed, 1));
    assert!(took < Duration::from_secs(1) && events.ends_with(&[EventKind::Completed]), "{took:?} {events:?}");
}

#[tokio::test(start_paused = true)]
async fn a_fatal_error_within_the_grace_counts() {
    let (record, ..) = stopped_while_running(at_the_token(|_| Err(JobError::fatal("broken"))), GRACE).await;
    assert_eq!((record.status, record.attempts), (Status::Failed, 1));
}

#[tokio::test(start_paused = true)]
async fn everything_else_goes_back_uncharged() {
    let ends: [fn(&JobCall) -> Result<Value, JobError>; 3] =
        [|_| Err(JobError::cancelled()), |_| Err(JobError::retry("interrupted")), |_| panic!("interrupted")];
    for end in ends {
        let (record, took, events) = stopped_while_running(at_the_token(end), GRACE).await;
        assert_eq!((record.status, record.attempts, record.crashes), (Status::Pending, 0, 0));
        assert!(record.failure.is_none() && record.run_at.is_none());
        assert_eq!(record.history.last().unwrap().end, AttemptEnd::Released);
        assert!(took < Duration::from_secs(1) && events.ends_with(&[EventKind::Released]), "{took:?} {events:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_ignores_the_stop_is_dropped_and_its_job_given_back() {
    let (dropped, is_dropped) = oneshot::channel::<()>();
    let dropped = Mutex::new(Some(dropped));
    let ignores = job("work", move |_| {
        let held = dropped.lock().unwrap().take();
        async move {
            let _held = held;
            pending().await
        }
    });
    let (record, took, events) = stopped_while_running(ignores, GRACE).await;
    assert_eq!((record.status, record.attempts), (Status::Pending, 0));
    assert_eq!(took.as_millis() / 100, 100, "the whole grace and no more: {took:?}");
    assert!(events.ends_with(&[EventKind::Released]));
    is_dropped.await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn what_was_given_back_is_run_by_the_next_worker_as_the_first_attempt() {
    let patient = job("work", |call| async move {
        if call.context().lease() == 1 {
            pending::<()>().await;
        }
        Ok(json!(call.context().attempt()))
    });
    let (builder, events) = Recorder::on(builder().job(patient).shutdown_grace(Duration::from_secs(1)));
    let (queue, worker) = started(builder).await;
    let handle = submit(&queue, "work").await;
    events.heard(handle.id(), EventKind::Started, 1).await;
    worker.stop().await;
    let _next = queue.worker().own_thread(false).start().unwrap();
    assert_eq!(handle.result().await.unwrap(), json!(1));
    assert_eq!(handle.status().await.unwrap().lease, 2);
}

#[tokio::test(start_paused = true)]
async fn a_job_with_a_cancel_request_ends_with_the_stop() {
    let (builder, events) =
        Recorder::on(builder().job(job("work", |_| pending())).cancel_grace(Duration::from_secs(99)));
    let (queue, worker) = started(builder).await;
    let handle = submit(&queue, "work").await;
    events.heard(handle.id(), EventKind::Started, 1).await;
    assert!(handle.cancel().await.unwrap().cancel_requested);
    worker.stop_within(Duration::from_secs(1)).await;
    assert_eq!(handle.status().await.unwrap().status, Status::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_claimed_while_the_stop_begins_goes_back_unstarted() {
    let store = Faulty::default();
    let (builder, events) = Recorder::on(builder().job(echo()).store(store.clone()));
    let (queue, worker) = started(builder).await;
    store.fail(&[Op::Claim], Fault::Late(Duration::from_secs(1)));
    let handle = submit(&queue, "echo").await;
    let claimed = || async { (handle.status().await.unwrap().status == Status::Running).then_some(()) };
    crate::support::eventually("the job is claimed", claimed).await;
    worker.stop().await;
    let record = handle.status().await.unwrap();
    assert_eq!((record.status, record.attempts), (Status::Pending, 0));
    assert!(!events.kinds(handle.id()).contains(&EventKind::Started));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_cannot_be_reached_holds_a_stop_up_for_a_lease_at_most() {
    for fault in [Fault::Before, Fault::Hang] {
        let store = Faulty::default();
        let (builder, events) = Recorder::on(builder().job(job("work", |_| pending())).store(store.clone()));
        let (queue, worker) = started(builder.lease(LEASE)).await;
        let handle = submit(&queue, "work").await;
        events.heard(handle.id(), EventKind::Started, 1).await;
        store.fail(&[Op::Finish, Op::Release, Op::Renew], fault);
        let asked = Instant::now();
        worker.stop_within(GRACE).await;
        assert!(asked.elapsed() <= GRACE + LEASE + Duration::from_secs(1), "{fault:?}: {:?}", asked.elapsed());
        assert!(asked.elapsed() >= GRACE);
    }
}

/// Blocks its thread until it is told otherwise.
#[mcp_job]
fn stuck(go_on: State<AtomicBool>) {
    while !go_on.load(Ordering::SeqCst) {
        std::thread::yield_now();
    }
}

#[tokio::test]
async fn a_stuck_function_does_not_hold_up_the_stop() {
    let go_on = Arc::new(AtomicBool::new(false));
    let (builder, events) = Recorder::on(builder().job(stuck::JOB).state_arc(go_on.clone()));
    let queue = builder.build().await.unwrap();
    let worker = queue.worker().start().unwrap();
    let handle = submit(&queue, "stuck").await;
    events.heard(handle.id(), EventKind::Started, 1).await;
    let asked = std::time::Instant::now();
    worker.stop_within(Duration::from_millis(50)).await;
    let took = asked.elapsed();
    let record = handle.status().await.unwrap();
    go_on.store(true, Ordering::SeqCst);
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert_eq!((record.status, record.attempts), (Status::Pending, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_reports_does_not_hold_up_the_stop() {
    for _ in 0..5 {
        let flood = job("flood", |call| async move {
            for n in 0u64.. {
                call.progress().message(n.to_string());
                tokio::task::yield_now().await;
            }
            Ok(json!(null))
        });
        let (builder, events) = Recorder::on(builder().job(flood).progress_rate(u32::MAX).workers(2));
        let queue = builder.build().await.unwrap();
        let worker = queue.worker().start().unwrap();
        for _ in 0..2 {
            let handle = submit(&queue, "flood").await;
            events.heard(handle.id(), EventKind::Started, 1).await;
        }
        let asked = std::time::Instant::now();
        worker.stop_within(Duration::from_millis(20)).await;
        assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
        assert_eq!(queue.stats().await.unwrap().queued, 2);
    }
}
