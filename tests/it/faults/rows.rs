//! One row that cannot be read among others: whoever sweeps must go on.

use mcpq::{JobId, Status};
use serde_json::json;

use super::machine::{Machine, until};

/// Makes a job one that no program can read: its last attempt had an end that nobody knows.
fn damage(machine: &Machine, id: JobId) {
    let id = id.as_uuid().as_bytes().to_vec();
    let changed = machine.sql().execute("UPDATE job SET settled = 255 WHERE id = ?1", [id]).unwrap();
    assert_eq!(changed, 1);
}

#[tokio::test]
async fn f41_a_row_that_cannot_be_read_keeps_no_other_from_being_rescued() {
    let machine = Machine::new();
    let queue = machine.queue().await;
    let killed = machine.worker();
    let mut ids = Vec::new();
    for _ in 0..3 {
        let id = machine.submit(&queue, "hold", json!({ "until": "go" })).await;
        machine.started(id, 1).await;
        ids.push(id);
    }
    killed.kill().await;
    machine.make("go");
    // The one whose lease ends first.
    let bad = ids.remove(0);
    damage(&machine, bad);
    let mut worker = machine.worker();
    for id in ids {
        until("the others are run", async || {
            queue.status(id).await.ok().filter(|record| record.status == Status::Completed)
        })
        .await;
    }
    worker.says("cannot be read").await;
    assert_eq!(worker.stop().await, 0);
}

#[tokio::test]
async fn f41_a_row_that_cannot_be_read_keeps_no_other_from_being_claimed() {
    let machine = Machine::new().with("MCPQ_WORKERS", 1);
    let queue = machine.queue().await;
    let bad = machine.submit(&queue, "mark", json!({})).await;
    damage(&machine, bad);
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(machine.submit(&queue, "mark", json!({})).await);
    }
    let mut worker = machine.worker();
    for id in ids {
        until("the others are run", async || {
            queue.status(id).await.ok().filter(|record| record.status == Status::Completed)
        })
        .await;
    }
    worker.says("cannot be read").await;
    assert_eq!(worker.stop().await, 0);
}
