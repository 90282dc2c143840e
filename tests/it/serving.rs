//! Whether anybody runs a job is known across processes, and told.

use mcpq::{Queue, store::sqlite::SqliteStore};
use serde_json::json;

use crate::{
    stores::file,
    support::{builder, echo, eventually, job, submit, submit_with, with},
};

async fn two_on_one_file() -> (Queue, Queue) {
    let file = file();
    let queue = || async {
        let other = job("other", |_| async { Ok(json!(null)) });
        let builder = builder().job(echo()).job(other).queues(["slow"]);
        builder.store(SqliteStore::open(&file).await.unwrap()).build().await.unwrap()
    };
    (queue().await, queue().await)
}

#[tokio::test]
async fn a_worker_of_another_process_is_known_while_it_lives() {
    let (front, back) = two_on_one_file().await;
    assert!(!front.is_served("default", "echo").await);
    assert!(front.stats().await.unwrap().unserved);
    let worker = back.worker().concurrency(3).start().unwrap();
    eventually("the worker is known", || async { front.is_served("default", "echo").await.then_some(()) }).await;
    let (workers, stats) = (front.workers().await.unwrap(), front.stats().await.unwrap());
    assert_eq!((workers.len(), workers[0].slots, stats.workers, stats.unserved), (1, 3, 1, false));
    assert_eq!(back.stats().await.unwrap().workers, 1, "it is counted once in its own process");
    worker.stop().await;
    assert!(front.stats().await.unwrap().unserved, "a worker that stops says so");
}

#[tokio::test]
async fn what_a_worker_leaves_out_is_not_served() {
    let (front, back) = two_on_one_file().await;
    let worker = back.worker().queues(["default"]).job_types(["echo"]).start().unwrap();
    for queue in [&front, &back] {
        eventually("the worker is known", || async { queue.is_served("default", "echo").await.then_some(()) }).await;
        assert!(!queue.is_served("default", "other").await, "another type");
        assert!(!queue.is_served("slow", "echo").await, "another queue");
        submit_with(queue, "echo", json!({}), with(|options| options.queue = Some("slow".into()))).await;
        submit(queue, "other").await;
        let stats = queue.stats().await.unwrap();
        let workers = |name: &str| stats.queues.iter().find(|queue| queue.queue == name).unwrap().workers;
        assert_eq!((workers("default"), workers("slow"), stats.unserved), (1, 0, false));
    }
    worker.stop().await;
}

#[tokio::test]
async fn a_worker_beside_a_queue_on_the_same_store_serves_it() {
    let store = std::sync::Arc::new(mcpq::store::memory::MemoryStore::new());
    let queue = || async { builder().job(echo()).store_arc(store.clone()).build().await.unwrap() };
    let (front, back) = (queue().await, queue().await);
    let worker = back.worker().start().unwrap();
    submit(&front, "echo").await.wait().await.unwrap();
    eventually("the worker is known", || async { front.is_served("default", "echo").await.then_some(()) }).await;
    worker.stop().await;
}
