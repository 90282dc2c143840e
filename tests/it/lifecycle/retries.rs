//! Failed attempts and what follows.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use mcpq::{AttemptEnd, ErrorCode, JobCall, JobDefinition, JobError, JobOptions, Status};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{builder, job, options, started, submit, submit_with, with};

type Starts = Arc<Mutex<Vec<Instant>>>;

/// A job that notes when it starts and ends as `end` says.
fn noted(options: JobOptions, end: fn(&JobCall) -> Result<Value, JobError>) -> (JobDefinition, Starts) {
    let starts = Starts::default();
    let notes = starts.clone();
    let definition = job("work", move |call| {
        notes.lock().unwrap().push(Instant::now());
        async move { end(&call) }
    });
    (definition.options(options), starts)
}

/// The pauses between starts, in milliseconds.
fn pauses(starts: &Starts) -> Vec<u128> {
    starts.lock().unwrap().windows(2).map(|pair| (pair[1] - pair[0]).as_millis()).collect()
}

#[tokio::test(start_paused = true)]
async fn failed_attempts_are_retried_after_2_4_and_8_seconds() {
    let (work, starts) = noted(options(|o| o.max_retries = 3), |_| Err(JobError::retry("boom")));
    let (queue, _worker) = started(builder().job(work)).await;
    let handle = submit(&queue, "work").await;
    let record = handle.wait().await.unwrap();
    let pauses = pauses(&starts);
    assert_eq!(pauses.iter().map(|pause| pause / 100).collect::<Vec<_>>(), [20, 40, 80], "{pauses:?}");

    assert_eq!((record.status, record.attempts, record.max_attempts), (Status::Failed, 4, 4));
    let failure = record.failure.unwrap();
    assert_eq!((failure.code, failure.message.as_str()), (ErrorCode::HandlerError, "boom"));
    let leases: Vec<u64> = record.history.iter().map(|attempt| attempt.lease).collect();
    assert_eq!(leases, [1, 2, 3, 4]);
    for attempt in record.history.iter() {
        assert_eq!(attempt.end, AttemptEnd::Failed);
        assert_eq!(attempt.failure.as_ref().unwrap().message, "boom");
        assert!(attempt.started_at <= attempt.ended_at);
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_that_waits_for_its_next_attempt_is_pending_and_says_why() {
    let (work, _) = noted(options(|o| o.max_retries = 1), |_| Err(JobError::retry("boom")));
    let (queue, _worker) = started(builder().job(work)).await;
    let handle = submit(&queue, "work").await;
    let mut watch = queue.watch(handle.id());
    let mut record = handle.status().await.unwrap();
    while record.failure.is_none() {
        record = watch.changed_by(&record, Instant::now() + Duration::from_secs(1)).await.unwrap();
    }
    assert_eq!((record.status, record.attempts), (Status::Pending, 1));
    assert_eq!(record.failure.unwrap().message, "Attempt 1 failed: boom. Retrying in 2s.");
    let wait = record.run_at.unwrap() - chrono::Utc::now();
    assert!((1_000..=2_000).contains(&wait.num_milliseconds()), "{wait}");
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_succeeds_leaves_no_error() {
    let (work, _) = noted(options(|o| o.max_retries = 5), |call| match call.context().attempt() {
        3 => Ok(json!("third")),
        _ => Err(JobError::retry("not yet")),
    });
    let (queue, _worker) = started(builder().job(work)).await;
    let record = submit(&queue, "work").await.wait().await.unwrap();
    assert_eq!((record.status, record.attempts, record.failure), (Status::Completed, 3, None));
    let ends: Vec<AttemptEnd> = record.history.iter().map(|attempt| attempt.end).collect();
    assert_eq!(ends, [AttemptEnd::Failed, AttemptEnd::Failed, AttemptEnd::Completed]);
}

#[tokio::test(start_paused = true)]
async fn the_backoff_is_capped_and_jittered_as_the_job_says() {
    let capped = options(|o| {
        (o.max_retries, o.backoff_base, o.backoff_max, o.backoff_jitter) = (20, 1.0, 3.0, 0.5);
    });
    let (work, starts) = noted(capped, |_| Err(JobError::retry("boom")));
    let (queue, _worker) = started(builder().job(work)).await;
    submit(&queue, "work").await.wait().await.unwrap();
    let pauses = pauses(&starts);
    for (number, pause) in pauses.iter().enumerate() {
        let base = [1_000, 2_000].get(number).copied().unwrap_or(3_000);
        assert!((base..base * 3 / 2 + 100).contains(pause), "{number}: {pauses:?}");
    }
    let late: std::collections::BTreeSet<_> = pauses[2..].iter().collect();
    assert!(late.len() > 1, "the jitter does nothing: {pauses:?}");
}

#[tokio::test(start_paused = true)]
async fn the_handler_can_say_when_to_try_again() {
    let (work, starts) =
        noted(options(|o| o.max_retries = 1), |_| Err(JobError::retry("busy").retry_after(Duration::from_secs(77))));
    let (queue, _worker) = started(builder().job(work)).await;
    submit(&queue, "work").await.wait().await.unwrap();
    assert_eq!(pauses(&starts)[0] / 100, 770);
}

#[tokio::test(start_paused = true)]
async fn a_fatal_error_is_not_retried() {
    let (work, starts) = noted(options(|o| o.max_retries = 9), |_| Err(JobError::fatal("never")));
    let (queue, _worker) = started(builder().job(work)).await;
    let record = submit(&queue, "work").await.wait().await.unwrap();
    assert_eq!((record.status, record.attempts), (Status::Failed, 1));
    assert_eq!(starts.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_submit_can_lower_the_number_of_retries() {
    let (work, starts) = noted(options(|o| o.max_retries = 9), |_| Err(JobError::retry("boom")));
    let (queue, _worker) = started(builder().job(work)).await;
    let handle = submit_with(&queue, "work", json!({}), with(|o| o.max_retries = Some(1))).await;
    assert_eq!(handle.wait().await.unwrap().max_attempts, 2);
    assert_eq!(starts.lock().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_ends_early_by_itself_cancels_its_job() {
    let (work, _) = noted(options(|o| o.max_retries = 9), |_| Err(JobError::cancelled()));
    let (queue, _worker) = started(builder().job(work)).await;
    let record = submit(&queue, "work").await.wait().await.unwrap();
    assert_eq!((record.status, record.attempts, record.failure), (Status::Cancelled, 1, None));
}

#[tokio::test(start_paused = true)]
async fn the_history_holds_every_attempt_that_a_job_may_have() {
    let quick = options(|o| (o.max_retries, o.backoff_base) = (99, 0.0));
    let (work, starts) = noted(quick, |_| Err(JobError::retry("boom")));
    let (queue, _worker) = started(builder().job(work)).await;
    let handle = submit(&queue, "work").await;
    for life in 1..=3 {
        let record = handle.wait().await.unwrap();
        assert_eq!((record.attempts, starts.lock().unwrap().len()), (100, 100 * life));
        assert!(record.history.len() <= 200, "{}", record.history.len());
        assert_eq!(record.history.last().unwrap().lease, 100 * life as u64);
        queue.replay(handle.id()).await.unwrap();
    }
}
