//! Rescues lost jobs and forgets old ones, for as long as the process lives.

use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    job::Status,
    queue::{EventKind, Queue, transition},
    store::sweep,
};

/// Prunes come once in so many sweeps.
const PRUNE_EVERY: u32 = 6;

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

async fn run(queue: Queue) {
    let interval = queue.settings().sweep_interval;
    let max_crashes = queue.settings().max_crashes;
    for round in 1u32.. {
        tokio::time::sleep(interval.mul_f64(0.75 + fastrand::f64() / 2.0)).await;
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
        if round % PRUNE_EVERY == 1 {
            match sweep::prune(&**queue.store()).await {
                Ok(0) => {}
                Ok(pruned) => tracing::debug!(pruned, "old jobs forgotten"),
                Err(error) => tracing::warn!(%error, "old jobs could not be forgotten"),
            }
        }
    }
}
