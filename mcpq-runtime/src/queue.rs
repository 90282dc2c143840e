//! The front desk: validates, limits, stores, answers, waits. Runs no job itself.

mod builder;
mod error;
mod event;
mod handle;
mod meter;
mod serving;
mod settings;
mod stats;
mod submit;
mod wait;

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub use builder::QueueBuilder;
pub use error::{JobFailed, QueueError};
pub use event::{EventKind, Events, JobEvent};
pub use handle::JobHandle;
pub use meter::Meter;
pub(crate) use settings::MAX_DURATION;
pub use settings::{OptionalTool, Settings};
pub use stats::{Gauges, QueueStats, Stats};
pub use submit::{JobBatch, Submit, SubmitOptions, Submitted};
#[cfg(feature = "postgres")]
pub use submit::{PostgresQueue, SubmitIn};
pub use wait::JobWatch;

use crate::{
    job::{JobId, JobRecord, Owner, Payload, Scope},
    registry::Registry,
    store::{Bound, ListFilter, Listing, Page, Removed, Replayed, Store},
};
pub(crate) use event::transition;
use serving::Serving;
use wait::WaitHub;

/// A handle to the queue. Cheap to clone; acts for one owner, `local` unless told otherwise.
#[derive(Clone, Debug)]
pub struct Queue {
    shared: Arc<Shared>,
    scope: Scope,
}

/// What all handles of a queue share.
#[derive(Debug)]
struct Shared {
    store: Arc<dyn Store>,
    registry: Arc<Registry>,
    settings: Settings,
    waits: Arc<WaitHub>,
    events: Events,
    meter: Meter,
    gauges: Gauges,
    serving: Serving,
    closing: CancellationToken,
    submit_only: bool,
}

impl Queue {
    /// Starts the definition of a queue.
    pub fn builder() -> QueueBuilder {
        QueueBuilder::new()
    }

    /// The same queue, acting for another owner.
    #[must_use]
    pub fn as_owner(&self, owner: impl Into<Owner>) -> Self {
        Self { shared: self.shared.clone(), scope: Scope::Owner(owner.into()) }
    }

    /// The same queue, seeing and touching the jobs of all owners. What it submits belongs to `local`.
    #[must_use]
    pub fn operator(&self) -> Self {
        Self { shared: self.shared.clone(), scope: Scope::All }
    }

    /// The job with this id, as it is now.
    ///
    /// # Errors
    /// `JOB_NOT_FOUND`, also for another owner's job; `STORE_UNAVAILABLE`.
    pub async fn status(&self, id: JobId) -> Result<JobRecord, QueueError> {
        self.store().get(&self.scope, id).await?.ok_or(QueueError::not_found(id))
    }

    /// The job with this id, and its result where it has one.
    ///
    /// # Errors
    /// As [`status`](Self::status).
    pub async fn result(&self, id: JobId) -> Result<(JobRecord, Option<Payload>), QueueError> {
        self.store().get_result(&self.scope, id).await?.ok_or(QueueError::not_found(id))
    }

    /// Asks for the end of a job, waits up to the setting `cancel_wait`, and returns the job as it is then: `cancelled`,
    /// ended otherwise, or still running with `cancel_requested`.
    ///
    /// # Errors
    /// As [`status`](Self::status).
    pub async fn cancel(&self, id: JobId) -> Result<JobRecord, QueueError> {
        let mut watch = self.watch(id);
        let before = self.status(id).await?;
        if before.status.is_final() {
            return Ok(before);
        }
        let reply = self.store().request_cancel(&self.scope, id).await?.ok_or(QueueError::not_found(id))?;
        if reply.ended {
            self.shared.events.emit(|| transition(&reply.record, EventKind::Cancelled));
        }
        if reply.record.status.is_final() {
            return Ok(reply.record);
        }
        let deadline = Instant::now() + self.settings().cancel_wait;
        watch.ended_by(deadline).await
    }

    /// One page of jobs, newest first.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    pub async fn list(&self, filter: &ListFilter, page: &Page) -> Result<Listing, QueueError> {
        Ok(self.store().list(&self.scope, filter, page).await?)
    }

    /// Makes a failed, timed-out or cancelled job pending again.
    ///
    /// # Errors
    /// `NOT_RETRYABLE` for a job that is completed or has not ended; `QUEUE_FULL`; as [`status`](Self::status).
    pub async fn replay(&self, id: JobId) -> Result<JobRecord, QueueError> {
        match self.store().replay(&self.scope, id, self.bound()).await? {
            Replayed::Done(record) => {
                self.shared.events.emit(|| transition(&record, EventKind::Replayed));
                Ok(*record)
            }
            Replayed::NotReplayable(status) => Err(QueueError::NotRetryable { id, status }),
            Replayed::Duplicate(live) => Err(QueueError::EqualJobLive { id, live }),
            Replayed::Full(depth) => Err(self.full(depth)),
            Replayed::NotFound => Err(QueueError::not_found(id)),
        }
    }

    /// Forgets a job that has ended.
    ///
    /// # Errors
    /// `VALIDATION_ERROR` for a job that has not; as [`status`](Self::status).
    pub async fn remove(&self, id: JobId) -> Result<(), QueueError> {
        match self.store().remove(&self.scope, id).await? {
            Removed::Done => Ok(()),
            Removed::NotEnded(status) => Err(QueueError::NotEnded { id, status }),
            Removed::NotFound => Err(QueueError::not_found(id)),
        }
    }

    /// How full the queue is and how fast it drains. Counts only the jobs that this handle may see.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    pub async fn stats(&self) -> Result<Stats, QueueError> {
        stats::collect(self).await
    }

    /// Follows a job's changes.
    pub fn watch(&self, id: JobId) -> JobWatch {
        JobWatch::new(self.clone(), id)
    }

    /// Ends all waits at once, with the jobs' true status: the process is about to stop. Submits go on to work.
    pub fn close(&self) {
        self.shared.closing.cancel();
    }

    /// About how long until this running job has ended, where that has been measured: from its own progress, or from
    /// the usual run of its type. Of one that waits nothing is promised.
    pub fn estimate(&self, record: &JobRecord) -> Option<Duration> {
        let kind = self.registry().get(&record.job_type)?;
        self.shared.meter.estimate(kind.name(), record)
    }

    /// Whether this process only submits jobs, and runs none.
    pub fn is_submit_only(&self) -> bool {
        self.shared.submit_only
    }

    /// The job types and the state of this queue.
    pub fn registry(&self) -> &Arc<Registry> {
        &self.shared.registry
    }

    /// The limits and times of this queue.
    pub fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// The store behind this queue.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.shared.store
    }

    /// Which jobs this handle sees.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Whom submitted jobs belong to.
    pub fn owner(&self) -> Owner {
        match &self.scope {
            Scope::Owner(owner) => owner.clone(),
            Scope::All => Owner::local(),
        }
    }

    pub(crate) fn events(&self) -> &Events {
        &self.shared.events
    }

    pub(crate) fn meter(&self) -> &Meter {
        &self.shared.meter
    }

    pub(crate) fn gauges(&self) -> &Gauges {
        &self.shared.gauges
    }

    fn bound(&self) -> Bound {
        Bound { max_pending: self.settings().max_pending }
    }

    fn full(&self, depth: crate::store::Depth) -> QueueError {
        self.shared.gauges.rejected();
        QueueError::Full {
            waiting: depth.waiting,
            running: depth.running,
            limit: self.settings().max_pending,
            wait: self.shared.meter.wait_for(depth.waiting),
        }
    }
}

impl From<&str> for Owner {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl From<String> for Owner {
    fn from(name: String) -> Self {
        Self::new(name)
    }
}
