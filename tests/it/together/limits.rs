//! `concurrency` and `rate_limit` hold across all workers of a store.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures::future::join_all;
use mcpq::{JobDefinition, RateLimit, Status};
use serde_json::json;
use tokio::sync::Semaphore;

use super::{Place, on_every_store};
use crate::support::{echo, eventually, job, options, submit};

on_every_store! {
    no_more_run_at_once_than_the_type_allows,
    a_type_that_is_full_holds_up_no_other,
    no_more_start_in_a_period_than_the_type_allows,
    starts_go_on_as_the_period_goes_by,
    retries_count_as_starts,
}

/// How many run now, and how many ever did at once.
#[derive(Clone, Default)]
struct Crowd(Arc<(AtomicUsize, AtomicUsize)>);

impl Crowd {
    fn enter(&self) {
        let inside = self.0.0.fetch_add(1, Ordering::SeqCst) + 1;
        self.0.1.fetch_max(inside, Ordering::SeqCst);
    }

    fn leave(&self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }

    fn most(&self) -> usize {
        self.0.1.load(Ordering::SeqCst)
    }

    fn now(&self) -> usize {
        self.0.0.load(Ordering::SeqCst)
    }
}

/// Goes on as often as `go` allows.
fn limited(crowd: &Crowd, go: &Arc<Semaphore>, concurrency: u32) -> JobDefinition {
    let (crowd, go) = (crowd.clone(), go.clone());
    let definition = job("limited", move |_| {
        let (crowd, go) = (crowd.clone(), go.clone());
        async move {
            crowd.enter();
            go.acquire().await?.forget();
            crowd.leave();
            Ok(json!(null))
        }
    });
    definition.options(options(|options| options.concurrency = Some(concurrency)))
}

async fn no_more_run_at_once_than_the_type_allows(place: Place) {
    let (crowd, go) = (Crowd::default(), Arc::new(Semaphore::new(0)));
    let jobs = || [limited(&crowd, &go, 2)];
    let (front, one, other) = tokio::join!(place.process(jobs()), place.process(jobs()), place.process(jobs()));
    let workers = [&one, &other].map(|queue| queue.worker().concurrency(4).start().unwrap());
    let mut waiting = Vec::new();
    for _ in 0..12 {
        waiting.push(submit(&front, "limited").await);
    }
    eventually("the type is full", async || (crowd.now() == 2).then_some(())).await;
    go.add_permits(12);
    let ended = join_all(waiting.iter().map(|job| job.wait())).await;
    assert!(ended.iter().all(|record| record.as_ref().unwrap().status == Status::Completed));
    assert_eq!(crowd.most(), 2);
    for worker in workers {
        worker.stop().await;
    }
}

async fn a_type_that_is_full_holds_up_no_other(place: Place) {
    let (crowd, go) = (Crowd::default(), Arc::new(Semaphore::new(0)));
    let jobs = || [limited(&crowd, &go, 1), echo()];
    let (front, back) = tokio::join!(place.process(jobs()), place.process(jobs()));
    let worker = back.worker().concurrency(2).start().unwrap();
    let mut full = Vec::new();
    for _ in 0..5 {
        full.push(submit(&front, "limited").await);
    }
    for _ in 0..5 {
        assert_eq!(submit(&front, "echo").await.wait().await.unwrap().status, Status::Completed);
    }
    let statuses = join_all(full.iter().map(|job| job.status())).await;
    let running = statuses.iter().filter(|record| record.as_ref().unwrap().status == Status::Running).count();
    assert_eq!((running, crowd.most()), (1, 1));
    go.add_permits(5);
    for job in &full {
        assert_eq!(job.wait().await.unwrap().status, Status::Completed);
    }
    worker.stop().await;
}

/// Notes when it starts, and fails as often as it is told.
fn paced(starts: &Arc<Mutex<Vec<Instant>>>, rate: RateLimit, retries: u32) -> JobDefinition {
    let starts = starts.clone();
    let definition = job("paced", move |call| {
        starts.lock().unwrap().push(Instant::now());
        let ends = call.context().attempt() > retries;
        async move { if ends { Ok(json!(null)) } else { Err(mcpq::JobError::retry("again")) } }
    });
    definition.options(options(|options| {
        options.rate_limit = Some(rate);
        options.max_retries = retries;
        options.backoff_base = 0.0;
    }))
}

const HOUR: Duration = Duration::from_secs(3600);

async fn no_more_start_in_a_period_than_the_type_allows(place: Place) {
    let starts = Arc::default();
    let jobs = || [paced(&starts, RateLimit { count: 3, per: HOUR }, 0), echo()];
    let (front, one, other) = tokio::join!(place.process(jobs()), place.process(jobs()), place.process(jobs()));
    for _ in 0..8 {
        submit(&front, "paced").await;
    }
    let workers = [&one, &other].map(|queue| queue.worker().concurrency(4).start().unwrap());
    eventually("the first have started", async || (starts.lock().unwrap().len() == 3).then_some(())).await;
    // Whatever these start with, the others would start with too.
    for _ in 0..5 {
        submit(&front, "echo").await.wait().await.unwrap();
    }
    let stats = front.stats().await.unwrap();
    assert_eq!((starts.lock().unwrap().len(), stats.queued), (3, 5));
    for worker in workers {
        worker.stop().await;
    }
}

async fn starts_go_on_as_the_period_goes_by(place: Place) {
    const GAP: Duration = Duration::from_millis(40);
    let starts: Arc<Mutex<Vec<Instant>>> = Arc::default();
    let jobs = || [paced(&starts, RateLimit { count: 1, per: GAP }, 0)];
    let (front, back) = tokio::join!(place.process(jobs()), place.process(jobs()));
    let worker = back.worker().concurrency(4).start().unwrap();
    let began = Instant::now();
    let mut waiting = Vec::new();
    for _ in 0..6 {
        waiting.push(submit(&front, "paced").await);
    }
    for job in &waiting {
        assert_eq!(job.wait().await.unwrap().status, Status::Completed);
    }
    let last = *starts.lock().unwrap().last().unwrap();
    assert!(last - began >= 5 * GAP, "six starts took {:?}", last - began);
    worker.stop().await;
}

async fn retries_count_as_starts(place: Place) {
    let starts = Arc::default();
    let jobs = || [paced(&starts, RateLimit { count: 2, per: HOUR }, 5)];
    let (front, back) = tokio::join!(place.process(jobs()), place.process(jobs()));
    let job = submit(&front, "paced").await;
    let worker = back.worker().start().unwrap();
    let record = eventually("it waits for its third start", async || {
        let record = job.status().await.unwrap();
        (record.attempts == 2 && record.status == Status::Pending).then_some(record)
    })
    .await;
    worker.stop().await;
    assert_eq!((record.attempts, starts.lock().unwrap().len()), (2, 2));
}
