//! The stored jobs, by their place in memory and by id.

use std::ops::{Index, IndexMut};

use hashbrown::HashTable;
use slab::Slab;

use super::table::Entry;
use crate::job::JobId;

/// All jobs. The tables hold places alone, and look for the id there.
#[derive(Debug, Default)]
pub(super) struct Entries {
    slots: Slab<Entry>,
    by_id: HashTable<usize>,
    /// The running jobs once more: what workers write to is found in a table that stays small, and so in the
    /// processor's cache, however many jobs are stored.
    running: HashTable<usize>,
}

impl Entries {
    /// Adds a job and returns its place.
    pub(super) fn insert(&mut self, entry: Entry) -> usize {
        let id = entry.record.id;
        let slot = self.slots.insert(entry);
        self.by_id.insert_unique(hash(id), slot, |slot| hash(self.slots[*slot].record.id));
        slot
    }

    /// The place of the job with this id.
    pub(super) fn find(&self, id: JobId) -> Option<usize> {
        self.by_id.find(hash(id), |slot| self.slots[*slot].record.id == id).copied()
    }

    /// The place of the running job with this id.
    pub(super) fn find_running(&self, id: JobId) -> Option<usize> {
        self.running.find(hash(id), |slot| self.slots[*slot].record.id == id).copied()
    }

    /// A job runs from now on.
    pub(super) fn start(&mut self, slot: usize) {
        let id = self.slots[slot].record.id;
        self.running.insert_unique(hash(id), slot, |slot| hash(self.slots[*slot].record.id));
    }

    /// A job runs no more.
    pub(super) fn stop(&mut self, slot: usize) {
        take(&mut self.running, self.slots[slot].record.id, slot);
    }

    /// Takes a job out.
    pub(super) fn remove(&mut self, slot: usize) -> Entry {
        take(&mut self.by_id, self.slots[slot].record.id, slot);
        self.slots.remove(slot)
    }
}

impl Index<usize> for Entries {
    type Output = Entry;

    fn index(&self, slot: usize) -> &Entry {
        &self.slots[slot]
    }
}

impl IndexMut<usize> for Entries {
    fn index_mut(&mut self, slot: usize) -> &mut Entry {
        &mut self.slots[slot]
    }
}

fn take(table: &mut HashTable<usize>, id: JobId, slot: usize) {
    if let Ok(found) = table.find_entry(hash(id), |other| *other == slot) {
        found.remove();
    }
}

/// Ids are made by this process, and their lower half is random: multiplied, for the marks of the version in it.
fn hash(id: JobId) -> u64 {
    id.as_uuid().as_u64_pair().1.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}
