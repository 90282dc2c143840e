//! Jobs that a worker runs: what the parameters get.

use std::collections::BTreeMap;
use std::sync::Arc;

use mcpq::prelude::*;
use mcpq::{JobDescriptor, JobScope, Needs, Queue, WorkerHandle};

#[derive(Debug)]
struct Factor(u32);

#[derive(Debug)]
struct Label(String);

/// What a job asks for by a type of its own.
#[derive(Debug)]
struct Scaled(u32);

impl FromJob for Scaled {
    fn needs(needs: &mut Needs) {
        needs.state::<Factor>();
    }

    fn from_job(scope: &JobScope) -> Result<Self, JobError> {
        let factor = scope.state::<Factor>().ok_or_else(|| JobError::fatal("no factor"))?;
        Ok(Self(factor.0 * 10))
    }
}

async fn started(job: JobDescriptor) -> (Queue, WorkerHandle) {
    let builder = Queue::builder().without_linked_jobs().state(Factor(3)).state(Label("x".to_owned()));
    let queue = builder.job(job).build().await.unwrap();
    let worker = queue.worker().start().unwrap();
    (queue, worker)
}

/// Takes everything that can be injected, between arguments.
#[mcp_job]
async fn inject_everything(
    first: u32,
    factor: State<Factor>,
    #[arg(default = 5)] second: u32,
    progress: Progress,
    label: State<Label>,
    cancel: CancelToken,
    #[inject] scaled: Scaled,
    context: JobContext,
    third: Option<u32>,
) -> Result<String, JobError> {
    cancel.check()?;
    progress.report(1, 2);
    let sum = first * factor.0 + second + scaled.0 + third.unwrap_or_default();
    Ok(format!("{} {} {sum}", context.job_type(), label.0))
}

#[tokio::test]
async fn every_parameter_gets_its_own() {
    let (queue, _worker) = started(inject_everything::JOB).await;
    let job = queue.submit(inject_everything { third: Some(100), ..inject_everything::new(2) }).await.unwrap();
    assert_eq!(job.result().await.unwrap(), "inject_everything x 141");
}

trait Shop: std::fmt::Debug + Send + Sync {
    fn price(&self) -> u32;
}

#[derive(Debug)]
struct Corner;

impl Shop for Corner {
    fn price(&self) -> u32 {
        7
    }
}

/// Asks what is only known by its trait.
#[mcp_job]
async fn ask_price(count: u32, shop: State<Arc<dyn Shop>>) -> u32 {
    count * shop.price()
}

#[tokio::test]
async fn a_state_may_be_known_by_its_trait_alone() {
    let shop: Arc<dyn Shop> = Arc::new(Corner);
    let queue = Queue::builder().without_linked_jobs().state(shop).job(ask_price::JOB).build().await.unwrap();
    let _worker = queue.worker().start().unwrap();
    assert_eq!(queue.submit(ask_price { count: 6 }).await.unwrap().result().await.unwrap(), 42);
}

/// Runs on the blocking pool, with the rest before a named argument.
#[mcp_job]
fn count_rest(#[arg(rest)] rest: BTreeMap<String, u32>, named: u32) -> u32 {
    rest.values().sum::<u32>() + named
}

#[tokio::test]
async fn the_rest_is_what_no_one_else_takes() {
    let (queue, _worker) = started(count_rest::JOB).await;
    let rest = BTreeMap::from([("a".to_owned(), 1), ("b".to_owned(), 2)]);
    let job = queue.submit(count_rest { rest, named: 40 }).await.unwrap();
    assert_eq!(job.result().await.unwrap(), 43);
}

/// Fails with an error of the standard library.
#[mcp_job]
async fn fail(message: String) -> Result<(), std::io::Error> {
    Err(std::io::Error::other(message))
}

#[tokio::test]
async fn any_error_becomes_the_jobs_error() {
    let (queue, _worker) = started(fail::JOB).await;
    let job = queue.submit(fail { message: "disk on fire".to_owned() }).await.unwrap();
    assert!(job.result().await.unwrap_err().to_string().contains("disk on fire"));
}

/// Is done once for each width, while it waits or runs.
#[mcp_job(unique = true)]
async fn once_at_a_time(width: u32) -> u32 {
    width
}

/// Is done once for each width, while the result is kept.
#[mcp_job(unique = "kept")]
async fn once(width: u32) -> u32 {
    width
}

#[tokio::test]
async fn a_unique_job_is_there_once() {
    let (queue, _worker) = started(once_at_a_time::JOB).await;
    let idle = Queue::builder().without_linked_jobs().job(once_at_a_time::JOB).build().await.unwrap();
    let first = idle.submit(once_at_a_time { width: 1 }).await.unwrap();
    let second = idle.submit(once_at_a_time { width: 1 }).await.unwrap();
    let other = idle.submit(once_at_a_time { width: 2 }).await.unwrap();
    assert_eq!((first.id(), second.deduplicated()), (second.id(), true));
    assert_ne!(first.id(), other.id());

    let first = queue.submit(once_at_a_time { width: 1 }).await.unwrap();
    assert_eq!(first.result().await.unwrap(), 1);
    let second = queue.submit(once_at_a_time { width: 1 }).await.unwrap();
    assert_ne!(first.id(), second.id(), "the first one has ended");
}

#[tokio::test]
async fn a_unique_job_may_stand_for_those_after_its_end() {
    let (queue, _worker) = started(once::JOB).await;
    let first = queue.submit(once { width: 1 }).await.unwrap();
    assert_eq!(first.result().await.unwrap(), 1);
    let second = queue.submit(once { width: 1 }).await.unwrap();
    assert_eq!((first.id(), second.deduplicated()), (second.id(), true));
}
