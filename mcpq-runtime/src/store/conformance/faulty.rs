//! A store that fails when told to, or by chance, and counts its calls.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;

use crate::{
    job::{JobId, JobRecord, Payload, Scope},
    store::{
        Answered, Bound, CancelReply, ClaimRequest, Claimed, Finish, InsertReply, JournalEntry, JournalWrite, LeaseRef,
        ListFilter, Listing, LiveWorker, NewJob, Page, Park, ProgressWrite, QueueCounts, Removed, Renewed, Replayed,
        Rescued, Selection, Settled, Store, StoreError, StoreListener, memory::MemoryStore,
    },
};

/// A method of a store that can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// [`Store::insert`]
    Insert,
    /// [`Store::claim`]
    Claim,
    /// [`Store::renew`]
    Renew,
    /// [`Store::finish`]
    Finish,
    /// [`Store::release`]
    Release,
    /// [`Store::progress`]
    Progress,
    /// [`Store::park`]
    Park,
    /// [`Store::answer`]
    Answer,
    /// [`Store::request_cancel`]
    RequestCancel,
    /// [`Store::replay`]
    Replay,
    /// [`Store::remove`]
    Remove,
    /// [`Store::get`] and [`Store::get_result`]
    Get,
    /// [`Store::list`]
    List,
    /// [`Store::counts`]
    Counts,
    /// [`Store::next_due`]
    NextDue,
    /// [`Store::rescue`]
    Rescue,
    /// [`Store::prune`]
    Prune,
    /// [`Store::journal`]
    Journal,
    /// [`Store::journal_write`]
    JournalWrite,
    /// [`Store::heartbeat`]
    Heartbeat,
    /// [`Store::workers`]
    Workers,
}

impl Op {
    /// Every method.
    pub const ALL: [Self; 21] = [
        Self::Insert,
        Self::Claim,
        Self::Renew,
        Self::Finish,
        Self::Release,
        Self::Progress,
        Self::Park,
        Self::Answer,
        Self::RequestCancel,
        Self::Replay,
        Self::Remove,
        Self::Get,
        Self::List,
        Self::Counts,
        Self::NextDue,
        Self::Rescue,
        Self::Prune,
        Self::Journal,
        Self::JournalWrite,
        Self::Heartbeat,
        Self::Workers,
    ];
}

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing happens, and the caller hears of an error.
    Before,
    /// It happens, and the caller hears of an error all the same.
    After,
    /// It happens, and the answer comes this much later.
    Late(Duration),
    /// Nothing happens, and no answer ever comes.
    Hang,
    /// It happens, and no answer ever comes.
    Lost,
    /// It happens twice, as when something on the way repeats it; the caller hears the second answer.
    Twice,
}

/// A store around another that fails when told to, or by chance, and counts its calls. Clones are the same store.
///
/// ```
/// use mcpq_runtime::store::conformance::{Fault, Faulty, Op};
///
/// let store = Faulty::default(); // around a memory store
/// store.fail(&[Op::Renew, Op::Finish], Fault::Before); // until healed
/// store.fail_once(Op::Claim, Fault::After); // the next claim happens, and is answered with an error
/// store.heal();
/// ```
#[derive(Clone)]
pub struct Faulty {
    /// Handles of the same data.
    inner: Arc<[Arc<dyn Store>]>,
    turn: Arc<AtomicUsize>,
    plan: Arc<Mutex<Plan>>,
    deaf: bool,
}

/// What is to go wrong, and what was called.
#[derive(Default)]
struct Plan {
    always: HashMap<Op, Fault>,
    once: HashMap<Op, Fault>,
    chance: Option<Chance>,
    calls: HashMap<Op, usize>,
}

struct Chance {
    dice: fastrand::Rng,
    ops: Vec<Op>,
    faults: Vec<Fault>,
}

impl Faulty {
    /// A store that behaves like `inner` until it is told to fail.
    pub fn new(inner: Arc<dyn Store>) -> Self {
        Self::across([inner])
    }

    /// A store behind several handles of the same data, as several processes have them: each call goes to the next one,
    /// and the first one's listeners hear of all. What a store keeps beside its data is found out in this way.
    ///
    /// # Panics
    /// Without any handle.
    pub fn across(handles: impl IntoIterator<Item = Arc<dyn Store>>) -> Self {
        let inner: Arc<[Arc<dyn Store>]> = handles.into_iter().collect();
        assert!(!inner.is_empty(), "a store needs a handle");
        Self { inner, turn: Arc::default(), plan: Arc::default(), deaf: false }
    }

    /// From now on every third call of one of these methods meets one of these faults, by dice that roll the same for
    /// the same seed. The seed is written to stderr, where a failed test shows it.
    #[must_use]
    pub fn by_chance(self, seed: u64, ops: &[Op], faults: &[Fault]) -> Self {
        eprintln!("faults by chance from seed {seed}");
        let dice = fastrand::Rng::with_seed(seed);
        self.lock().chance = Some(Chance { dice, ops: ops.to_vec(), faults: faults.to_vec() });
        self
    }

    /// Loses all wake-ups, as between processes without a channel.
    #[must_use]
    pub fn deaf(self) -> Self {
        Self { deaf: true, ..self }
    }

    /// From now on these methods fail.
    pub fn fail(&self, ops: &[Op], fault: Fault) {
        self.lock().always.extend(ops.iter().map(|op| (*op, fault)));
    }

    /// The next call of this method fails.
    pub fn fail_once(&self, op: Op, fault: Fault) {
        self.lock().once.insert(op, fault);
    }

    /// From now on nothing fails.
    pub fn heal(&self) {
        let mut plan = self.lock();
        plan.always.clear();
        plan.once.clear();
        plan.chance = None;
    }

    /// How often a method has been called.
    pub fn calls(&self, op: Op) -> usize {
        self.lock().calls.get(&op).copied().unwrap_or(0)
    }

    /// The store without faults.
    pub fn sound(&self) -> Arc<dyn Store> {
        self.inner[0].clone()
    }

    fn handle(&self) -> &dyn Store {
        &*self.inner[self.turn.fetch_add(1, Ordering::Relaxed) % self.inner.len()]
    }

    fn lock(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self, op: Op) -> Option<Fault> {
        let mut plan = self.lock();
        *plan.calls.entry(op).or_default() += 1;
        let told = plan.once.remove(&op).or_else(|| plan.always.get(&op).copied());
        told.or_else(|| {
            let chance = plan.chance.as_mut().filter(|chance| chance.ops.contains(&op))?;
            let meets = chance.dice.u8(..3) == 0;
            meets.then(|| chance.dice.choice(chance.faults.iter().copied())).flatten()
        })
    }

    async fn run<T, Fut>(&self, op: Op, call: impl Fn() -> Fut) -> Result<T, StoreError>
    where
        Fut: Future<Output = Result<T, StoreError>>,
    {
        self.meet(self.next(op), op, call).await
    }

    /// Makes a call that meets this fault.
    async fn meet<T, Fut>(&self, fault: Option<Fault>, op: Op, call: impl Fn() -> Fut) -> Result<T, StoreError>
    where
        Fut: Future<Output = Result<T, StoreError>>,
    {
        let down = || StoreError::Unavailable { message: format!("{op:?} is down"), source: None };
        match fault {
            None => call().await,
            Some(Fault::Before) => Err(down()),
            Some(Fault::After) => {
                call().await?;
                Err(down())
            }
            Some(Fault::Late(delay)) => {
                let answer = call().await;
                tokio::time::sleep(delay).await;
                answer
            }
            Some(Fault::Hang) => std::future::pending().await,
            Some(Fault::Lost) => {
                let _ = call().await;
                std::future::pending().await
            }
            Some(Fault::Twice) => {
                let _ = call().await;
                call().await
            }
        }
    }
}

impl Default for Faulty {
    /// A memory store that behaves until it is told to fail.
    fn default() -> Self {
        Self::new(Arc::new(MemoryStore::new()))
    }
}

impl fmt::Debug for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Faulty").field(&self.inner[0]).finish()
    }
}

#[async_trait]
impl Store for Faulty {
    fn kind(&self) -> &'static str {
        self.inner[0].kind()
    }

    fn is_shared(&self) -> bool {
        self.deaf || self.inner[0].is_shared()
    }

    async fn insert(&self, jobs: Vec<NewJob>, bound: Bound) -> Result<InsertReply, StoreError> {
        self.run(Op::Insert, || self.handle().insert(jobs.clone(), bound)).await
    }

    async fn claim(&self, request: &ClaimRequest) -> Result<Vec<Claimed>, StoreError> {
        self.run(Op::Claim, || self.handle().claim(request)).await
    }

    async fn renew(&self, leases: &[LeaseRef], lease: Duration) -> Result<Vec<Renewed>, StoreError> {
        self.run(Op::Renew, || self.handle().renew(leases, lease)).await
    }

    async fn finish(&self, finishes: Vec<Finish>) -> Result<Vec<Settled>, StoreError> {
        self.run(Op::Finish, || self.handle().finish(finishes.clone())).await
    }

    // As one step where neither half meets a fault; else as two.
    async fn finish_and_claim(
        &self,
        finishes: Vec<Finish>,
        request: &ClaimRequest,
    ) -> Result<(Vec<Settled>, Vec<Claimed>), StoreError> {
        let fault = self.next(Op::Finish);
        if fault.is_some() {
            let settled = self.meet(fault, Op::Finish, || self.handle().finish(finishes.clone())).await?;
            return Ok((settled, self.claim(request).await.unwrap_or_default()));
        }
        let fault = self.next(Op::Claim);
        if fault.is_none() {
            return self.handle().finish_and_claim(finishes, request).await;
        }
        let settled = self.handle().finish(finishes).await?;
        let claimed = self.meet(fault, Op::Claim, || self.handle().claim(request)).await;
        Ok((settled, claimed.unwrap_or_default()))
    }

    async fn release(&self, leases: &[LeaseRef]) -> Result<Vec<Settled>, StoreError> {
        self.run(Op::Release, || self.handle().release(leases)).await
    }

    async fn progress(&self, writes: Vec<ProgressWrite>) -> Result<Vec<bool>, StoreError> {
        self.run(Op::Progress, || self.handle().progress(writes.clone())).await
    }

    async fn park(&self, park: Park) -> Result<Settled, StoreError> {
        self.run(Op::Park, || self.handle().park(park.clone())).await
    }

    async fn answer(
        &self,
        scope: &Scope,
        id: JobId,
        answers: Vec<(String, Payload)>,
    ) -> Result<Option<Answered>, StoreError> {
        self.run(Op::Answer, || self.handle().answer(scope, id, answers.clone())).await
    }

    async fn request_cancel(&self, scope: &Scope, id: JobId) -> Result<Option<CancelReply>, StoreError> {
        self.run(Op::RequestCancel, || self.handle().request_cancel(scope, id)).await
    }

    async fn replay(&self, scope: &Scope, id: JobId, bound: Bound) -> Result<Replayed, StoreError> {
        self.run(Op::Replay, || self.handle().replay(scope, id, bound)).await
    }

    async fn remove(&self, scope: &Scope, id: JobId) -> Result<Removed, StoreError> {
        self.run(Op::Remove, || self.handle().remove(scope, id)).await
    }

    async fn get(&self, scope: &Scope, id: JobId) -> Result<Option<JobRecord>, StoreError> {
        self.run(Op::Get, || self.handle().get(scope, id)).await
    }

    async fn get_result(&self, scope: &Scope, id: JobId) -> Result<Option<(JobRecord, Option<Payload>)>, StoreError> {
        self.run(Op::Get, || self.handle().get_result(scope, id)).await
    }

    async fn list(&self, scope: &Scope, filter: &ListFilter, page: &Page) -> Result<Listing, StoreError> {
        self.run(Op::List, || self.handle().list(scope, filter, page)).await
    }

    async fn counts(&self, scope: &Scope) -> Result<Vec<QueueCounts>, StoreError> {
        self.run(Op::Counts, || self.handle().counts(scope)).await
    }

    async fn next_due(&self, selection: &Selection) -> Result<Option<Duration>, StoreError> {
        self.run(Op::NextDue, || self.handle().next_due(selection)).await
    }

    async fn rescue(&self, max_crashes: u32, limit: usize) -> Result<Vec<Rescued>, StoreError> {
        self.run(Op::Rescue, || self.handle().rescue(max_crashes, limit)).await
    }

    async fn prune(&self, limit: usize) -> Result<usize, StoreError> {
        self.run(Op::Prune, || self.handle().prune(limit)).await
    }

    async fn journal(&self, lease: LeaseRef) -> Result<Option<Vec<JournalEntry>>, StoreError> {
        self.run(Op::Journal, || self.handle().journal(lease)).await
    }

    async fn journal_write(&self, lease: LeaseRef, key: &str, value: Payload) -> Result<JournalWrite, StoreError> {
        self.run(Op::JournalWrite, || self.handle().journal_write(lease, key, value.clone())).await
    }

    async fn heartbeat(&self, worker: &LiveWorker, keep: Duration) -> Result<(), StoreError> {
        self.run(Op::Heartbeat, || self.handle().heartbeat(worker, keep)).await
    }

    async fn workers(&self) -> Result<Vec<LiveWorker>, StoreError> {
        self.run(Op::Workers, || self.handle().workers()).await
    }

    fn watch(&self, listener: Weak<dyn StoreListener>) {
        if !self.deaf {
            self.inner[0].watch(listener);
        }
    }
}
