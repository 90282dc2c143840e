//! The waiting jobs, by queue and type: what claim takes from.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, BinaryHeap, HashMap},
    sync::Arc,
};

use slab::Slab;

use super::limits::Loads;
use crate::{
    job::{Priority, Status},
    store::{ClaimType, Selection},
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

    /// Up to `max` due jobs in claim order, taken out of those that wait. A type without room blocks nobody.
    pub(super) fn claim(&mut self, selection: &Selection, max: usize, now: u64, loads: &mut Loads) -> Vec<usize> {
        // All lanes of a type share its room.
        let mut rooms: Vec<Room<'_>> = Vec::new();
        let mut heads: BinaryHeap<Reverse<(u8, Ready, usize, usize)>> = BinaryHeap::new();
        for (job_type, limits) in self.served(selection) {
            let (room, before) = (rooms.len(), heads.len());
            let due = self.lanes_of(job_type, selection).filter_map(|id| Some((id, self.lanes[id].head(now)?)));
            heads.extend(due.map(|(id, (rank, ready))| Reverse((rank, ready, id, room))));
            if heads.len() > before {
                let left = limits.map_or(usize::MAX, |limits| loads.room(limits, self.running(job_type), now));
                rooms.push(Room { limits, left, taken: 0 });
            }
        }
        let mut taken = Vec::new();
        while taken.len() < max
            && let Some(Reverse((rank, ready, id, room))) = heads.pop()
        {
            let room_left = &mut rooms[room];
            if room_left.left == 0 {
                room_left.limits.into_iter().for_each(|limits| loads.left(limits));
                continue; // its other lanes are skipped in the same way
            }
            room_left.left -= 1;
            room_left.taken += 1;
            let lane = &mut self.lanes[id];
            lane.ready[rank as usize].pop_first();
            taken.push(ready.2);
            if let Some((rank, ready)) = lane.head(now) {
                heads.push(Reverse((rank, ready, id, room)));
            }
        }
        rooms
            .iter()
            .filter_map(|room| Some((room.limits?, room.taken)))
            .for_each(|(limits, n)| loads.started(limits, n));
        taken
    }

    /// When the next job of the selection becomes due and may start.
    pub(super) fn next_due(&self, selection: &Selection, now: u64, loads: &mut Loads) -> Option<u64> {
        let mut next: Option<u64> = None;
        for (job_type, limits) in self.served(selection) {
            let due = self.lanes_of(job_type, selection).filter_map(|id| self.lanes[id].next_due()).min();
            let startable = match limits {
                Some(limits) => due.and(loads.startable(limits, self.running(job_type), now)),
                None => Some(now),
            };
            next = next.into_iter().chain(due.zip(startable).map(|(due, startable)| due.max(startable))).min();
        }
        next
    }

    /// Jobs of a type that run.
    fn running(&self, job_type: &Arc<str>) -> usize {
        self.ids
            .get(job_type)
            .into_iter()
            .flatten()
            .map(|(_, id)| self.lanes[*id].counts[Status::Running as usize])
            .sum()
    }

    fn lanes_of<'a>(&'a self, job_type: &Arc<str>, selection: &'a Selection) -> impl Iterator<Item = usize> + use<'a> {
        let in_queue = |queue: &Arc<str>| selection.queues.is_empty() || selection.queues.contains(queue);
        self.ids.get(job_type).into_iter().flatten().filter(move |(queue, _)| in_queue(queue)).map(|(_, id)| *id)
    }

    /// The types of a selection, with their limits where they have any.
    fn served<'a, 's: 'a>(
        &'a self,
        selection: &'s Selection,
    ) -> impl Iterator<Item = (&'a Arc<str>, Option<&'s ClaimType>)> {
        let limited = |kind: &&ClaimType| kind.concurrency.is_some() || kind.rate.is_some();
        let listed = selection.types.iter().filter(|_| !selection.any_type);
        let any = self.ids.keys().filter(|_| selection.any_type);
        let limits_of = move |name: &Arc<str>| selection.types.iter().filter(limited).find(|kind| kind.name == *name);
        listed
            .map(move |kind| (&kind.name, Some(kind).filter(limited)))
            .chain(any.map(move |name| (name, limits_of(name))))
    }
}

/// How many jobs of a type a claim may still take, and has taken.
struct Room<'a> {
    limits: Option<&'a ClaimType>,
    left: usize,
    taken: usize,
}
