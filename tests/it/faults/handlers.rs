//! Handlers that block, panic and return too much, in a real process.

use std::time::Duration;

use mcpq::{AttemptEnd, ErrorCode, Status, SubmitOptions};
use serde_json::json;

use super::{
    machine::{Machine, until},
    promises,
};
use crate::support::with;

#[tokio::test]
async fn f24_a_handler_that_never_yields_is_timed_out_and_its_late_result_is_refused() {
    let machine = Machine::new().with("TEST_LEASE_MS", 10_000);
    let queue = machine.queue().await;
    let mut worker = machine.worker();
    let args = machine.args(json!({ "until": "go" }));
    let options = with(|options| options.timeout = Some(Duration::from_millis(200)));
    let id = queue.submit_json("blocks", args, options).await.unwrap().id;
    let record =
        until("it is timed out", async || queue.status(id).await.ok().filter(|record| record.status.is_final())).await;
    assert_eq!((record.status, record.failure.as_ref().unwrap().code), (Status::Timeout, ErrorCode::Timeout));
    worker.says("its slot is lost until it returns").await;
    let other = machine.submit(&queue, "mark", json!({})).await;
    machine.started(other, 1).await;
    machine.make("go");
    worker.says("blocks has ended").await;
    promises::drained(&queue).await;
    let (after, result) = queue.result(id).await.unwrap();
    assert_eq!((after.status, result.is_some(), after.finished_at), (Status::Timeout, false, record.finished_at));
    assert_eq!(worker.stop().await, 0);
    promises::check(&machine, &[id, other]).await.unwrap();
}

#[tokio::test]
async fn f25_handlers_that_block_all_threads_keep_their_leases_and_no_other_process_gets_the_jobs() {
    const LEASE: u64 = 1500;
    let machine = Machine::new().with("TEST_LEASE_MS", LEASE);
    let queue = machine.queue().await;
    let mut blocked = machine.worker();
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(machine.submit(&queue, "blocks", json!({ "until": "go" })).await);
    }
    until("its threads are blocked", async || {
        (machine.starts().len() >= std::thread::available_parallelism().map_or(1, usize::from).min(4)).then_some(())
    })
    .await;
    let mut other = machine.worker();
    // What is to be seen is that nothing happens, for longer than a lease lasts.
    tokio::time::sleep(Duration::from_millis(2 * LEASE + 500)).await;
    machine.make("go");
    promises::drained(&queue).await;
    for id in &ids {
        let record = queue.status(*id).await.unwrap();
        assert_eq!((record.status, record.lease, record.crashes), (Status::Completed, 1, 0));
    }
    assert_eq!((blocked.stop().await, other.stop().await), (0, 0));
    promises::check(&machine, &ids).await.unwrap();
}

#[tokio::test]
async fn f26_f28_a_panic_and_a_result_that_is_too_large_harm_their_jobs_alone() {
    let machine = Machine::new();
    let queue = machine.queue().await;
    let mut worker = machine.start(&["worker", "--workers", "1"]);
    let panics = machine.submit(&queue, "panics", json!({})).await;
    let options = SubmitOptions::default();
    let arguments = json!({ "bytes": 2 << 20 }).as_object().unwrap().clone();
    let large = queue.submit_json("large", arguments, options).await.unwrap().id;
    let after = machine.submit(&queue, "mark", json!({})).await;
    promises::drained(&queue).await;
    for (id, code, text) in
        [(panics, ErrorCode::Panic, "on purpose"), (large, ErrorCode::ResultTooLarge, "2097154 bytes")]
    {
        let record = queue.status(id).await.unwrap();
        let failure = record.failure.as_ref().unwrap();
        assert_eq!((record.status, failure.code, record.attempts), (Status::Failed, code, 1), "{record:?}");
        assert!(failure.message.contains(text), "{failure}");
        assert_eq!(record.history[0].end, AttemptEnd::Failed);
    }
    assert_eq!(queue.status(after).await.unwrap().status, Status::Completed);
    assert_eq!(worker.stop().await, 0);
}
