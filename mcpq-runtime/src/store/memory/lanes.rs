//! The waiting jobs, by queue and type: what claim takes from.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, BinaryHeap, HashMap},
    sync::Arc,
};

use slab::Slab;

use crate::{
    job::{Priority, Status},
    store::Selection,
};

/// When a job is due, when it was submitted, and its place in the table.
pub(super) type Ready = (u64, u64, usize);

/// The jobs of one type in one queue.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) queue: Arc<str>,
    pub(super) job_type: Arc<str>,
    ready: [BTreeSet<Ready>; Priority::ALL.len()],
    /// Jobs by status.
    pub(super) counts: [usize; Status::ALL.len()],
    /// Jobs in any status.
    jobs: usize,
}

impl Lane {
    /// The most urgent job that is due.
    fn head(&self, now: u64) -> Option<(u8, Ready)> {
        Priority::ALL.iter().find_map(|priority| {
            let first = self.ready[priority.rank() as usize].first()?;
            (first.0 <= now).then_some((priority.rank(), *first))
        })
    }

    /// When its next job becomes due.
    fn next_due(&self) -> Option<u64> {
        self.ready.iter().filter_map(|ready| ready.first()).map(|first| first.0).min()
    }
}

/// All lanes. A lane lives as long as it has a job in any status.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    lanes: Slab<Lane>,
    /// Type, then queue.
    ids: HashMap<Arc<str>, HashMap<Arc<str>, usize>>,
}

impl Lanes {
    /// The lane of a new job.
    pub(super) fn enter(&mut self, job_type: &Arc<str>, queue: &Arc<str>) -> usize {
        let id = match self.ids.get(job_type).and_then(|queues| queues.get(queue)) {
            Some(id) => *id,
            None => {
                let lane = Lane {
                    queue: queue.clone(),
                    job_type: job_type.clone(),
                    ready: Default::default(),
                    counts: [0; Status::ALL.len()],
                    jobs: 0,
                };
                let id = self.lanes.insert(lane);
                self.ids.entry(job_type.clone()).or_default().insert(queue.clone(), id);
                id
            }
        };
        self.lanes[id].jobs += 1;
        id
    }

    /// A job is forgotten.
    pub(super) fn leave(&mut self, id: usize) {
        self.lanes[id].jobs -= 1;
        if self.lanes[id].jobs > 0 {
            return;
        }
        let lane = self.lanes.remove(id);
        if let Some(queues) = self.ids.get_mut(&lane.job_type) {
            queues.remove(&lane.queue);
            if queues.is_empty() {
                self.ids.remove(&lane.job_type);
            }
        }
    }

    pub(super) fn get(&self, id: usize) -> &Lane {
        &self.lanes[id]
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &Lane)> {
        self.lanes.iter()
    }

    pub(super) fn count(&mut self, id: usize, status: Status, by: isize) {
        let count = &mut self.lanes[id].counts[status as usize];
        *count = count.saturating_add_signed(by);
    }

    pub(super) fn push(&mut self, id: usize, priority: Priority, ready: Ready) {
        self.lanes[id].ready[priority.rank() as usize].insert(ready);
    }

    pub(super) fn take(&mut self, id: usize, priority: Priority, ready: Ready) {
        self.lanes[id].ready[priority.rank() as usize].remove(&ready);
    }

    /// Up to `max` due jobs in claim order, taken out. `room` says how many of a type may start.
    pub(super) fn claim(
        &mut self,
        selection: &Selection,
        max: usize,
        now: u64,
        mut room: impl FnMut(&Arc<str>) -> usize,
    ) -> Vec<usize> {
        let mut rooms: HashMap<Arc<str>, usize> = HashMap::new();
        let mut heads: BinaryHeap<Reverse<(u8, Ready, usize)>> = self
            .served(selection)
            .filter_map(|id| self.lanes[id].head(now).map(|(rank, ready)| Reverse((rank, ready, id))))
            .collect();
        let mut taken = Vec::new();
        while taken.len() < max
            && let Some(Reverse((rank, ready, id))) = heads.pop()
        {
            let lane = &mut self.lanes[id];
            let left = rooms.entry(lane.job_type.clone()).or_insert_with_key(&mut room);
            if *left == 0 {
                continue; // its other lanes are skipped in the same way, and block nobody
            }
            *left -= 1;
            lane.ready[rank as usize].remove(&ready);
            taken.push(ready.2);
            if let Some((rank, ready)) = lane.head(now) {
                heads.push(Reverse((rank, ready, id)));
            }
        }
        taken
    }

    /// When the next job of the selection becomes due; `startable` says when a type may start one.
    pub(super) fn next_due(
        &self,
        selection: &Selection,
        mut startable: impl FnMut(&Arc<str>) -> Option<u64>,
    ) -> Option<u64> {
        self.served(selection)
            .filter_map(|id| {
                let lane = &self.lanes[id];
                Some(lane.next_due()?.max(startable(&lane.job_type)?))
            })
            .min()
    }

    fn served<'a>(&'a self, selection: &'a Selection) -> impl Iterator<Item = usize> + 'a {
        let listed = selection.types.iter().filter(|_| !selection.any_type).filter_map(|kind| self.ids.get(&kind.name));
        let any = self.ids.values().filter(|_| selection.any_type);
        let in_queue = |queue: &Arc<str>| selection.queues.is_empty() || selection.queues.contains(queue);
        listed.chain(any).flatten().filter(move |(queue, _)| in_queue(queue)).map(|(_, id)| *id)
    }
}
