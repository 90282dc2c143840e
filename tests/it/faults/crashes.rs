//! `kill -9`, at chosen moments and at any.

use std::time::Duration;

use mcpq::{AttemptEnd, ErrorCode, JobId, JobRecord, Queue, Status};
use serde_json::json;

use super::{
    machine::{Machine, until},
    promises,
};

/// The job once it has ended.
async fn ended(queue: &Queue, id: JobId) -> JobRecord {
    until(&format!("job {id} ends"), async || queue.status(id).await.ok().filter(|record| record.status.is_final()))
        .await
}

/// Completed by the second attempt, after the first one was lost.
async fn was_started_again(machine: &Machine, queue: &Queue, id: JobId) {
    let record = ended(queue, id).await;
    assert_eq!((record.status, record.attempts, record.crashes, record.lease), (Status::Completed, 1, 1, 2));
    let ends: Vec<AttemptEnd> = record.history.iter().map(|attempt| attempt.end).collect();
    assert_eq!(ends, [AttemptEnd::LeaseLost, AttemptEnd::Completed]);
    assert_eq!(machine.starts_of(id), [1, 2]);
    let (_, result) = queue.result(id).await.unwrap();
    assert_eq!(result.unwrap().parse::<u64>().unwrap(), 2, "the outcome is that of the second attempt");
}

#[tokio::test]
async fn f01_a_killed_workers_job_is_started_again_by_another_under_the_next_lease() {
    let machine = Machine::new();
    let queue = machine.queue().await;
    let killed = machine.worker();
    let id = machine.submit(&queue, "hold", json!({ "until": "go" })).await;
    machine.started(id, 1).await;
    let mut other = machine.worker();
    other.says("claiming").await;
    killed.kill().await;
    machine.started(id, 2).await;
    machine.make("go");
    was_started_again(&machine, &queue, id).await;
    assert_eq!(other.stop().await, 0);
    promises::check(&machine, &[id]).await.unwrap();
}

#[tokio::test]
async fn f02_a_worker_that_is_restarted_does_not_take_its_old_job_for_its_own() {
    let machine = Machine::new().with("TEST_LEASE_MS", 3000);
    let queue = machine.queue().await;
    let killed = machine.worker();
    let id = machine.submit(&queue, "hold", json!({ "until": "go" })).await;
    machine.started(id, 1).await;
    killed.kill().await;
    // The same program with the same arguments, while the old lease still runs.
    let mut restarted = machine.worker();
    let after = machine.submit(&queue, "mark", json!({})).await;
    assert_eq!(ended(&queue, after).await.status, Status::Completed);
    assert_eq!(queue.status(id).await.unwrap().lease, 1, "the old lease is respected");
    machine.make("go");
    was_started_again(&machine, &queue, id).await;
    assert_eq!(restarted.stop().await, 0);
}

#[tokio::test]
async fn f05_a_worker_killed_between_the_handlers_return_and_its_commit_leaves_one_outcome() {
    let machine = Machine::new();
    let queue = machine.queue().await;
    let killed = machine.worker();
    let id = machine.submit(&queue, "hold", json!({ "until": "go" })).await;
    machine.started(id, 1).await;
    let lock = machine.sql();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    machine.make("go");
    killed.says("hold has ended").await;
    killed.kill().await;
    lock.execute_batch("ROLLBACK").unwrap();
    let mut other = machine.worker();
    was_started_again(&machine, &queue, id).await;
    assert_eq!(other.stop().await, 0);
}

#[tokio::test]
async fn f03_f04_f05_kills_at_any_moment_lose_no_job_and_leave_one_outcome_of_each() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut dice = fastrand::Rng::with_seed(seed);
    let machine = Machine::new();
    let queue = machine.queue().await;
    let mut acknowledged = Vec::new();
    for _ in 0..10 {
        let before = machine.starts().len();
        let worker = machine.worker();
        for _ in 0..20 {
            let id = machine.submit(&queue, "mark", json!({ "ms": dice.u64(..15) })).await;
            acknowledged.push(id);
        }
        until("it starts jobs", async || (machine.starts().len() > before).then_some(())).await;
        tokio::time::sleep(Duration::from_micros(dice.u64(..40_000))).await;
        worker.kill().await;
        promises::is_whole(&machine).unwrap();
    }
    let mut last = machine.worker();
    promises::drained(&queue).await;
    assert_eq!(last.stop().await, 0);
    let seen = promises::check(&machine, &acknowledged).await.unwrap();
    assert!(seen.crashes > 0 && seen.jobs == acknowledged.len(), "{seen:?}");
}

#[tokio::test]
async fn f32_a_job_that_kills_its_process_ends_in_the_dead_letter_and_the_others_go_on() {
    let machine = Machine::new().with("TEST_MAX_CRASHES", 3).with("TEST_LEASE_MS", 500);
    let queue = machine.queue().await;
    let poison = machine.submit(&queue, "kills_its_process", json!({})).await;
    let mut others = Vec::new();
    for _ in 0..20 {
        others.push(machine.submit(&queue, "mark", json!({})).await);
    }
    // What a supervisor does. One slot: whoever shares a process with such a job shares its crashes.
    let mut worker = machine.start(&["worker", "--workers", "1"]);
    let mut restarts = 0;
    until("all jobs end", async || {
        if worker.has_ended() {
            worker = machine.start(&["worker", "--workers", "1"]);
            restarts += 1;
        }
        let stats = queue.stats().await.unwrap();
        (stats.queued + stats.running == 0).then_some(())
    })
    .await;
    assert_eq!(restarts, 3);
    let record = queue.status(poison).await.unwrap();
    assert_eq!((record.status, record.attempts, record.crashes, record.lease), (Status::Failed, 0, 3, 3));
    assert_eq!(record.failure.as_ref().unwrap().code, ErrorCode::WorkerLost);
    assert_eq!(machine.starts_of(poison), [1, 2, 3]);
    for id in others {
        assert_eq!(ended(&queue, id).await.status, Status::Completed);
    }
    assert_eq!(worker.stop().await, 0);
}
