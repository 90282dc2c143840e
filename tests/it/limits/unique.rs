//! Jobs of which an equal one stands for a new one.

use std::{collections::HashSet, sync::Arc};

use mcpq::{Queue, QueueError, Status, TestClient, prelude::*, store::Unique};
use serde_json::json;
use tokio::sync::Barrier;

use crate::support::{builder, echo, options, started, submit, with};

fn unique(unique: Unique) -> mcpq::QueueBuilder {
    builder().job(echo().options(options(|o| o.unique = Some(unique))))
}

async fn ask(client: &TestClient, n: u8) -> serde_json::Value {
    client.submit("echo", json!({ "n": n })).await
}

#[tokio::test(start_paused = true)]
async fn a_live_job_stands_for_its_equals_until_it_ends() {
    let queue = unique(Unique::Live).build().await.unwrap();
    let client = TestClient::without_worker(queue.clone());
    let first = ask(&client, 1).await;
    let second = ask(&client, 1).await;
    assert_eq!((&second["job_id"], &second["deduplicated"]), (&first["job_id"], &json!(true)));
    assert_ne!(ask(&client, 2).await["job_id"], first["job_id"], "other arguments");
    let other = client.as_owner("bob").submit("echo", json!({ "n": 1 })).await;
    assert_ne!(other["job_id"], first["job_id"], "another owner");
    let worker = queue.worker().own_thread(false).start().unwrap();
    client.ended(first["job_id"].as_str().unwrap()).await;
    let third = ask(&client, 1).await;
    assert!(third["job_id"] != first["job_id"] && third["deduplicated"].is_null(), "{third}");
    worker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_kept_job_stands_for_its_equals_while_it_is_kept() {
    let (queue, _worker) = started(unique(Unique::Kept)).await;
    let first = submit(&queue, "echo").await;
    assert_eq!(first.wait().await.unwrap().status, Status::Completed);
    assert_eq!(submit(&queue, "echo").await.id(), first.id());
    queue.remove(first.id()).await.unwrap();
    assert_ne!(submit(&queue, "echo").await.id(), first.id());
}

#[tokio::test(start_paused = true)]
async fn the_key_is_looked_at_before_the_arguments() {
    let queue = unique(Unique::Live).build().await.unwrap();
    let keyed = |key: &str| with(|o| o.idempotency_key = Some(key.to_owned()));
    let args = |n: u8| crate::support::args(json!({ "n": n }));
    let first = queue.submit_json("echo", args(1), keyed("k")).await.unwrap();
    let conflict = queue.submit_json("echo", args(2), keyed("k")).await.unwrap_err();
    assert!(matches!(conflict, QueueError::IdempotencyConflict { existing } if existing == first.id));
    let equal = queue.submit_json("echo", args(1), keyed("other")).await.unwrap();
    assert_eq!((equal.id, equal.existing.is_some()), (first.id, true));
}

#[tokio::test(start_paused = true)]
async fn an_ended_job_is_not_replayed_beside_a_live_equal() {
    let fails = crate::support::job("echo", |_| async { Err(JobError::fatal("broken")) });
    let builder = builder().job(fails.options(options(|o| o.unique = Some(Unique::Live))));
    let (queue, worker) = started(builder).await;
    let first = submit(&queue, "echo").await;
    first.wait().await.unwrap();
    worker.stop().await;
    let second = submit(&queue, "echo").await;
    let refused = queue.replay(first.id()).await.unwrap_err();
    assert!(matches!(refused, QueueError::EqualJobLive { live, .. } if live == second.id()), "{refused}");
    assert_eq!(refused.code(), "NOT_RETRYABLE");
}

async fn race(queue: Queue) {
    let barrier = Arc::new(Barrier::new(40));
    let racers: Vec<_> = (0..40)
        .map(|_| {
            let (queue, barrier) = (queue.clone(), barrier.clone());
            tokio::spawn(async move {
                barrier.wait().await;
                submit(&queue, "echo").await.id()
            })
        })
        .collect();
    let mut ids = HashSet::new();
    for racer in racers {
        ids.insert(racer.await.unwrap());
    }
    assert_eq!(ids.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn racing_equals_are_one_job() {
    race(unique(Unique::Live).build().await.unwrap()).await;
    let store = mcpq::store::sqlite::SqliteStore::open(crate::stores::file()).await.unwrap();
    race(unique(Unique::Kept).store(store).build().await.unwrap()).await;
}
