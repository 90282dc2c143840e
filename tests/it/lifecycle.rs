//! The life of a job, from submit to its end.

mod context;
mod order;
mod panics;
mod progress;
mod results;
mod retries;
mod timeouts;

use std::time::Duration;

use mcpq::{BuildError, EventKind, Status, prelude::*};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{Recorder, args, builder, echo, job, options, started, submit, submit_with, with};

#[tokio::test(start_paused = true)]
async fn a_submitted_job_is_completed_with_its_result() {
    let (builder, events) = Recorder::on(builder().job(echo()).result_ttl(Duration::from_secs(60)));
    let (queue, _worker) = started(builder).await;
    let handle = submit_with(&queue, "echo", json!({ "x": [1, "two"] }), with(|_| {})).await;
    let result: Value = handle.result().await.unwrap();
    assert_eq!(result, json!({ "x": [1, "two"] }));

    let record = handle.status().await.unwrap();
    assert_eq!((record.status, record.progress), (Status::Completed, 1.0));
    assert_eq!((record.attempts, record.crashes, record.lease), (1, 0, 1));
    let (started, finished) = (record.started_at.unwrap(), record.finished_at.unwrap());
    assert!(record.created_at <= started && started <= finished);
    assert_eq!((record.expires_at.unwrap() - finished).num_seconds(), 60);
    assert!(record.run_at.is_none() && record.failure.is_none() && !record.cancel_requested);
    events.heard(handle.id(), EventKind::Completed, 1).await;
    assert_eq!(events.kinds(handle.id()), [EventKind::Submitted, EventKind::Started, EventKind::Completed]);
}

#[tokio::test(start_paused = true)]
async fn a_final_status_stays_whatever_is_asked() {
    let (queue, _worker) = started(builder().job(echo())).await;
    let handle = submit(&queue, "echo").await;
    handle.wait().await.unwrap();
    assert_eq!(handle.cancel().await.unwrap().status, Status::Completed);
    assert_eq!(queue.replay(handle.id()).await.unwrap_err().code(), "NOT_RETRYABLE");
    let record = handle.status().await.unwrap();
    assert!(record.status == Status::Completed && !record.cancel_requested);
}

#[tokio::test(start_paused = true)]
async fn a_delayed_job_starts_when_its_delay_is_over() {
    let (builder, events) = Recorder::on(builder().job(echo()));
    let (queue, _worker) = started(builder).await;
    let submitted = Instant::now();
    let delayed = with(|options| options.delay = Some(Duration::from_secs(90)));
    let handle = submit_with(&queue, "echo", json!({}), delayed).await;
    let record = handle.status().await.unwrap();
    assert_eq!(record.status, Status::Pending);
    assert!((89_000..=90_000).contains(&(record.run_at.unwrap() - record.created_at).num_milliseconds()));
    events.heard(handle.id(), EventKind::Started, 1).await;
    let waited = submitted.elapsed();
    assert!((90_000..90_100).contains(&waited.as_millis()), "{waited:?}");
    assert!(handle.wait().await.unwrap().run_at.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_job_with_a_time_starts_at_that_time_and_a_past_one_at_once() {
    let (queue, _worker) = started(builder().job(echo())).await;
    let submitted = Instant::now();
    let past = with(|options| options.run_at = Some(chrono::Utc::now() - chrono::TimeDelta::days(3)));
    submit_with(&queue, "echo", json!({}), past).await.wait().await.unwrap();
    assert!(submitted.elapsed() < Duration::from_secs(1));
    let soon = with(|options| options.run_at = Some(chrono::Utc::now() + chrono::TimeDelta::seconds(30)));
    submit_with(&queue, "echo", json!({}), soon).await.wait().await.unwrap();
    let waited = submitted.elapsed();
    assert!((29_000..30_100).contains(&waited.as_millis()), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_replay_runs_the_same_job_again_from_the_start() {
    let fails_at_first = |call: mcpq::JobCall| async move {
        call.progress().report(1, 2).message("half");
        if call.context().lease() == 1 { Err(JobError::fatal("no")) } else { Ok(json!("yes")) }
    };
    let (queue, _worker) = started(builder().job(job("work", fails_at_first))).await;
    let keyed = with(|options| options.idempotency_key = Some("k".into()));
    let handle = submit_with(&queue, "work", json!({ "n": 1 }), keyed.clone()).await;
    assert_eq!(handle.wait().await.unwrap().status, Status::Failed);

    let record = queue.replay(handle.id()).await.unwrap();
    assert_eq!((record.status, record.attempts, record.crashes, record.progress), (Status::Pending, 0, 0, 0.0));
    assert!(record.failure.is_none() && record.progress_message.is_none() && record.finished_at.is_none());
    assert_eq!((record.id, record.idempotency_key.as_deref(), record.lease), (handle.id(), Some("k"), 1));
    assert_eq!(record.history.len(), 1, "the history of the first life stays");

    let record = handle.wait().await.unwrap();
    assert_eq!((record.status, record.attempts, record.lease), (Status::Completed, 1, 2));
    let again = queue.submit_json("work", args(json!({ "n": 1 })), keyed).await.unwrap();
    assert_eq!(again.existing.unwrap().id, handle.id());
}

#[tokio::test(start_paused = true)]
async fn a_fallback_takes_every_other_type_under_its_own_name() {
    let fallback = |call: mcpq::JobCall| async move { Ok(json!([call.context().job_type(), call.args()])) };
    let (builder, events) = Recorder::on(builder().job(echo()).fallback(fallback));
    let (queue, _worker) = started(builder).await;
    let handle = submit_with(&queue, "made-up", json!({ "n": 1 }), with(|_| {})).await;
    assert_eq!(handle.result().await.unwrap(), json!(["made-up", { "n": 1 }]));
    assert_eq!(submit(&queue, "echo").await.result().await.unwrap(), json!({}), "its own handler is nearer");
    events.heard(handle.id(), EventKind::Completed, 1).await;
    let heard = events.events().into_iter().filter(|event| event.job_id == handle.id());
    assert!(heard.into_iter().all(|event| &*event.job_type == "made-up"));
    let error = queue.submit_json("made up", args(json!({})), with(|_| {})).await.unwrap_err();
    assert_eq!(error.code(), "VALIDATION_ERROR", "a name that no tool could bear");
}

struct Greeting(&'static str);

/// Greets with the application's word.
#[mcp_job]
async fn greet(name: String, greeting: State<Greeting>) -> String {
    format!("{}, {name}", greeting.0)
}

#[tokio::test(start_paused = true)]
async fn state_is_injected_and_a_missing_one_fails_the_build() {
    let (queue, _worker) = started(builder().job(greet::JOB).state(Greeting("Servus"))).await;
    let job = queue.submit(greet { name: "Ada".into() }).await.unwrap();
    assert_eq!(job.result().await.unwrap(), "Servus, Ada");

    let error = builder().job(greet::JOB).build().await.unwrap_err().to_string();
    assert!(error.contains("`greet` takes `State<") && error.contains("Greeting"), "{error}");
    builder().job(greet::JOB).submit_only().build().await.unwrap();
}

/// Greets in another way.
#[mcp_job(name = "greet", args = "GreetAgain")]
async fn greet_again() {}

#[tokio::test]
async fn two_jobs_of_one_name_fail_the_build_with_both_places() {
    let error = builder().job(greet::JOB).job(GreetAgain::JOB).submit_only().build().await.unwrap_err();
    let BuildError::DuplicateJob { name, first, second } = &error else { panic!("{error:?}") };
    assert_eq!(name, "greet");
    assert_ne!(first, second);
    for place in [first, second] {
        assert!(place.contains("lifecycle.rs:") && error.to_string().contains(place.as_str()), "{error}");
    }
}

#[tokio::test]
async fn policies_that_cannot_work_are_refused_by_the_build() {
    let wrong: [(&str, fn(&mut mcpq::JobOptions)); 7] = [
        ("max_retries", |options| options.max_retries = u32::MAX),
        ("timeout", |options| options.timeout = Some(Duration::ZERO)),
        ("backoff_base", |options| options.backoff_base = f64::NAN),
        ("backoff_base", |options| options.backoff_base = -1.0),
        ("backoff_max", |options| options.backoff_max = f64::NEG_INFINITY),
        ("backoff_jitter", |options| options.backoff_jitter = 1.5),
        ("queue", |options| options.queue = ""),
    ];
    for (name, set) in wrong {
        let error = builder().job(echo().options(options(set))).build().await.unwrap_err().to_string();
        assert!(error.contains("`echo`") && error.contains(&format!("`{name}`")), "{name}: {error}");
    }
}
