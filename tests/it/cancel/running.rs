//! Cancelling a job that runs: its ending decides.

use std::{future::pending, sync::Mutex, time::Duration};

use mcpq::{
    AttemptEnd, CancelReason, EventKind, JobCall, JobDefinition, JobError, JobHandle, JobRecord, QueueBuilder, Status,
    WorkerHandle,
};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{Guard, Recorder, builder, echo, job, options, started, submit};

/// A job that runs already.
struct Running {
    handle: JobHandle<Value>,
    queue: mcpq::Queue,
    events: Recorder,
    _worker: WorkerHandle,
}

async fn running(definition: JobDefinition) -> Running {
    running_on(builder(), definition).await
}

async fn running_on(builder: QueueBuilder, definition: JobDefinition) -> Running {
    let name = definition.name().to_owned();
    let (builder, events) = Recorder::on(builder.job(definition).job(echo()).workers(1));
    let (queue, worker) = started(builder).await;
    let handle = submit(&queue, &name).await;
    events.heard(handle.id(), EventKind::Started, 1).await;
    tokio::task::yield_now().await;
    Running { handle, queue, events, _worker: worker }
}

/// A job that waits for its token, then some time more, and ends as `end` says.
fn after_the_token(wait: Duration, end: fn(&JobCall) -> Result<Value, JobError>) -> JobDefinition {
    job("work", move |call| async move {
        call.cancel_token().cancelled().await;
        tokio::time::sleep(wait).await;
        end(&call)
    })
}

/// Asks for the end and waits for it.
async fn ended(running: &Running) -> JobRecord {
    running.handle.cancel().await.unwrap();
    running.handle.wait().await.unwrap()
}

const AT_ONCE: Duration = Duration::ZERO;

#[tokio::test(start_paused = true)]
async fn a_handler_that_obeys_ends_the_job_as_cancelled_before_the_answer() {
    let job = after_the_token(AT_ONCE, |call| {
        assert_eq!(call.cancel_token().reason(), Some(CancelReason::Requested));
        call.cancel_token().check()?;
        Ok(json!("never"))
    });
    let running = running(job).await;
    let asked = Instant::now();
    let record = running.handle.cancel().await.unwrap();
    assert_eq!((record.status, record.attempts, record.failure), (Status::Cancelled, 1, None));
    assert_eq!(record.history.last().unwrap().end, AttemptEnd::Cancelled);
    assert!(asked.elapsed() < Duration::from_millis(100));
    running.events.heard(running.handle.id(), EventKind::Cancelled, 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_ignores_its_token_is_dropped_after_the_grace() {
    let (guard, dropped) = Guard::new();
    let guard = Mutex::new(Some(guard));
    let ignores = job("work", move |_| {
        let guard = guard.lock().unwrap().take();
        async move {
            let _guard = guard;
            pending().await
        }
    });
    let builder = builder().cancel_wait(Duration::from_secs(2)).cancel_grace(Duration::from_secs(7));
    let running = running_on(builder, ignores).await;
    let asked = Instant::now();
    let record = running.handle.cancel().await.unwrap();
    assert!(record.status == Status::Running && record.cancel_requested, "the truth: it still runs");
    assert_eq!(asked.elapsed().as_millis() / 100, 20, "the call waits as long as the setting says");
    dropped.await.unwrap();
    assert_eq!(asked.elapsed().as_millis() / 100, 70);
    assert_eq!(running.handle.wait().await.unwrap().status, Status::Cancelled);
    assert_eq!(running.queue.stats().await.unwrap().leaked, 0);
    assert_eq!(submit(&running.queue, "echo").await.wait().await.unwrap().status, Status::Completed);
}

#[tokio::test(start_paused = true)]
async fn a_result_before_the_drop_counts() {
    let running = running(after_the_token(Duration::from_secs(4), |_| Ok(json!("after all")))).await;
    assert_eq!(running.handle.cancel().await.unwrap().status, Status::Running);
    assert_eq!(running.handle.result().await.unwrap(), json!("after all"));
    let record = running.handle.status().await.unwrap();
    assert_eq!(record.status, Status::Completed);
}

#[tokio::test(start_paused = true)]
async fn a_fatal_error_after_a_cancel_is_a_failure() {
    let record = ended(&running(after_the_token(AT_ONCE, |_| Err(JobError::fatal("broken")))).await).await;
    assert_eq!((record.status, record.failure.unwrap().message.as_str()), (Status::Failed, "broken"));
}

#[tokio::test(start_paused = true)]
async fn any_other_ending_after_a_cancel_is_cancelled_also_where_a_retry_is_due() {
    let ends: [fn(&JobCall) -> Result<Value, JobError>; 2] =
        [|_| Err(JobError::retry("boom")), |_| panic!("while it stops")];
    for end in ends {
        let record = ended(&running(after_the_token(AT_ONCE, end).options(options(|o| o.max_retries = 5))).await).await;
        assert_eq!((record.status, record.attempts, record.failure), (Status::Cancelled, 1, None));
    }
}

#[tokio::test(start_paused = true)]
async fn a_timeout_after_a_cancel_is_a_timeout() {
    let slow = after_the_token(Duration::from_secs(60), |_| Ok(json!(null)));
    let running = running(slow.options(options(|o| o.timeout = Some(Duration::from_secs(3))))).await;
    let record = ended(&running).await;
    assert_eq!((record.status, record.attempts), (Status::Timeout, 1));
}

#[tokio::test(start_paused = true)]
async fn a_timeout_that_would_be_retried_is_cancelled_after_a_cancel() {
    let slow = after_the_token(Duration::from_secs(60), |_| Ok(json!(null)));
    let retried = options(|o| (o.timeout, o.max_retries, o.retry_on_timeout) = (Some(Duration::from_secs(3)), 4, true));
    let record = ended(&running(slow.options(retried)).await).await;
    assert_eq!((record.status, record.attempts), (Status::Cancelled, 1));
    assert_eq!(record.history.last().unwrap().end, AttemptEnd::Timeout);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_ended_keeps_its_end() {
    let record = ended(&running(job("work", |_| async { Err(JobError::fatal("broken")) })).await).await;
    assert_eq!((record.status, record.cancel_requested), (Status::Failed, false));
}
