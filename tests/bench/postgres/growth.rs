//! What one call costs with few and with many jobs stored.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use mcpq::{
    JobId, Queue, Scope,
    store::{ClaimRequest, ClaimType, ListFilter, Page, Selection, WorkerId},
};

use crate::{Server, counted, echo, fill, table};

const FEW: usize = 1_000;
const MANY: usize = 200_000;
const CALLS: usize = 200;
const RUNS: usize = 5;

pub(crate) async fn run(server: &Server) {
    let (few_queue, many_queue) = (stored(server, FEW).await, stored(server, MANY).await);
    let (mut few, mut many) = ([const { Vec::new() }; 5], [const { Vec::new() }; 5]);
    for _ in 0..RUNS {
        measure(&few_queue, &mut few).await;
        measure(&many_queue, &mut many).await;
    }
    table::part("PostgreSQL: one call (us), by stored jobs", ["200,000", "1,000", "ratio"]);
    for ((name, few), many) in ["submit", "status", "claim", "list", "counts"].into_iter().zip(few).zip(many) {
        table::row(name, table::median(many), table::median(few));
    }
}

/// Half of the jobs have ended, the others wait.
async fn stored(server: &Server, jobs: usize) -> Queue {
    let (queue, completed) = counted(server).await;
    fill(&queue, jobs / 2).await;
    let worker = queue.worker().concurrency(100).start().unwrap();
    completed.reach(jobs / 2).await;
    worker.stop().await;
    fill(&queue, jobs / 2).await;
    queue
}

async fn measure(queue: &Queue, [submit, status, claim, list, counts]: &mut [Vec<f64>; 5]) {
    let mut ids: Vec<JobId> = Vec::new();
    let started = Instant::now();
    for value in 0..CALLS as u64 {
        ids.push(queue.submit(echo { value }).await.unwrap().id());
    }
    submit.push(each(started));

    let started = Instant::now();
    for id in &ids {
        queue.status(*id).await.unwrap();
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

    let (filter, page) = (ListFilter::default(), Page { limit: 20, cursor: None, offset: 0 });
    let started = Instant::now();
    for _ in 0..CALLS {
        queue.store().list(&Scope::Owner(mcpq::Owner::local()), &filter, &page).await.unwrap();
    }
    list.push(each(started));

    let started = Instant::now();
    for _ in 0..CALLS {
        queue.store().counts(&Scope::All).await.unwrap();
    }
    counts.push(each(started));
}

fn each(started: Instant) -> f64 {
    started.elapsed().as_nanos() as f64 / CALLS as f64 / 1000.0
}
