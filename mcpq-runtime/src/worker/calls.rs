//! The worker's calls to the store: at most one of each kind under way, so that none holds up another.

use std::{future::pending, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::{FutureExt, future::BoxFuture};
use tokio::time::{Instant, timeout};

use crate::{
    panics,
    store::{
        ClaimRequest, Claimed, Finish, LeaseRef, LiveWorker, ProgressWrite, Renewed, Selection, Settled, Store,
        StoreError,
    },
};

/// Shortest and longest pause after a failed call.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// A kind of call.
pub(super) struct Call<T> {
    running: Option<BoxFuture<'static, T>>,
    /// Not before this time, after a failure.
    pub(super) not_before: Option<Instant>,
    failures: u32,
}

impl<T> Default for Call<T> {
    fn default() -> Self {
        Self { running: None, not_before: None, failures: 0 }
    }
}

impl<T> Call<T> {
    /// Whether a call may be made now.
    pub(super) fn is_free(&self, now: Instant) -> bool {
        self.running.is_none() && self.not_before.is_none_or(|at| now >= at)
    }

    pub(super) fn is_running(&self) -> bool {
        self.running.is_some()
    }

    pub(super) fn start(&mut self, call: impl Future<Output = T> + Send + 'static) {
        self.running = Some(Box::pin(call));
    }

    /// The call's answer; never, while none is under way.
    pub(super) async fn answer(&mut self) -> T {
        let answer = match &mut self.running {
            Some(call) => call.await,
            None => pending().await,
        };
        self.running = None;
        answer
    }

    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
        self.not_before = None;
    }

    /// Makes the next call wait, longer after each failure.
    pub(super) fn failed(&mut self, what: &str, error: &StoreError) {
        let pause = PAUSES.0.saturating_mul(1 << self.failures.min(10)).min(PAUSES.1);
        let pause = pause.mul_f64(0.5 + fastrand::f64() / 2.0);
        self.failures += 1;
        self.not_before = Some(Instant::now() + pause);
        tracing::warn!(%error, failures = self.failures, "the store did not {what}; trying again in {pause:?}");
    }
}

/// What a claim brought.
pub(super) struct ClaimAnswer {
    pub(super) asked_at: Instant,
    /// Fewer came than were asked for: nothing more is due.
    pub(super) drained: bool,
    pub(super) claimed: Result<Vec<Claimed>, StoreError>,
}

impl ClaimAnswer {
    fn new(asked_at: Instant, request: &ClaimRequest, claimed: Result<Vec<Claimed>, StoreError>) -> Self {
        let drained = claimed.as_ref().is_ok_and(|claimed| claimed.len() < request.max);
        Self { asked_at, drained, claimed }
    }
}

/// What is to be written of attempts that ended.
#[derive(Clone, Debug)]
pub(super) enum Ended {
    Finish(Finish),
    Release(LeaseRef),
}

/// Keys and what is written of them, with the answers in the same order.
pub(super) struct WriteAnswer {
    pub(super) batch: Vec<(u64, Ended)>,
    pub(super) settled: Result<Vec<Settled>, StoreError>,
    /// What was claimed along with it.
    pub(super) claimed: Option<ClaimAnswer>,
}

/// Keys and what became of their leases.
pub(super) struct RenewAnswer {
    pub(super) asked_at: Instant,
    pub(super) keys: Vec<u64>,
    pub(super) renewed: Result<Vec<Renewed>, StoreError>,
}

/// The store, which may be slow, silent or broken: a call that is not answered in time has failed, and one that panics
/// too. Whether it happened is unknown then; every call may be repeated.
#[derive(Clone)]
pub(super) struct Calls {
    pub(super) store: Arc<dyn Store>,
    /// The length of a lease: what is answered later is of no use to anybody.
    pub(super) lease: Duration,
}

impl Calls {
    pub(super) async fn claim(self, request: ClaimRequest) -> ClaimAnswer {
        let asked_at = Instant::now();
        let claimed = within(self.lease, self.store.claim(&request)).await;
        ClaimAnswer::new(asked_at, &request, claimed)
    }

    /// When the next job is due. Asked before a claim that may be for nothing: to read costs others less than to write.
    pub(super) async fn look(self, selection: Arc<Selection>) -> Result<Option<Duration>, StoreError> {
        within(self.lease / 3, self.store.next_due(&selection)).await
    }

    /// Writes a batch, and claims for the slots that it frees where more is waiting.
    pub(super) async fn write(self, batch: Vec<(u64, Ended)>, request: Option<ClaimRequest>) -> WriteAnswer {
        let asked_at = Instant::now();
        let finish = |(_, ended): &(u64, Ended)| match ended {
            Ended::Finish(finish) => Some(finish.clone()),
            Ended::Release(_) => None,
        };
        let finishes: Option<Vec<Finish>> = batch.iter().map(finish).collect();
        if let (Some(finishes), Some(request)) = (finishes, request) {
            let (settled, claimed) = match within(self.lease, self.store.finish_and_claim(finishes, &request)).await {
                Ok((settled, claimed)) => (Ok(settled), Some(ClaimAnswer::new(asked_at, &request, Ok(claimed)))),
                Err(error) => (Err(error), None),
            };
            return WriteAnswer { batch, settled, claimed };
        }
        let settled = within(self.lease, write_all(&*self.store, &batch)).await;
        WriteAnswer { batch, settled, claimed: None }
    }

    pub(super) async fn renew(self, held: Vec<(u64, LeaseRef)>) -> RenewAnswer {
        let asked_at = Instant::now();
        let (keys, leases): (Vec<u64>, Vec<LeaseRef>) = held.into_iter().unzip();
        // In time for another try.
        let renewed = within(self.lease / 3, self.store.renew(&leases, self.lease)).await;
        RenewAnswer { asked_at, keys, renewed }
    }

    /// Notes that a worker lives.
    pub(super) async fn heartbeat(self, worker: LiveWorker) -> Result<(), StoreError> {
        within(self.lease, self.store.heartbeat(&worker, self.lease * 3)).await
    }

    /// What became of progress writes. Progress that is lost with an error is written with the next report or the end.
    pub(super) async fn progress(self, writes: Vec<ProgressWrite>) -> Result<(), StoreError> {
        within(self.lease / 3, self.store.progress(writes)).await.map(drop)
    }
}

/// The answer to a call, if there is one in time.
async fn within<T>(limit: Duration, call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    match timeout(limit, AssertUnwindSafe(call).catch_unwind()).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(panic)) => Err(StoreError::Unavailable {
            message: format!("its call panicked: {}", panics::message(panic)),
            source: None,
        }),
        Err(_) => Err(StoreError::Unavailable { message: format!("it has not answered for {limit:?}"), source: None }),
    }
}

async fn write_all(store: &dyn Store, batch: &[(u64, Ended)]) -> Result<Vec<Settled>, StoreError> {
    let mut finishes = Vec::with_capacity(batch.len());
    let mut releases = Vec::new();
    for (_, ended) in batch {
        match ended {
            Ended::Finish(finish) => finishes.push(finish.clone()),
            Ended::Release(lease) => releases.push(*lease),
        }
    }
    let mut finished = match finishes.is_empty() {
        true => Vec::new(),
        false => store.finish(finishes).await?,
    }
    .into_iter();
    let mut released = match releases.is_empty() {
        true => Vec::new(),
        false => store.release(&releases).await?,
    }
    .into_iter();
    let next = |ended: &Ended| match ended {
        Ended::Finish(_) => finished.next(),
        Ended::Release(_) => released.next(),
    };
    Ok(batch.iter().map(|(_, ended)| ended).map(next).map(|settled| settled.unwrap_or(Settled::Stale)).collect())
}
