//! Attempts that run too long.

use std::{future::pending, sync::Mutex, time::Duration};

use mcpq::{AttemptEnd, CancelReason, ErrorCode, Status};
use serde_json::json;
use tokio::{sync::oneshot, time::Instant};

use crate::support::{Guard, builder, echo, job, options, started, submit, submit_with, with};

#[tokio::test(start_paused = true)]
async fn a_timeout_drops_the_handler_and_is_final() {
    let (guard, dropped) = Guard::new();
    let guard = Mutex::new(Some(guard));
    let (reason_seen, reason) = oneshot::channel();
    let reason_seen = Mutex::new(Some(reason_seen));
    let hang = job("hang", move |call| {
        let guard = guard.lock().unwrap().take();
        let (seen, token) = (reason_seen.lock().unwrap().take().unwrap(), call.cancel_token().clone());
        tokio::spawn(async move {
            token.cancelled().await;
            seen.send(token.reason())
        });
        async move {
            let _guard = guard;
            pending().await
        }
    });
    let limited = options(|o| (o.timeout, o.max_retries) = (Some(Duration::from_secs(3)), 5));
    let (queue, _worker) = started(builder().job(hang.options(limited)).job(echo())).await;
    let begun = Instant::now();
    let handle = submit(&queue, "hang").await;
    dropped.await.unwrap();
    assert_eq!(begun.elapsed().as_millis() / 100, 30);
    assert_eq!(reason.await.unwrap(), Some(CancelReason::Timeout));
    let record = handle.wait().await.unwrap();
    assert_eq!((record.status, record.attempts), (Status::Timeout, 1));
    let failure = record.failure.unwrap();
    assert_eq!((failure.code, failure.message.as_str()), (ErrorCode::Timeout, "Job timed out after 3s"));
    assert_eq!(record.history[0].end, AttemptEnd::Timeout);
    assert_eq!(submit(&queue, "echo").await.wait().await.unwrap().status, Status::Completed);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_is_retried_where_the_job_says_so_and_is_a_timeout_in_the_end() {
    let hang = job("hang", |_| pending());
    let retried = options(|o| {
        (o.timeout, o.max_retries, o.retry_on_timeout) = (Some(Duration::from_secs(1)), 2, true);
    });
    let (queue, _worker) = started(builder().job(hang.options(retried))).await;
    let begun = Instant::now();
    let record = submit(&queue, "hang").await.wait().await.unwrap();
    assert_eq!((record.status, record.attempts), (Status::Timeout, 3));
    assert_eq!(begun.elapsed().as_secs(), 1 + 2 + 1 + 4 + 1);
    assert!(record.history.iter().all(|attempt| attempt.end == AttemptEnd::Timeout));
}

#[tokio::test(start_paused = true)]
async fn each_attempt_has_the_whole_timeout() {
    let slow = job("slow", |call| async move {
        tokio::time::sleep(Duration::from_millis(900)).await;
        if call.context().attempt() < 3 { Err(mcpq::JobError::retry("again")) } else { Ok(json!("done")) }
    });
    let limited = options(|o| (o.timeout, o.max_retries) = (Some(Duration::from_secs(1)), 2));
    let (queue, _worker) = started(builder().job(slow.options(limited))).await;
    assert_eq!(submit(&queue, "slow").await.wait().await.unwrap().status, Status::Completed);
}

#[tokio::test(start_paused = true)]
async fn a_submit_can_lower_the_timeout_and_the_builder_sets_the_usual_one() {
    let hang = || job("hang", |_| pending());
    let (queue, _worker) = started(builder().job(hang()).default_timeout(Duration::from_secs(8))).await;
    let begun = Instant::now();
    submit(&queue, "hang").await.wait().await.unwrap();
    assert_eq!(begun.elapsed().as_secs(), 8);
    let lowered = with(|o| o.timeout = Some(Duration::from_millis(250)));
    let record = submit_with(&queue, "hang", json!({}), lowered).await.wait().await.unwrap();
    assert_eq!(record.failure.unwrap().message, "Job timed out after 0.25s");
    assert_eq!(begun.elapsed().as_millis() / 50, 8_250 / 50);
}
