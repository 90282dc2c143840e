//! What reaches the worker from outside its loop: the store's hints and its handlers' progress.

use std::{
    collections::HashSet,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::sync::{Notify, mpsc::UnboundedSender};

use super::attempt::Report;
use crate::{inject::ProgressSink, job::JobId, store::StoreListener};

/// What the store's listener leaves for the worker.
#[derive(Debug, Default)]
pub(super) struct Hints {
    pub(super) wake: Notify,
    ready: AtomicBool,
    resync: AtomicBool,
    cancels: Mutex<HashSet<JobId>>,
}

impl Hints {
    /// Whether a job may have become due since the last call.
    pub(super) fn take_ready(&self) -> bool {
        self.ready.swap(false, Ordering::SeqCst)
    }

    /// Whether hints may have been lost since the last call.
    pub(super) fn take_resync(&self) -> bool {
        self.resync.swap(false, Ordering::SeqCst)
    }

    /// The jobs whose end was asked for since the last call.
    pub(super) fn take_cancels(&self) -> HashSet<JobId> {
        std::mem::take(&mut *self.cancels.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl StoreListener for Hints {
    fn ready(&self) {
        if !self.ready.swap(true, Ordering::SeqCst) {
            self.wake.notify_one();
        }
    }

    fn cancel_requested(&self, id: JobId) {
        self.cancels.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
        self.wake.notify_one();
    }

    fn resync(&self) {
        if !self.resync.swap(true, Ordering::SeqCst) {
            self.wake.notify_one();
        }
    }
}

/// Announces the progress of a worker's attempts.
pub(super) struct Announcer(pub(super) UnboundedSender<Report>);

impl ProgressSink for Announcer {
    fn announce(&self, key: u64) {
        let _ = self.0.send(Report::Progress(key));
    }
}
