//! Panics, wherever they come from, harm their own job alone.

use std::{future::pending, panic::panic_any, time::Duration};

use mcpq::{ErrorCode, EventKind, JobError, JobRecord, Status, prelude::*};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::support::{Recorder, builder, echo, job, options, started, submit};

/// Panics when it is dropped.
#[derive(Debug)]
struct Bomb(&'static str);

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("{}", self.0);
    }
}

/// An error whose drop panics.
#[derive(Debug)]
struct BadError(#[allow(dead_code, reason = "dropped, and shown by Debug")] Bomb);

impl std::fmt::Display for BadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a bad error")
    }
}

impl std::error::Error for BadError {}

/// A result whose serialisation panics.
struct Unwritable;

impl Serialize for Unwritable {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        panic!("while writing");
    }
}

/// A result that can be written, and panics when it is dropped.
#[derive(Serialize)]
struct Undroppable {
    #[serde(skip)]
    _bomb: Bomb,
}

/// Returns what panics while it is written.
#[mcp_job]
async fn unwritable() -> Unwritable {
    Unwritable
}

/// Returns what panics when it is dropped.
#[mcp_job]
async fn undroppable() -> Undroppable {
    Undroppable { _bomb: Bomb("result dropped") }
}

/// Panics on the blocking pool.
#[mcp_job]
fn blocking() -> Result<(), JobError> {
    panic!("on the pool");
}

/// Runs a job to its end, then another, to see that the worker is unharmed.
async fn outcome(definition: impl Into<mcpq::JobDefinition>) -> JobRecord {
    let definition = definition.into();
    let name = definition.name().to_owned();
    let (queue, worker) = started(builder().job(definition).job(echo()).workers(1)).await;
    let record = submit(&queue, &name).await.wait().await.unwrap();
    assert_eq!(submit(&queue, "echo").await.wait().await.unwrap().status, Status::Completed);
    worker.stop().await;
    record
}

fn panicked(record: &JobRecord) -> String {
    assert_eq!(record.status, Status::Failed);
    let failure = record.failure.as_ref().unwrap();
    assert_eq!(failure.code, ErrorCode::Panic, "{failure}");
    failure.message.clone()
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_the_handler_fails_the_attempt_with_its_message() {
    let record = outcome(job("work", |_| async { panic!("boom {}", 7) })).await;
    assert_eq!(panicked(&record), "the job panicked: boom 7");
    let before_the_future = job("work", |_| -> std::future::Ready<Result<Value, JobError>> { panic!("early") });
    assert_eq!(panicked(&outcome(before_the_future).await), "the job panicked: early");
    assert_eq!(panicked(&outcome(blocking::JOB).await), "the job panicked: on the pool");
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_retried_by_the_jobs_policy() {
    let work = job("work", |call| async move {
        assert!(call.context().attempt() == 3, "too early");
        Ok(json!("third"))
    });
    let record = outcome(work.options(options(|o| o.max_retries = 2))).await;
    assert_eq!((record.status, record.attempts), (Status::Completed, 3));
    assert_eq!(record.history[0].failure.as_ref().unwrap().code, ErrorCode::Panic);
}

#[tokio::test(start_paused = true)]
async fn a_panic_while_the_handlers_locals_are_dropped_is_contained() {
    let at_return = job("work", |_| async {
        let _bomb = Bomb("local dropped");
        Ok(json!(1))
    });
    assert_eq!(panicked(&outcome(at_return).await), "the job panicked: local dropped");

    let at_abort = job("work", |_| async {
        let _bomb = Bomb("local dropped");
        pending().await
    });
    let record = outcome(at_abort.options(options(|o| o.timeout = Some(Duration::from_secs(1))))).await;
    assert_eq!(record.status, Status::Timeout);
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_the_result_is_contained() {
    assert_eq!(panicked(&outcome(unwritable::JOB).await), "the job panicked: while writing");
    assert_eq!(panicked(&outcome(undroppable::JOB).await), "the job panicked: result dropped");
}

#[tokio::test(start_paused = true)]
async fn a_panic_whose_payload_panics_is_contained() {
    let record = outcome(job("work", |_| async { panic_any(Bomb("payload dropped")) })).await;
    assert_eq!(panicked(&record), "the job panicked: a value that is no text");
}

#[tokio::test(start_paused = true)]
async fn an_error_whose_cause_panics_when_dropped_is_contained() {
    let record = outcome(job("work", |_| async { Err(BadError(Bomb("cause dropped")).into()) })).await;
    assert_eq!(record.status, Status::Failed);
    assert_eq!(record.failure.unwrap().message, "a bad error");
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_panics_harms_nothing_and_the_others_still_hear() {
    let builder = builder().job(echo()).on_event(|_| panic!("hook")).on_event(|_| panic_any(Bomb("hook's payload")));
    let (builder, events) = Recorder::on(builder);
    let (queue, _worker) = started(builder).await;
    for _ in 0..3 {
        let handle = submit(&queue, "echo").await;
        assert_eq!(handle.wait().await.unwrap().status, Status::Completed);
        events.heard(handle.id(), EventKind::Completed, 1).await;
    }
}
