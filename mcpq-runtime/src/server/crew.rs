//! The worker of a server: started once, when it is time, and stopped.

use std::{
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::{
    queue::Queue,
    worker::{StartError, Sweeper, WorkerBuilder, WorkerHandle},
};

/// How long a dropped handler may take to go.
const DROP_TIME: Duration = Duration::from_millis(200);

/// A queue and the worker that this process has for it.
#[derive(Debug)]
pub(super) struct Crew {
    queue: Queue,
    serves: Serves,
    state: Mutex<State>,
    /// Looks after the store where this process runs no jobs.
    sweeper: OnceLock<Sweeper>,
}

/// Which jobs the worker takes; all where it is empty.
#[derive(Debug, Default, Clone)]
pub(super) struct Serves {
    pub(super) queues: Vec<String>,
    pub(super) job_types: Vec<String>,
}

impl Serves {
    fn narrow(&self, worker: WorkerBuilder) -> WorkerBuilder {
        let worker = worker.queues(self.queues.iter().map(String::as_str));
        if self.job_types.is_empty() { worker } else { worker.job_types(&self.job_types) }
    }
}

#[derive(Debug)]
enum State {
    /// This process runs no jobs.
    Off,
    /// Not started yet.
    Ready,
    Working(WorkerHandle),
    #[cfg_attr(not(feature = "cli"), expect(dead_code, reason = "only the command line asks"))]
    Stopped(WorkerHandle),
}

impl Crew {
    /// A crew that has not started; with `works` false it never does.
    pub(super) fn new(queue: Queue, works: bool, serves: Serves) -> Self {
        let state = Mutex::new(if works { State::Ready } else { State::Off });
        Self { queue, serves, state, sweeper: OnceLock::new() }
    }

    pub(super) fn queue(&self) -> &Queue {
        &self.queue
    }

    /// Starts to claim jobs, where that has not begun; a process that runs none looks after the store all the same.
    pub(super) fn start(&self) -> Result<(), StartError> {
        if matches!(*self.lock(), State::Off) && self.queue.store().is_shared() {
            self.sweeper.get_or_init(|| Sweeper::start(self.queue.clone()));
        }
        self.start_as(|worker| self.serves.narrow(worker))
    }

    /// As [`start`](Self::start), where nobody can be told of an error.
    pub(super) fn start_or_log(&self) {
        if let Err(error) = self.start() {
            tracing::error!(%error, "no job will run");
        }
    }

    /// Starts a worker that `define` narrows, where none has been started.
    pub(super) fn start_as(&self, define: impl FnOnce(WorkerBuilder) -> WorkerBuilder) -> Result<(), StartError> {
        let mut state = self.lock();
        if matches!(*state, State::Ready) {
            *state = State::Working(define(self.queue.worker()).start()?);
            tracing::debug!(slots = self.queue.settings().workers, "claiming jobs");
        }
        Ok(())
    }

    /// Stops the worker, or keeps it from starting, and returns when the store has all that ran.
    pub(super) async fn stop_within(&self, grace: Duration) {
        let worker = match std::mem::replace(&mut *self.lock(), State::Off) {
            State::Working(worker) => worker,
            State::Off | State::Ready | State::Stopped(_) => return,
        };
        worker.stop_within(grace).await;
        // A handler that was dropped at its await goes at once, but not within this very moment.
        let until = Instant::now() + DROP_TIME;
        while worker.has_handlers_left() && Instant::now() < until {
            tokio::time::sleep(DROP_TIME / 10).await;
        }
        if worker.has_handlers_left() {
            tracing::warn!("handlers still run that cannot be stopped; their runtime waits for them at its end");
        }
        *self.lock() = State::Stopped(worker);
    }

    /// Whether handlers are left, after the stop, that cannot be stopped.
    #[cfg(feature = "cli")]
    pub(super) fn has_handlers_left(&self) -> bool {
        matches!(&*self.lock(), State::Stopped(worker) if worker.has_handlers_left())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
