//! What becomes of progress on its way to the store.

use std::{sync::Arc, time::Duration};

use mcpq::Status;
use serde_json::json;
use tokio::{sync::Notify, time::Instant};

use crate::support::{Faulty, Op, builder, eventually, job, started, submit};

#[tokio::test(start_paused = true)]
async fn ten_thousand_reports_are_few_writes_and_the_last_one_wins() {
    let flood = job("flood", |call| async move {
        for n in 1..=10_000 {
            call.progress().report(n, 20_000).message(format!("step {n}"));
            if n % 10 == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        Err::<serde_json::Value, _>(mcpq::JobError::fatal("so that the progress is not set to 1"))
    });
    let store = Faulty::default();
    let (queue, _worker) = started(builder().job(flood).store(store.clone())).await;
    let begun = Instant::now();
    let record = submit(&queue, "flood").await.wait().await.unwrap();
    let seconds = begun.elapsed().as_secs_f64();
    assert_eq!((record.status, record.progress), (Status::Failed, 0.5));
    assert_eq!(record.progress_message.as_deref(), Some("step 10000"), "the end flushes the last report");
    let writes = store.calls(Op::Progress) as f64;
    assert!(writes >= 2.0 && writes <= seconds * 10.0 + 2.0, "{writes} writes in {seconds} s");
}

#[tokio::test(start_paused = true)]
async fn progress_is_seen_while_the_job_runs_and_never_goes_back() {
    let go_on = Arc::new(Notify::new());
    let gate = go_on.clone();
    let steps = job("steps", move |call| {
        let gate = gate.clone();
        async move {
            call.progress().report(6, 10).message("six");
            gate.notified().await;
            call.progress().report(2, 10).message("back at two");
            gate.notified().await;
            Ok(json!(null))
        }
    });
    let (queue, _worker) = started(builder().job(steps)).await;
    let handle = submit(&queue, "steps").await;
    let message_is = |wanted: &'static str| {
        let handle = &handle;
        eventually(wanted, move || async move {
            let record = handle.status().await.unwrap();
            (record.progress_message.as_deref() == Some(wanted)).then_some(record)
        })
    };
    assert_eq!(message_is("six").await.progress, 0.6);
    go_on.notify_one();
    assert_eq!(message_is("back at two").await.progress, 0.6);
    go_on.notify_one();
    assert_eq!(handle.wait().await.unwrap().progress, 1.0);
}

#[tokio::test(start_paused = true)]
async fn progress_does_not_go_back_with_another_attempt() {
    let twice = job("twice", |call| async move {
        let first = call.context().attempt() == 1;
        call.progress().report(if first { 8 } else { 1 }, 10);
        Err(if first { mcpq::JobError::retry("again") } else { mcpq::JobError::fatal("no") })
    });
    let retried = twice.options(crate::support::options(|o| o.max_retries = 1));
    let (queue, _worker) = started(builder().job(retried)).await;
    let record = submit(&queue, "twice").await.wait().await.unwrap();
    assert_eq!((record.attempts, record.progress), (2, 0.8));
}

#[tokio::test(start_paused = true)]
async fn lost_progress_writes_harm_nobody() {
    let work = job("work", |call| async move {
        for n in 1..=5 {
            call.progress().report(n, 10);
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        Err::<serde_json::Value, _>(mcpq::JobError::fatal("done"))
    });
    let store = Faulty::default();
    store.fail(&[Op::Progress], crate::support::Fault::Before);
    let (queue, _worker) = started(builder().job(work).store(store)).await;
    let record = submit(&queue, "work").await.wait().await.unwrap();
    assert_eq!((record.status, record.progress), (Status::Failed, 0.5));
}
