//! A store that says it is shared, with some jobs in it: stands for one that other processes fill.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use async_trait::async_trait;
use mcpq::{
    BuildError, JobId, JobRecord, Owner, Payload, Priority, Queue, Scope, Status,
    store::{
        Answered, Bound, CancelReply, ClaimRequest, Claimed, Finish, InsertReply, JournalEntry, JournalWrite, Keeping,
        LeaseRef, ListFilter, Listing, LiveWorker, NewJob, Page, Park, ProgressWrite, QueueCounts, Removed, Renewed,
        Replayed, Rescued, RunAt, Selection, Settled, Store, StoreError, StoreListener, memory::MemoryStore,
    },
};

#[derive(Clone, Debug, Default)]
pub(crate) struct SharedStore(Arc<MemoryStore>);

macro_rules! forward {
    ($(fn $name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl Store for SharedStore {
            fn kind(&self) -> &'static str {
                "shared"
            }

            fn is_shared(&self) -> bool {
                true
            }

            fn watch(&self, listener: Weak<dyn StoreListener>) {
                self.0.watch(listener);
            }

            $(async fn $name(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
                self.0.$name($($argument),*).await
            })*
        }
    };
}

forward! {
    fn insert(jobs: Vec<NewJob>, bound: Bound) -> InsertReply;
    fn claim(request: &ClaimRequest) -> Vec<Claimed>;
    fn renew(leases: &[LeaseRef], lease: Duration) -> Vec<Renewed>;
    fn finish(finishes: Vec<Finish>) -> Vec<Settled>;
    fn release(leases: &[LeaseRef]) -> Vec<Settled>;
    fn progress(writes: Vec<ProgressWrite>) -> Vec<bool>;
    fn park(park: Park) -> Settled;
    fn answer(scope: &Scope, id: JobId, answers: Vec<(String, Payload)>) -> Option<Answered>;
    fn request_cancel(scope: &Scope, id: JobId) -> Option<CancelReply>;
    fn replay(scope: &Scope, id: JobId, bound: Bound) -> Replayed;
    fn remove(scope: &Scope, id: JobId) -> Removed;
    fn get(scope: &Scope, id: JobId) -> Option<JobRecord>;
    fn get_result(scope: &Scope, id: JobId) -> Option<(JobRecord, Option<Payload>)>;
    fn list(scope: &Scope, filter: &ListFilter, page: &Page) -> Listing;
    fn counts(scope: &Scope) -> Vec<QueueCounts>;
    fn heartbeat(worker: &LiveWorker, keep: Duration) -> ();
    fn workers() -> Vec<LiveWorker>;
    fn next_due(selection: &Selection) -> Option<Duration>;
    fn rescue(max_crashes: u32, limit: usize) -> Vec<Rescued>;
    fn prune(limit: usize) -> usize;
    fn journal(lease: LeaseRef) -> Option<Vec<JournalEntry>>;
    fn journal_write(lease: LeaseRef, key: &str, value: Payload) -> JournalWrite;
}

/// A store with four jobs of the owner `ann`, and a worker behind it. Their ids end in their number: 1 has completed,
/// 2 has failed, 3 is delayed by an hour, 4 runs until it is cancelled.
pub(crate) async fn with_jobs() -> Result<SharedStore, Box<dyn std::error::Error>> {
    let store = SharedStore::default();
    let hour = RunAt::After(Duration::from_secs(3600));
    let jobs = vec![
        job(1, "add", r#"{"a": 40, "b": 2}"#, RunAt::Now)?,
        job(2, "fails", r#"{"message": "out of\u001b[2Jpaper"}"#, RunAt::Now)?,
        job(3, "add", r#"{"a": 1, "b": 2}"#, hour)?,
        job(4, "until_cancelled", "{}", RunAt::Now)?,
    ];
    let ids: Vec<JobId> = jobs.iter().map(|job| job.id).collect();
    store.insert(jobs, Bound { max_pending: 100 }).await?;
    let queue = queue(store.clone()).await?.operator();
    queue.worker().start()?;
    for (id, wanted) in [(ids[0], Status::Completed), (ids[1], Status::Failed), (ids[3], Status::Running)] {
        while queue.status(id).await?.status != wanted {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
    while queue.status(ids[3]).await?.progress == 0.0 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    Ok(store)
}

async fn queue(store: SharedStore) -> Result<Queue, BuildError> {
    Queue::builder().store(store).build().await
}

fn job(number: u32, name: &str, args: &'static str, run_at: RunAt) -> Result<NewJob, Box<dyn std::error::Error>> {
    Ok(NewJob {
        id: format!("00000000-0000-7000-8000-{number:012}").parse()?,
        job_type: name.into(),
        owner: Owner::new("ann"),
        queue: "default".into(),
        priority: Priority::Normal,
        run_at,
        args: Payload::from_json_bytes(args.as_bytes()),
        schema: 0,
        args_hash: None,
        idempotency_key: None,
        unique: None,
        max_attempts: 1,
        timeout: Duration::from_secs(300),
        keeping: Keeping { result: None, failure: None },
        batch: None,
    })
}
