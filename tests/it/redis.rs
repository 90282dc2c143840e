//! What Redis alone can do to a store. The conformance suite is in [`stores`](crate::stores).
//!
//! | fault | tests |
//! | --- | --- |
//! | F07, F08 the server is stopped, for less and for more than a lease | `outages::f07_`, `outages::f08_` |
//! | the server is killed | `outages::what_was_acknowledged_` |
//! | the server hangs | `outages::a_server_that_hangs_` |
//! | connections are cut | `outages::connections_that_are_cut_` |
//! | the server forgets its scripts, or everything | `losses::` |
//! | the server is out of memory | `losses::f45_` |
//! | F36 the way of wake-ups is dead without a word | `hearing::f36_` |
//! | F44 jobs of a newer version; servers that cannot be used | `opening::` |
#![cfg(unix)]

mod hearing;
mod losses;
mod opening;
mod outages;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use mcpq::{JobDefinition, Queue, QueueBuilder, WorkerHandle, store::redis::RedisStore};
use serde_json::json;
use tokio::sync::Notify;

use crate::support::{Recorder, job};

/// The leases under which a job was started.
type Starts = Arc<Mutex<Vec<u64>>>;

/// Returns its lease once `go` allows it, and tells each start.
fn gated(go: &Arc<Notify>) -> (JobDefinition, Starts) {
    let starts = Starts::default();
    let (told, go) = (starts.clone(), go.clone());
    let definition = job("work", move |call| {
        let lease = call.context().lease();
        told.lock().unwrap().push(lease);
        let go = go.clone();
        async move {
            go.notified().await;
            Ok(json!(lease))
        }
    });
    (definition, starts)
}

/// A queue on this store and its worker, which sweeps all the time.
async fn working(builder: QueueBuilder, store: RedisStore, lease: Duration) -> (Queue, WorkerHandle, Recorder) {
    let (builder, events) = Recorder::on(builder.store(store).lease(lease));
    let queue = builder.sweep_interval(Duration::from_millis(50)).build().await.unwrap();
    let worker = queue.worker().start().unwrap();
    (queue, worker, events)
}
