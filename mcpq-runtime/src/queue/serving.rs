//! Who runs the jobs: the workers of this process, and those that the store tells of.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

use super::{Queue, QueueError};
use crate::store::{LiveWorker, WorkerId};

/// How long a worker that the store has told of is taken to live.
const TRUSTED: Duration = Duration::from_secs(5);

/// What is known of the workers.
#[derive(Debug, Default)]
pub(super) struct Serving {
    here: Mutex<Vec<LiveWorker>>,
    seen: Mutex<Option<(Instant, Arc<[LiveWorker]>)>>,
    warned: AtomicBool,
}

impl Serving {
    /// A worker of this process has started.
    pub(super) fn started(&self, worker: LiveWorker) {
        locked(&self.here).push(worker);
    }

    /// A worker of this process has stopped.
    pub(super) fn stopped(&self, id: WorkerId) {
        locked(&self.here).retain(|worker| worker.id != id);
        *locked(&self.seen) = None;
    }

    fn has(&self, serves: impl Fn(&LiveWorker) -> bool) -> bool {
        locked(&self.here).iter().any(serves)
    }

    fn seen(&self) -> Option<Arc<[LiveWorker]>> {
        let (at, workers) = locked(&self.seen).clone()?;
        (at.elapsed() < TRUSTED).then_some(workers)
    }
}

impl Queue {
    /// The workers of all processes that run jobs of this queue's store, as far as their heartbeats tell.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    pub async fn workers(&self) -> Result<Vec<LiveWorker>, QueueError> {
        let mut workers = self.store().workers().await?;
        // One that has just started may not have been heard of.
        let here = locked(&self.shared.serving.here);
        let missing = here.iter().filter(|worker| workers.iter().all(|known| known.id != worker.id)).cloned();
        let missing: Vec<LiveWorker> = missing.collect();
        workers.extend(missing);
        Ok(workers)
    }

    /// Whether a worker lives that takes jobs of this type from this queue, in whatever process. Where the store cannot
    /// say, it is taken to be so. Others' workers are looked up every few seconds.
    pub async fn is_served(&self, queue: &str, job_type: &str) -> bool {
        let serves = |worker: &LiveWorker| worker.serves(queue, job_type);
        let serving = &self.shared.serving;
        if serving.has(serves) || serving.seen().is_some_and(|seen| seen.iter().any(serves)) {
            return true;
        }
        let Ok(workers) = self.store().workers().await else { return true };
        let served = workers.len() >= LiveWorker::MOST || workers.iter().any(serves);
        *locked(&serving.seen) = Some((Instant::now(), workers.into()));
        served
    }

    /// Tells the log, once, that nobody runs what was submitted.
    pub(super) async fn warn_unserved(&self, queue: &str, job_type: &str) {
        let warned = &self.shared.serving.warned;
        if !warned.load(Ordering::Relaxed)
            && !self.is_served(queue, job_type).await
            && !warned.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(
                target: "mcpq::serving",
                queue,
                job_type,
                "a job was submitted that no worker runs now: it waits for one, of this process or of another"
            );
        }
    }

    pub(crate) fn worker_started(&self, worker: LiveWorker) {
        self.shared.serving.started(worker);
    }

    pub(crate) fn worker_stopped(&self, id: WorkerId) {
        self.shared.serving.stopped(id);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
