//! A server that forgets, and one that is full.

use std::{sync::Arc, time::Duration};

use mcpq::{
    EventKind, Status,
    store::{Store, StoreError, redis::RedisStore},
};
use serde_json::json;
use tokio::sync::Notify;

use super::{gated, working};
use crate::{
    servers::redis::Server,
    support::{builder, echo, eventually, submit},
};

const LEASE: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scripts_that_are_forgotten_are_sent_again() {
    let server = Server::start(&["--save", ""]);
    let store = RedisStore::connect(&server.url()).await.unwrap();
    let (queue, _worker, _) = working(builder().job(echo()), store, LEASE).await;
    for _ in 0..20 {
        let handle = submit(&queue, "echo").await;
        server.call(&["SCRIPT", "FLUSH"]).unwrap();
        let record = handle.wait().await.unwrap();
        assert_eq!((record.status, record.lease, record.history.len()), (Status::Completed, 1, 1));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_was_emptied_knows_no_job_and_takes_new_ones() {
    let server = Server::start(&["--save", ""]);
    let store = RedisStore::connect(&server.url()).await.unwrap();
    let go = Arc::new(Notify::new());
    let (work, _) = gated(&go);
    let (queue, _worker, events) = working(builder().job(work).job(echo()), store.clone(), LEASE).await;
    let running = submit(&queue, "work").await;
    events.heard(running.id(), EventKind::Started, 1).await;
    server.call(&["FLUSHALL"]).unwrap();
    assert_eq!(queue.status(running.id()).await.unwrap_err().code(), "JOB_NOT_FOUND");
    go.notify_one();
    let handle = submit(&queue, "echo").await;
    assert_eq!(handle.wait().await.unwrap().status, Status::Completed);
    let layout = server.call(&["HGET", "{mcpq}:m", "layout"]).unwrap();
    assert_eq!(layout, "1", "it is marked again");
    let depth = || async {
        let stats = queue.stats().await.unwrap();
        ((stats.queued, stats.running) == (0, 0)).then_some(())
    };
    eventually("nothing is counted that is not there", depth).await;
    let counts = store.counts(&mcpq::Scope::All).await.unwrap();
    assert_eq!((counts.len(), counts[0].completed), (1, 1), "{counts:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f45_a_server_without_memory_refuses_submits_and_lets_running_jobs_end() {
    let server = Server::start(&["--save", ""]);
    let store = RedisStore::connect(&server.url()).await.unwrap();
    let go = Arc::new(Notify::new());
    let (work, _) = gated(&go);
    let (queue, _worker, events) = working(builder().job(work).workers(1), store.clone(), LEASE).await;
    let running = submit(&queue, "work").await;
    events.heard(running.id(), EventKind::Started, 1).await;
    let waiting = submit(&queue, "work").await;
    server.call(&["CONFIG", "SET", "maxmemory", "100000"]).unwrap();
    let refused = queue.submit_json("work", Default::default(), Default::default()).await.unwrap_err();
    assert_eq!(refused.code(), "STORE_UNAVAILABLE");
    let text = format!("{refused:?}");
    assert!(text.contains("maxmemory"), "{text}");
    assert_eq!(queue.stats().await.unwrap().queued, 1, "nothing of it was stored");
    for handle in [running, waiting] {
        go.notify_one();
        assert_eq!(handle.wait().await.unwrap().status, Status::Completed);
        assert_eq!(handle.result().await.unwrap(), json!(1));
    }
    server.call(&["CONFIG", "SET", "maxmemory", "0"]).unwrap();
    go.notify_one();
    assert_eq!(submit(&queue, "work").await.wait().await.unwrap().status, Status::Completed);
}

#[tokio::test]
async fn keys_of_another_program_are_an_error_that_says_so() {
    let server = Server::start(&["--save", ""]);
    let store = RedisStore::connect(&server.url()).await.unwrap();
    server.call(&["SET", "{mcpq}:lanes", "mine"]).unwrap();
    let error = store.counts(&mcpq::Scope::All).await.unwrap_err();
    assert!(matches!(error, StoreError::Unsuitable { .. }), "{error:?}");
    assert!(error.to_string().contains("choose another `name`"), "{error}");
}
