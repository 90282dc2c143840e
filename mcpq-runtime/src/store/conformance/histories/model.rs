//! A store as a list of jobs: nothing clever, so that it is right at a glance.
//!
//! Its time has no measure: it moves on when the history waits, and a moment is over then.

use super::{
    MAX_CRASHES, MOST_RUNNING, MOST_STARTS,
    job::{Job, Note, after, number},
    step::{Add, End, Span},
};
use crate::store::conformance::calls::{
    AttemptEnd, JobId, JournalWrite, LeaseRef, Removed, Renewed, Settled, Status, Unique,
};

/// The type under a limit of what runs.
pub(super) const LIMITED: usize = 3;

/// The type under a limit of starts.
pub(super) const RATED: usize = 4;

/// What stands for a new job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    New,
    Same(JobId),
    Conflict(JobId),
}

/// What a replay gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Replay {
    Done,
    Status(Status),
    Equal(JobId),
    Full,
    NotFound,
}

/// When a job of a selection becomes due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    Now,
    Later,
    Never,
}

/// The jobs in the order of their submission, and the time.
#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) jobs: Vec<Job>,
    now: u64,
    starts: usize,
}

impl Model {
    /// Time passes: moments are over, and what comes next comes later.
    pub(super) fn tick(&mut self) {
        self.now += 2;
    }

    pub(super) fn waiting(&self) -> usize {
        self.jobs.iter().filter(|job| matches!(job.status, Status::Pending | Status::InputRequired)).count()
    }

    pub(super) fn running(&self) -> usize {
        self.jobs.iter().filter(|job| job.status == Status::Running).count()
    }

    /// `None`: it is full, and nothing was added.
    pub(super) fn insert(&mut self, adds: &[(JobId, Add)], bound: usize) -> Option<Vec<Standing>> {
        let before = self.jobs.len();
        let mut told = Vec::new();
        for (id, add) in adds {
            let standing = self.standing(*id, add);
            if standing == Standing::New && self.jobs.iter().all(|job| job.id != *id) {
                if self.waiting() >= bound {
                    self.jobs.truncate(before);
                    return None;
                }
                let mut job = Job::new(*id, add.clone());
                job.wait(add.delay, self.now);
                self.jobs.push(job);
            }
            told.push(standing);
        }
        Some(told)
    }

    fn standing(&self, id: JobId, add: &Add) -> Standing {
        if self.jobs.iter().any(|job| job.id == id) {
            return Standing::New;
        }
        let same_key = |job: &&Job| {
            add.key.is_some() && (job.add.owner, job.add.kind, job.add.key) == (add.owner, add.kind, add.key)
        };
        if let Some(job) = self.jobs.iter().find(same_key) {
            return if job.add.hash == add.hash { Standing::Same(job.id) } else { Standing::Conflict(job.id) };
        }
        let stands = |job: &&Job| match add.unique() {
            None => false,
            Some(Unique::Live) => job.equals(add) && !job.status.is_final(),
            Some(Unique::Kept) => job.equals(add),
        };
        self.jobs.iter().find(stands).map_or(Standing::New, |job| Standing::Same(job.id))
    }

    /// How many more of a kind may start.
    fn room(&self, kind: usize) -> usize {
        let running = |job: &&Job| job.status == Status::Running && job.add.kind == kind;
        match kind {
            LIMITED => MOST_RUNNING - self.jobs.iter().filter(running).count(),
            RATED => MOST_STARTS - self.starts,
            _ => usize::MAX,
        }
    }

    fn waits(&self, kind: usize, queue: Option<usize>) -> impl Iterator<Item = usize> {
        let serves = move |job: &Job| job.add.kind == kind && queue.is_none_or(|queue| job.add.queue == queue);
        (0..self.jobs.len())
            .filter(move |index| serves(&self.jobs[*index]) && self.jobs[*index].status == Status::Pending)
    }

    pub(super) fn next_due(&self, types: &[usize], queue: Option<usize>) -> Due {
        let due = types.iter().filter_map(|kind| {
            let due = self.waits(*kind, queue).map(|index| self.jobs[index].until).min()?;
            match (self.room(*kind), *kind) {
                (0, LIMITED) => None,
                (0, _) => Some(Due::Later),
                _ => Some(if due <= self.now { Due::Now } else { Due::Later }),
            }
        });
        due.min().unwrap_or(Due::Never)
    }

    pub(super) fn claim(&mut self, types: &[usize], queue: Option<usize>, max: usize, lease: Span) -> Vec<LeaseRef> {
        let mut due: Vec<usize> = types.iter().flat_map(|kind| self.waits(*kind, queue)).collect();
        due.retain(|index| self.jobs[*index].until <= self.now);
        due.sort_by_key(|index| (self.jobs[*index].add.priority, self.jobs[*index].until, *index));
        let mut claimed = Vec::new();
        for index in due {
            let kind = self.jobs[index].add.kind;
            if claimed.len() == max || self.room(kind) == 0 {
                continue;
            }
            self.starts += usize::from(kind == RATED);
            let job = &mut self.jobs[index];
            job.status = Status::Running;
            job.attempts += 1;
            job.lease += 1;
            (job.until, job.delayed) = (after(lease, self.now), false);
            claimed.push(LeaseRef { id: job.id, lease: job.lease });
        }
        claimed
    }

    fn job(&mut self, id: JobId) -> Option<&mut Job> {
        self.jobs.iter_mut().find(|job| job.id == id)
    }

    fn held(&mut self, lease: LeaseRef) -> Option<&mut Job> {
        self.job(lease.id).filter(|job| job.status == Status::Running && job.lease == lease.lease)
    }

    /// Whether a store is free to take this finish for a repetition or not: the same end, but not the same finish.
    pub(super) fn is_unclear(&mut self, lease: LeaseRef, end: End) -> bool {
        let settled = self.job(lease.id).and_then(|job| job.settled);
        settled.is_some_and(|(number, known, _)| {
            number == lease.lease && known != end && known.outcome().end() == end.outcome().end()
        })
    }

    pub(super) fn finish(&mut self, lease: LeaseRef, end: End) -> Settled {
        let now = self.now;
        let Some(job) = self.held(lease) else {
            let settled = self.job(lease.id).and_then(|job| job.settled);
            let known = settled.filter(|(number, known, _)| (*number, *known) == (lease.lease, end));
            return known.map_or(Settled::Stale, |(.., status)| Settled::Accepted(status));
        };
        job.remember(end.outcome().end());
        match end {
            End::Completed => {
                job.progress = 1.0;
                job.end(Status::Completed, now);
            }
            End::Failed => job.end(Status::Failed, now),
            End::Timeout => job.end(Status::Timeout, now),
            End::Cancelled => job.end(Status::Cancelled, now),
            End::Retry(_) if job.cancel_requested => job.end(Status::Cancelled, now),
            End::Retry(delay) => {
                job.wait(delay, now);
                job.has_failure = true;
            }
        }
        job.settled = Some((lease.lease, end, job.status));
        Settled::Accepted(job.status)
    }

    pub(super) fn release(&mut self, lease: LeaseRef) -> Settled {
        let now = self.now;
        let Some(job) = self.held(lease) else { return Settled::Stale };
        job.remember(AttemptEnd::Released);
        job.give_back(now)
    }

    pub(super) fn renew(&mut self, lease: LeaseRef, by: Span) -> Renewed {
        let until = after(by, self.now);
        let Some(job) = self.held(lease) else { return Renewed::Lost };
        job.until = until;
        Renewed::Kept { cancel_requested: job.cancel_requested }
    }

    pub(super) fn progress(&mut self, lease: LeaseRef, fraction: f64) -> bool {
        let job = self.held(lease);
        let held = job.is_some();
        job.into_iter().for_each(|job| job.progress = job.progress.max(fraction));
        held
    }

    /// Status, and whether this very request ended it.
    pub(super) fn cancel(&mut self, id: JobId, owner: usize) -> Option<(Status, bool)> {
        let now = self.now;
        let job = self.job(id).filter(|job| job.add.owner == owner)?;
        let ends = matches!(job.status, Status::Pending | Status::InputRequired);
        job.cancel_requested |= ends || job.status == Status::Running;
        if ends {
            job.end(Status::Cancelled, now);
        }
        Some((job.status, ends))
    }

    pub(super) fn replay(&mut self, id: JobId, owner: usize, bound: usize) -> Replay {
        let (waiting, now) = (self.waiting(), self.now);
        let Some(index) = self.jobs.iter().position(|job| job.id == id && job.add.owner == owner) else {
            return Replay::NotFound;
        };
        let job = &self.jobs[index];
        if !job.status.is_replayable() {
            return Replay::Status(job.status);
        }
        if let Some(live) = self.jobs.iter().find(|other| other.equals(&job.add) && !other.status.is_final()) {
            return Replay::Equal(live.id);
        }
        if waiting >= bound {
            return Replay::Full;
        }
        let job = &mut self.jobs[index];
        job.wait(None, now);
        (job.attempts, job.crashes, job.progress) = (0, 0, 0.0);
        (job.cancel_requested, job.has_failure, job.settled) = (false, false, None);
        Replay::Done
    }

    pub(super) fn remove(&mut self, id: JobId, owner: usize) -> Removed {
        match self.job(id).filter(|job| job.add.owner == owner).map(|job| job.status) {
            None => Removed::NotFound,
            Some(status) if !status.is_final() => Removed::NotEnded(status),
            Some(_) => {
                self.jobs.retain(|job| job.id != id);
                Removed::Done
            }
        }
    }

    pub(super) fn park(&mut self, lease: LeaseRef, keys: &[usize], expires: Span) -> Settled {
        let now = self.now;
        let Some(job) = self.held(lease) else { return Settled::Stale };
        for key in keys {
            if job.journal.iter().all(|note| note.key != *key) {
                job.journal.push(Note { key: *key, is_question: true, value: None });
            }
        }
        job.remember(AttemptEnd::Parked);
        if job.cancel_requested || !job.is_open() {
            return job.give_back(now);
        }
        job.attempts -= 1;
        job.status = Status::InputRequired;
        job.until = after(expires, now);
        Settled::Accepted(Status::InputRequired)
    }

    pub(super) fn answer(&mut self, id: JobId, owner: usize, answers: &[(usize, u8)]) -> Option<(Vec<bool>, Status)> {
        let now = self.now;
        let job = self.job(id).filter(|job| job.add.owner == owner)?;
        let parked = job.status == Status::InputRequired;
        let mut accepted = Vec::new();
        for (key, value) in answers {
            let open = |note: &&mut Note| parked && note.key == *key && note.is_question && note.value.is_none();
            let note = job.journal.iter_mut().find(open);
            accepted.push(note.is_some());
            note.into_iter().for_each(|note| note.value = Some(*value));
        }
        if parked && !job.is_open() {
            job.wait(None, now);
        }
        Some((accepted, job.status))
    }

    pub(super) fn journal_write(&mut self, lease: LeaseRef, key: usize, value: u8) -> JournalWrite {
        let Some(job) = self.held(lease) else { return JournalWrite::Stale };
        match job.journal.iter_mut().find(|note| note.key == key) {
            Some(Note { value: Some(known), .. }) => return JournalWrite::Exists(number(*known)),
            Some(open) => open.value = Some(value),
            None => job.journal.push(Note { key, is_question: false, value: Some(value) }),
        }
        JournalWrite::Stored
    }

    pub(super) fn journal(&mut self, lease: LeaseRef) -> Option<Vec<Note>> {
        self.held(lease).map(|job| job.journal.clone())
    }

    /// The jobs that a sweep may find.
    pub(super) fn lost(&self) -> Vec<JobId> {
        let held = |job: &&Job| matches!(job.status, Status::Running | Status::InputRequired);
        self.jobs.iter().filter(held).filter(|job| job.until <= self.now).map(|job| job.id).collect()
    }

    /// A sweep has found this one.
    pub(super) fn rescue(&mut self, id: JobId) {
        let now = self.now;
        let Some(job) = self.job(id) else { return };
        if job.status == Status::InputRequired {
            return job.end(Status::Failed, now);
        }
        job.remember(AttemptEnd::LeaseLost);
        job.crashes += 1;
        if job.crashes < MAX_CRASHES || job.cancel_requested {
            job.give_back(now);
        } else {
            job.attempts -= 1;
            job.end(Status::Failed, now);
        }
    }

    /// The jobs that a prune may find.
    pub(super) fn expired(&self) -> Vec<JobId> {
        let over = |job: &&Job| job.status.is_final() && job.until <= self.now;
        self.jobs.iter().filter(over).map(|job| job.id).collect()
    }
}
