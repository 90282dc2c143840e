//! Too few connections, and a pooler that shares them.

use std::{sync::Arc, time::Duration};

use mcpq::{
    EventKind, Status,
    store::{StoreError, postgres::PostgresStore},
};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::{sync::Notify, time::timeout};

use super::{gated, working};
use crate::{
    servers::postgres::{Server, new_schema, pooled, shared, shared_url},
    support::{builder, echo, eventually, submit},
};

const LEASE: Duration = Duration::from_millis(1_500);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f43_leases_are_kept_while_every_other_connection_waits() {
    let schema = new_schema();
    let store = shared(&schema).max_connections(1).acquire_timeout(Duration::from_millis(200)).open().await.unwrap();
    let go = Arc::new(Notify::new());
    let (work, starts) = gated(&go);
    let (queue, _worker, events) = working(builder().job(work), store, LEASE).await;
    let handle = submit(&queue, "work").await;
    events.heard(handle.id(), EventKind::Started, 1).await;

    let mut sql = PgConnection::connect(&shared_url()).await.unwrap();
    let mut held = sql.begin().await.unwrap();
    let lock = format!("LOCK TABLE {schema}.count_by_queue IN EXCLUSIVE MODE");
    sqlx::raw_sql(AssertSqlSafe(lock)).execute(&mut *held).await.unwrap();
    let waits = queue.clone();
    let waits = tokio::spawn(async move { waits.submit_json("work", Default::default(), Default::default()).await });
    let error = eventually("all connections are in use", || async {
        timeout(Duration::from_secs(1), queue.status(handle.id())).await.ok()?.err()
    })
    .await;
    assert!(error.to_string().contains("all its connections are in use"), "{error}");
    tokio::time::sleep(LEASE * 2).await;
    let text = format!("SELECT lease, leased_until > {schema}.micros() FROM {schema}.job WHERE status = 1");
    let (lease, lives): (i64, bool) = sqlx::query_as(AssertSqlSafe(text)).fetch_one(&mut *held).await.unwrap();
    assert_eq!((lease, lives), (1, true), "its lease was not kept");
    held.rollback().await.unwrap();
    waits.await.unwrap().unwrap();
    go.notify_one();
    events.heard(handle.id(), EventKind::Completed, 1).await;
    assert_eq!(starts.lock().unwrap()[0], 1);
    go.notify_one();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f43_a_server_without_a_free_connection_refuses_new_stores_and_serves_the_old() {
    let server = Server::start(&["fsync=off", "max_connections=8", "superuser_reserved_connections=0"]);
    let store = PostgresStore::connect(&server.url()).await.unwrap();
    let queue = builder().job(echo()).store(store).lease(LEASE).build().await.unwrap();
    let _worker = queue.worker().start().unwrap();
    submit(&queue, "echo").await.wait().await.unwrap();
    let mut taken = Vec::new();
    while let Ok(connection) = PgConnection::connect(&server.url()).await {
        taken.push(connection);
    }
    let error = PostgresStore::connect(&server.url()).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    assert!(error.to_string().contains("`max_connections` of the server"), "{error}");
    assert_eq!(submit(&queue, "echo").await.wait().await.unwrap().status, Status::Completed);
    drop(taken);
    eventually("there is room again", || async { PostgresStore::connect(&server.url()).await.ok() }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f46_jobs_run_through_a_pooler_that_shares_connections() {
    let schema = new_schema();
    let (one, other) = (pooled(&schema).open().await.unwrap(), pooled(&schema).open().await.unwrap());
    let one = builder().job(echo()).store(one).build().await.unwrap();
    let other = builder().job(echo()).store(other).build().await.unwrap();
    let _workers = [one.worker().start().unwrap(), other.worker().start().unwrap()];
    let mut jobs = Vec::new();
    for number in 0..100 {
        let queue = if number % 2 == 0 { &one } else { &other };
        let args = crate::support::args(json!({ "number": number }));
        jobs.push(queue.submit_json("echo", args, Default::default()).await.unwrap().id);
    }
    for (number, id) in jobs.into_iter().enumerate() {
        assert_eq!(one.job(id).result().await.unwrap(), json!({ "number": number }));
    }
    assert_eq!(one.store().workers().await.unwrap().len(), 2);
}
