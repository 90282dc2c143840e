//! What the rest of the program can hear of jobs.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use crate::{
    job::{Failure, JobId, JobRecord, Owner},
    panics,
};

/// A change of a job that this process has committed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct JobEvent {
    /// The job.
    pub job_id: JobId,
    /// Its type.
    pub job_type: Arc<str>,
    /// Whom it belongs to.
    pub owner: Owner,
    /// Its queue.
    pub queue: Arc<str>,
    /// What happened.
    pub kind: EventKind,
    /// The attempt that it happened in, from 1; 0 before the first.
    pub attempt: u32,
    /// What went wrong, where something did.
    pub failure: Option<Arc<Failure>>,
}

/// What happened to a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventKind {
    /// It was stored.
    Submitted,
    /// An attempt starts.
    Started,
    /// An attempt failed; another follows.
    Retrying,
    /// It ended with a result.
    Completed,
    /// It ended with an error.
    Failed,
    /// It ended past its timeout.
    TimedOut,
    /// It ended by request.
    Cancelled,
    /// It waits for input.
    Parked,
    /// Its worker stops and gave it back.
    Released,
    /// Its worker was lost and it is pending again.
    Rescued,
    /// It was made pending again after its end.
    Replayed,
}

type Hook = Arc<dyn Fn(&JobEvent) + Send + Sync>;

/// Tells of events: as tracing events and to the hooks of the builder.
#[derive(Clone, Default)]
pub struct Events(Vec<Hook>);

impl Events {
    pub(super) fn add(&mut self, hook: impl Fn(&JobEvent) + Send + Sync + 'static) {
        self.0.push(Arc::new(hook));
    }

    /// Tells of an event, which is only made where somebody listens.
    pub(crate) fn emit(&self, event: impl FnOnce() -> JobEvent) {
        if self.0.is_empty() && !tracing::enabled!(target: "mcpq::job", tracing::Level::WARN) {
            return;
        }
        let event = event();
        trace(&event);
        for hook in &self.0 {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| hook(&event))) {
                let panic = panics::message(panic);
                tracing::error!(job_id = %event.job_id, panic, "an on_event hook panicked");
            }
        }
    }
}

fn trace(event: &JobEvent) {
    let JobEvent { job_id, job_type, kind, attempt, failure, .. } = event;
    match (kind, failure) {
        (EventKind::Failed | EventKind::TimedOut | EventKind::Rescued, Some(failure)) => {
            tracing::warn!(target: "mcpq::job", %job_id, %job_type, attempt, %failure, "{kind:?}");
        }
        (EventKind::Retrying, Some(failure)) => {
            tracing::info!(target: "mcpq::job", %job_id, %job_type, attempt, %failure, "{kind:?}");
        }
        _ => tracing::debug!(target: "mcpq::job", %job_id, %job_type, attempt, "{kind:?}"),
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Events({} hooks)", self.0.len())
    }
}

/// The event of a job's record.
pub(crate) fn transition(record: &JobRecord, kind: EventKind) -> JobEvent {
    JobEvent {
        job_id: record.id,
        job_type: record.job_type.clone(),
        owner: record.owner.clone(),
        queue: record.queue.clone(),
        kind,
        attempt: record.attempts,
        failure: record.failure.clone(),
    }
}
