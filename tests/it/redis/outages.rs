//! A server that is stopped, killed and cut off.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use mcpq::{AttemptEnd, CancelReason, EventKind, JobId, Status, store::redis::RedisStore};
use serde_json::json;
use tokio::{sync::Notify, time::sleep};

use super::{gated, working};
use crate::{
    servers::redis::Server,
    support::{builder, echo, eventually, job, submit},
};

/// What keeps every write.
const DURABLE: [&str; 6] = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f07_some_seconds_without_a_server_cost_no_job_and_no_attempt() {
    let mut server = Server::start(&DURABLE);
    let store = RedisStore::connect(&server.url()).await.unwrap();
    let go = Arc::new(Notify::new());
    let (work, starts) = gated(&go);
    let (queue, _worker, events) = working(builder().job(work).job(echo()), store, Duration::from_secs(30)).await;
    let handle = submit(&queue, "work").await;
    events.heard(handle.id(), EventKind::Started, 1).await;
    server.stop();
    go.notify_one();
    let refused = queue.submit_json("echo", Default::default(), Default::default()).await.unwrap_err();
    assert_eq!(refused.code(), "STORE_UNAVAILABLE");
    sleep(Duration::from_secs(4)).await;
    server.begin();
    events.heard(handle.id(), EventKind::Completed, 1).await;
    let record = handle.status().await.unwrap();
    assert_eq!((record.status, record.lease, record.attempts, record.crashes), (Status::Completed, 1, 1, 0));
    assert_eq!(*starts.lock().unwrap(), [1]);
    assert_eq!(submit(&queue, "echo").await.wait().await.unwrap().status, Status::Completed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f08_no_server_for_longer_than_a_lease_stops_the_handler_and_the_job_starts_again() {
    let mut server = Server::start(&DURABLE);
    let store = RedisStore::connect(&server.url()).await.unwrap();
    let reasons = Arc::new(Mutex::new(Vec::new()));
    let seen = reasons.clone();
    let work = job("work", move |call| {
        let (seen, token, lease) = (seen.clone(), call.cancel_token().clone(), call.context().lease());
        async move {
            if lease > 1 {
                return Ok(json!(lease));
            }
            tokio::spawn(async move {
                token.cancelled().await;
                seen.lock().unwrap().push(token.reason());
            });
            std::future::pending().await
        }
    });
    let (queue, _worker, events) = working(builder().job(work).max_crashes(5), store, Duration::from_secs(2)).await;
    let handle = submit(&queue, "work").await;
    events.heard(handle.id(), EventKind::Started, 1).await;
    server.stop();
    eventually("the handler is told", || async { (reasons.lock().unwrap().len() == 1).then_some(()) }).await;
    assert_eq!(*reasons.lock().unwrap(), [Some(CancelReason::LeaseLost)]);
    server.begin();
    assert_eq!(handle_after(&queue, handle.id()).await, json!(2));
    let record = handle.status().await.unwrap();
    assert_eq!((record.lease, record.attempts, record.crashes), (2, 1, 1));
    assert_eq!(record.history[0].end, AttemptEnd::LeaseLost);
}

/// The result, once the store can be reached again.
async fn handle_after(queue: &mcpq::Queue, id: JobId) -> serde_json::Value {
    eventually("it has a result", || async { queue.job(id).result().await.ok() }).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_before_the_server_was_killed_is_there_and_ends_once() {
    let mut server = Server::start(&DURABLE);
    let store = RedisStore::connect(&server.url()).await.unwrap();
    let (queue, _worker, _) = working(builder().job(echo()).max_crashes(50), store, Duration::from_secs(2)).await;
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    for round in 1..=3 {
        let before = acknowledged.lock().unwrap().len();
        let producers: Vec<_> = (0..4)
            .map(|_| {
                let (queue, known) = (queue.clone(), acknowledged.clone());
                tokio::spawn(async move {
                    while let Ok(submitted) = queue.submit_json("echo", Default::default(), Default::default()).await {
                        known.lock().unwrap().push(submitted.id);
                    }
                })
            })
            .collect();
        let some = || async { (acknowledged.lock().unwrap().len() > before + 50).then_some(()) };
        eventually(&format!("jobs are submitted in round {round}"), some).await;
        server.kill();
        for producer in producers {
            producer.await.unwrap();
        }
        server.begin();
    }
    let acknowledged = acknowledged.lock().unwrap().clone();
    for id in acknowledged {
        let record = eventually("it has ended", || async {
            let record = queue.status(id).await.ok()?;
            record.status.is_final().then_some(record)
        })
        .await;
        assert_eq!(record.status, Status::Completed, "{record:?}");
        let outcomes = record.history.iter().filter(|attempt| attempt.end != AttemptEnd::LeaseLost).count();
        assert_eq!(outcomes, 1, "{record:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_cut_cost_no_job_its_one_outcome() {
    const JOBS: usize = 400;
    let server = Server::start(&DURABLE);
    let store = RedisStore::connect(&server.url()).await.unwrap();
    let ended = Arc::new(AtomicUsize::new(0));
    let counted = ended.clone();
    let work = job("work", move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        async {
            tokio::task::yield_now().await;
            Ok(json!(1))
        }
    });
    let (queue, _worker, _) = working(builder().job(work).max_crashes(50), store, Duration::from_secs(3)).await;
    let mut ids = Vec::new();
    let mut cut = 0;
    while ids.len() < JOBS {
        if let Ok(submitted) = queue.submit_json("work", Default::default(), Default::default()).await {
            ids.push(submitted.id);
        }
        if ids.len() % 10 == 0 {
            // An integer that tells how many there were.
            let killed = |kind| server.call(&["CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes"]);
            cut += [killed("normal"), killed("pubsub")].iter().flatten().filter(|known| **known != "int(0)").count();
        }
    }
    assert!(cut > 20, "{cut} connections were cut");
    for id in ids {
        let record = eventually("it has ended", || async {
            let record = queue.status(id).await.unwrap();
            record.status.is_final().then_some(record)
        })
        .await;
        assert_eq!(record.status, Status::Completed, "{record:?}");
        let outcomes = record.history.iter().filter(|attempt| attempt.end == AttemptEnd::Completed).count();
        assert_eq!(outcomes, 1, "{record:?}");
    }
    assert!(ended.load(Ordering::SeqCst) >= JOBS);
    // Wake-ups are heard again as well.
    assert_eq!(submit(&queue, "work").await.wait().await.unwrap().status, Status::Completed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_hangs_for_longer_than_a_lease_is_waited_for_and_the_job_starts_again() {
    let server = Server::start(&DURABLE);
    let store = RedisStore::connect(&server.url()).await.unwrap();
    let go = Arc::new(Notify::new());
    let (work, starts) = gated(&go);
    let (queue, _worker, events) = working(builder().job(work).max_crashes(5), store, Duration::from_secs(2)).await;
    let handle = submit(&queue, "work").await;
    events.heard(handle.id(), EventKind::Started, 1).await;
    server.signal("-STOP");
    let began = std::time::Instant::now();
    let refused = queue.submit_json("work", Default::default(), Default::default()).await.unwrap_err();
    assert_eq!(refused.code(), "STORE_UNAVAILABLE");
    assert!(began.elapsed() < Duration::from_secs(14), "{:?}", began.elapsed());
    server.signal("-CONT");
    eventually("it starts again", || async { starts.lock().unwrap().contains(&2).then_some(()) }).await;
    go.notify_waiters();
    assert_eq!(handle_after(&queue, handle.id()).await, json!(2));
    assert_eq!(handle.status().await.unwrap().crashes, 1);
}
