//! One attempt: a task of its own around the handler, which reports how it ended whatever happens.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use futures::FutureExt;
use tokio::{runtime::Handle, sync::mpsc::UnboundedSender, task::AbortHandle};
use tracing::Instrument;

use super::verdict::Ending;
use crate::{
    inject::{CancelToken, ContextParts, JobCall, JobContext, JobScope, Progress, StateMap},
    job::{JobError, Payload},
    panics,
    registry::{Handler, HandlerError, JobType},
};

/// What attempts tell their worker.
#[derive(Debug)]
pub(super) enum Report {
    /// The attempt with this key has ended.
    Ended(u64, Ending),
    /// The attempt with this key has new progress.
    Progress(u64),
}

/// Reports the end exactly once: as told, or as dropped.
struct Reporter {
    key: u64,
    reports: UnboundedSender<Report>,
    told: bool,
    _alive: Arc<()>,
}

impl Reporter {
    fn tell(mut self, ending: Ending) {
        self.told = true;
        // The receiver is gone only when the worker has given everything back.
        let _ = self.reports.send(Report::Ended(self.key, ending));
    }
}

impl Drop for Reporter {
    fn drop(&mut self) {
        if !self.told {
            let _ = self.reports.send(Report::Ended(self.key, Ending::Dropped));
        }
    }
}

/// Who decides of a plain function that waits for a thread: its thread, which calls it, or the worker, which takes it back.
#[derive(Clone, Debug, Default)]
pub(super) struct Turn(Arc<AtomicBool>);

impl Turn {
    /// True for the first who asks.
    pub(super) fn take(&self) -> bool {
        !self.0.swap(true, Ordering::SeqCst)
    }
}

/// What the worker has of a handler that it started.
#[derive(Debug)]
pub(super) enum Hold {
    /// Drops an async handler at its next await.
    Async(AbortHandle),
    /// A plain function, which cannot be stopped once it has begun.
    Plain(Turn),
}

/// What an attempt runs.
pub(super) struct Run {
    pub(super) key: u64,
    pub(super) handler: Handler,
    pub(super) input: Input,
    pub(super) reports: UnboundedSender<Report>,
    /// Held for as long as the handler lives.
    pub(super) alive: Arc<()>,
}

/// What a handler is called with; put together where the handler runs, since the worker has one thread for all.
pub(super) struct Input {
    pub(super) args: Payload,
    /// The schema that they were checked against.
    pub(super) schema: u64,
    pub(super) job: Arc<JobType>,
    pub(super) context: ContextParts,
    pub(super) progress: Progress,
    pub(super) token: CancelToken,
    pub(super) state: Arc<StateMap>,
    pub(super) max_result: usize,
}

impl Input {
    fn call(self) -> Result<JobCall, JobError> {
        let wrong = |error| JobError::arguments(format!("the stored arguments cannot be read: {error}"));
        let mut args = self.args.parse().map_err(wrong)?;
        if self.schema != self.job.schema_fingerprint() {
            args = self.job.adapt(args).map_err(JobError::arguments)?;
        }
        let scope = JobScope::new(JobContext::new(self.context), self.progress, self.token, self.state);
        Ok(JobCall::new(args, scope, self.max_result))
    }
}

/// Starts the attempt.
pub(super) fn start(handlers: &Handle, run: Run) -> Hold {
    let Run { key, handler, input, reports, alive } = run;
    let reporter = Reporter { key, reports, told: false, _alive: alive };
    let context = &input.context;
    let span = tracing::info_span!(
        target: "mcpq::job",
        "job",
        job_id = %context.job_id,
        job_type = &*context.job_type,
        attempt = context.attempt
    );
    match handler {
        Handler::Async(handler) => {
            let task = async move {
                // Declared outside the handler's future, so that it reports even when that future's drop panics.
                let reporter = reporter;
                let work = async {
                    let future = handler(input.call()?)?;
                    Ok(future.await)
                };
                let ending = AssertUnwindSafe(work).catch_unwind().await;
                reporter.tell(ended(ending));
            };
            Hold::Async(handlers.spawn(task.instrument(span)).abort_handle())
        }
        Handler::Blocking(handler) => {
            let turn = Turn::default();
            let mine = turn.clone();
            handlers.spawn_blocking(move || {
                let reporter = reporter;
                // It waited for a thread, and what has been decided of it meanwhile stays true.
                if !mine.take() || input.token.is_cancelled() {
                    return reporter.tell(Ending::Dropped);
                }
                let work = || span.in_scope(|| Ok(handler(input.call()?)?()));
                let ending = catch_unwind(AssertUnwindSafe(work));
                reporter.tell(ended(ending));
            });
            Hold::Plain(turn)
        }
    }
}

type Caught = Result<Result<Result<Payload, HandlerError>, JobError>, Box<dyn Any + Send>>;

fn ended(caught: Caught) -> Ending {
    match caught {
        Ok(Ok(Ok(payload))) => Ending::Returned(payload),
        Ok(Ok(Err(HandlerError::Job(mut error))) | Err(mut error)) => {
            // Dropped here, since the cause is the handler's own and nobody further on looks at it.
            panics::contained_drop(error.take_source());
            Ending::Error(error)
        }
        Ok(Ok(Err(HandlerError::Result(failure)))) => Ending::BadResult(failure),
        Err(panic) => Ending::Panicked(panics::message(panic)),
    }
}
