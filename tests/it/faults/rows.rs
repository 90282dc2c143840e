//! One row that cannot be read among others: whoever sweeps must go on.

use std::{sync::Arc, time::Duration};

use mcpq::{
    JobId, Status,
    store::{ClaimRequest, Selection, Store, WorkerId},
};
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
async fn f41_a_row_that_cannot_be_read_takes_up_no_room_in_a_sweep() {
    let machine = Machine::new();
    let (queue, store) = (machine.queue().await, machine.store().await);
    let bad = machine.submit(&queue, "mark", json!({})).await;
    let good = machine.submit(&queue, "mark", json!({})).await;
    let selection = Arc::new(Selection { queues: Vec::new(), types: Vec::new(), any_type: true });
    let lease = Duration::from_millis(1);
    let claimed = store.claim(&ClaimRequest { worker: WorkerId::new(), selection, max: 2, lease }).await.unwrap();
    assert_eq!(claimed.len(), 2);
    damage(&machine, bad);
    let rescued = until("the other is rescued", async || store.rescue(9, 1).await.unwrap().pop()).await;
    assert_eq!(rescued.record.id, good);
}

#[tokio::test]
async fn f41_an_attempt_that_cannot_be_read_keeps_neither_its_job_nor_others_from_being_rescued() {
    let machine = Machine::new();
    let store = machine.store().await;
    let queue = machine.queue().await;
    let (bad, good) =
        (machine.submit(&queue, "mark", json!({})).await, machine.submit(&queue, "mark", json!({})).await);
    let selection = Arc::new(Selection { queues: Vec::new(), types: Vec::new(), any_type: true });
    for crashes in 1..=2 {
        let request = ClaimRequest {
            worker: WorkerId::new(),
            selection: selection.clone(),
            max: 2,
            lease: Duration::from_millis(1),
        };
        assert_eq!(store.claim(&request).await.unwrap().len(), 2);
        let mut rescued = std::collections::HashSet::new();
        until("both are rescued", async || {
            rescued.extend(store.rescue(9, 9).await.unwrap().into_iter().map(|rescued| rescued.record.id));
            (rescued == [bad, good].into()).then_some(())
        })
        .await;
        let record = queue.status(bad).await.unwrap();
        assert_eq!((record.crashes, record.history.len()), (crashes, 1), "what can be read is told");
        // As a newer program might write it.
        machine
            .sql()
            .execute(
                "UPDATE attempt SET ending = 200 WHERE job = (SELECT seq FROM job WHERE id = ?1)",
                [bad.as_uuid().as_bytes()],
            )
            .unwrap();
    }
    assert_eq!(queue.status(good).await.unwrap().history.len(), 2);
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

#[tokio::test]
async fn what_counts_the_jobs_of_an_owner_goes_with_the_last_of_them() {
    let machine = Machine::new();
    let queue = machine.queue().await;
    // The row under number 0 counts all jobs, and stays.
    let counted = || -> i64 {
        machine.sql().query_row("SELECT count(*) FROM place WHERE number > 0", [], |row| row.get(0)).unwrap()
    };
    let mut ids = Vec::new();
    for owner in ["ada", "bob", "eve"] {
        ids.push(machine.submit(&queue.as_owner(owner), "mark", json!({})).await);
    }
    assert_eq!(counted(), 4, "one for each owner, and one for all together");
    for id in ids {
        queue.cancel(id).await.unwrap();
        queue.remove(id).await.unwrap();
    }
    assert_eq!(counted(), 0);
}
