//! SIGTERM while jobs run, wait and drain.

use std::time::Duration;

use mcpq::{AttemptEnd, Status};
use serde_json::json;
use tokio::time::sleep;

use super::machine::{Machine, until};

#[tokio::test]
async fn f37_sigterm_lets_jobs_end_within_the_grace_and_gives_the_rest_back_uncharged() {
    let machine = Machine::new().with("TEST_GRACE_MS", 1500).with("TEST_LEASE_MS", 30_000);
    let queue = machine.queue().await;
    let mut worker = machine.start(&["worker", "--workers", "2"]);
    let in_time = machine.submit(&queue, "hold", json!({ "until": "go" })).await;
    let deaf = machine.submit(&queue, "hold", json!({ "until": "never" })).await;
    let behind = machine.submit(&queue, "mark", json!({})).await;
    machine.started(in_time, 1).await;
    machine.started(deaf, 1).await;
    worker.signal("TERM").await;
    worker.says("stopping").await;
    machine.make("go");
    assert_eq!(worker.end().await, 0);

    let record = queue.status(in_time).await.unwrap();
    assert_eq!((record.status, record.lease), (Status::Completed, 1));
    let record = queue.status(deaf).await.unwrap();
    assert_eq!((record.status, record.attempts, record.crashes, record.lease), (Status::Pending, 0, 0, 1));
    assert_eq!(record.history[0].end, AttemptEnd::Released);
    let record = queue.status(behind).await.unwrap();
    assert_eq!((record.status, record.lease), (Status::Pending, 0), "nothing new is claimed");

    // No lease is to be waited for: it is free at once.
    machine.make("never");
    let mut next = machine.worker();
    machine.started(deaf, 2).await;
    super::promises::drained(&queue).await;
    assert_eq!(queue.status(deaf).await.unwrap().attempts, 1);
    assert_eq!(next.stop().await, 0);
}

#[tokio::test]
async fn f38_a_retry_waits_in_the_store_and_neither_holds_a_slot_nor_a_stop() {
    let machine = Machine::new().with("TEST_GRACE_MS", 60_000);
    let queue = machine.queue().await;
    let mut worker = machine.start(&["worker", "--workers", "1"]);
    let id = machine.submit(&queue, "flaky", json!({ "fails": 1, "after_ms": 2500 })).await;
    let waits = until("it waits for its retry", async || {
        let record = queue.status(id).await.ok()?;
        (record.status == Status::Pending && record.attempts == 1).then_some(record)
    })
    .await;
    assert!(waits.run_at.is_some());
    let other = machine.submit(&queue, "mark", json!({})).await;
    machine.started(other, 1).await;
    assert_eq!(worker.stop().await, 0);
    assert_eq!(machine.starts_of(id), [1], "the stop did not wait for the retry");

    let mut next = machine.worker();
    super::promises::drained(&queue).await;
    let record = queue.status(id).await.unwrap();
    assert_eq!((record.status, record.attempts, record.lease), (Status::Completed, 2, 2));
    assert!(record.started_at.unwrap() >= waits.run_at.unwrap(), "{record:?}");
    assert_eq!(next.stop().await, 0);
}

#[tokio::test]
async fn f39_a_second_sigterm_ends_a_drain_at_once_and_is_as_safe_as_a_crash() {
    let machine = Machine::new().with("TEST_GRACE_MS", 60_000);
    let queue = machine.queue().await;
    let mut worker = machine.worker();
    let id = machine.submit(&queue, "hold", json!({ "until": "go" })).await;
    machine.started(id, 1).await;
    worker.signal("TERM").await;
    worker.says("stopping").await;
    // One that comes right after the first counts as its echo.
    while !worker.has_ended() {
        sleep(Duration::from_millis(50)).await;
        worker.signal("TERM").await;
    }
    assert_eq!(worker.end().await, 143);
    assert_eq!(queue.status(id).await.unwrap().status, Status::Running);
    machine.make("go");
    let mut next = machine.worker();
    super::promises::drained(&queue).await;
    let record = queue.status(id).await.unwrap();
    assert_eq!((record.status, record.attempts, record.crashes, record.lease), (Status::Completed, 1, 1, 2));
    assert_eq!(next.stop().await, 0);
}
