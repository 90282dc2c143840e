//! How much may wait for a thread.

use std::{sync::Arc, time::Duration};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::error::crowded;
use crate::store::StoreError;

/// Bytes that count as one call.
const UNIT: usize = 4 << 10;

/// Calls, or as many times [`UNIT`] bytes, that may wait: 64 MiB.
const ROOM: usize = 16 << 10;

/// Keeps what waits for a thread within bounds. Who finds no room waits for it, and is refused after a while.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    room: Arc<Semaphore>,
    patience: Duration,
}

/// A place in front of a thread, until it is dropped.
pub(super) type Ticket = OwnedSemaphorePermit;

impl Gate {
    pub(super) fn new(patience: Duration) -> Self {
        Self { room: Arc::new(Semaphore::new(ROOM)), patience }
    }

    /// Takes place for a call that holds so many bytes.
    pub(super) async fn enter(&self, bytes: usize) -> Result<Ticket, StoreError> {
        let size = u32::try_from((1 + bytes / UNIT).min(ROOM)).unwrap_or(1);
        if let Ok(ticket) = self.room.clone().try_acquire_many_owned(size) {
            return Ok(ticket);
        }
        let waiting = self.room.clone().acquire_many_owned(size);
        match tokio::time::timeout(self.patience, waiting).await {
            Ok(Ok(ticket)) => Ok(ticket),
            // The gate is never closed, so what failed is the waiting.
            Ok(Err(_)) | Err(_) => Err(crowded()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_finds_no_room_waits_and_is_refused_after_a_while() {
        let gate = Gate::new(Duration::from_secs(5));
        let large = gate.enter(usize::MAX).await.unwrap();
        assert!(matches!(gate.enter(0).await, Err(StoreError::Unavailable { .. })));
        let waits = tokio::spawn({
            let gate = gate.clone();
            async move { gate.enter(0).await.is_ok() }
        });
        tokio::task::yield_now().await;
        drop(large);
        assert!(waits.await.unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn large_calls_take_the_room_of_many() {
        let gate = Gate::new(Duration::ZERO);
        let mut tickets = Vec::new();
        while let Ok(ticket) = gate.enter(1 << 20).await {
            tickets.push(ticket);
        }
        assert_eq!(tickets.len(), ROOM / (1 + (1 << 20) / UNIT));
        while let Ok(ticket) = gate.enter(0).await {
            tickets.push(ticket);
        }
        assert!(tickets.len() < ROOM);
    }
}
