//! A store that fails when told to, and counts its calls.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, Weak},
    time::Duration,
};

use async_trait::async_trait;
use mcpq::{
    JobId, JobRecord, Payload, Scope,
    store::{
        Answered, Bound, CancelReply, ClaimRequest, Claimed, Finish, InsertReply, JournalEntry, JournalWrite, LeaseRef,
        ListFilter, Listing, NewJob, Page, Park, ProgressWrite, QueueCounts, Removed, Renewed, Replayed, Rescued,
        Selection, Settled, Store, StoreError, StoreListener, memory::MemoryStore,
    },
};

/// A method of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Op {
    Insert,
    Claim,
    NextDue,
    Renew,
    Finish,
    Release,
    Progress,
    RequestCancel,
    Get,
    Rescue,
    Prune,
}

/// How a method fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing happens, and the caller hears of an error.
    Before,
    /// It happens, and the caller hears of an error all the same.
    After,
    /// It happens, and the answer comes a second later.
    Late,
    /// No answer ever comes.
    Hang,
}

/// A memory store that fails when told to, and counts its calls. Clones are the same store.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faulty {
    inner: Arc<MemoryStore>,
    faults: Arc<Mutex<HashMap<Op, Fault>>>,
    calls: Arc<Mutex<HashMap<Op, usize>>>,
    deaf: bool,
    /// Where faults come by chance: the state of the dice.
    chaos: Option<Arc<Mutex<u64>>>,
}

impl Faulty {
    /// A store whose wake-ups are all lost, as between processes.
    pub(crate) fn deaf() -> Self {
        Self { deaf: true, ..Self::default() }
    }

    /// A store whose workers meet a fault in every third call, by dice that roll the same for the same seed.
    pub(crate) fn chaotic(seed: u64) -> Self {
        Self { chaos: Some(Arc::new(Mutex::new(seed))), ..Self::default() }
    }

    /// From now on these methods fail.
    pub(crate) fn fail(&self, ops: &[Op], fault: Fault) {
        self.faults.lock().unwrap().extend(ops.iter().map(|op| (*op, fault)));
    }

    /// From now on nothing fails.
    pub(crate) fn heal(&self) {
        self.faults.lock().unwrap().clear();
    }

    /// How often a method has been called.
    pub(crate) fn calls(&self, op: Op) -> usize {
        self.calls.lock().unwrap().get(&op).copied().unwrap_or(0)
    }

    /// The store without faults.
    pub(crate) fn sound(&self) -> Arc<MemoryStore> {
        self.inner.clone()
    }

    fn roll(&self, op: Op) -> Option<Fault> {
        if matches!(op, Op::Insert | Op::Get | Op::RequestCancel) {
            return None;
        }
        let mut state = self.chaos.as_ref()?.lock().unwrap();
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        [Some(Fault::Before), Some(Fault::After), Some(Fault::Late)]
            .into_iter()
            .nth((*state >> 33) as usize % 9)
            .flatten()
    }

    async fn run<T>(&self, op: Op, call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        *self.calls.lock().unwrap().entry(op).or_default() += 1;
        let fault = self.faults.lock().unwrap().get(&op).copied().or_else(|| self.roll(op));
        let down = || StoreError::Unavailable { message: format!("{op:?} is down"), source: None };
        match fault {
            None => call.await,
            Some(Fault::Before) => Err(down()),
            Some(Fault::After) => {
                call.await?;
                Err(down())
            }
            Some(Fault::Late) => {
                let answer = call.await;
                tokio::time::sleep(Duration::from_secs(1)).await;
                answer
            }
            Some(Fault::Hang) => std::future::pending().await,
        }
    }
}

#[async_trait]
impl Store for Faulty {
    fn kind(&self) -> &'static str {
        "faulty"
    }

    fn is_shared(&self) -> bool {
        self.deaf
    }

    async fn insert(&self, jobs: Vec<NewJob>, bound: Bound) -> Result<InsertReply, StoreError> {
        self.run(Op::Insert, self.inner.insert(jobs, bound)).await
    }

    async fn claim(&self, request: &ClaimRequest) -> Result<Vec<Claimed>, StoreError> {
        self.run(Op::Claim, self.inner.claim(request)).await
    }

    async fn renew(&self, leases: &[LeaseRef], lease: Duration) -> Result<Vec<Renewed>, StoreError> {
        self.run(Op::Renew, self.inner.renew(leases, lease)).await
    }

    async fn finish(&self, finishes: Vec<Finish>) -> Result<Vec<Settled>, StoreError> {
        self.run(Op::Finish, self.inner.finish(finishes)).await
    }

    async fn release(&self, leases: &[LeaseRef]) -> Result<Vec<Settled>, StoreError> {
        self.run(Op::Release, self.inner.release(leases)).await
    }

    async fn progress(&self, writes: Vec<ProgressWrite>) -> Result<Vec<bool>, StoreError> {
        self.run(Op::Progress, self.inner.progress(writes)).await
    }

    async fn park(&self, park: Park) -> Result<Settled, StoreError> {
        self.inner.park(park).await
    }

    async fn answer(
        &self,
        scope: &Scope,
        id: JobId,
        answers: Vec<(String, Payload)>,
    ) -> Result<Option<Answered>, StoreError> {
        self.inner.answer(scope, id, answers).await
    }

    async fn request_cancel(&self, scope: &Scope, id: JobId) -> Result<Option<CancelReply>, StoreError> {
        self.run(Op::RequestCancel, self.inner.request_cancel(scope, id)).await
    }

    async fn replay(&self, scope: &Scope, id: JobId, bound: Bound) -> Result<Replayed, StoreError> {
        self.inner.replay(scope, id, bound).await
    }

    async fn remove(&self, scope: &Scope, id: JobId) -> Result<Removed, StoreError> {
        self.inner.remove(scope, id).await
    }

    async fn get(&self, scope: &Scope, id: JobId) -> Result<Option<JobRecord>, StoreError> {
        self.run(Op::Get, self.inner.get(scope, id)).await
    }

    async fn get_result(&self, scope: &Scope, id: JobId) -> Result<Option<(JobRecord, Option<Payload>)>, StoreError> {
        self.run(Op::Get, self.inner.get_result(scope, id)).await
    }

    async fn list(&self, scope: &Scope, filter: &ListFilter, page: &Page) -> Result<Listing, StoreError> {
        self.inner.list(scope, filter, page).await
    }

    async fn counts(&self, scope: &Scope) -> Result<Vec<QueueCounts>, StoreError> {
        self.inner.counts(scope).await
    }

    async fn next_due(&self, selection: &Selection) -> Result<Option<Duration>, StoreError> {
        self.run(Op::NextDue, self.inner.next_due(selection)).await
    }

    async fn rescue(&self, max_crashes: u32, limit: usize) -> Result<Vec<Rescued>, StoreError> {
        self.run(Op::Rescue, self.inner.rescue(max_crashes, limit)).await
    }

    async fn prune(&self, limit: usize) -> Result<usize, StoreError> {
        self.run(Op::Prune, self.inner.prune(limit)).await
    }

    async fn journal(&self, lease: LeaseRef) -> Result<Option<Vec<JournalEntry>>, StoreError> {
        self.inner.journal(lease).await
    }

    async fn journal_write(&self, lease: LeaseRef, key: &str, value: Payload) -> Result<JournalWrite, StoreError> {
        self.inner.journal_write(lease, key, value).await
    }

    fn watch(&self, listener: Weak<dyn StoreListener>) {
        if !self.deaf {
            self.inner.watch(listener);
        }
    }
}
