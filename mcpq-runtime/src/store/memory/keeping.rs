//! What ended jobs hold, and how they are forgotten.

use super::table::{Table, equal_key};
use crate::{
    job::{JobId, Payload, Scope},
    store::Removed,
};

impl Table {
    /// Keeps a result.
    pub(super) fn keep_result(&mut self, slot: usize, result: Payload) {
        self.bytes += result.len();
        self.entries[slot].result = Some(result);
    }

    /// Drops a result, before a replay.
    pub(super) fn drop_result(&mut self, slot: usize) {
        if let Some(result) = self.entries[slot].result.take() {
            self.bytes -= result.len();
        }
    }

    /// Counts bytes of journal values.
    pub(super) fn count_bytes(&mut self, bytes: usize) {
        self.bytes += bytes;
    }

    /// Forgets ended jobs, those first that ended first, until `bytes` more fit. One that has just ended is spared:
    /// somebody waits for its result.
    pub(super) fn make_room(&mut self, bytes: usize, spared: Option<usize>) {
        while self.ended.len() > self.limits.max_finished || self.bytes.saturating_add(bytes) > self.limits.max_bytes {
            match self.ended.first().copied() {
                Some((_, slot)) if Some(slot) != spared => self.forget(slot),
                _ => return,
            }
        }
    }

    /// Forgets a job in any status.
    pub(super) fn forget(&mut self, slot: usize) {
        self.leave_status(slot);
        let entry = self.entries.remove(slot);
        self.bytes -= entry.bytes();
        if let Some(key) = &entry.record.idempotency_key {
            self.keys.remove(&(entry.record.owner.clone(), entry.record.job_type.clone(), key.clone()));
        }
        if let Some(equal) = equal_key(&entry)
            && self.equals.get(&equal) == Some(&slot)
        {
            self.equals.remove(&equal);
        }
        if let Some((batch, _)) = entry.record.batch {
            self.shelves.take_from_batch(batch, (entry.seq, slot));
        }
        self.shelves.leave(entry.shelf);
        self.lanes.leave(entry.lane);
    }

    pub(super) fn remove(&mut self, scope: &Scope, id: JobId) -> Removed {
        let Some(slot) = self.slot_in(scope, id) else {
            return Removed::NotFound;
        };
        let status = self.entries[slot].record.status;
        if !status.is_final() {
            return Removed::NotEnded(status);
        }
        self.forget(slot);
        Removed::Done
    }

    pub(super) fn prune(&mut self, limit: usize) -> usize {
        let now = self.now();
        let due: Vec<usize> =
            self.expiry.iter().take_while(|(until, _)| *until <= now).take(limit).map(|(_, slot)| *slot).collect();
        due.iter().for_each(|slot| self.forget(*slot));
        due.len()
    }
}
