//! The stored jobs, by their place in memory and by id.

use std::ops::{Index, IndexMut};

use hashbrown::HashTable;
use slab::Slab;

use super::table::Entry;
use crate::job::JobId;

/// All jobs. A million ids in a map of their own would fill the processor's caches: this one has places alone, and
/// looks for the id there.
#[derive(Debug, Default)]
pub(super) struct Entries {
    slots: Slab<Entry>,
    by_id: HashTable<usize>,
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

    /// Takes a job out.
    pub(super) fn remove(&mut self, slot: usize) -> Entry {
        let id = self.slots[slot].record.id;
        if let Ok(found) = self.by_id.find_entry(hash(id), |other| *other == slot) {
            found.remove();
        }
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

/// Ids are made by this process, and their lower half is random: multiplied, for the marks of the version in it.
fn hash(id: JobId) -> u64 {
    id.as_uuid().as_u64_pair().1.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}
