//! The worker's calls to the store: at most one of each kind under way, so that none holds up another.

use std::{future::pending, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use tokio::time::Instant;

use crate::store::{
    ClaimRequest, Claimed, Finish, LeaseRef, LiveWorker, ProgressWrite, Renewed, Selection, Settled, Store, StoreError,
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
    pub(super) claimed: Result<(Vec<Claimed>, Option<Duration>), StoreError>,
}

pub(super) async fn claim(store: Arc<dyn Store>, request: ClaimRequest) -> ClaimAnswer {
    let asked_at = Instant::now();
    let claimed = store.claim(&request).await;
    answer(&*store, &request, asked_at, claimed).await
}

/// Completes what a claim brought by when the next job is due, where nothing more is.
async fn answer(
    store: &dyn Store,
    request: &ClaimRequest,
    asked_at: Instant,
    claimed: Result<Vec<Claimed>, StoreError>,
) -> ClaimAnswer {
    let claimed = match claimed {
        Ok(claimed) if claimed.len() < request.max => {
            // What was claimed is kept whatever this says: its leases run already.
            let next = store.next_due(&request.selection).await.unwrap_or_else(|error| {
                tracing::warn!(%error, "the store did not say when the next job is due; asking again soon");
                Some(PAUSES.1)
            });
            return ClaimAnswer { asked_at, drained: true, claimed: Ok((claimed, next)) };
        }
        other => other.map(|claimed| (claimed, None)),
    };
    ClaimAnswer { asked_at, drained: false, claimed }
}

/// When the next job is due. Asked before a claim that may be for nothing: to read costs others less than to write.
pub(super) async fn look(store: Arc<dyn Store>, selection: Arc<Selection>) -> Result<Option<Duration>, StoreError> {
    store.next_due(&selection).await
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

/// Writes a batch, and claims for the slots that it frees where more is waiting.
pub(super) async fn write(
    store: Arc<dyn Store>,
    batch: Vec<(u64, Ended)>,
    request: Option<ClaimRequest>,
) -> WriteAnswer {
    let asked_at = Instant::now();
    let finish = |(_, ended): &(u64, Ended)| match ended {
        Ended::Finish(finish) => Some(finish.clone()),
        Ended::Release(_) => None,
    };
    let finishes: Option<Vec<Finish>> = batch.iter().map(finish).collect();
    match (finishes, request) {
        (Some(finishes), Some(request)) => {
            let (settled, claimed) = match store.finish_and_claim(finishes, &request).await {
                Ok((settled, claimed)) => (Ok(settled), answer(&*store, &request, asked_at, Ok(claimed)).await),
                Err(error) => (Err(error), ClaimAnswer { asked_at, drained: false, claimed: Ok((Vec::new(), None)) }),
            };
            WriteAnswer { batch, settled, claimed: Some(claimed) }
        }
        (_, request) => {
            let settled = write_all(&*store, &batch).await;
            // Nothing was claimed: the next claim comes by itself.
            let claimed = request.map(|_| ClaimAnswer { asked_at, drained: false, claimed: Ok((Vec::new(), None)) });
            WriteAnswer { batch, settled, claimed }
        }
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

/// Keys and what became of their leases.
pub(super) struct RenewAnswer {
    pub(super) asked_at: Instant,
    pub(super) keys: Vec<u64>,
    pub(super) renewed: Result<Vec<Renewed>, StoreError>,
}

pub(super) async fn renew(store: Arc<dyn Store>, held: Vec<(u64, LeaseRef)>, lease: Duration) -> RenewAnswer {
    let asked_at = Instant::now();
    let (keys, leases): (Vec<u64>, Vec<LeaseRef>) = held.into_iter().unzip();
    let renewed = store.renew(&leases, lease).await;
    RenewAnswer { asked_at, keys, renewed }
}

/// Notes that a worker lives.
pub(super) async fn heartbeat(store: Arc<dyn Store>, worker: LiveWorker, keep: Duration) -> Result<(), StoreError> {
    store.heartbeat(&worker, keep).await
}

/// What became of progress writes. Progress that is lost with an error is written with the next report or the end.
pub(super) async fn progress(store: Arc<dyn Store>, writes: Vec<ProgressWrite>) -> Result<(), StoreError> {
    store.progress(writes).await.map(drop)
}
