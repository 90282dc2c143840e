//! Claims jobs, runs them and records how they ended. Knows the store, and nothing of the queue's inside.

mod actor;
mod attempt;
mod calls;
mod hints;
mod keys;
mod running;
mod submitter;
mod sweeper;
mod verdict;

use std::{
    fmt,
    sync::{Arc, Weak},
    time::Duration,
};

use tokio::{runtime::Handle, sync::watch};
use tokio_util::sync::CancellationToken;

pub use sweeper::Sweeper;

use crate::{
    queue::{MAX_DURATION, Queue},
    registry::JobType,
    store::{ClaimType, Selection},
};

impl Queue {
    /// Defines a worker for this queue's jobs.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use mcpq_runtime::Queue;
    /// let queue = Queue::builder().build().await?;
    /// let worker = queue.worker().concurrency(4).start()?;
    /// // .. later
    /// worker.stop().await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn worker(&self) -> WorkerBuilder {
        WorkerBuilder {
            queue: self.operator(),
            slots: self.settings().workers,
            queues: Vec::new(),
            types: None,
            own_thread: true,
            sweeps: true,
        }
    }
}

/// Defines a worker.
#[derive(Debug)]
#[must_use = "a worker does nothing until `start`"]
pub struct WorkerBuilder {
    queue: Queue,
    slots: usize,
    queues: Vec<Arc<str>>,
    types: Option<Vec<String>>,
    own_thread: bool,
    sweeps: bool,
}

/// Why a worker could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// There is no tokio runtime to run the handlers.
    #[error("a worker must be started inside a tokio runtime: its handlers run there")]
    NoRuntime(#[from] tokio::runtime::TryCurrentError),
    /// The worker's thread could not be started.
    #[error("the worker's thread could not be started: {0}")]
    Thread(#[from] std::io::Error),
    /// No handler can run at once.
    #[error("a worker's concurrency must be more than 0")]
    NoSlots,
    /// A queue to serve is not known.
    #[error("the worker should serve the queue `{0}`, which no job type and no `Queue::builder().queues(..)` names")]
    UnknownQueue(String),
    /// The queue was built without the state that handlers need.
    #[error("the queue was built with `.submit_only()`, so this process cannot run its jobs")]
    SubmitOnly,
    /// A type to serve is not registered.
    #[error("the worker should serve the job type `{0}`, which is not registered")]
    UnknownType(String),
}

impl WorkerBuilder {
    /// How many jobs run at once.
    pub fn concurrency(mut self, slots: usize) -> Self {
        self.slots = slots;
        self
    }

    /// Serves these queues alone.
    pub fn queues<S: Into<Arc<str>>>(mut self, queues: impl IntoIterator<Item = S>) -> Self {
        self.queues = queues.into_iter().map(Into::into).collect();
        self
    }

    /// Serves these job types alone.
    pub fn job_types<S: Into<String>>(mut self, types: impl IntoIterator<Item = S>) -> Self {
        self.types = Some(types.into_iter().map(Into::into).collect());
        self
    }

    /// Whether claims, renewals and timers run on a thread of their own, as they do unless told otherwise: handlers that
    /// block the runtime cannot delay them there. `false` puts them on the current runtime, for tests on its paused clock.
    pub fn own_thread(mut self, own: bool) -> Self {
        self.own_thread = own;
        self
    }

    /// Whether this worker also rescues lost jobs and forgets old ones, of all processes that share the store, as it does
    /// unless told otherwise. `false` is for a worker that lives for a job or two.
    pub fn sweeps(mut self, sweeps: bool) -> Self {
        self.sweeps = sweeps;
        self
    }

    /// Starts the worker. Handlers run on the current tokio runtime. Dropping the handle does not stop it.
    ///
    /// # Errors
    /// Outside a tokio runtime, without slots, or for an unknown job type.
    pub fn start(self) -> Result<WorkerHandle, StartError> {
        let handlers = Handle::try_current()?;
        if self.slots == 0 {
            return Err(StartError::NoSlots);
        }
        let selection = self.selection()?;
        let stop = Stop::default();
        let (done, finished) = watch::channel(());
        let (own_thread, sweeps) = (self.own_thread, self.sweeps);
        let actor = actor::Actor::new(self.queue, selection, self.slots, handlers.clone(), stop.clone());
        let alive = actor.alive();
        let run = async move {
            actor.run(sweeps).await;
            drop(done);
        };
        if own_thread {
            let control = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            std::thread::Builder::new().name("mcpq-worker".into()).spawn(move || control.block_on(run))?;
        } else {
            handlers.spawn(run);
        }
        Ok(WorkerHandle { stop, finished, alive })
    }

    fn selection(&self) -> Result<Selection, StartError> {
        let registry = self.queue.registry();
        if self.queue.is_submit_only() {
            return Err(StartError::SubmitOnly);
        }
        if let Some(unknown) = self.queues.iter().find(|name| !registry.queues().contains(name)) {
            return Err(StartError::UnknownQueue(unknown.to_string()));
        }
        let claim = |job: &Arc<JobType>| ClaimType {
            name: job.shared_name(),
            concurrency: job.policy().concurrency,
            rate: job.policy().rate_limit,
        };
        let types = match &self.types {
            None => registry.types().map(claim).collect(),
            Some(names) => names
                .iter()
                .map(|name| match registry.named(name) {
                    Some(job) => Ok(claim(job)),
                    None => Err(StartError::UnknownType(name.clone())),
                })
                .collect::<Result<_, _>>()?,
        };
        let any_type = registry.has_fallback() && self.types.is_none();
        Ok(Selection { queues: self.queues.clone(), types, any_type })
    }
}

/// How a worker learns that it should stop.
#[derive(Clone, Debug, Default)]
struct Stop {
    token: CancellationToken,
    grace: Arc<std::sync::OnceLock<Duration>>,
}

/// A running worker.
#[derive(Clone)]
pub struct WorkerHandle {
    stop: Stop,
    finished: watch::Receiver<()>,
    alive: Weak<()>,
}

impl WorkerHandle {
    /// Stops the worker: no new claims, tokens fire, running jobs may go on for the setting `shutdown_grace`, and what
    /// still runs then goes back to pending, uncharged. Returns when the store has it all.
    pub async fn stop(&self) {
        self.stop.token.cancel();
        self.stopped().await;
    }

    /// As [`stop`](Self::stop), with another grace. The first stop decides it.
    pub async fn stop_within(&self, grace: Duration) {
        let _ = self.stop.grace.set(grace.min(MAX_DURATION));
        self.stop().await;
    }

    /// Waits until the worker has stopped.
    pub async fn stopped(&self) {
        // The sender is dropped, and never sends, when the worker has stopped.
        let _ = self.finished.clone().changed().await;
    }

    /// Whether handlers that cannot be stopped still run, of a worker that has stopped. The runtime waits for them at
    /// its end.
    pub fn has_handlers_left(&self) -> bool {
        self.alive.strong_count() > 0
    }
}

impl fmt::Debug for WorkerHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerHandle").field("stopping", &self.stop.token.is_cancelled()).finish()
    }
}
