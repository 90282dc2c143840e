//! What a handler knows of its own job, and what it can start.

use std::{sync::Arc, time::Duration};

use mcpq::{ArgMap, EventKind, Owner, Priority, Status, prelude::*};
use serde_json::{Value, json};
use tokio::{sync::Notify, time::Instant};

use crate::support::{Recorder, builder, echo, job, options, started, submit_with, with};

#[tokio::test(start_paused = true)]
async fn the_context_tells_what_the_job_is() {
    let look = job("look", |call| async move {
        let context = call.context();
        if context.attempt() == 1 {
            return Err(JobError::retry("once more"));
        }
        let left = context.deadline().unwrap() - Instant::now();
        Ok(json!({
            "job_id": context.job_id(),
            "job_type": context.job_type(),
            "attempt": context.attempt(),
            "max_attempts": context.max_attempts(),
            "lease": context.lease(),
            "idempotency_key": context.idempotency_key(),
            "owner": context.owner().as_str(),
            "queue": context.queue(),
            "priority": context.priority(),
            "batch_id": context.batch_id(),
            "seconds_left": left.as_secs_f64().round(),
            "submitted_at": context.submitted_at(),
        }))
    });
    let look = look.options(options(|o| (o.max_retries, o.timeout) = (4, Some(Duration::from_secs(50)))));
    let (queue, _worker) = started(builder().job(look).queues(["reports"])).await;
    let submitted = with(|o| {
        o.idempotency_key = Some("today".into());
        o.queue = Some("reports".into());
        o.priority = Some(Priority::High);
        o.timeout = Some(Duration::from_secs(20));
        o.max_retries = Some(2);
    });
    let queue = queue.as_owner("ada");
    let handle = submit_with(&queue, "look", json!({}), submitted).await;
    let seen: Value = handle.result().await.unwrap();
    let record = handle.status().await.unwrap();
    assert_eq!(
        seen,
        json!({
            "job_id": handle.id(),
            "job_type": "look",
            "attempt": 2,
            "max_attempts": 3,
            "lease": 2,
            "idempotency_key": "today",
            "owner": "ada",
            "queue": "reports",
            "priority": "high",
            "batch_id": null,
            "seconds_left": 20.0,
            "submitted_at": record.created_at,
        })
    );
}

/// Submits another job.
#[mcp_job]
async fn spawn_greeting(context: JobContext) -> Result<String, JobError> {
    let id = context.submit(make_greeting { name: "Bob".into() }).await?;
    Ok(id.to_string())
}

/// Greets somebody.
#[mcp_job]
async fn make_greeting(name: String, context: JobContext) -> String {
    format!("Hello {name} from {}", context.owner())
}

#[tokio::test(start_paused = true)]
async fn a_job_submitted_by_a_handler_inherits_the_owner() {
    let (queue, _worker) = started(builder().job(spawn_greeting::JOB).job(make_greeting::JOB)).await;
    let ada = queue.as_owner("ada");
    let id = ada.submit(spawn_greeting {}).await.unwrap().result().await.unwrap().parse().unwrap();
    assert_eq!(ada.status(id).await.unwrap().owner, Owner::new("ada"));
    assert_eq!(ada.job(id).result().await.unwrap(), json!("Hello Bob from ada"));
    assert_eq!(queue.status(id).await.unwrap_err().code(), "JOB_NOT_FOUND");
}

#[tokio::test(start_paused = true)]
async fn what_the_queue_refuses_a_handler_is_retried_only_where_that_may_help() {
    let gate = Arc::new(Notify::new());
    let opened = gate.clone();
    let parent = job("parent", move |mut call| {
        let gate = gate.clone();
        async move {
            gate.notified().await;
            let child: String = call.arg("child")?;
            Ok(json!(call.context().submit_json(&child, ArgMap::new(), None).await?))
        }
    });
    let parent = parent.options(options(|o| o.max_retries = 1));
    let (builder, events) = Recorder::on(builder().job(parent).job(echo()).max_pending(1).workers(1));
    let (queue, _worker) = started(builder).await;
    let begun = async |child: &str| {
        let handle = submit_with(&queue, "parent", json!({ "child": child }), with(|_| {})).await;
        events.heard(handle.id(), EventKind::Started, 1).await;
        handle
    };

    let handle = begun("nobody").await;
    opened.notify_one();
    let record = handle.wait().await.unwrap();
    assert_eq!((record.status, record.attempts), (Status::Failed, 1));
    assert!(record.failure.unwrap().message.contains("unknown job type `nobody`"));

    let handle = begun("echo").await;
    submit_with(&queue, "echo", json!({}), with(|o| o.delay = Some(Duration::from_millis(500)))).await;
    opened.notify_one();
    events.heard(handle.id(), EventKind::Started, 2).await;
    opened.notify_one();
    let record = handle.wait().await.unwrap();
    assert_eq!((record.status, record.attempts), (Status::Completed, 2));
    assert!(record.history[0].failure.as_ref().unwrap().message.contains("the queue is full"));
}
