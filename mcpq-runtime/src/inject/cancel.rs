//! The token by which a handler learns that it should end.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use tokio::sync::Notify;

use crate::job::JobError;

/// Why a token fired. The reason decides what the attempt's ending means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CancelReason {
    /// Somebody asked for the job's end.
    Requested,
    /// The attempt exceeded its timeout.
    Timeout,
    /// The worker stops; the job will be run again.
    Shutdown,
    /// The lease was lost: another worker may run the job already, and nothing from here is recorded.
    LeaseLost,
}

/// Tells a handler when to end early. Cheap to clone; every clone is the same token.
///
/// ```
/// # use mcpq_runtime::{CancelToken, JobError};
/// fn work(cancel: CancelToken) -> Result<u32, JobError> {
///     for _ in 0..100 {
///         cancel.check()?; // returns early with `JobError::cancelled()`
///     }
///     Ok(100)
/// }
/// assert_eq!(work(CancelToken::new()).unwrap(), 100);
/// ```
#[derive(Clone, Default)]
pub struct CancelToken(Arc<Inner>);

#[derive(Default)]
struct Inner {
    reason: OnceLock<CancelReason>,
    fired: Notify,
}

impl CancelToken {
    /// A token that has not fired, for calling a job directly in a test.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the handler should end.
    pub fn is_cancelled(&self) -> bool {
        self.0.reason.get().is_some()
    }

    /// `Ok` while the handler may go on.
    ///
    /// # Errors
    /// [`JobError::cancelled`] once the token has fired; pass it on with `?`.
    pub fn check(&self) -> Result<(), JobError> {
        if self.is_cancelled() { Err(JobError::cancelled()) } else { Ok(()) }
    }

    /// Waits until the token fires.
    pub async fn cancelled(&self) {
        // Registered before the look, so that no firing falls between.
        let mut fired = std::pin::pin!(self.0.fired.notified());
        fired.as_mut().enable();
        if !self.is_cancelled() {
            fired.await;
        }
    }

    /// Why the token fired; `None` while it has not.
    pub fn reason(&self) -> Option<CancelReason> {
        self.0.reason.get().copied()
    }

    /// Fires the token. The first reason stays.
    pub fn cancel(&self, reason: CancelReason) {
        if self.0.reason.set(reason).is_ok() {
            self.0.fired.notify_waiters();
        }
    }
}

impl fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelToken").field("reason", &self.reason()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_reason_stays_and_waiters_wake() {
        let token = CancelToken::new();
        assert!(token.check().is_ok());
        token.cancel(CancelReason::Timeout);
        token.cancel(CancelReason::Requested);
        token.cancelled().await;
        assert_eq!(token.reason(), Some(CancelReason::Timeout));
        assert!(token.check().is_err());
    }
}
