//! Cancels and retries that come from another process than the one that runs the job.

use std::time::{Duration, Instant};

use mcpq::Status;
use serde_json::json;

use super::{
    machine::{Machine, until},
    promises,
};

#[tokio::test]
async fn f19_a_cancel_that_races_the_end_in_another_process_is_told_who_won() {
    let machine = Machine::new().with("TEST_LEASE_MS", 5000);
    let queue = machine.queue().await;
    let mut worker = machine.worker();
    let mut answers = Vec::new();
    for turn in 0..15 {
        let id = machine.submit(&queue, "mark", json!({ "ms": 10 })).await;
        machine.started(id, 1).await;
        tokio::time::sleep(Duration::from_millis(turn)).await;
        answers.push((id, queue.cancel(id).await.unwrap()));
    }
    promises::drained(&queue).await;
    for (id, answer) in answers {
        let (record, result) = queue.result(id).await.unwrap();
        assert!(answer.status == record.status || answer.cancel_requested, "{answer:?} {record:?}");
        assert_eq!(result.is_some(), record.status == Status::Completed, "{record:?}");
        assert!(matches!(record.status, Status::Completed | Status::Cancelled), "{record:?}");
    }
    assert_eq!(worker.stop().await, 0);
}

#[tokio::test]
async fn f20_a_cancel_that_races_the_claim_prevents_the_start_or_reaches_the_handler() {
    let machine = Machine::new().with("TEST_LEASE_MS", 60_000);
    let queue = machine.queue().await;
    let mut worker = machine.worker();
    let mut answers = Vec::new();
    for turn in 0..30u64 {
        let id = machine.submit(&queue, "obey", json!({})).await;
        // About the time that the other process takes to notice the job.
        tokio::time::sleep(Duration::from_millis(turn * 3)).await;
        answers.push((id, queue.cancel(id).await.unwrap()));
    }
    promises::drained(&queue).await;
    for (id, answer) in answers {
        assert_eq!(queue.status(id).await.unwrap().status, Status::Cancelled);
        if answer.status == Status::Cancelled && answer.lease == 0 {
            assert_eq!(machine.starts_of(id), [0u64; 0]);
        }
    }
    assert_eq!(worker.stop().await, 0);
}

#[tokio::test]
async fn f21_of_a_retry_and_a_cancel_by_two_programs_one_order_explains_both() {
    let machine = Machine::new();
    let queue = machine.queue().await;
    for _ in 0..4 {
        let id = machine.submit(&queue, "mark", json!({})).await;
        queue.cancel(id).await.unwrap();
        let text = id.to_string();
        let (retry, cancel) = (["retry", &text], ["cancel", &text]);
        let (retry, cancel) = tokio::join!(machine.ask(&retry), machine.ask(&cancel));
        // A cancel that came first found the job cancelled already.
        assert_eq!((retry.0, cancel.0, &cancel.1["status"]), (0, 0, &json!("cancelled")), "{retry:?} {cancel:?}");
        match queue.status(id).await.unwrap().status {
            Status::Pending => {}
            Status::Cancelled => drop(queue.replay(id).await.unwrap()),
            other => panic!("neither of them makes it {other}"),
        }
    }
    // The leases go on where they were.
    let mut worker = machine.worker();
    promises::drained(&queue).await;
    assert!(machine.starts().iter().all(|start| (start.lease, start.attempt) == (1, 1)));
    let again = machine.submit(&queue, "obey", json!({})).await;
    for lease in 1..=3 {
        machine.started(again, lease).await;
        assert!(queue.cancel(again).await.unwrap().cancel_requested);
        promises::drained(&queue).await;
        let (code, answer) = machine.ask(&["retry", &again.to_string()]).await;
        assert_eq!(code, 0, "{answer}");
    }
    machine.started(again, 4).await;
    assert_eq!(machine.starts_of(again), [1, 2, 3, 4]);
    queue.cancel(again).await.unwrap();
    promises::drained(&queue).await;
    assert_eq!(worker.stop().await, 0);
}

#[tokio::test]
async fn f22_a_cancel_by_another_program_ends_a_job_in_backoff_and_it_never_starts_again() {
    let machine = Machine::new();
    let queue = machine.queue().await;
    let mut worker = machine.worker();
    let id = machine.submit(&queue, "flaky", json!({ "fails": 1, "after_ms": 1000 })).await;
    let waits = until("it waits for its retry", async || {
        let record = queue.status(id).await.ok()?;
        (record.status == Status::Pending && record.attempts == 1).then_some(record)
    })
    .await;
    let (code, answer) = machine.ask(&["cancel", &id.to_string()]).await;
    assert_eq!((code, &answer["status"]), (0, &json!("cancelled")), "{answer}");
    // Later jobs than the retry would have been are run.
    let after = machine.submit(&queue, "flaky", json!({ "fails": 1, "after_ms": 1500 })).await;
    until("the later one ends", async || {
        queue.status(after).await.ok().filter(|record| record.status == Status::Completed)
    })
    .await;
    let record = queue.status(id).await.unwrap();
    assert!(record.finished_at.unwrap() < waits.run_at.unwrap() + chrono::TimeDelta::seconds(60));
    assert_eq!((record.status, record.lease), (Status::Cancelled, 1));
    assert_eq!(machine.starts_of(id), [1]);
    assert_eq!(worker.stop().await, 0);
}

#[tokio::test]
async fn f23_a_cancel_reaches_a_handler_in_another_process_long_before_its_renewal() {
    // The next renewal is 100 s away.
    let machine = Machine::new().with("TEST_LEASE_MS", 300_000);
    let queue = machine.queue().await;
    let mut worker = machine.worker();
    let id = machine.submit(&queue, "obey", json!({})).await;
    machine.started(id, 1).await;
    let asked = Instant::now();
    queue.cancel(id).await.unwrap();
    promises::drained(&queue).await;
    assert!(asked.elapsed() < Duration::from_secs(20), "{:?}", asked.elapsed());
    let record = queue.status(id).await.unwrap();
    assert_eq!((record.status, record.lease), (Status::Cancelled, 1));

    let id = machine.submit(&queue, "obey", json!({})).await;
    machine.started(id, 1).await;
    let (code, answer) = machine.ask(&["cancel", &id.to_string()]).await;
    assert_eq!((code, &answer["job_id"]), (0, &json!(id.to_string())), "{answer}");
    promises::drained(&queue).await;
    assert_eq!(queue.status(id).await.unwrap().status, Status::Cancelled);
    assert_eq!(worker.stop().await, 0);
}
