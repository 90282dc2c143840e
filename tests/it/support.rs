//! What the tests of the queue share: small builders, and what they wait for.

mod recorder;

use std::{future::Future, time::Duration};

use mcpq::{
    ArgMap, JobCall, JobDefinition, JobError, JobHandle, JobOptions, Queue, QueueBuilder, SubmitOptions, WorkerHandle,
};
use serde_json::{Value, json};

pub(crate) use mcpq::store::conformance::{Fault, Faulty, Op};
pub(crate) use recorder::Recorder;

/// A builder with no job at all.
pub(crate) fn builder() -> QueueBuilder {
    Queue::builder().without_linked_jobs()
}

/// Options that differ from the defaults as `set` says.
pub(crate) fn options(set: impl FnOnce(&mut JobOptions)) -> JobOptions {
    let mut options = JobOptions::new();
    set(&mut options);
    options
}

/// Submit options that differ from the defaults as `set` says.
pub(crate) fn with(set: impl FnOnce(&mut SubmitOptions)) -> SubmitOptions {
    let mut options = SubmitOptions::default();
    set(&mut options);
    options
}

/// A job that takes any arguments.
pub(crate) fn job<F, Fut>(name: &str, handler: F) -> JobDefinition
where
    F: Fn(JobCall) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Value, JobError>> + Send + 'static,
{
    JobDefinition::from_fn(name, "", json!({ "type": "object" }), handler)
}

/// A job that returns its arguments.
pub(crate) fn echo() -> JobDefinition {
    job("echo", |call| async move { Ok(Value::Object(call.args().clone())) })
}

/// A queue with these jobs and a worker on the test's own runtime.
pub(crate) async fn started(builder: QueueBuilder) -> (Queue, WorkerHandle) {
    let queue = builder.build().await.unwrap();
    let worker = queue.worker().own_thread(false).start().unwrap();
    (queue, worker)
}

/// Arguments from a JSON object.
pub(crate) fn args(value: Value) -> ArgMap {
    match value {
        Value::Object(map) => map,
        other => panic!("{other} is no object"),
    }
}

/// Submits a job without arguments.
pub(crate) async fn submit(queue: &Queue, job_type: &str) -> JobHandle<Value> {
    submit_with(queue, job_type, json!({}), SubmitOptions::default()).await
}

/// Submits a job.
pub(crate) async fn submit_with(
    queue: &Queue,
    job_type: &str,
    arguments: Value,
    options: SubmitOptions,
) -> JobHandle<Value> {
    queue.job(queue.submit_json(job_type, args(arguments), options).await.unwrap().id)
}

/// Looks until `found` gives something. The pause between two looks costs nothing on a paused clock.
pub(crate) async fn eventually<T, Fut: Future<Output = Option<T>>>(what: &str, mut found: impl FnMut() -> Fut) -> T {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(found) = found().await {
            return found;
        }
        assert!(tokio::time::Instant::now() < deadline, "this did not happen: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Says when it is dropped.
pub(crate) struct Guard(Option<tokio::sync::oneshot::Sender<()>>);

impl Guard {
    pub(crate) fn new() -> (Self, tokio::sync::oneshot::Receiver<()>) {
        let (sender, dropped) = tokio::sync::oneshot::channel();
        (Self(Some(sender)), dropped)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(sender) = self.0.take() {
            let _ = sender.send(());
        }
    }
}
