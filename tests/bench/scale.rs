//! What one call costs with few and with many jobs stored.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use mcpq::{
    JobId, Queue,
    store::{ClaimRequest, ClaimType, Selection, WorkerId},
};

use super::{
    jobs::{self, echo, fill},
    table,
};

const FEW: usize = 1_000;
const MANY: usize = 1_000_000;
const CALLS: usize = 500;
const RUNS: usize = 21;

pub(crate) async fn run() {
    let mut few = [const { Vec::new() }; 3];
    for _ in 0..RUNS {
        let queue = jobs::queue().await;
        let ids = fill(&queue, FEW).await;
        measure(&queue, &ids, &mut few).await;
    }
    let mut many = [const { Vec::new() }; 3];
    let queue = jobs::queue().await;
    let ids = fill(&queue, MANY).await;
    for _ in 0..RUNS {
        measure(&queue, &ids, &mut many).await;
    }
    table::part("one call (ns), by stored jobs", ["1,000,000", "1,000", "ratio"]);
    for ((name, few), many) in ["submit", "status", "claim"].into_iter().zip(few).zip(many) {
        table::row(name, table::median(many), table::median(few));
    }
}

async fn measure(queue: &Queue, ids: &[JobId], [submit, status, claim]: &mut [Vec<f64>; 3]) {
    let started = Instant::now();
    for value in 0..CALLS as u64 {
        queue.submit(echo { value }).await.unwrap();
    }
    submit.push(each(started));

    // In no order, as agents ask.
    let asked: Vec<JobId> = (0..CALLS).map(|call| ids[call * 7919 % ids.len()]).collect();
    let started = Instant::now();
    for id in asked {
        queue.status(id).await.unwrap();
    }
    status.push(each(started));

    let types = vec![ClaimType { name: "echo".into(), concurrency: None, rate: None }];
    let selection = Arc::new(Selection { queues: Vec::new(), types, any_type: false });
    let request = ClaimRequest { worker: WorkerId::new(), selection, max: 1, lease: Duration::from_secs(3600) };
    let started = Instant::now();
    for _ in 0..CALLS {
        assert_eq!(queue.store().claim(&request).await.unwrap().len(), 1);
    }
    claim.push(each(started));
}

fn each(started: Instant) -> f64 {
    started.elapsed().as_nanos() as f64 / CALLS as f64
}
