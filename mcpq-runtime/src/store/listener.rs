//! How a store tells this process what may have changed.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError, Weak},
};

use crate::job::JobId;

/// Hears what a store has committed, here or elsewhere. Calls are hints: they may be late, repeated or, across
/// processes, lost. They must return at once.
pub trait StoreListener: Send + Sync {
    /// A job may have become due.
    fn ready(&self) {}

    /// A job has a new status or progress.
    fn changed(&self, id: JobId) {
        let _ = id;
    }

    /// Somebody asked for the end of a running job.
    fn cancel_requested(&self, id: JobId) {
        let _ = id;
    }

    /// Hints may have been lost; anything may have changed.
    fn resync(&self) {}
}

/// The listeners of a store, for backends to keep.
#[derive(Default)]
pub struct Listeners(Mutex<Arc<[Weak<dyn StoreListener>]>>);

impl std::fmt::Debug for Listeners {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Listeners")
    }
}

impl Listeners {
    /// Adds a listener, and forgets those that are gone.
    pub fn add(&self, listener: Weak<dyn StoreListener>) {
        let mut listeners = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *listeners = listeners.iter().filter(|known| known.strong_count() > 0).cloned().chain([listener]).collect();
    }

    /// Calls `tell` with each listener. One that panics harms neither the others nor the store.
    pub fn each(&self, tell: impl Fn(&dyn StoreListener)) {
        let listeners = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for listener in listeners.iter().filter_map(Weak::upgrade) {
            if catch_unwind(AssertUnwindSafe(|| tell(&*listener))).is_err() {
                tracing::error!("a listener of the store panicked; it may have missed what was told");
            }
        }
    }
}
