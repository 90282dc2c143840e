//! The store's clock: what becomes of leases and delays when the time of day is set, and when the machine starts anew.
//!
//! No test can set the time of day of a machine that others use. What the file remembers of it can be set, which is the
//! same to the store: the file says that it was noon when the machine started, and the clock on the wall says otherwise.

use std::time::{Duration, Instant};

use mcpq::{AttemptEnd, Status};
use serde_json::json;

use super::{machine::Machine, promises};
use crate::support::with;

/// As though the time of day had been set back by this many hours since the file was made; ahead, where negative.
fn set_back(machine: &Machine, hours: i64) {
    let micros = hours * 3_600_000_000;
    let changed = machine.sql().execute("UPDATE meta SET value = value + ?1 WHERE name = 'offset'", [micros]).unwrap();
    assert_eq!(changed, 1);
}

#[tokio::test]
async fn f14_a_time_of_day_that_jumps_by_hours_moves_neither_leases_nor_delays() {
    for hours in [5, -5] {
        let machine = Machine::new();
        drop(machine.queue().await);
        set_back(&machine, hours);
        let queue = machine.queue().await;
        let killed = machine.worker();
        let lost = machine.submit(&queue, "hold", json!({ "until": "go" })).await;
        machine.started(lost, 1).await;
        killed.kill().await;
        machine.make("go");
        let delay = Duration::from_millis(1500);
        let began = Instant::now();
        let options = with(|options| options.delay = Some(delay));
        let delayed = queue.submit_json("mark", machine.args(json!({})), options).await.unwrap().id;
        let mut worker = machine.worker();
        machine.started(delayed, 1).await;
        let after = began.elapsed();
        assert!(after >= delay && after < Duration::from_secs(60), "{after:?}");
        promises::drained(&queue).await;
        let record = queue.status(lost).await.unwrap();
        assert_eq!((record.lease, record.crashes), (2, 1), "the lease ran out all the same");
        // People are shown the time of day.
        let shown = chrono::Utc::now() - record.finished_at.unwrap();
        assert!(shown.num_seconds().abs() < 120, "{shown}");
        assert_eq!(worker.stop().await, 0);
        promises::check(&machine, &[lost, delayed]).await.unwrap();
    }
}

#[tokio::test]
async fn a_lease_of_an_earlier_start_of_the_machine_is_over_at_once() {
    let machine = Machine::new().with("TEST_LEASE_MS", 3_600_000);
    let queue = machine.queue().await;
    let killed = machine.worker();
    let id = machine.submit(&queue, "hold", json!({ "until": "go" })).await;
    machine.started(id, 1).await;
    killed.kill().await;
    machine.make("go");
    machine.sql().execute("UPDATE meta SET value = 'an earlier one' WHERE name = 'boot'", []).unwrap();
    // Its lease has an hour to go, on a clock that has begun anew.
    let mut worker = machine.worker();
    promises::drained(&queue).await;
    let record = queue.status(id).await.unwrap();
    assert_eq!((record.status, record.lease, record.crashes), (Status::Completed, 2, 1));
    assert_eq!(record.history[0].end, AttemptEnd::LeaseLost);
    assert_eq!(worker.stop().await, 0);
}

#[tokio::test]
async fn a_time_of_day_that_is_behind_at_the_start_of_the_machine_strands_nothing() {
    let machine = Machine::new();
    let queue = machine.queue().await;
    let delay = with(|options| options.delay = Some(Duration::from_secs(3600)));
    let id = queue.submit_json("mark", machine.args(json!({})), delay).await.unwrap().id;
    drop(queue);
    // The clock has shown a time two hours on from now; then the machine came up with the time that it is now.
    let sql = machine.sql();
    let changed = sql.execute("UPDATE meta SET value = value + 7200000000 WHERE name = 'mark'", []).unwrap();
    assert_eq!(changed, 1, "what the clock shows is remembered");
    sql.execute("UPDATE meta SET value = 'an earlier one' WHERE name = 'boot'", []).unwrap();
    drop(sql);
    let mut worker = machine.worker();
    machine.started(id, 1).await;
    assert_eq!(worker.stop().await, 0);
}
