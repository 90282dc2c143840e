//! Who runs the jobs: the workers of this process, and those that the store tells of.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::{Queue, QueueError};
use crate::store::{LiveWorker, WorkerId};

/// How long a worker that the store has told of is taken to live.
const TRUSTED: Duration = Duration::from_secs(5);

/// Most queues and types that the log is told of.
const WARNED: usize = 100;

/// What is known of the workers.
#[derive(Debug, Default)]
pub(super) struct Serving {
    here: Mutex<Vec<LiveWorker>>,
    seen: Mutex<Option<(Instant, Arc<[LiveWorker]>)>>,
    /// The queues and types of which the log was told.
    warned: Mutex<HashSet<(Arc<str>, Arc<str>)>>,
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

    /// Whether such a worker is known without asking.
    fn is_known(&self, serves: impl Fn(&LiveWorker) -> bool) -> bool {
        locked(&self.here).iter().any(&serves)
            || locked(&self.seen).as_ref().is_some_and(|(at, seen)| at.elapsed() < TRUSTED && seen.iter().any(&serves))
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
        if serving.is_known(serves) {
            return true;
        }
        let Ok(workers) = self.store().workers().await else { return true };
        let served = workers.len() >= LiveWorker::MOST || workers.iter().any(serves);
        *locked(&serving.seen) = Some((Instant::now(), workers.into()));
        served
    }

    /// Tells the log, once for a queue and a type, that nobody runs what was submitted. The submit does not wait for that.
    pub(super) fn warn_unserved(&self, queue: &Arc<str>, job_type: &Arc<str>) {
        let serving = &self.shared.serving;
        let told = || locked(&serving.warned).contains(&(queue.clone(), job_type.clone()));
        if serving.is_known(|worker| worker.serves(queue, job_type)) || told() {
            return;
        }
        let (here, queue, job_type) = (self.clone(), queue.clone(), job_type.clone());
        tokio::spawn(async move {
            if here.is_served(&queue, &job_type).await {
                return;
            }
            let mut warned = locked(&here.shared.serving.warned);
            if warned.len() < WARNED && warned.insert((queue.clone(), job_type.clone())) {
                tracing::warn!(
                    target: "mcpq::serving",
                    queue = &*queue,
                    job_type = &*job_type,
                    "a job was submitted that no worker runs now: it waits for one, of this process or of another"
                );
            }
        });
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
