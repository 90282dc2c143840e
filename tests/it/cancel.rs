//! Asking for a job's end, and the honest answer.

mod answers;
mod blocking;
mod races;
mod running;

use std::time::Duration;

use mcpq::{AttemptEnd, EventKind, JobError, Status};
use serde_json::json;
use tokio::time::Instant;

use crate::support::{Recorder, builder, echo, eventually, job, options, started, submit, submit_with, with};

#[tokio::test(start_paused = true)]
async fn waiting_and_delayed_jobs_are_cancelled_at_once_and_never_start() {
    let (builder, events) = Recorder::on(builder().job(echo()));
    let queue = builder.build().await.unwrap();
    let waiting = submit(&queue, "echo").await;
    let delayed = submit_with(&queue, "echo", json!({}), with(|o| o.delay = Some(Duration::from_secs(5)))).await;
    let asked = Instant::now();
    for handle in [&waiting, &delayed] {
        let record = handle.cancel().await.unwrap();
        assert_eq!((record.status, record.attempts, record.run_at), (Status::Cancelled, 0, None));
        assert!(record.finished_at.is_some() && record.failure.is_none());
    }
    assert_eq!(asked.elapsed(), Duration::ZERO);
    let worker = queue.worker().own_thread(false).start().unwrap();
    submit_with(&queue, "echo", json!({}), with(|o| o.delay = Some(Duration::from_secs(60))))
        .await
        .wait()
        .await
        .unwrap();
    worker.stop().await;
    for handle in [waiting, delayed] {
        assert_eq!(events.kinds(handle.id()), [EventKind::Submitted, EventKind::Cancelled]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_that_waits_for_its_next_attempt_is_cancelled_at_once() {
    let fails = job("fails", |_| async { Err(JobError::retry("boom")) }).options(options(|o| o.max_retries = 3));
    let (builder, events) = Recorder::on(builder().job(fails));
    let (queue, _worker) = started(builder).await;
    let handle = submit(&queue, "fails").await;
    events.heard(handle.id(), EventKind::Retrying, 1).await;
    let asked = Instant::now();
    let record = handle.cancel().await.unwrap();
    assert_eq!((record.status, record.attempts), (Status::Cancelled, 1));
    assert_eq!(record.history.last().unwrap().end, AttemptEnd::Failed);
    assert!(record.failure.is_none(), "what it says of the next attempt is no longer so");
    assert_eq!(asked.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn cancelling_twice_is_heard_once() {
    let (builder, events) = Recorder::on(builder().job(echo()));
    let queue = builder.build().await.unwrap();
    let handle = submit(&queue, "echo").await;
    let (one, two) = tokio::join!(handle.cancel(), handle.cancel());
    assert_eq!((one.unwrap().status, two.unwrap().status), (Status::Cancelled, Status::Cancelled));
    assert_eq!(events.kinds(handle.id()), [EventKind::Submitted, EventKind::Cancelled]);
}

#[tokio::test(start_paused = true)]
async fn a_cancel_reaches_the_handler_within_a_renewal_without_any_wake_up() {
    let obeys = job("obeys", |call| async move {
        call.cancel_token().cancelled().await;
        Err(JobError::cancelled())
    });
    let store = crate::support::Faulty::default().deaf();
    let (queue, _worker) = started(builder().job(obeys).store(store).lease(Duration::from_secs(30))).await;
    let handle = submit(&queue, "obeys").await;
    eventually("it runs", || async { (handle.status().await.unwrap().status == Status::Running).then_some(()) }).await;
    let asked = Instant::now();
    assert!(handle.cancel().await.unwrap().cancel_requested);
    eventually("it ends", || async { handle.status().await.unwrap().status.is_final().then_some(()) }).await;
    assert!(asked.elapsed() <= Duration::from_millis(10_100), "{:?}", asked.elapsed());
    assert_eq!(handle.status().await.unwrap().status, Status::Cancelled);
}
