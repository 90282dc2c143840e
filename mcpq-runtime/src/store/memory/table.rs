//! All jobs and their indexes: inserting, finding, listing.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};

use super::{clock::Clock, entries::Entries, lanes::Lanes, limits::Loads, shelves::Shelves};
use crate::{
    job::{AttemptEnd, JobId, JobRecord, Owner, Payload, Scope, Status},
    store::{
        Bound, Depth, InsertReply, Inserted, JournalEntry, Keeping, ListFilter, Listing, LiveWorker, NewJob, Page,
        QueueCounts, RunAt, Unique, WorkerId,
    },
};

/// One stored job.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) record: JobRecord,
    pub(super) args: Payload,
    pub(super) schema: u64,
    pub(super) result: Option<Payload>,
    pub(super) args_hash: Option<[u8; 32]>,
    pub(super) unique: Option<Unique>,
    pub(super) keeping: Keeping,
    /// Submission number.
    pub(super) seq: u64,
    pub(super) lane: usize,
    pub(super) shelf: usize,
    /// The time that its status waits for: due, lease end, answer's deadline or expiry. Microseconds of the table's clock.
    pub(super) until: u64,
    /// Its place among the ended jobs, once it has ended.
    end: u64,
    /// The last attempt whose end was recorded: its lease and how it ended.
    pub(super) settled: Option<End>,
    pub(super) journal: Vec<JournalEntry>,
}

impl Entry {
    /// What its payloads hold.
    pub(super) fn bytes(&self) -> usize {
        let journal: usize = self.journal.iter().map(journal_bytes).sum();
        self.args.len() + self.result.as_ref().map_or(0, Payload::len) + journal
    }
}

/// The end of an attempt, as it was recorded.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    pub(super) lease: u64,
    pub(super) end: AttemptEnd,
    /// What became of the job by it.
    pub(super) status: Status,
}

/// How much is kept.
#[derive(Debug)]
pub(super) struct Limits {
    pub(super) max_finished: usize,
    pub(super) max_bytes: usize,
}

type EqualKey = (Owner, Arc<str>, [u8; 32]);

#[derive(Debug)]
pub(super) struct Table {
    pub(super) limits: Limits,
    clock: Clock,
    pub(super) entries: Entries,
    pub(super) keys: HashMap<(Owner, Arc<str>, Arc<str>), usize>,
    /// The newest of the equal jobs of `unique` types.
    pub(super) equals: HashMap<EqualKey, usize>,
    pub(super) lanes: Lanes,
    pub(super) shelves: Shelves,
    pub(super) loads: Loads,
    /// Running jobs by the end of their lease, parked ones by their deadline.
    pub(super) deadlines: BTreeSet<(u64, usize)>,
    /// Ended jobs by the end of their keeping.
    pub(super) expiry: BTreeSet<(u64, usize)>,
    /// Ended jobs in the order of their ends.
    pub(super) ended: BTreeSet<(u64, usize)>,
    next_end: u64,
    pub(super) depth: Depth,
    pub(super) bytes: usize,
    /// The part of them that ended jobs hold.
    ended_bytes: usize,
    next_seq: u64,
    /// Workers, and until when they are taken to live.
    pub(super) workers: HashMap<WorkerId, (u64, LiveWorker)>,
}

impl Default for Table {
    fn default() -> Self {
        Self {
            limits: Limits { max_finished: 100_000, max_bytes: 1 << 30 },
            clock: Clock::start(),
            entries: Entries::default(),
            keys: HashMap::new(),
            equals: HashMap::new(),
            lanes: Lanes::default(),
            shelves: Shelves::default(),
            loads: Loads::default(),
            deadlines: BTreeSet::new(),
            expiry: BTreeSet::new(),
            ended: BTreeSet::new(),
            next_end: 0,
            depth: Depth::default(),
            bytes: 0,
            ended_bytes: 0,
            next_seq: 0,
            workers: HashMap::new(),
        }
    }
}

impl Table {
    /// Looks at the clock: from here on it is now.
    pub(super) fn tick(&mut self) {
        self.clock.tick();
    }

    /// Monotonic microseconds.
    pub(super) fn now(&self) -> u64 {
        self.clock.now
    }

    /// The time of day, for people to read.
    pub(super) fn wall(&self) -> DateTime<Utc> {
        self.clock.wall
    }

    pub(super) fn slot(&self, id: JobId) -> Option<usize> {
        self.entries.find(id)
    }

    pub(super) fn slot_in(&self, scope: &Scope, id: JobId) -> Option<usize> {
        self.slot(id).filter(|slot| scope.includes(self.entries[*slot].record.owner.as_str()))
    }

    pub(super) fn get(&self, scope: &Scope, id: JobId) -> Option<&Entry> {
        self.slot_in(scope, id).map(|slot| &self.entries[slot])
    }

    pub(super) fn insert(&mut self, jobs: Vec<NewJob>, bound: Bound) -> InsertReply {
        let before = self.next_seq;
        let mut replies = Vec::with_capacity(jobs.len());
        let mut created = Vec::new();
        for job in jobs {
            let reply = self.standing(&job);
            if let Some(reply) = reply {
                replies.push(reply);
                continue;
            }
            let bytes = job.args.len();
            let full = self.depth.waiting >= bound.max_pending
                || (self.bytes - self.ended_bytes).saturating_add(bytes) > self.limits.max_bytes;
            if full {
                created.into_iter().for_each(|slot| self.forget(slot));
                self.next_seq = before;
                return InsertReply::Full(self.depth);
            }
            self.make_room(bytes, None);
            created.push(self.add(job));
            replies.push(Inserted::Created);
        }
        InsertReply::Done(replies)
    }

    /// The stored job that stands for a new one.
    fn standing(&self, job: &NewJob) -> Option<Inserted> {
        if self.slot(job.id).is_some() {
            return Some(Inserted::Created);
        }
        if let Some(key) = &job.idempotency_key {
            let known = self.keys.get(&(job.owner.clone(), job.job_type.clone(), key.clone()));
            if let Some(slot) = known {
                let entry = &self.entries[*slot];
                return Some(if entry.args_hash == job.args_hash {
                    Inserted::Existing(Box::new(entry.record.clone()))
                } else {
                    Inserted::Conflict(entry.record.id)
                });
            }
        }
        let unique = job.unique?;
        let equal = self.equals.get(&(job.owner.clone(), job.job_type.clone(), job.args_hash?))?;
        let record = &self.entries[*equal].record;
        let stands = unique == Unique::Kept || !record.status.is_final();
        stands.then(|| Inserted::Existing(Box::new(record.clone())))
    }

    fn add(&mut self, job: NewJob) -> usize {
        let now = self.now();
        let wall = self.wall();
        let delay = match job.run_at {
            RunAt::Now => Duration::ZERO,
            RunAt::After(delay) => delay,
            RunAt::At(at) => (at - wall).to_std().unwrap_or(Duration::ZERO),
        };
        let lane = self.lanes.enter(&job.job_type, &job.queue);
        let shelf = self.shelves.enter(&job.owner, lane);
        let mut record = JobRecord::new(
            job.id,
            job.job_type,
            job.owner,
            job.queue,
            job.priority,
            job.max_attempts,
            job.timeout,
            wall,
        );
        record.idempotency_key = job.idempotency_key;
        record.batch = job.batch;
        record.run_at = (!delay.is_zero()).then(|| later(wall, delay));
        let seq = self.next_seq;
        self.next_seq += 1;
        self.bytes += job.args.len();
        let slot = self.entries.insert(Entry {
            record,
            args: job.args,
            schema: job.schema,
            result: None,
            args_hash: job.args_hash,
            unique: job.unique,
            keeping: job.keeping,
            seq,
            lane,
            shelf,
            until: now.saturating_add(micros(delay)),
            end: 0,
            settled: None,
            journal: Vec::new(),
        });
        let entry = &self.entries[slot];
        if let Some(key) = &entry.record.idempotency_key {
            self.keys.insert((entry.record.owner.clone(), entry.record.job_type.clone(), key.clone()), slot);
        }
        if let Some(equal) = equal_key(entry) {
            self.equals.insert(equal, slot);
        }
        if let Some((batch, _)) = entry.record.batch {
            self.shelves.put_in_batch(batch, (seq, slot));
        }
        self.enter_status(slot);
        slot
    }

    /// Puts a job into the indexes of its status. `until` must be set.
    pub(super) fn enter_status(&mut self, slot: usize) {
        let entry = &mut self.entries[slot];
        let status = entry.record.status;
        self.shelves.put(entry.shelf, status, (entry.seq, slot));
        self.lanes.count(entry.lane, status, 1);
        match status {
            Status::Pending => {
                self.lanes.push(entry.lane, entry.record.priority, (entry.until, entry.seq, slot));
                self.depth.waiting += 1;
            }
            Status::Running => {
                self.deadlines.insert((entry.until, slot));
                self.depth.running += 1;
                self.entries.start(slot);
            }
            Status::InputRequired => {
                self.deadlines.insert((entry.until, slot));
                self.depth.waiting += 1;
            }
            _ => {
                entry.end = self.next_end;
                self.next_end += 1;
                self.expiry.insert((entry.until, slot));
                self.ended.insert((entry.end, slot));
                self.ended_bytes += entry.bytes();
            }
        }
    }

    /// Takes a job out of the indexes of its status, so that status and `until` may change.
    pub(super) fn leave_status(&mut self, slot: usize) {
        let entry = &self.entries[slot];
        let status = entry.record.status;
        self.shelves.take(entry.shelf, status, (entry.seq, slot));
        self.lanes.count(entry.lane, status, -1);
        match status {
            Status::Pending => {
                self.lanes.take(entry.lane, entry.record.priority, (entry.until, entry.seq, slot));
                self.depth.waiting -= 1;
            }
            Status::Running => {
                self.deadlines.remove(&(entry.until, slot));
                self.depth.running -= 1;
                self.loads.stopped(&entry.record.job_type);
                self.entries.stop(slot);
            }
            Status::InputRequired => {
                self.deadlines.remove(&(entry.until, slot));
                self.depth.waiting -= 1;
            }
            _ => {
                self.expiry.remove(&(entry.until, slot));
                self.ended.remove(&(entry.end, slot));
                self.ended_bytes -= entry.bytes();
            }
        }
    }

    pub(super) fn list(&self, scope: &Scope, filter: &ListFilter, page: &Page) -> Listing {
        let before = page.cursor.unwrap_or(u64::MAX);
        let (found, total): (Vec<_>, usize) = match filter.batch {
            Some(batch) => {
                let matching = self.shelves.batch(batch).rev().filter(|(_, slot)| self.matches(*slot, scope, filter));
                let all: Vec<_> = matching.collect();
                let total = all.len();
                let page = all
                    .into_iter()
                    .filter(|(seq, _)| *seq < before)
                    .skip(page.offset)
                    .take(page.limit.saturating_add(1));
                (page.collect(), total)
            }
            None => {
                let (matching, total) = self.shelves.matching(&self.lanes, scope, filter, before);
                (matching.skip(page.offset).take(page.limit.saturating_add(1)).collect(), total)
            }
        };
        let next = match found.get(page.limit) {
            Some(_) if page.limit > 0 => Some(found[page.limit - 1].0),
            _ => None,
        };
        let jobs = found.iter().take(page.limit).map(|(_, slot)| self.entries[*slot].record.clone()).collect();
        Listing { jobs, total, total_is_minimum: false, next }
    }

    pub(super) fn counts(&self, scope: &Scope) -> Vec<QueueCounts> {
        self.shelves.counts(&self.lanes, scope)
    }

    fn matches(&self, slot: usize, scope: &Scope, filter: &ListFilter) -> bool {
        let record = &self.entries[slot].record;
        scope.includes(record.owner.as_str())
            && filter.status.is_none_or(|status| status == record.status)
            && filter.job_type.as_deref().is_none_or(|wanted| *record.job_type == *wanted)
            && filter.queue.as_deref().is_none_or(|wanted| *record.queue == *wanted)
    }
}

/// The key under which a job of a `unique` type is found by its arguments.
pub(super) fn equal_key(entry: &Entry) -> Option<EqualKey> {
    entry.unique?;
    Some((entry.record.owner.clone(), entry.record.job_type.clone(), entry.args_hash?))
}

pub(super) fn journal_bytes(entry: &JournalEntry) -> usize {
    entry.key.len() + entry.question.as_ref().map_or(0, Payload::len) + entry.value.as_ref().map_or(0, Payload::len)
}

pub(super) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// A time of the wall clock for people to read; the far end of the calendar where the sum has no date.
pub(super) fn later(from: DateTime<Utc>, by: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(by).ok().and_then(|by| from.checked_add_signed(by)).unwrap_or(DateTime::<Utc>::MAX_UTC)
}
