//! SIGSTOP and SIGCONT: workers that are frozen past their leases, and thawed.

use std::time::Duration;

use mcpq::Status;
use serde_json::json;

use super::{
    machine::{Machine, until},
    promises,
};

#[tokio::test]
async fn f10_a_thawed_workers_result_and_progress_are_refused_and_it_is_of_use_again() {
    let machine = Machine::new();
    let queue = machine.queue().await;
    let mut frozen = machine.worker();
    let id = machine.submit(&queue, "hold", json!({ "until": "go" })).await;
    machine.started(id, 1).await;
    frozen.signal("STOP").await;
    let mut other = machine.worker();
    machine.started(id, 2).await;
    machine.make("go");
    let record =
        until("the other one ends it", async || queue.status(id).await.ok().filter(|record| record.status.is_final()))
            .await;
    assert_eq!((record.status, record.lease, record.crashes), (Status::Completed, 2, 1));
    assert_eq!(other.stop().await, 0);

    frozen.signal("CONT").await;
    frozen.says("the lease was lost").await;
    let next = machine.submit(&queue, "mark", json!({})).await;
    promises::drained(&queue).await;
    assert_eq!(machine.starts_of(next), [1]);
    let (after, result) = queue.result(id).await.unwrap();
    assert_eq!(result.unwrap().parse::<u64>().unwrap(), 2);
    assert_eq!(after.progress_message.as_deref(), Some("lease 2"));
    assert_eq!((after.finished_at, after.history.len()), (record.finished_at, 2));
    assert_eq!(frozen.stop().await, 0);
    promises::check(&machine, &[id, next]).await.unwrap();
}

#[tokio::test]
async fn f10_f11_a_worker_that_is_frozen_at_any_moment_starts_nothing_twice_under_one_lease() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut dice = fastrand::Rng::with_seed(seed);
    let machine = Machine::new().with("TEST_LEASE_MS", 300);
    let queue = machine.queue().await;
    let mut frozen = machine.worker();
    let mut other = machine.start(&["worker", "--workers", "2"]);
    let mut acknowledged = Vec::new();
    for _ in 0..5 {
        let before = machine.starts().len();
        for _ in 0..25 {
            acknowledged.push(machine.submit(&queue, "mark", json!({ "ms": dice.u64(..20) })).await);
        }
        until("jobs are started", async || (machine.starts().len() > before).then_some(())).await;
        tokio::time::sleep(Duration::from_micros(dice.u64(..30_000))).await;
        frozen.signal("STOP").await;
        // It may hold the file's lock, in the middle of a commit: then nobody writes until it is thawed.
        tokio::time::sleep(Duration::from_millis(dice.u64(300..800))).await;
        frozen.signal("CONT").await;
    }
    promises::drained(&queue).await;
    assert_eq!((frozen.stop().await, other.stop().await), (0, 0));
    promises::check(&machine, &acknowledged).await.unwrap();
}
