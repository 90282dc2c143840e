//! From a submit to the first line of the handler, on a queue that is idle.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use mcpq::{JobDefinition, Queue};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::{Server, new_schema, store, table};

const CALLS: usize = 500;

pub(crate) async fn run(server: &Server) {
    table::part("PostgreSQL: submit to start (ms), idle", ["median", "p99", ""]);
    for (name, elsewhere) in [("the same process", false), ("another store handle, by NOTIFY", true)] {
        let (told, mut starts) = mpsc::unbounded_channel();
        let schema = new_schema();
        let builder = || {
            let told = Mutex::new(told.clone());
            let mark = JobDefinition::from_fn("mark", "", json!({ "type": "object" }), move |_| {
                let _ = told.lock().unwrap().send(Instant::now());
                async { Ok(Value::Null) }
            });
            Queue::builder().without_linked_jobs().job(mark)
        };
        let queue = builder().store(store(server, &schema).await).build().await.unwrap();
        let front = match elsewhere {
            true => builder().submit_only().store(store(server, &schema).await).build().await.unwrap(),
            false => queue.clone(),
        };
        let worker = queue.worker().start().unwrap();
        let mut taken = Histogram::<u64>::new(3).unwrap();
        for call in 0..CALLS {
            // The last job's end is written by then.
            tokio::time::sleep(Duration::from_millis(20)).await;
            let began = Instant::now();
            let submitted = front.submit_json("mark", Default::default(), Default::default()).await.unwrap();
            let started = starts.recv().await.unwrap();
            front.job(submitted.id).wait().await.unwrap();
            if call >= 20 {
                taken.record(started.saturating_duration_since(began).as_micros() as u64).unwrap();
            }
        }
        worker.stop().await;
        let at = |quantile| taken.value_at_quantile(quantile) as f64 / 1000.0;
        println!("{name:<52} {:>14.2} {:>14.2}", at(0.5), at(0.99));
    }
}
