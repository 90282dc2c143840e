//! One row that cannot be read among others: whoever sweeps must go on.

use mcpq::Status;
use serde_json::json;

use super::machine::{Machine, until};

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
    let id = bad.as_uuid().as_bytes().to_vec();
    // An end and a status that nobody knows.
    let changed = machine.sql().execute("UPDATE job SET settled = 255 WHERE id = ?1", [id]).unwrap();
    assert_eq!(changed, 1);
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
