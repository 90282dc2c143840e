//! Machines whose clocks differ from the server's.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use mcpq::{EventKind, Status, store::Store};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::sync::Notify;

use super::{gated, working};
use crate::{
    servers::postgres::{new_schema, shared, shared_url},
    support::{builder, echo, submit, submit_with, with},
};

/// Sets the clock of this store, by which alone it knows the time.
async fn set_clock(schema: &str, hours: i64) {
    let mut sql = PgConnection::connect(&shared_url()).await.unwrap();
    let text = format!(
        "CREATE OR REPLACE FUNCTION {schema}.micros() RETURNS bigint LANGUAGE sql VOLATILE AS \
         $$ SELECT (date_part('epoch', clock_timestamp() + '{hours} hours'::interval) * 1000000)::bigint $$"
    );
    sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut sql).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f13_only_the_clock_of_the_store_counts() {
    for hours in [5, -5] {
        let schema = new_schema();
        let store = shared(&schema).open().await.unwrap();
        set_clock(&schema, hours).await;
        let go = Arc::new(Notify::new());
        let (work, starts) = gated(&go);
        let lease = Duration::from_millis(900);
        let (queue, _worker, events) = working(builder().job(work).job(echo()), store, lease).await;

        // A lease is neither over at once nor kept for hours.
        let held = submit(&queue, "work").await;
        events.heard(held.id(), EventKind::Started, 1).await;
        let began = Instant::now();
        let delayed =
            submit_with(&queue, "echo", serde_json::json!({}), with(|o| o.delay = Some(Duration::from_millis(700))))
                .await;
        let record = delayed.wait().await.unwrap();
        assert_eq!(record.status, Status::Completed);
        assert!((600..20_000).contains(&began.elapsed().as_millis()), "{hours}: {:?}", began.elapsed());
        tokio::time::sleep(lease * 2).await;
        go.notify_one();
        assert_eq!(held.wait().await.unwrap().crashes, 0);
        assert_eq!(*starts.lock().unwrap(), [1]);
        let skew = record.created_at.signed_duration_since(chrono::Utc::now()).num_minutes();
        assert!((hours * 60 - 2..=hours * 60 + 2).contains(&skew), "its times are the store's: {skew} min");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f13_the_lease_of_a_worker_that_is_gone_ends_by_the_clock_of_the_store() {
    let schema = new_schema();
    let store = shared(&schema).open().await.unwrap();
    set_clock(&schema, -5).await;
    let queue = builder().job(echo()).submit_only().store(store.clone()).build().await.unwrap();
    let handle = submit(&queue, "echo").await;
    let selection = Arc::new(mcpq::store::Selection { queues: Vec::new(), types: Vec::new(), any_type: true });
    let lease = Duration::from_secs(3600);
    let request = mcpq::store::ClaimRequest { worker: mcpq::store::WorkerId::new(), selection, max: 1, lease };
    assert_eq!(store.claim(&request).await.unwrap().len(), 1);
    assert!(store.rescue(9, 9).await.unwrap().is_empty());
    set_clock(&schema, -3).await;
    assert_eq!(store.rescue(9, 9).await.unwrap().len(), 1);
    let record = handle.status().await.unwrap();
    assert_eq!((record.status, record.crashes), (Status::Pending, 1));
}
