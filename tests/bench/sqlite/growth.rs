//! What one call costs with few and with many jobs stored.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use mcpq::{
    JobId, Queue, Scope,
    store::{ClaimRequest, ClaimType, ListFilter, Page, Selection, WorkerId},
};

use crate::{echo, fill, folder, queue, table};

const FEW: usize = 1_000;
const MANY: usize = 1_000_000;
const CALLS: usize = 200;
const RUNS: usize = 9;

pub(crate) async fn run() {
    let few_folder = folder();
    let few_queue = queue(&few_folder).await;
    fill(&few_queue, FEW).await;
    let many_folder = folder();
    let many_queue = queue(&many_folder).await;
    fill(&many_queue, MANY).await;

    let (mut few, mut many) = ([const { Vec::new() }; 4], [const { Vec::new() }; 4]);
    for _ in 0..RUNS {
        measure(&few_queue, &mut few).await;
        measure(&many_queue, &mut many).await;
    }
    table::part("SQLite: one call (us), by stored jobs", ["1,000,000", "1,000", "ratio"]);
    for ((name, few), many) in ["submit", "status", "claim", "list"].into_iter().zip(few).zip(many) {
        table::row(name, table::median(many), table::median(few));
    }
}

async fn measure(queue: &Queue, [submit, status, claim, list]: &mut [Vec<f64>; 4]) {
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
}

fn each(started: Instant) -> f64 {
    started.elapsed().as_nanos() as f64 / CALLS as f64 / 1000.0
}
