//! The jobs of each owner, by type, queue and status: what listings and counts read.

use std::{
    collections::{BTreeSet, BinaryHeap, HashMap},
    sync::Arc,
};

use slab::Slab;

use super::lanes::Lanes;
use crate::{
    job::{JobId, Owner, Scope, Status},
    store::{ListFilter, QueueCounts},
};

/// Submission number and place in the table: the order of a listing.
pub(super) type Listed = (u64, usize);

/// The jobs of one owner in one lane.
#[derive(Debug)]
struct Shelf {
    owner: Owner,
    lane: usize,
    by_status: [BTreeSet<Listed>; Status::ALL.len()],
    jobs: usize,
}

#[derive(Debug, Default)]
pub(super) struct Shelves {
    shelves: Slab<Shelf>,
    /// Owner, then lane.
    ids: HashMap<Owner, HashMap<usize, usize>>,
    batches: HashMap<JobId, BTreeSet<Listed>>,
}

impl Shelves {
    /// The shelf of a new job.
    pub(super) fn enter(&mut self, owner: &Owner, lane: usize) -> usize {
        let id = match self.ids.get(owner).and_then(|lanes| lanes.get(&lane)) {
            Some(id) => *id,
            None => {
                let shelf = Shelf { owner: owner.clone(), lane, by_status: Default::default(), jobs: 0 };
                let id = self.shelves.insert(shelf);
                self.ids.entry(owner.clone()).or_default().insert(lane, id);
                id
            }
        };
        self.shelves[id].jobs += 1;
        id
    }

    /// A job is forgotten; it stands on no status any more.
    pub(super) fn leave(&mut self, id: usize) {
        self.shelves[id].jobs -= 1;
        if self.shelves[id].jobs > 0 {
            return;
        }
        let shelf = self.shelves.remove(id);
        if let Some(lanes) = self.ids.get_mut(&shelf.owner) {
            lanes.remove(&shelf.lane);
            if lanes.is_empty() {
                self.ids.remove(&shelf.owner);
            }
        }
    }

    pub(super) fn put(&mut self, id: usize, status: Status, job: Listed) {
        self.shelves[id].by_status[status as usize].insert(job);
    }

    pub(super) fn take(&mut self, id: usize, status: Status, job: Listed) {
        self.shelves[id].by_status[status as usize].remove(&job);
    }

    pub(super) fn put_in_batch(&mut self, batch: JobId, job: Listed) {
        self.batches.entry(batch).or_default().insert(job);
    }

    pub(super) fn take_from_batch(&mut self, batch: JobId, job: Listed) {
        if let Some(jobs) = self.batches.get_mut(&batch) {
            jobs.remove(&job);
            if jobs.is_empty() {
                self.batches.remove(&batch);
            }
        }
    }

    pub(super) fn batch(&self, batch: JobId) -> impl DoubleEndedIterator<Item = Listed> {
        self.batches.get(&batch).into_iter().flatten().copied()
    }

    /// Matching jobs below `before`, newest first, and how many match in all. A batch is not looked at.
    pub(super) fn matching<'a>(
        &'a self,
        lanes: &Lanes,
        scope: &Scope,
        filter: &ListFilter,
        before: u64,
    ) -> (impl Iterator<Item = Listed> + use<'a>, usize) {
        let sets: Vec<&BTreeSet<Listed>> = self
            .of_scope(scope)
            .filter(|shelf| {
                let lane = lanes.get(shelf.lane);
                filter.job_type.as_deref().is_none_or(|wanted| *lane.job_type == *wanted)
                    && filter.queue.as_deref().is_none_or(|wanted| *lane.queue == *wanted)
            })
            .flat_map(|shelf| {
                let wanted = filter.status;
                Status::ALL
                    .into_iter()
                    .filter(move |status| wanted.is_none_or(|wanted| wanted == *status))
                    .map(|status| &shelf.by_status[status as usize])
            })
            .filter(|set| !set.is_empty())
            .collect();
        let total = sets.iter().map(|set| set.len()).sum();
        (Merge::new(sets, before), total)
    }

    /// Counts by queue.
    pub(super) fn counts(&self, lanes: &Lanes, scope: &Scope) -> Vec<QueueCounts> {
        let mut queues: HashMap<Arc<str>, QueueCounts> = HashMap::new();
        let mut add = |queue: &Arc<str>, status: Status, count: usize| {
            let counts = queues
                .entry(queue.clone())
                .or_insert_with(|| QueueCounts { queue: queue.clone(), ..QueueCounts::default() });
            *counts.of(status) += count;
        };
        match scope {
            Scope::All => {
                for (_, lane) in lanes.iter() {
                    Status::ALL.into_iter().for_each(|status| add(&lane.queue, status, lane.counts[status as usize]));
                }
            }
            Scope::Owner(_) => {
                for shelf in self.of_scope(scope) {
                    let queue = &lanes.get(shelf.lane).queue;
                    Status::ALL
                        .into_iter()
                        .for_each(|status| add(queue, status, shelf.by_status[status as usize].len()));
                }
            }
        }
        let mut counts: Vec<QueueCounts> = queues.into_values().collect();
        counts.sort_by(|a, b| a.queue.cmp(&b.queue));
        counts
    }

    fn of_scope<'a>(&'a self, scope: &Scope) -> Box<dyn Iterator<Item = &'a Shelf> + 'a> {
        match scope {
            Scope::All => Box::new(self.shelves.iter().map(|(_, shelf)| shelf)),
            Scope::Owner(owner) => {
                Box::new(self.ids.get(owner).into_iter().flat_map(|lanes| lanes.values()).map(|id| &self.shelves[*id]))
            }
        }
    }
}

/// Merges ordered sets, largest first.
struct Merge<'a, I> {
    heads: BinaryHeap<(Listed, usize)>,
    rest: Vec<I>,
    life: std::marker::PhantomData<&'a ()>,
}

impl<'a> Merge<'a, std::iter::Rev<std::collections::btree_set::Range<'a, Listed>>> {
    fn new(sets: Vec<&'a BTreeSet<Listed>>, before: u64) -> Self {
        let mut rest: Vec<_> = sets.into_iter().map(|set| set.range(..(before, 0)).rev()).collect();
        let heads =
            rest.iter_mut().enumerate().filter_map(|(index, set)| set.next().map(|job| (*job, index))).collect();
        Self { heads, rest, life: std::marker::PhantomData }
    }
}

impl<'a, I: Iterator<Item = &'a Listed>> Iterator for Merge<'a, I> {
    type Item = Listed;

    fn next(&mut self) -> Option<Listed> {
        let (job, index) = self.heads.pop()?;
        if let Some(next) = self.rest[index].next() {
            self.heads.push((*next, index));
        }
        Some(job)
    }
}
