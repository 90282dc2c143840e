//! Submitting within a transaction of the caller's own.

use std::time::{Duration, Instant};

use mcpq::{Queue, QueueError, Status, prelude::*};
use serde_json::json;
use sqlx::{Connection, PgConnection, PgPool};

use crate::{
    servers::postgres::{new_schema, shared, shared_url, shared_url_of},
    support::{args, builder, with},
};

/// Doubles.
#[mcp_job]
async fn double(value: u64) -> u64 {
    value * 2
}

async fn queue() -> Queue {
    let store = shared(&new_schema()).open().await.unwrap();
    builder().job(double::JOB).max_pending(3).store(store).build().await.unwrap()
}

async fn pool() -> PgPool {
    PgPool::connect(&shared_url()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_is_there_with_the_commit_and_starts_at_once() {
    let (queue, pool) = (queue().await, pool().await);
    let _worker = queue.worker().start().unwrap();
    let mut tx = pool.begin().await.unwrap();
    let job = queue.postgres().unwrap().submit_in(&mut tx, double { value: 21 }).await.unwrap();
    assert!(!job.deduplicated());
    assert!(matches!(job.status().await.unwrap_err(), QueueError::JobNotFound { .. }), "before the commit");
    assert_eq!(queue.stats().await.unwrap().queued, 0);
    let committed = Instant::now();
    tx.commit().await.unwrap();
    assert_eq!(job.result().await.unwrap(), 42);
    assert!(committed.elapsed() < Duration::from_secs(1), "the workers were not woken: {:?}", committed.elapsed());
}

#[tokio::test]
async fn what_is_rolled_back_never_was() {
    let (queue, pool) = (queue().await, pool().await);
    let mut tx = pool.begin().await.unwrap();
    let job = queue.postgres().unwrap().submit_in(&mut tx, double { value: 1 }).await.unwrap();
    tx.rollback().await.unwrap();
    assert!(matches!(job.status().await.unwrap_err(), QueueError::JobNotFound { .. }));
    assert_eq!(queue.stats().await.unwrap().queued, 0);
}

#[tokio::test]
async fn keys_hold_within_the_transaction_and_after_it() {
    let (queue, pool) = (queue().await, pool().await);
    let postgres = queue.postgres().unwrap();
    let mut tx = pool.begin().await.unwrap();
    let first = postgres.submit_in(&mut tx, double { value: 1 }).with(|submit| submit.idempotency_key("k")).await;
    let first = first.unwrap().id();
    let again = postgres.submit_in(&mut tx, double { value: 1 }).with(|submit| submit.idempotency_key("k")).await;
    let again = again.unwrap();
    assert_eq!((again.id(), again.deduplicated()), (first, true));
    let other = postgres.submit_in(&mut tx, double { value: 2 }).with(|submit| submit.idempotency_key("k")).await;
    assert!(matches!(other.unwrap_err(), QueueError::IdempotencyConflict { existing } if existing == first));
    // None of that has harmed the transaction.
    tx.commit().await.unwrap();
    let after = queue.submit(double { value: 1 }).idempotency_key("k").await.unwrap();
    assert_eq!((after.id(), after.status().await.unwrap().status), (first, Status::Pending));
    assert_eq!(queue.stats().await.unwrap().queued, 1);
}

#[tokio::test]
async fn a_key_that_an_open_transaction_holds_is_waited_for() {
    for commits in [true, false] {
        let (queue, pool) = (queue().await, pool().await);
        let mut tx = pool.begin().await.unwrap();
        let submit = queue.postgres().unwrap().submit_in(&mut tx, double { value: 1 });
        let first = submit.with(|submit| submit.idempotency_key("k")).await.unwrap().id();
        let rival = queue.clone();
        let rival = tokio::spawn(async move { rival.submit(double { value: 1 }).idempotency_key("k").await });
        is_waited_for(&queue).await;
        if commits {
            tx.commit().await.unwrap()
        } else {
            tx.rollback().await.unwrap()
        }
        assert_eq!(rival.await.unwrap().unwrap().id() == first, commits);
        assert_eq!(queue.stats().await.unwrap().queued, 1);
    }
}

/// Waits until an insert waits for a transaction, as the server tells.
async fn is_waited_for(queue: &Queue) {
    let mut sql = PgConnection::connect(&shared_url()).await.unwrap();
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'transactionid' AND query LIKE $1";
    let text = format!("%{}.insert_1%", schema_of(queue));
    let began = Instant::now();
    while sqlx::query_scalar::<_, i64>(waiting).bind(&text).fetch_one(&mut sql).await.unwrap() == 0 {
        assert!(began.elapsed() < Duration::from_secs(60), "nobody waits");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn schema_of(queue: &Queue) -> String {
    let store: &dyn std::any::Any = &**queue.store();
    store.downcast_ref::<mcpq::store::postgres::PostgresStore>().unwrap().schema().to_owned()
}

#[tokio::test]
async fn a_full_queue_refuses_and_spares_the_transaction() {
    let (queue, pool) = (queue().await, pool().await);
    let postgres = queue.postgres().unwrap();
    let mut tx = pool.begin().await.unwrap();
    for value in 0..3 {
        postgres.submit_in(&mut tx, double { value }).await.unwrap();
    }
    let refused = postgres.submit_in(&mut tx, double { value: 3 }).await.unwrap_err();
    assert!(matches!(refused, QueueError::Full { waiting: 3, limit: 3, .. }), "{refused:?}");
    let wrong = postgres.submit_json_in(&mut tx, "double", args(json!({ "value": "x" })), with(|_| ())).await;
    assert_eq!(wrong.unwrap_err().code(), "INVALID_JOB_ARGUMENTS");
    tx.commit().await.unwrap();
    assert_eq!(queue.stats().await.unwrap().queued, 3);
}

#[tokio::test]
async fn an_open_transaction_is_in_nobodys_way() {
    let (queue, pool) = (queue().await, pool().await);
    let mut open = pool.begin().await.unwrap();
    queue.postgres().unwrap().submit_in(&mut open, double { value: 1 }).await.unwrap();
    let mut other = pool.begin().await.unwrap();
    tokio::time::timeout(Duration::from_secs(30), async {
        queue.postgres().unwrap().submit_in(&mut other, double { value: 2 }).await.unwrap();
        submit_and_run(&queue).await;
        queue.store().prune(10).await.unwrap();
        queue.store().rescue(3, 10).await.unwrap();
    })
    .await
    .expect("something waits for a transaction that is open");
    open.commit().await.unwrap();
    other.commit().await.unwrap();
    queue.store().prune(10).await.unwrap();
    assert_eq!(queue.stats().await.unwrap().queued, 2);
}

async fn submit_and_run(queue: &Queue) {
    let worker = queue.worker().start().unwrap();
    assert_eq!(queue.submit(double { value: 4 }).await.unwrap().result().await.unwrap(), 8);
    worker.stop().await;
}

#[tokio::test]
async fn other_stores_have_no_such_thing_and_other_databases_are_told() {
    let memory = builder().job(double::JOB).build().await.unwrap();
    let error = memory.postgres().unwrap_err().to_string();
    assert!(error.contains("`memory`, not PostgreSQL"), "{error}");

    let (queue, mut sql) = (queue().await, PgConnection::connect(&shared_url()).await.unwrap());
    let database = new_schema();
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("CREATE DATABASE {database}"))).execute(&mut sql).await.unwrap();
    let mut elsewhere = PgConnection::connect(&shared_url_of(&database)).await.unwrap();
    let error = queue.postgres().unwrap().submit_in(&mut elsewhere, double { value: 1 }).await.unwrap_err();
    assert!(error.to_string().contains("one of another database"), "{error}");
}
