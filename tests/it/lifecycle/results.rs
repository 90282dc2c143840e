//! Results that cannot be kept.

use std::collections::BTreeMap;

use mcpq::{ErrorCode, Status, prelude::*};
use serde::{Serializer, ser::Error as _};
use serde_json::{Value, json};

use crate::support::{builder, job, options, started, submit};

/// Returns what JSON has no word for.
#[mcp_job(max_retries = 3)]
async fn not_a_number() -> Vec<f32> {
    vec![1.0, f32::NAN]
}

/// Returns a map that is no JSON object.
#[mcp_job(max_retries = 3)]
async fn odd_keys() -> BTreeMap<(u8, u8), u8> {
    BTreeMap::from([((1, 2), 3)])
}

/// Returns an object after all: JSON writes these keys as texts.
#[mcp_job]
async fn number_keys() -> BTreeMap<u8, u8> {
    BTreeMap::from([(1, 2)])
}

struct Unwilling;

impl Serialize for Unwilling {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom("x".repeat(1 << 20)))
    }
}

/// Returns what refuses to be written, at length.
#[mcp_job(max_retries = 3)]
async fn unwilling() -> Unwilling {
    Unwilling
}

async fn failure_of(job: mcpq::JobDescriptor) -> mcpq::Failure {
    let (queue, _worker) = started(builder().job(job)).await;
    let record = submit(&queue, job.name()).await.wait().await.unwrap();
    assert_eq!((record.status, record.attempts), (Status::Failed, 1), "no further attempt can mend this");
    (*record.failure.unwrap()).clone()
}

#[tokio::test(start_paused = true)]
async fn a_result_that_json_cannot_hold_fails_the_job_once() {
    let failure = failure_of(not_a_number::JOB).await;
    assert_eq!(failure.code, ErrorCode::ResultNotJson);
    assert!(failure.message.contains("NaN"), "{failure}");
    assert_eq!(failure_of(odd_keys::JOB).await.code, ErrorCode::ResultNotJson);

    let (queue, _worker) = started(builder().job(number_keys::JOB)).await;
    let result: Value = submit(&queue, "number_keys").await.result().await.unwrap();
    assert_eq!(result, json!({ "1": 2 }));
}

#[tokio::test(start_paused = true)]
async fn what_a_result_says_of_its_refusal_is_cut() {
    let failure = failure_of(unwilling::JOB).await;
    assert_eq!(failure.code, ErrorCode::ResultNotJson);
    assert!(failure.message.len() < 5_000, "{} bytes", failure.message.len());
}

#[tokio::test(start_paused = true)]
async fn what_a_handler_says_of_its_failure_is_cut() {
    let talkative = job("talkative", |call| async move {
        match call.context().attempt() {
            1 => Err(JobError::retry("r".repeat(20_000))),
            _ => panic!("{}", "p".repeat(20_000)),
        }
    });
    let (queue, _worker) = started(builder().job(talkative.options(options(|o| o.max_retries = 1)))).await;
    let record = submit(&queue, "talkative").await.wait().await.unwrap();
    let failures = record.history.iter().filter_map(|attempt| attempt.failure.as_ref()).chain(&record.failure);
    for failure in failures {
        assert!((400..5_000).contains(&failure.message.len()), "{} bytes", failure.message.len());
    }
}

#[tokio::test(start_paused = true)]
async fn a_result_over_the_limit_fails_the_job_and_one_at_the_limit_does_not() {
    let text = |length: usize| job("text", move |_| async move { Ok(json!("x".repeat(length))) });
    let (queue, _worker) = started(builder().job(text(98)).max_result(100)).await;
    assert_eq!(submit(&queue, "text").await.wait().await.unwrap().status, Status::Completed);

    let retried = text(99).options(options(|o| o.max_retries = 3));
    let (queue, _worker) = started(builder().job(retried).max_result(100)).await;
    let record = submit(&queue, "text").await.wait().await.unwrap();
    let failure = record.failure.unwrap();
    assert_eq!((record.status, record.attempts, failure.code), (Status::Failed, 1, ErrorCode::ResultTooLarge));
    assert!(failure.message.contains("101 bytes") && failure.message.contains("100"), "{failure}");
}

#[tokio::test(start_paused = true)]
async fn arguments_that_no_longer_fit_the_handler_fail_the_job_once() {
    let strict = job("strict", |mut call| async move {
        let n: u32 = call.arg("n")?;
        Ok(json!(n))
    });
    let (queue, _worker) = started(builder().job(strict.options(options(|o| o.max_retries = 3)))).await;
    let record = submit(&queue, "strict").await.wait().await.unwrap();
    let failure = record.failure.unwrap();
    assert_eq!((record.status, record.attempts, failure.code), (Status::Failed, 1, ErrorCode::ArgumentsChanged));
    assert!(failure.message.contains("`n`"), "{failure}");
}
