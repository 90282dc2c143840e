//! The store: keeps jobs and guards every change of them. Policy is not its business.
//!
//! A backend implements [`Store`]; queues and workers know nothing else of it, and nothing of each other. [`open`] opens
//! one by its URL.
//!
#![doc = include_str!("store/promises.md")]

#[cfg(feature = "store-conformance")]
pub mod conformance;
mod listener;
mod listing;
pub mod memory;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "redis")]
pub mod redis;
#[cfg(feature = "sqlite")]
pub mod sqlite;
pub mod sweep;
mod types;
mod url;
mod workers;

use std::{any::Any, fmt, sync::Weak, time::Duration};

use async_trait::async_trait;

pub use listener::{Listeners, StoreListener};
pub use listing::{ListFilter, Listing, Page, QueueCounts};
pub use types::{
    Answered, Bound, CancelReply, ClaimRequest, ClaimType, Claimed, Depth, Finish, InsertReply, Inserted, JournalEntry,
    JournalWrite, Keeping, LeaseRef, NewJob, Outcome, Park, ProgressWrite, Removed, Renewed, Replayed, Rescued, RunAt,
    Selection, Settled,
};
pub use url::open;
pub use workers::{LiveWorker, WorkerId};

use crate::job::{JobId, JobRecord, Payload, Scope};
pub use crate::job::{RateLimit, Unique};

/// What went wrong underneath a store.
pub type StoreCause = Box<dyn std::error::Error + Send + Sync>;

/// What a store can say went wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It cannot be reached or did not answer; what was asked may or may not have happened.
    #[error("the store is unavailable: {message}; try again in a few seconds")]
    Unavailable {
        /// What was seen.
        message: String,
        /// The cause.
        #[source]
        source: Option<StoreCause>,
    },
    /// There is no room left where it keeps its data; nothing was changed.
    #[error("the store is out of space: {message}; free some, then try again")]
    OutOfSpace {
        /// What was seen.
        message: String,
        /// The cause.
        #[source]
        source: Option<StoreCause>,
    },
    /// It cannot be used as it is, however often that is tried.
    #[error("the store cannot be used: {message}")]
    Unsuitable {
        /// Why, and what to do.
        message: String,
        /// The cause.
        #[source]
        source: Option<StoreCause>,
    },
}

impl StoreError {
    /// Whether the same call may succeed later.
    pub fn is_transient(&self) -> bool {
        !matches!(self, Self::Unsuitable { .. })
    }
}

/// Keeps jobs. Every method is atomic; a write of a worker is guarded by (job id, lease) and changes nothing once
/// that lease is over. A method that takes a [`Scope`] answers for a job outside it as for one that does not exist.
///
/// The cost of claim, insert, get and finish does not grow with the number of stored jobs; a listing costs its page.
#[async_trait]
pub trait Store: Any + fmt::Debug + Send + Sync {
    /// What it is, for logs and messages: `memory`, `sqlite`, ..
    fn kind(&self) -> &'static str;

    /// Whether other processes see its jobs.
    fn is_shared(&self) -> bool;

    /// Adds jobs, all or none. For each, in order: one whose id is stored already was added by an earlier call whose
    /// answer was lost, and is answered as then; a job of the same owner, type and key, or an equal one where it is
    /// `unique`, is given back instead; if what remains does not fit the bound, nothing is stored.
    async fn insert(&self, jobs: Vec<NewJob>, bound: Bound) -> Result<InsertReply, StoreError>;

    /// Takes up to `max` due jobs: by priority, then by the time they became due, then by submission. A job that is
    /// given back, retried or replayed becomes due anew. Each gets a new lease number and is charged an attempt. Types
    /// over their limits are skipped.
    async fn claim(&self, request: &ClaimRequest) -> Result<Vec<Claimed>, StoreError>;

    /// Prolongs leases and brings cancel requests back, in the order asked.
    async fn renew(&self, leases: &[LeaseRef], lease: Duration) -> Result<Vec<Renewed>, StoreError>;

    /// Records how attempts ended, in the order given. A repeated identical finish is accepted again, and
    /// answered as the first time. A retry of a
    /// job with a cancel request ends it as cancelled.
    async fn finish(&self, finishes: Vec<Finish>) -> Result<Vec<Settled>, StoreError>;

    /// Records ends and claims what comes next, for workers that have more to do: as [`finish`](Self::finish) and then
    /// [`claim`](Self::claim), which is what it does unless a store can do both in one step. Fails as the finish does, and
    /// has changed nothing then; where only the claim fails, nothing is claimed.
    async fn finish_and_claim(
        &self,
        finishes: Vec<Finish>,
        request: &ClaimRequest,
    ) -> Result<(Vec<Settled>, Vec<Claimed>), StoreError> {
        let settled = self.finish(finishes).await?;
        let claimed = self.claim(request).await.unwrap_or_else(|error| {
            tracing::debug!(%error, "nothing was claimed after ends were recorded");
            Vec::new()
        });
        Ok((settled, claimed))
    }

    /// Gives jobs back without charging the attempt; one with a cancel request ends as cancelled.
    async fn release(&self, leases: &[LeaseRef]) -> Result<Vec<Settled>, StoreError>;

    /// Records progress, and tells for each write whether its lease still held.
    async fn progress(&self, writes: Vec<ProgressWrite>) -> Result<Vec<bool>, StoreError>;

    /// Stores questions under the lease, ends the lease and gives the attempt back. Where all are answered already,
    /// the job is pending at once; one with a cancel request ends as cancelled.
    async fn park(&self, park: Park) -> Result<Settled, StoreError>;

    /// Stores answers to a parked job's open questions; the first one to each wins. The job becomes pending when none
    /// is open. `None`: there is no such job.
    async fn answer(
        &self,
        scope: &Scope,
        id: JobId,
        answers: Vec<(String, Payload)>,
    ) -> Result<Option<Answered>, StoreError>;

    /// Ends a job that does not run as cancelled, or notes the request for one that does. `None`: there is no such job.
    async fn request_cancel(&self, scope: &Scope, id: JobId) -> Result<Option<CancelReply>, StoreError>;

    /// Makes a failed, timed-out or cancelled job pending again.
    async fn replay(&self, scope: &Scope, id: JobId, bound: Bound) -> Result<Replayed, StoreError>;

    /// Forgets a job that has ended.
    async fn remove(&self, scope: &Scope, id: JobId) -> Result<Removed, StoreError>;

    /// The job, without arguments and result.
    async fn get(&self, scope: &Scope, id: JobId) -> Result<Option<JobRecord>, StoreError>;

    /// The job and its result, where it has one.
    async fn get_result(&self, scope: &Scope, id: JobId) -> Result<Option<(JobRecord, Option<Payload>)>, StoreError>;

    /// One page of jobs, newest first.
    async fn list(&self, scope: &Scope, filter: &ListFilter, page: &Page) -> Result<Listing, StoreError>;

    /// How many jobs there are in each queue.
    async fn counts(&self, scope: &Scope) -> Result<Vec<QueueCounts>, StoreError>;

    /// How long until a job of the selection becomes due; zero when one is, `None` when none will by time alone.
    async fn next_due(&self, selection: &Selection) -> Result<Option<Duration>, StoreError>;

    /// Returns up to `limit` jobs whose lease has run out to pending, or fails them with `WORKER_LOST` after
    /// `max_crashes` such losses; fails parked jobs whose time is up. One process at a time.
    async fn rescue(&self, max_crashes: u32, limit: usize) -> Result<Vec<Rescued>, StoreError>;

    /// Forgets up to `limit` jobs that have been kept long enough. One process at a time.
    async fn prune(&self, limit: usize) -> Result<usize, StoreError>;

    /// The job's journal; `None` when the lease is over.
    async fn journal(&self, lease: LeaseRef) -> Result<Option<Vec<JournalEntry>>, StoreError>;

    /// Stores a value under a key of the job's journal, once for the job's life.
    async fn journal_write(&self, lease: LeaseRef, key: &str, value: Payload) -> Result<JournalWrite, StoreError>;

    /// Notes that a worker lives, for so long from now; for no time at all, that it has stopped.
    async fn heartbeat(&self, worker: &LiveWorker, keep: Duration) -> Result<(), StoreError>;

    /// The workers that live, up to [`LiveWorker::MOST`] of them.
    async fn workers(&self) -> Result<Vec<LiveWorker>, StoreError>;

    /// Registers for wake-ups, until the listener is dropped.
    fn watch(&self, listener: Weak<dyn StoreListener>);
}
