//! The memory store: for tests and throw-away work. Its jobs end with the process.

mod clock;
mod entries;
mod journal;
mod keeping;
mod lanes;
mod limits;
mod shelves;
mod table;
mod transitions;
mod workers;

use std::{
    sync::{Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use async_trait::async_trait;

use super::{
    Answered, Bound, CancelReply, ClaimRequest, Claimed, Finish, InsertReply, JournalEntry, JournalWrite, LeaseRef,
    ListFilter, Listeners, Listing, LiveWorker, NewJob, Page, Park, ProgressWrite, QueueCounts, Removed, Renewed,
    Replayed, Rescued, Selection, Settled, Store, StoreError, StoreListener,
};
use crate::job::{JobId, JobRecord, Payload, Scope, Status};
use table::Table;

/// Keeps jobs in this process's memory. Every operation is one short critical section over indexed structures; none
/// looks through the stored jobs.
///
/// What has ended is forgotten early, oldest first, where it exceeds [`max_finished`](Self::max_finished) jobs or all
/// payloads together exceed [`max_bytes`](Self::max_bytes): memory never grows without bound.
#[derive(Debug, Default)]
pub struct MemoryStore {
    table: Mutex<Table>,
    listeners: Listeners,
}

impl MemoryStore {
    /// An empty store that keeps up to 100,000 ended jobs and 1 GiB of payloads.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how many ended jobs are kept at most.
    #[must_use]
    pub fn max_finished(self, jobs: usize) -> Self {
        self.read().limits.max_finished = jobs;
        self
    }

    /// Sets how many bytes of arguments and results are kept at most. Beyond it, and with nothing ended to forget,
    /// submits are refused as for a full queue.
    #[must_use]
    pub fn max_bytes(self, bytes: usize) -> Self {
        self.read().limits.max_bytes = bytes;
        self
    }

    // Every critical section leaves the table whole, or panics on a broken invariant of its own; going on is the best
    // there is then, since all other jobs depend on it.
    fn read(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        let mut table = self.read();
        table.tick();
        table
    }

    fn tell(&self, ready: bool, changed: impl IntoIterator<Item = JobId> + Clone) {
        self.listeners.each(|listener| {
            changed.clone().into_iter().for_each(|id| listener.changed(id));
            if ready {
                listener.ready();
            }
        });
    }
}

#[async_trait]
impl Store for MemoryStore {
    fn kind(&self) -> &'static str {
        "memory"
    }

    fn is_shared(&self) -> bool {
        false
    }

    async fn insert(&self, jobs: Vec<NewJob>, bound: Bound) -> Result<InsertReply, StoreError> {
        let reply = self.lock().insert(jobs, bound);
        if matches!(reply, InsertReply::Done(_)) {
            self.listeners.each(|listener| listener.ready());
        }
        Ok(reply)
    }

    async fn claim(&self, request: &ClaimRequest) -> Result<Vec<Claimed>, StoreError> {
        let claimed = self.lock().claim(request);
        self.tell(false, claimed.iter().map(|claimed| claimed.record.id));
        Ok(claimed)
    }

    async fn renew(&self, leases: &[LeaseRef], lease: Duration) -> Result<Vec<Renewed>, StoreError> {
        Ok(self.lock().renew(leases, lease))
    }

    async fn finish(&self, finishes: Vec<Finish>) -> Result<Vec<Settled>, StoreError> {
        let ids: Vec<JobId> = finishes.iter().map(|finish| finish.lease.id).collect();
        let (settled, limited) = {
            let mut table = self.lock();
            let settled: Vec<Settled> = finishes.into_iter().map(|finish| table.finish(finish)).collect();
            (settled, table.take_freed())
        };
        let ready = limited || settled.contains(&Settled::Accepted(Status::Pending));
        self.tell(ready, ids);
        Ok(settled)
    }

    async fn release(&self, leases: &[LeaseRef]) -> Result<Vec<Settled>, StoreError> {
        let settled: Vec<Settled> = {
            let mut table = self.lock();
            leases.iter().map(|lease| table.release(*lease)).collect()
        };
        self.tell(true, leases.iter().map(|lease| lease.id));
        Ok(settled)
    }

    async fn progress(&self, writes: Vec<ProgressWrite>) -> Result<Vec<bool>, StoreError> {
        let ids: Vec<JobId> = writes.iter().map(|write| write.lease.id).collect();
        let held: Vec<bool> = {
            let mut table = self.lock();
            writes.into_iter().map(|write| table.progress(write)).collect()
        };
        self.tell(false, ids.into_iter().zip(&held).filter(|(_, held)| **held).map(|(id, _)| id));
        Ok(held)
    }

    async fn park(&self, park: Park) -> Result<Settled, StoreError> {
        let id = park.lease.id;
        let (settled, limited) = {
            let mut table = self.lock();
            (table.park(park), table.take_freed())
        };
        self.tell(limited || settled == Settled::Accepted(Status::Pending), [id]);
        Ok(settled)
    }

    async fn answer(
        &self,
        scope: &Scope,
        id: JobId,
        answers: Vec<(String, Payload)>,
    ) -> Result<Option<Answered>, StoreError> {
        let answered = self.lock().answer(scope, id, answers);
        if let Some(answered) = &answered {
            self.tell(answered.status == Status::Pending, [id]);
        }
        Ok(answered)
    }

    async fn request_cancel(&self, scope: &Scope, id: JobId) -> Result<Option<CancelReply>, StoreError> {
        let reply = self.lock().request_cancel(scope, id);
        if let Some(reply) = &reply {
            self.listeners.each(|listener| {
                listener.changed(id);
                if reply.record.status == Status::Running {
                    listener.cancel_requested(id);
                }
            });
        }
        Ok(reply)
    }

    async fn replay(&self, scope: &Scope, id: JobId, bound: Bound) -> Result<Replayed, StoreError> {
        let replayed = self.lock().replay(scope, id, bound);
        if matches!(replayed, Replayed::Done(_)) {
            self.tell(true, [id]);
        }
        Ok(replayed)
    }

    async fn remove(&self, scope: &Scope, id: JobId) -> Result<Removed, StoreError> {
        Ok(self.lock().remove(scope, id))
    }

    async fn get(&self, scope: &Scope, id: JobId) -> Result<Option<JobRecord>, StoreError> {
        Ok(self.read().get(scope, id).map(|entry| entry.record.clone()))
    }

    async fn get_result(&self, scope: &Scope, id: JobId) -> Result<Option<(JobRecord, Option<Payload>)>, StoreError> {
        Ok(self.read().get(scope, id).map(|entry| (entry.record.clone(), entry.result.clone())))
    }

    async fn list(&self, scope: &Scope, filter: &ListFilter, page: &Page) -> Result<Listing, StoreError> {
        Ok(self.read().list(scope, filter, page))
    }

    async fn counts(&self, scope: &Scope) -> Result<Vec<QueueCounts>, StoreError> {
        Ok(self.read().counts(scope))
    }

    async fn next_due(&self, selection: &Selection) -> Result<Option<Duration>, StoreError> {
        Ok(self.lock().next_due(selection))
    }

    async fn rescue(&self, max_crashes: u32, limit: usize) -> Result<Vec<Rescued>, StoreError> {
        let rescued = self.lock().rescue(max_crashes, limit);
        if !rescued.is_empty() {
            self.tell(true, rescued.iter().map(|rescued| rescued.record.id));
        }
        Ok(rescued)
    }

    async fn prune(&self, limit: usize) -> Result<usize, StoreError> {
        Ok(self.lock().prune(limit))
    }

    async fn journal(&self, lease: LeaseRef) -> Result<Option<Vec<JournalEntry>>, StoreError> {
        Ok(self.lock().journal(lease))
    }

    async fn journal_write(&self, lease: LeaseRef, key: &str, value: Payload) -> Result<JournalWrite, StoreError> {
        Ok(self.lock().journal_write(lease, key, value))
    }

    async fn heartbeat(&self, worker: &LiveWorker, keep: Duration) -> Result<(), StoreError> {
        self.lock().heartbeat(worker, keep);
        Ok(())
    }

    async fn workers(&self) -> Result<Vec<LiveWorker>, StoreError> {
        Ok(self.lock().workers())
    }

    fn watch(&self, listener: Weak<dyn StoreListener>) {
        self.listeners.add(listener);
    }
}
