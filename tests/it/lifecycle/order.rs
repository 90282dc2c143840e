//! Which job comes first.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use mcpq::{Priority, Queue, SubmitOptions};
use serde_json::json;

use crate::support::{builder, job, submit_with, with};

/// Submits jobs under names, runs them on one slot from the moment `after` is over, and tells the order of their starts.
async fn order(jobs: Vec<(&'static str, SubmitOptions)>, after: Duration) -> Vec<String> {
    let starts: Arc<Mutex<Vec<String>>> = Arc::default();
    let notes = starts.clone();
    let work = move |mut call: mcpq::JobCall| {
        notes.lock().unwrap().push(call.arg("name").unwrap());
        async { Ok(json!(null)) }
    };
    let queue: Queue =
        builder().job(job("one", work.clone())).job(job("other", work)).queues(["side"]).build().await.unwrap();
    let mut handles = Vec::new();
    for (name, options) in jobs {
        let job_type = if handles.len() % 2 == 0 { "one" } else { "other" };
        handles.push(submit_with(&queue, job_type, json!({ "name": name }), options).await);
    }
    tokio::time::advance(after).await;
    let worker = queue.worker().own_thread(false).concurrency(1).start().unwrap();
    for handle in handles {
        handle.wait().await.unwrap();
    }
    worker.stop().await;
    Arc::try_unwrap(starts).map_or_else(|shared| shared.lock().unwrap().clone(), |owned| owned.into_inner().unwrap())
}

fn of(priority: Priority) -> SubmitOptions {
    with(|o| o.priority = Some(priority))
}

fn late(priority: Priority, seconds: u64) -> SubmitOptions {
    with(|o| (o.priority, o.delay) = (Some(priority), Some(Duration::from_secs(seconds))))
}

#[tokio::test(start_paused = true)]
async fn jobs_of_one_priority_start_in_the_order_of_their_submits() {
    let names = ["a", "b", "c", "d", "e", "f"];
    let jobs = names.map(|name| (name, of(Priority::Normal))).into();
    assert_eq!(order(jobs, Duration::ZERO).await, names);
}

#[tokio::test(start_paused = true)]
async fn more_urgent_jobs_start_first_whatever_their_type_and_queue() {
    let in_side = with(|o| (o.priority, o.queue) = (Some(Priority::High), Some("side".into())));
    let jobs = vec![
        ("low", of(Priority::Low)),
        ("normal", of(Priority::Normal)),
        ("high 1", in_side),
        ("critical", of(Priority::Critical)),
        ("low 2", of(Priority::Low)),
        ("high 2", of(Priority::High)),
    ];
    let expected = ["critical", "high 1", "high 2", "normal", "low", "low 2"];
    assert_eq!(order(jobs, Duration::ZERO).await, expected);
}

#[tokio::test(start_paused = true)]
async fn due_delayed_jobs_start_in_the_order_they_became_due_within_their_priority() {
    let jobs = vec![
        ("due third", late(Priority::Normal, 30)),
        ("due first", late(Priority::Normal, 10)),
        ("due second", late(Priority::Normal, 20)),
        ("undelayed", of(Priority::Normal)),
        ("low, long due", of(Priority::Low)),
        ("critical, just due", late(Priority::Critical, 39)),
    ];
    let expected = ["critical, just due", "undelayed", "due first", "due second", "due third", "low, long due"];
    assert_eq!(order(jobs, Duration::from_secs(40)).await, expected);
}

#[tokio::test(start_paused = true)]
async fn a_delayed_job_blocks_nobody_however_urgent() {
    let jobs = vec![
        ("later", late(Priority::Critical, 60)),
        ("now", of(Priority::Low)),
        ("in a while", late(Priority::Low, 5)),
    ];
    assert_eq!(order(jobs, Duration::ZERO).await, ["now", "in a while", "later"]);
}
