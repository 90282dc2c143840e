//! How full a queue is and how fast it drains.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use serde::Serialize;

use super::{Queue, QueueError};

/// What this process's workers and submits count.
#[derive(Debug, Default)]
pub struct Gauges {
    slots: AtomicUsize,
    leaked: AtomicUsize,
    rejections: AtomicU64,
}

impl Gauges {
    /// A worker with so many slots has started.
    pub(crate) fn worker_started(&self, slots: usize) {
        self.slots.fetch_add(slots, Ordering::Relaxed);
    }

    /// A worker with so many slots has stopped.
    pub(crate) fn worker_stopped(&self, slots: usize) {
        self.slots.fetch_sub(slots, Ordering::Relaxed);
    }

    /// A handler that cannot be stopped has taken its slot with it.
    pub(crate) fn leaked(&self) {
        self.leaked.fetch_add(1, Ordering::Relaxed);
    }

    /// Such a handler has returned after all.
    pub(crate) fn returned(&self) {
        self.leaked.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn rejected(&self) {
        self.rejections.fetch_add(1, Ordering::Relaxed);
    }
}

/// A queue at one moment. The counts are of the jobs that the asking handle may see.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Stats {
    /// Jobs that are pending or delayed.
    pub queued: usize,
    /// Jobs that run.
    pub running: usize,
    /// Jobs that wait for input.
    pub input_required: usize,
    /// Jobs that failed or timed out and are kept: the dead letter.
    pub dead: usize,
    /// Jobs that this process can run at once.
    pub capacity: usize,
    /// Slots of this process that are lost to handlers which cannot be stopped.
    pub leaked: usize,
    /// Most jobs that may wait.
    pub queue_capacity: usize,
    /// Jobs a second that ended in this process lately; absent until one has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drain_rate: Option<f64>,
    /// Submits that this process refused because the queue was full.
    pub rejections: u64,
    /// Workers that live, in all processes.
    pub workers: usize,
    /// Whether there are none.
    pub unserved: bool,
    /// Whether every slot of this process is lost, so that nothing is claimed.
    pub unhealthy: bool,
    /// The same by queue.
    pub queues: Vec<QueueStats>,
}

/// The counts of one queue.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct QueueStats {
    /// Its name.
    pub queue: String,
    /// Jobs that are pending or delayed.
    pub queued: usize,
    /// Jobs that run.
    pub running: usize,
    /// Jobs that wait for input.
    pub input_required: usize,
    /// Kept jobs that completed.
    pub completed: usize,
    /// Kept jobs that failed.
    pub failed: usize,
    /// Kept jobs that timed out.
    pub timeout: usize,
    /// Kept jobs that were cancelled.
    pub cancelled: usize,
    /// Workers that take jobs of this queue, in all processes.
    pub workers: usize,
}

pub(super) async fn collect(queue: &Queue) -> Result<Stats, QueueError> {
    let counts = queue.store().counts(queue.scope()).await?;
    let workers = queue.workers().await?;
    let gauges = &queue.shared.gauges;
    let (capacity, leaked) = (gauges.slots.load(Ordering::Relaxed), gauges.leaked.load(Ordering::Relaxed));
    Ok(Stats {
        queued: counts.iter().map(|counts| counts.pending).sum(),
        running: counts.iter().map(|counts| counts.running).sum(),
        input_required: counts.iter().map(|counts| counts.parked).sum(),
        dead: counts.iter().map(|counts| counts.failed + counts.timeout).sum(),
        capacity,
        leaked,
        queue_capacity: queue.settings().max_pending,
        drain_rate: queue.shared.meter.drain_rate(),
        rejections: gauges.rejections.load(Ordering::Relaxed),
        workers: workers.len(),
        unserved: workers.is_empty(),
        unhealthy: capacity > 0 && leaked >= capacity,
        queues: counts
            .into_iter()
            .map(|counts| QueueStats {
                queue: counts.queue.to_string(),
                queued: counts.pending,
                running: counts.running,
                input_required: counts.parked,
                completed: counts.completed,
                failed: counts.failed,
                timeout: counts.timeout,
                cancelled: counts.cancelled,
                workers: workers.iter().filter(|worker| worker.serves_queue(&counts.queue)).count(),
            })
            .collect(),
    })
}
