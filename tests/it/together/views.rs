//! What one process sees of a job that another runs, and what it can do to it.

use std::time::Duration;

use mcpq::{JobDefinition, JobError, Status};
use serde_json::json;
use tokio::time::Instant;

use super::{Place, on_every_store};
use crate::support::{echo, job, submit, submit_with, with};

on_every_store! {
    a_wait_ends_with_the_job,
    progress_is_seen_by_who_waits,
    a_cancel_reaches_the_worker,
    a_worker_takes_what_it_serves_and_leaves_the_rest,
}

/// Reports half, then goes on until it is cancelled.
fn patient() -> JobDefinition {
    job("patient", |call| async move {
        call.progress().report(1, 2).message("half way");
        call.cancel_token().cancelled().await;
        Err(JobError::cancelled())
    })
}

fn in_a_minute() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

async fn a_wait_ends_with_the_job(place: Place) {
    let (front, back) = tokio::join!(place.process([echo()]), place.process([echo()]));
    let job = submit_with(&front, "echo", json!({ "n": 7 }), with(|_| ())).await;
    let id = job.id();
    let waiting = tokio::spawn(async move { job.wait_for(Duration::from_secs(60)).await });
    let worker = back.worker().start().unwrap();
    assert_eq!(waiting.await.unwrap().unwrap().status, Status::Completed);
    let (_, result) = front.result(id).await.unwrap();
    assert_eq!(result.unwrap().as_bytes(), br#"{"n":7}"#);
    worker.stop().await;
}

async fn progress_is_seen_by_who_waits(place: Place) {
    let (front, back) = tokio::join!(place.process([patient()]), place.process([patient()]));
    let job = submit(&front, "patient").await;
    let worker = back.worker().start().unwrap();
    let (mut watch, mut record) = (front.watch(job.id()), job.status().await.unwrap());
    let deadline = in_a_minute();
    while record.progress_message.as_deref() != Some("half way") {
        assert!(Instant::now() < deadline, "{record:?}");
        record = watch.changed_by(&record, deadline).await.unwrap();
    }
    assert!((record.progress - 0.5).abs() < 1e-9 && record.status == Status::Running, "{record:?}");
    worker.stop_within(Duration::ZERO).await;
}

async fn a_cancel_reaches_the_worker(place: Place) {
    let (front, back) = tokio::join!(place.process([patient()]), place.process([patient()]));
    let job = submit(&front, "patient").await;
    let worker = back.worker().start().unwrap();
    let pending = job.status().await.unwrap();
    let running = front.watch(job.id()).changed_by(&pending, in_a_minute()).await.unwrap();
    assert_eq!((running.status, running.attempts), (Status::Running, 1));
    // The answer waits for the worker a little, and does not say what is not so.
    let answer = job.cancel().await.unwrap();
    assert!(answer.status == Status::Cancelled || answer.cancel_requested, "{answer:?}");
    assert_eq!(job.wait().await.unwrap().status, Status::Cancelled);
    worker.stop().await;
}

async fn a_worker_takes_what_it_serves_and_leaves_the_rest(place: Place) {
    let jobs = || [echo(), patient()];
    let (front, one, other) = tokio::join!(place.process(jobs()), place.process(jobs()), place.process(jobs()));
    let slow = || with(|options| options.queue = Some("slow".into()));
    let in_slow = submit_with(&front, "echo", json!({}), slow()).await;
    let of_other_type = submit(&front, "patient").await;
    let narrow = one.worker().queues(["default"]).job_types(["echo"]).start().unwrap();
    for _ in 0..3 {
        assert_eq!(submit(&front, "echo").await.wait().await.unwrap().status, Status::Completed);
    }
    for job in [&in_slow, &of_other_type] {
        let record = job.status().await.unwrap();
        assert_eq!((record.status, record.lease), (Status::Pending, 0), "never claimed");
    }
    let wide = other.worker().queues(["slow"]).start().unwrap();
    assert_eq!(in_slow.wait().await.unwrap().status, Status::Completed);
    assert_eq!(of_other_type.cancel().await.unwrap().status, Status::Cancelled);
    narrow.stop().await;
    wide.stop().await;
}
