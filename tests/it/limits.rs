//! Every size and count has its limit, and going past it is told.

mod bulk;
mod idempotency;
mod keeping;
mod memory;
mod unique;

use std::time::Duration;

use mcpq::{EventKind, JobError, Queue, QueueError, Status, SubmitOptions, TestClient};
use serde_json::json;

use crate::support::{Recorder, args, builder, echo, job, options, started, submit, submit_with, with};

async fn refused(queue: &Queue) -> QueueError {
    queue.submit_json("echo", args(json!({})), SubmitOptions::default()).await.unwrap_err()
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_refuses_and_stores_nothing() {
    let queue = builder().job(echo()).max_pending(2).build().await.unwrap();
    submit(&queue, "echo").await;
    submit_with(&queue, "echo", json!({}), with(|o| o.delay = Some(Duration::from_secs(60)))).await;
    let error = refused(&queue).await;
    assert_eq!((error.code(), error.is_retryable()), ("QUEUE_FULL", true));
    assert!(error.retry_after().is_some());
    assert!(error.to_string().contains("2 jobs wait (the limit is 2) and 0 run"), "{error}");
    let stats = queue.stats().await.unwrap();
    assert_eq!((stats.queued, stats.queue_capacity, stats.rejections), (2, 2, 1));

    let agent = TestClient::without_worker(queue.clone());
    let answer = agent.submit("echo", json!({})).await;
    let details = &answer["error"]["details"];
    assert_eq!(answer["error"]["code"], "QUEUE_FULL");
    assert_eq!((&details["queued"], &details["running"], &details["limit"]), (&json!(2), &json!(0), &json!(2)));
    assert!(details["retry_after_seconds"].as_f64().unwrap() >= 1.0, "{answer}");
    assert!(answer["error"]["suggestion"].as_str().unwrap().starts_with("Nothing was stored."), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_tells_the_wait_from_the_measured_rate() {
    let (queue, worker) = started(builder().job(echo()).max_pending(4)).await;
    for _ in 0..20 {
        submit(&queue, "echo").await.wait().await.unwrap();
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    worker.stop().await;
    for _ in 0..4 {
        submit(&queue, "echo").await;
    }
    let QueueError::Full { waiting, wait, .. } = refused(&queue).await else { panic!("not full") };
    let wait = wait.unwrap().as_secs_f64();
    assert!(waiting == 4 && (1.0..4.0).contains(&wait), "{waiting} waiting at two a second take {wait} s");
}

#[tokio::test(start_paused = true)]
async fn retries_and_rescues_are_never_refused_for_want_of_room() {
    let fails = job("fails", |_| async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Err(JobError::retry("boom"))
    });
    let fails = fails.options(options(|o| o.max_retries = 2));
    let (builder, events) = Recorder::on(builder().job(fails).job(echo()).max_pending(1).workers(1));
    let (queue, _worker) = started(builder).await;
    let failing = submit(&queue, "fails").await;
    events.heard(failing.id(), EventKind::Retrying, 1).await;
    assert_eq!(refused(&queue).await.code(), "QUEUE_FULL", "the retry takes the only place");
    events.heard(failing.id(), EventKind::Started, 2).await;
    submit_with(&queue, "echo", json!({}), with(|o| o.delay = Some(Duration::from_secs(60)))).await;
    let record = failing.wait().await.unwrap();
    assert_eq!((record.status, record.attempts), (Status::Failed, 3));
}

#[tokio::test(start_paused = true)]
async fn a_replay_obeys_the_limit() {
    let fails = job("fails", |_| async { Err(JobError::fatal("boom")) });
    let (queue, worker) = started(builder().job(fails).job(echo()).max_pending(1)).await;
    let failed = submit(&queue, "fails").await;
    failed.wait().await.unwrap();
    worker.stop().await;
    let waiting = submit(&queue, "echo").await;
    assert_eq!(queue.replay(failed.id()).await.unwrap_err().code(), "QUEUE_FULL");
    assert_eq!(failed.status().await.unwrap().status, Status::Failed);
    waiting.cancel().await.unwrap();
    assert_eq!(queue.replay(failed.id()).await.unwrap().status, Status::Pending);
}

#[tokio::test(start_paused = true)]
async fn arguments_over_the_limit_are_refused_and_those_at_it_are_not() {
    let queue = builder().job(echo()).max_args(100).build().await.unwrap();
    let sized = |bytes: usize| json!({ "x": "y".repeat(bytes - r#"{"x":""}"#.len()) });
    submit_with(&queue, "echo", sized(100), with(|_| {})).await;
    let error = queue.submit_json("echo", args(sized(101)), with(|_| {})).await.unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), ("PAYLOAD_TOO_LARGE", false));
    assert!(error.to_string().contains("101 bytes, the limit is 100"), "{error}");
    assert_eq!(queue.stats().await.unwrap().queued, 1);
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused_by_the_build() {
    let second = Duration::from_secs(1);
    let wrong = [
        ("workers", builder().workers(0)),
        ("max_pending", builder().max_pending(0)),
        ("max_args", builder().max_args(0)),
        ("max_result", builder().max_result(0)),
        ("page_size", builder().page_size(0)),
        ("page_size", builder().page_size(101)),
        ("progress_rate", builder().progress_rate(0)),
        ("max_crashes", builder().max_crashes(0)),
        ("lease", builder().lease(Duration::ZERO)),
        ("default_timeout", builder().default_timeout(Duration::ZERO)),
        ("sweep_interval", builder().sweep_interval(Duration::ZERO)),
        ("max_wait", builder().max_wait(56 * second)),
        ("tool_prefix", builder().tool_prefix("")),
        ("tool_prefix", builder().tool_prefix("my.queue")),
    ];
    for (setting, builder) in wrong {
        let error = builder.build().await.unwrap_err().to_string();
        assert!(error.contains(&format!("`{setting}`")), "{setting}: {error}");
    }
}
