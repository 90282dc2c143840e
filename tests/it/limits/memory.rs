//! What the memory store forgets early, so that it never grows without bound.

use mcpq::{JobError, JobHandle, Queue, QueueBuilder, Status, store::memory::MemoryStore};
use serde_json::{Value, json};

use crate::support::{Recorder, args, builder, echo, job, started, submit, submit_with, with};

fn over(store: MemoryStore) -> QueueBuilder {
    builder().job(echo()).job(job("fails", |_| async { Err(JobError::fatal("boom")) })).store(store)
}

async fn gone(handle: &JobHandle<Value>) -> bool {
    handle.status().await.is_err()
}

async fn run(queue: &Queue, job_type: &str, arguments: Value) -> JobHandle<Value> {
    let handle = submit_with(queue, job_type, arguments, with(|_| {})).await;
    handle.wait().await.unwrap();
    handle
}

fn of_size(bytes: usize) -> Value {
    json!({ "x": "y".repeat(bytes - r#"{"x":""}"#.len()) })
}

#[tokio::test(start_paused = true)]
async fn too_many_ended_jobs_are_forgotten_oldest_first() {
    let (queue, _worker) = started(over(MemoryStore::new().max_finished(3))).await;
    let mut handles = Vec::new();
    // Failures are kept longer, which does not make them younger.
    for job_type in ["fails", "echo", "fails", "echo", "fails"] {
        handles.push(run(&queue, job_type, json!({})).await);
    }
    let mut left = Vec::new();
    for handle in &handles {
        left.push(!gone(handle).await);
    }
    assert_eq!(left, [false, false, true, true, true]);
}

#[tokio::test(start_paused = true)]
async fn a_result_is_there_for_those_who_wait_however_little_is_kept() {
    let (queue, _worker) = started(over(MemoryStore::new().max_finished(1))).await;
    run(&queue, "fails", json!({})).await;
    for n in 0..5 {
        let handle = submit_with(&queue, "echo", json!({ "n": n }), with(|_| {})).await;
        assert_eq!(
            handle.result().await.unwrap(),
            json!({ "n": n }),
            "the older failure makes room, though kept longer"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_job_can_be_answered_however_little_is_kept() {
    for kept in [0, 1] {
        let (builder, events) = Recorder::on(over(MemoryStore::new().max_finished(kept)));
        let queue = builder.build().await.unwrap();
        for _ in 0..3 {
            let handle = submit(&queue, "echo").await;
            assert_eq!(handle.cancel().await.unwrap().status, Status::Cancelled);
        }
        assert_eq!(events.events().len(), 6);
    }
}

#[tokio::test(start_paused = true)]
async fn payloads_over_the_limit_push_out_the_oldest_results() {
    let (queue, _worker) = started(over(MemoryStore::new().max_bytes(1_000))).await;
    let first = run(&queue, "echo", of_size(200)).await;
    let second = run(&queue, "echo", of_size(200)).await;
    assert!(!gone(&first).await && !gone(&second).await);
    let third = run(&queue, "echo", of_size(200)).await;
    assert!(gone(&first).await && !gone(&second).await && !gone(&third).await);
    let large = run(&queue, "echo", of_size(450)).await;
    assert!(gone(&second).await && gone(&third).await && !gone(&large).await);
}

#[tokio::test(start_paused = true)]
async fn waiting_payloads_over_the_limit_refuse_the_submit_and_cost_no_result() {
    let (queue, worker) = started(over(MemoryStore::new().max_bytes(1_000))).await;
    let ended = run(&queue, "echo", of_size(100)).await;
    worker.stop().await;
    for _ in 0..2 {
        submit_with(&queue, "echo", of_size(350), with(|_| {})).await;
    }
    assert!(!gone(&ended).await, "900 bytes in all");
    let error = queue.submit_json("echo", args(of_size(350)), with(|_| {})).await.unwrap_err();
    assert_eq!(error.code(), "QUEUE_FULL");
    assert!(!gone(&ended).await, "nothing was stored, so nothing had to go");
    submit_with(&queue, "echo", of_size(300), with(|_| {})).await;
    assert!(gone(&ended).await, "this one fits when the result is gone");
}

#[tokio::test(start_paused = true)]
async fn a_refused_submit_pushes_nothing_out() {
    let store = MemoryStore::new().max_bytes(500);
    let (queue, worker) = started(over(store).max_pending(1)).await;
    let ended = run(&queue, "echo", of_size(200)).await;
    worker.stop().await;
    submit(&queue, "echo").await;
    let error = queue.submit_json("echo", args(of_size(300)), with(|_| {})).await.unwrap_err();
    assert_eq!(error.code(), "QUEUE_FULL");
    assert!(!gone(&ended).await);
}

#[tokio::test(start_paused = true)]
async fn forgotten_and_replayed_payloads_are_no_longer_counted() {
    let (queue, _worker) = started(over(MemoryStore::new().max_bytes(1_000))).await;
    for _ in 0..50 {
        let handle = run(&queue, "echo", of_size(400)).await;
        assert_eq!(handle.status().await.unwrap().status, Status::Completed);
        queue.remove(handle.id()).await.unwrap();
        let failed = run(&queue, "fails", of_size(400)).await;
        queue.replay(failed.id()).await.unwrap();
        failed.wait().await.unwrap();
        queue.remove(failed.id()).await.unwrap();
    }
    let kept = [run(&queue, "echo", of_size(250)).await, run(&queue, "echo", of_size(250)).await];
    assert!(!gone(&kept[0]).await && !gone(&kept[1]).await, "these fill it to the brim");
}
