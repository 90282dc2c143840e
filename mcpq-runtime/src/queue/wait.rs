//! Waiting for a job to change, woken by the store.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

use super::{Queue, QueueError};
use crate::{
    job::{JobId, JobRecord, Status},
    store::StoreListener,
};

/// How long a wait trusts the hints of a store that other processes share, before it looks for itself.
const RECHECK: Duration = Duration::from_secs(5);

/// What every wait adds to the time between two looks of each of them, where it is not known which job has changed: all
/// of them together look about a thousand times a second, however many they are and whatever others write.
const GAP: Duration = Duration::from_millis(1);

/// Longest pause after a look that failed.
const PAUSE: Duration = Duration::from_secs(1);

/// Everyone in this process who waits for a job. The store has one listener, whatever their number.
#[derive(Debug, Default)]
pub(super) struct WaitHub {
    count: AtomicUsize,
    /// Anything may have changed.
    resync: Notify,
    waiting: Mutex<HashMap<JobId, (Arc<Notify>, usize)>>,
}

impl WaitHub {
    fn enter(&self, id: JobId) -> Arc<Notify> {
        self.count.fetch_add(1, Ordering::SeqCst);
        let mut waiting = self.lock();
        let (notify, waiters) = waiting.entry(id).or_default();
        *waiters += 1;
        notify.clone()
    }

    fn leave(&self, id: JobId) {
        let mut waiting = self.lock();
        if let Some((_, waiters)) = waiting.get_mut(&id) {
            *waiters -= 1;
            if *waiters == 0 {
                waiting.remove(&id);
            }
        }
        drop(waiting);
        self.count.fetch_sub(1, Ordering::SeqCst);
    }

    /// How long one of the waits keeps off the store after a look.
    fn gap(&self) -> Duration {
        let waits = u32::try_from(self.count.load(Ordering::SeqCst)).unwrap_or(u32::MAX);
        GAP.saturating_mul(waits).min(RECHECK)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<JobId, (Arc<Notify>, usize)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StoreListener for WaitHub {
    fn changed(&self, id: JobId) {
        if self.count.load(Ordering::SeqCst) > 0
            && let Some((notify, _)) = self.lock().get(&id)
        {
            notify.notify_waiters();
        }
    }

    fn resync(&self) {
        self.resync.notify_waiters();
    }
}

/// Follows one job. Made with [`Queue::watch`].
#[derive(Debug)]
pub struct JobWatch {
    queue: Queue,
    id: JobId,
    notify: Arc<Notify>,
}

impl JobWatch {
    pub(super) fn new(queue: Queue, id: JobId) -> Self {
        let notify = queue.shared.waits.enter(id);
        Self { queue, id, notify }
    }

    /// Waits until the job has ended or asks for input, the deadline has passed or the queue is closed, and returns it
    /// as it is then.
    ///
    /// # Errors
    /// As [`Queue::status`].
    pub async fn ended_by(&mut self, deadline: Instant) -> Result<JobRecord, QueueError> {
        self.until(deadline, rests).await
    }

    /// As [`ended_by`](Self::ended_by), and also returns when the job's status, attempt or progress differs from `seen`.
    ///
    /// # Errors
    /// As [`Queue::status`].
    pub async fn changed_by(&mut self, seen: &JobRecord, deadline: Instant) -> Result<JobRecord, QueueError> {
        self.until(deadline, |record| {
            rests(record)
                || record.status != seen.status
                || record.lease != seen.lease
                || record.progress != seen.progress
                || record.progress_message != seen.progress_message
        })
        .await
    }

    /// Waits until the job's status is another than `status`.
    pub(super) async fn changed_from(&mut self, status: Status, deadline: Instant) -> Result<JobRecord, QueueError> {
        self.until(deadline, |record| record.status != status).await
    }

    async fn until(&mut self, deadline: Instant, done: impl Fn(&JobRecord) -> bool) -> Result<JobRecord, QueueError> {
        let closing = self.queue.shared.closing.clone();
        let hub = self.queue.shared.waits.clone();
        let mut failures = 0;
        loop {
            // Registered before the look, so that no change falls between.
            let mut notified = std::pin::pin!(self.notify.notified());
            notified.as_mut().enable();
            let mut resync = std::pin::pin!(hub.resync.notified());
            resync.as_mut().enable();
            let looked = self.queue.status(self.id).await;
            let now = Instant::now();
            let is_over = now >= deadline || closing.is_cancelled();
            let mut look = if self.queue.store().is_shared() { deadline.min(now + RECHECK) } else { deadline };
            match looked {
                Ok(record) if is_over || done(&record) => return Ok(record),
                Ok(_) => failures = 0,
                // A store that comes back in time has kept the job.
                Err(QueueError::Store(error)) if error.is_transient() && !is_over => {
                    failures += 1;
                    look = deadline.min(now + PAUSE.min(Duration::from_millis(50) * failures));
                }
                Err(error) => return Err(error),
            }
            let stirred = async {
                resync.await;
                tokio::time::sleep_until(now + hub.gap()).await;
            };
            tokio::select! {
                () = notified => {}
                () = stirred => {}
                () = tokio::time::sleep_until(look) => {}
                () = closing.cancelled() => {}
            }
        }
    }
}

/// Whether waiting longer would not help: the job has ended, or waits for somebody itself.
fn rests(record: &JobRecord) -> bool {
    record.status.is_final() || record.status == Status::InputRequired
}

impl Drop for JobWatch {
    fn drop(&mut self) {
        self.queue.shared.waits.leave(self.id);
    }
}
