//! Calls to the store that are due and not under way.

use std::time::Duration;

use tokio::time::Instant;

use super::Actor;
use crate::{
    store::{ClaimRequest, LeaseRef, ProgressWrite},
    worker::calls::{Calls, Ended},
};

impl Actor {
    fn request(&self, max: usize) -> ClaimRequest {
        let (selection, lease) = (self.selection.clone(), self.queue.settings().lease);
        ClaimRequest { worker: self.card.id, selection, max, lease }
    }

    fn calls(&self) -> Calls {
        Calls { store: self.store.clone(), lease: self.queue.settings().lease }
    }

    /// Starts every call to the store that is due and not under way.
    pub(super) fn begin_calls(&mut self) {
        let now = Instant::now();
        if !self.is_claiming() {
            self.early_cancels.clear();
        }
        let claims = self.claim_at.is_some_and(|at| now >= at)
            && self.quit_at.is_none()
            && !self.is_claiming()
            && self.claims.is_free(now);
        if !self.ended.is_empty() && self.writes[0].is_free(now) {
            self.write(0, if claims { Some(self.free_slots()) } else { None });
        } else if self.ended.len() >= self.slots.div_ceil(4) && self.claims_along[0] && self.writes[1].is_free(now) {
            // What is free already is asked for by the first.
            self.write(1, (self.plenty && self.quit_at.is_none()).then_some(0));
        } else if claims && self.free_slots() > 0 {
            self.claim_at = None;
            let request = self.request(self.free_slots());
            self.claims.start(self.calls().claim(request));
        }
        // What a claim on its way has seen may be older. One that is due finds what there is, and without a free slot
        // there is nothing to look for: the last claim was full, so that the next one is due already.
        if self.look && !self.is_claiming() && self.looks.is_free(now) {
            self.look = false;
            if self.free_slots() > 0 && self.quit_at.is_none() && self.claim_at.is_none_or(|at| at > now) {
                self.looks.start(self.calls().look(self.selection.clone()));
            }
        }
        if now >= self.beat_at && self.quit_at.is_none() && self.heartbeats.is_free(now) {
            let lease = self.queue.settings().lease;
            self.beat_at = now + lease;
            self.heartbeats.start(self.calls().heartbeat(self.card.clone()));
        }
        if now >= self.renew_at && self.renewals.is_free(now) {
            self.renew_at = now + self.queue.settings().lease / 3;
            let held: Vec<(u64, LeaseRef)> = self
                .running
                .iter()
                .filter(|(_, running)| !running.settled)
                .map(|(key, running)| (*key, running.lease))
                .collect();
            if !held.is_empty() {
                self.renewals.start(self.calls().renew(held));
            }
        }
        if self.dirty.first().is_some_and(|(at, _)| now >= *at) && self.progress.is_free(now) {
            let writes = self.take_progress(now);
            if !writes.is_empty() {
                self.progress.start(self.calls().progress(writes));
            }
        }
    }

    /// Writes what ended, and claims for these slots and so many that are `free`.
    fn write(&mut self, call: usize, free: Option<usize>) {
        let batch = std::mem::take(&mut self.ended);
        // Their slots are free when the store has answered, and so is what is claimed for them.
        let freed = |(key, _): &&(u64, Ended)| self.running.get(key).is_some_and(|running| running.ended);
        let room = free.map(|free| free + batch.iter().filter(freed).count()).filter(|room| *room > 0);
        let request = room.map(|room| self.request(room));
        if request.is_some() {
            self.claim_at = None;
            self.claims_along[call] = true;
        }
        self.writes[call].start(self.calls().write(batch, request));
    }

    fn take_progress(&mut self, now: Instant) -> Vec<ProgressWrite> {
        let pause = Duration::from_secs(1) / self.queue.settings().progress_rate;
        let later = self.dirty.split_off(&(now + Duration::from_nanos(1), 0));
        let due = std::mem::replace(&mut self.dirty, later);
        due.into_iter()
            .filter_map(|(_, key)| {
                let running = self.running.get_mut(&key).filter(|running| !running.decided)?;
                running.progress_from = now + pause;
                Some(ProgressWrite { lease: running.lease, update: running.progress.take() })
            })
            .collect()
    }
}
