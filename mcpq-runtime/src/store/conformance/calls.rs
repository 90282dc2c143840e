//! Short ways to call a store, jobs to call it with, and patience.

use std::fmt;
pub(super) use std::{sync::Arc, time::Duration};

pub(super) use crate::{
    inject::ProgressUpdate,
    job::{AttemptEnd, ErrorCode, Failure, JobId, JobRecord, Owner, Payload, Priority, Scope, Status},
    store::*,
};

/// Long enough for a case never to see its end.
pub(super) const MINUTE: Duration = Duration::from_secs(60);

/// Short enough to be waited for.
pub(super) const MOMENT: Duration = Duration::from_millis(30);

pub(super) const ROOM: Bound = Bound { max_pending: 100_000 };

/// A job of this type that may have three attempts.
pub(super) fn new_job(job_type: &str) -> NewJob {
    NewJob {
        id: JobId::new(),
        job_type: job_type.into(),
        owner: Owner::local(),
        queue: "default".into(),
        priority: Priority::Normal,
        run_at: RunAt::Now,
        args: json("{}"),
        schema: 0,
        args_hash: None,
        idempotency_key: None,
        unique: None,
        max_attempts: 3,
        timeout: MINUTE,
        keeping: Keeping { result: Some(MINUTE), failure: Some(MINUTE) },
        batch: None,
    }
}

/// The same with a change.
pub(super) fn job_with(job_type: &str, change: impl FnOnce(&mut NewJob)) -> NewJob {
    let mut job = new_job(job_type);
    change(&mut job);
    job
}

/// A job with a key, and arguments of this hash.
pub(super) fn keyed(job_type: &str, key: &str, hash: u8) -> NewJob {
    job_with(job_type, |job| (job.idempotency_key, job.args_hash) = (Some(key.into()), Some([hash; 32])))
}

/// A unique job with arguments of this hash.
pub(super) fn unique(kind: Unique, hash: u8) -> NewJob {
    job_with("a", |job| (job.unique, job.args_hash) = (Some(kind), Some([hash; 32])))
}

pub(super) fn json(text: &str) -> Payload {
    Payload::from_json_bytes(text.as_bytes())
}

pub(super) async fn insert(store: &dyn Store, job: NewJob) -> JobId {
    let id = job.id;
    let reply = insert_one(store, job).await;
    assert!(matches!(reply, Inserted::Created), "{reply:?}");
    id
}

pub(super) async fn insert_one(store: &dyn Store, job: NewJob) -> Inserted {
    insert_all(store, vec![job]).await.remove(0)
}

pub(super) async fn insert_all(store: &dyn Store, jobs: Vec<NewJob>) -> Vec<Inserted> {
    match store.insert(jobs, ROOM).await.unwrap() {
        InsertReply::Done(replies) => replies,
        InsertReply::Full(depth) => panic!("full: {depth:?}"),
    }
}

/// The job that stands for a new one.
pub(super) fn existing(reply: Inserted) -> JobId {
    match reply {
        Inserted::Existing(record) => record.id,
        other => panic!("{other:?}"),
    }
}

/// Serves these types, without limits, in all queues.
pub(super) fn serving(types: &[&str]) -> Selection {
    let claim_type = |name: &&str| ClaimType { name: (*name).into(), concurrency: None, rate: None };
    Selection { queues: Vec::new(), types: types.iter().map(claim_type).collect(), any_type: false }
}

/// Serves everything.
pub(super) fn everything() -> Selection {
    Selection { any_type: true, ..serving(&[]) }
}

pub(super) async fn claim_of(store: &dyn Store, selection: Selection, max: usize, lease: Duration) -> Vec<Claimed> {
    let request = ClaimRequest { worker: WorkerId::new(), selection: Arc::new(selection), max, lease };
    store.claim(&request).await.unwrap()
}

/// Claims the one job that is due.
pub(super) async fn claim_one(store: &dyn Store) -> Claimed {
    let mut claimed = claim_of(store, everything(), 10, MINUTE).await;
    assert_eq!(claimed.len(), 1);
    claimed.remove(0)
}

/// The lease of the one job that is due.
pub(super) async fn lease_one(store: &dyn Store) -> LeaseRef {
    lease_of(&claim_one(store).await)
}

/// Claims one job for a moment only, as a worker that dies.
pub(super) async fn claim_for_a_moment(store: &dyn Store) -> LeaseRef {
    let claimed = claim_of(store, everything(), 1, MOMENT).await;
    lease_of(&claimed[0])
}

/// Claims nothing, for nothing is due.
pub(super) async fn nothing_is_due(store: &dyn Store) {
    let claimed = claim_of(store, everything(), 10, MINUTE).await;
    assert!(claimed.is_empty(), "nothing should be due, but {claimed:?}");
}

pub(super) fn lease_of(claimed: &Claimed) -> LeaseRef {
    LeaseRef { id: claimed.record.id, lease: claimed.record.lease }
}

pub(super) fn finish_of(lease: LeaseRef, outcome: Outcome) -> Finish {
    Finish { lease, outcome, progress: ProgressUpdate::default() }
}

pub(super) async fn finish(store: &dyn Store, lease: LeaseRef, outcome: Outcome) -> Settled {
    store.finish(vec![finish_of(lease, outcome)]).await.unwrap()[0]
}

pub(super) async fn release(store: &dyn Store, lease: LeaseRef) -> Settled {
    store.release(&[lease]).await.unwrap()[0]
}

pub(super) async fn cancel(store: &dyn Store, id: JobId) -> CancelReply {
    store.request_cancel(&Scope::All, id).await.unwrap().unwrap()
}

pub(super) fn completed() -> Outcome {
    Outcome::Completed(json("42"))
}

pub(super) fn failed() -> Outcome {
    Outcome::Failed(failure("boom"))
}

pub(super) fn timed_out() -> Outcome {
    Outcome::Timeout(Failure::new(ErrorCode::Timeout, "too late"))
}

pub(super) fn retry(after: Duration) -> Outcome {
    let end = AttemptEnd::Failed;
    Outcome::Retry { after, attempt: failure("boom"), end, failure: failure("boom, again soon") }
}

pub(super) fn failure(message: &str) -> Failure {
    Failure::new(ErrorCode::HandlerError, message)
}

/// Parks a job with these questions, for a minute.
pub(super) fn park_of(lease: LeaseRef, keys: &[&str]) -> Park {
    let questions = keys.iter().map(|key| ((*key).to_owned(), json(&format!(r#"{{"ask": "{key}"}}"#)))).collect();
    Park { lease, questions, expires_in: MINUTE }
}

/// A job that has ended this way.
pub(super) async fn ended(store: &dyn Store, job: NewJob, outcome: Outcome) -> JobId {
    let id = insert(store, job).await;
    let lease = lease_one(store).await;
    assert_eq!(lease.id, id);
    finish(store, lease, outcome).await;
    id
}

pub(super) async fn get(store: &dyn Store, id: JobId) -> JobRecord {
    store.get(&Scope::All, id).await.unwrap().unwrap()
}

pub(super) async fn status(store: &dyn Store, id: JobId) -> Status {
    get(store, id).await.status
}

pub(super) fn page(limit: usize, offset: usize) -> Page {
    Page { limit, cursor: None, offset }
}

/// How many jobs there are.
pub(super) async fn total(store: &dyn Store) -> usize {
    store.list(&Scope::All, &ListFilter::default(), &page(1, 0)).await.unwrap().total
}

/// Waits until a sweep has rescued a job.
pub(super) async fn rescued(store: &dyn Store, max_crashes: u32) -> JobRecord {
    let sweep = || async { store.rescue(max_crashes, 10).await.unwrap().pop().map(|rescued| rescued.record) };
    eventually("a job is rescued", sweep).await
}

/// Waits until this much time has passed by the store's clock.
pub(super) async fn pass(store: &dyn Store, time: Duration) {
    let id = insert(store, job_with("clock", |job| job.run_at = RunAt::After(time))).await;
    let rings = || async { store.next_due(&serving(&["clock"])).await.unwrap().filter(Duration::is_zero) };
    eventually("the time passes", rings).await;
    cancel(store, id).await;
    store.remove(&Scope::All, id).await.unwrap();
}

/// Looks until `found` gives something. The pause between two looks costs nothing on a paused clock.
pub(super) async fn eventually<T, Fut: Future<Output = Option<T>>>(
    what: impl fmt::Display,
    mut found: impl FnMut() -> Fut,
) -> T {
    let deadline = tokio::time::Instant::now() + MINUTE / 2;
    loop {
        if let Some(found) = found().await {
            return found;
        }
        assert!(tokio::time::Instant::now() < deadline, "this did not happen: {what}");
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
}

/// Does something in many tasks at the same instant, and gives what each of them saw.
pub(super) async fn together<T, Fut>(
    store: &Arc<dyn Store>,
    times: usize,
    doing: impl Fn(Arc<dyn Store>, usize) -> Fut,
) -> Vec<T>
where
    T: Send + 'static,
    Fut: Future<Output = T> + Send + 'static,
{
    let start = Arc::new(tokio::sync::Barrier::new(times));
    let tasks = (0..times).map(|n| {
        let (start, call) = (start.clone(), doing(store.clone(), n));
        tokio::spawn(async move {
            start.wait().await;
            call.await
        })
    });
    let tasks: Vec<_> = tasks.collect();
    futures::future::join_all(tasks).await.into_iter().map(Result::unwrap).collect()
}

/// Does two things at the same instant; which one is started first changes from round to round.
pub(super) async fn race<A: Send + 'static, B: Send + 'static>(
    round: usize,
    one: impl Future<Output = A> + Send + 'static,
    other: impl Future<Output = B> + Send + 'static,
) -> (A, B) {
    let (one, other) = if round.is_multiple_of(2) {
        let one = tokio::spawn(one);
        (one, tokio::spawn(other))
    } else {
        let other = tokio::spawn(other);
        (tokio::spawn(one), other)
    };
    (one.await.unwrap(), other.await.unwrap())
}
