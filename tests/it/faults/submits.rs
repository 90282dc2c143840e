//! Several programs that submit and claim at the same instant.

use std::{collections::HashSet, time::Duration};

use futures::future::join_all;
use mcpq::Status;
use serde_json::{Value, json};

use super::{machine::Machine, promises};

/// A submit of `add`, by a program of its own.
async fn add(machine: &Machine, a: u64, key: &str) -> (i32, Value) {
    let args = json!({ "a": a, "b": 2 }).to_string();
    machine.ask(&["submit", "add", "--args", &args, "--key", key]).await
}

#[tokio::test]
async fn f12_every_job_of_thousands_is_started_once_by_two_processes() {
    const JOBS: usize = 2000;
    let machine = Machine::new().with("TEST_LEASE_MS", 60_000);
    let queue = machine.queue().await;
    let submits = (0..JOBS).map(|_| machine.submit(&queue, "mark", json!({})));
    let ids = join_all(submits).await;
    let mut workers = [(); 2].map(|()| machine.start(&["worker", "--workers", "16"]));
    promises::drained(&queue).await;
    for worker in &mut workers {
        assert_eq!(worker.stop().await, 0);
    }
    let starts = machine.starts();
    let started: HashSet<_> = starts.iter().map(|start| start.id).collect();
    assert_eq!((starts.len(), started.len()), (JOBS, JOBS));
    let seen = promises::check(&machine, &ids).await.unwrap();
    assert_eq!((seen.jobs, seen.crashes), (JOBS, 0));
}

#[tokio::test]
async fn f15_programs_that_race_with_one_key_make_one_job() {
    let machine = Machine::new();
    let answers = join_all((0..8).map(|_| add(&machine, 1, "key"))).await;
    let ids: HashSet<&str> = answers.iter().map(|(_, job)| job["job_id"].as_str().unwrap()).collect();
    let created = answers.iter().filter(|(_, job)| job["deduplicated"] != true).count();
    assert_eq!((ids.len(), created), (1, 1), "{answers:?}");
}

#[tokio::test]
async fn f16_f17_a_key_stands_for_its_job_in_every_program_until_that_is_forgotten() {
    let machine = Machine::new();
    let queue = machine.queue().await;
    let (_, first) = add(&machine, 1, "key").await;
    let mut worker = machine.worker();
    promises::drained(&queue).await;
    assert_eq!(worker.stop().await, 0);
    let (code, again) = add(&machine, 1, "key").await;
    assert_eq!((code, &again["job_id"], &again["status"]), (0, &first["job_id"], &json!("completed")));
    let (code, other) = add(&machine, 7, "key").await;
    assert_eq!((code, &other["error"]["code"]), (1, &json!("IDEMPOTENCY_CONFLICT")));
    assert!(other.to_string().contains(first["job_id"].as_str().unwrap()), "{other}");
    queue.remove(first["job_id"].as_str().unwrap().parse().unwrap()).await.unwrap();
    let (code, anew) = add(&machine, 7, "key").await;
    assert_eq!((code, &anew["status"]), (0, &json!("pending")));
}

#[tokio::test]
async fn f18_a_submit_that_was_killed_and_is_repeated_is_one_job() {
    let mut dice = fastrand::Rng::new();
    let machine = Machine::new();
    let queue = machine.queue().await;
    let args = json!({ "a": 1, "b": 2 }).to_string();
    for turn in 0..8 {
        let key = format!("key {turn}");
        let mut killed = machine.command(&["submit", "add", "--args", &args, "--key", &key]).spawn().unwrap();
        tokio::time::sleep(Duration::from_millis(dice.u64(..120))).await;
        killed.kill().await.unwrap();
        let (code, answer) = add(&machine, 1, &key).await;
        assert_eq!(code, 0, "{answer}");
        let stats = queue.stats().await.unwrap();
        assert_eq!(stats.queued, turn + 1);
    }
    promises::is_whole(&machine).unwrap();
}

#[tokio::test]
async fn f34_programs_that_race_for_the_last_places_never_exceed_the_bound() {
    let machine = Machine::new().with("TEST_MAX_PENDING", 5);
    let answers = join_all((0..8).map(|turn| {
        let machine = &machine;
        async move { add(machine, 1, &format!("key {turn}")).await }
    }))
    .await;
    let refused: Vec<&Value> =
        answers.iter().filter(|(code, _)| *code != 0).map(|(_, error)| &error["error"]).collect();
    assert_eq!(refused.len(), 3, "{answers:?}");
    for error in refused {
        assert_eq!((&error["code"], &error["retryable"]), (&json!("QUEUE_FULL"), &json!(true)), "{error}");
        assert_eq!(error["details"]["limit"], 5, "{error}");
    }
    assert_eq!(machine.queue().await.stats().await.unwrap().queued, 5);
}

#[tokio::test]
async fn f29_arguments_over_the_limit_are_refused_and_leave_nothing_in_the_file() {
    let machine = Machine::new();
    let queue = machine.queue().await;
    let huge = machine.args(json!({ "ms": 1, "text": "x".repeat(2 << 20) }));
    let error = queue.submit_json("mark", huge, mcpq::SubmitOptions::default()).await.unwrap_err();
    assert!(matches!(error, mcpq::QueueError::PayloadTooLarge { limit: 1_048_576, .. }), "{error}");
    assert_eq!(queue.stats().await.unwrap().queued, 0);
    let id = machine.submit(&queue, "mark", json!({})).await;
    assert_eq!(queue.status(id).await.unwrap().status, Status::Pending);
}
