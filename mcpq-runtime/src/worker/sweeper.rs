//! Rescues lost jobs and forgets old ones, for as long as the process lives.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures::FutureExt;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    job::Status,
    panics,
    queue::{EventKind, Queue, transition},
    store::sweep,
};

/// Old jobs are forgotten once in so many sweeps.
const PRUNE_EVERY: u32 = 6;

/// A process that has just started looks soon: the one before it may have left much.
const FIRST: Duration = Duration::from_secs(10);

/// A running sweep. Every worker has one; a process without workers that lives long starts its own. Stops when dropped.
#[derive(Debug)]
pub struct Sweeper(#[allow(dead_code)] DropGuard);

impl Sweeper {
    /// Starts to sweep, on the current tokio runtime.
    pub fn start(queue: Queue) -> Self {
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = stopped.cancelled() => {}
                () = run(queue) => {}
            }
        });
        Self(stop.drop_guard())
    }

    /// Stops to sweep.
    pub fn stop(self) {}
}

/// Neither waits for the other: to forget many jobs takes long, and lost ones are to be started again soon.
async fn run(queue: Queue) {
    let interval = queue.settings().sweep_interval;
    tokio::join!(every(interval, || rescue(&queue)), every(interval * PRUNE_EVERY, || prune(&queue)));
}

/// Does this now and again, and the first time soon. A panic ends one round alone.
async fn every<F: Future<Output = ()>>(interval: Duration, round: impl Fn() -> F) {
    let mut wait = interval.min(FIRST);
    loop {
        tokio::time::sleep(wait.mul_f64(0.75 + fastrand::f64() / 2.0)).await;
        if let Err(panic) = AssertUnwindSafe(async { round().await }).catch_unwind().await {
            tracing::error!(panic = panics::message(panic), "a sweep of the store panicked");
        }
        wait = interval;
    }
}

async fn rescue(queue: &Queue) {
    let max_crashes = queue.settings().max_crashes;
    let rescued = sweep::rescue(&**queue.store(), max_crashes, |rescued| {
        let kind = match rescued.record.status {
            Status::Failed => EventKind::Failed,
            Status::Cancelled => EventKind::Cancelled,
            _ => EventKind::Rescued,
        };
        queue.events().emit(|| transition(&rescued.record, kind));
    });
    if let Err(error) = rescued.await {
        tracing::warn!(%error, "lost jobs could not be rescued");
    }
}

async fn prune(queue: &Queue) {
    match sweep::prune(&**queue.store()).await {
        Ok(0) => {}
        Ok(pruned) => tracing::debug!(pruned, "old jobs forgotten"),
        Err(error) => tracing::warn!(%error, "old jobs could not be forgotten"),
    }
}
