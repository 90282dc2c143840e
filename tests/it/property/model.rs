//! A store as a list of jobs: nothing clever, so that it is right at a glance.

use std::time::Duration;

use mcpq::{
    JobId, Owner, Priority, Status,
    store::{Keeping, LeaseRef, NewJob, RunAt, Unique},
};

use super::{OWNERS, QUEUES, TYPES, payload, steps::End};

const KEPT: Duration = Duration::from_millis(500);

/// A job to be added.
#[derive(Clone, Debug)]
pub(super) struct Add {
    pub(super) kind: usize,
    pub(super) queue: usize,
    pub(super) owner: usize,
    pub(super) priority: usize,
    pub(super) delay: u64,
    pub(super) key: Option<usize>,
    pub(super) hash: u8,
}

impl Add {
    fn unique(&self) -> Option<Unique> {
        [None, Some(Unique::Live), Some(Unique::Kept)][self.kind]
    }

    pub(super) fn new_job(&self) -> NewJob {
        NewJob {
            id: JobId::new(),
            job_type: TYPES[self.kind].into(),
            owner: Owner::new(OWNERS[self.owner]),
            queue: QUEUES[self.queue].into(),
            priority: Priority::ALL[self.priority],
            run_at: if self.delay == 0 { RunAt::Now } else { RunAt::After(Duration::from_millis(self.delay)) },
            args: payload("{}"),
            schema: 0,
            args_hash: Some([self.hash; 32]),
            idempotency_key: self.key.map(|key| key.to_string().into()),
            unique: self.unique(),
            max_attempts: 100,
            timeout: Duration::from_secs(1),
            keeping: Keeping { result: Some(KEPT), failure: Some(2 * KEPT) },
            batch: None,
        }
    }
}

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

#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) id: JobId,
    pub(super) owner: &'static str,
    pub(super) queue: &'static str,
    pub(super) status: Status,
    pub(super) attempts: u32,
    pub(super) crashes: u32,
    pub(super) lease: u64,
    pub(super) cancel_requested: bool,
    pub(super) progress: f64,
    pub(super) has_failure: bool,
    add: Add,
    /// Due, end of the lease, or end of its keeping.
    until: Duration,
    /// The last lease under which an end was accepted, which, and what it led to.
    settled: Option<(u64, std::mem::Discriminant<End>, Status)>,
}

impl Job {
    fn end(&mut self, status: Status, now: Duration) {
        self.status = status;
        self.has_failure = matches!(status, Status::Failed | Status::Timeout);
        self.until = now + if self.has_failure { 2 * KEPT } else { KEPT };
    }

    fn wait(&mut self, due: Duration) {
        self.status = Status::Pending;
        self.until = due;
    }

    fn give_back(&mut self, now: Duration) {
        self.attempts -= 1;
        if self.cancel_requested { self.end(Status::Cancelled, now) } else { self.wait(now) }
    }

    fn equals(&self, other: &Add) -> bool {
        let own = &self.add;
        own.unique().is_some() && (own.owner, own.kind, own.hash) == (other.owner, other.kind, other.hash)
    }
}

/// The jobs in the order of their submission, and the time.
#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    pub(super) jobs: Vec<Job>,
    pub(super) now: Duration,
}

impl Model {
    pub(super) fn waiting(&self) -> usize {
        self.jobs.iter().filter(|job| job.status == Status::Pending).count()
    }

    pub(super) fn running(&self) -> usize {
        self.jobs.iter().filter(|job| job.status == Status::Running).count()
    }

    /// `None`: it is full, and nothing was added.
    pub(super) fn insert(&mut self, adds: &[Add], ids: &[JobId], bound: usize) -> Option<Vec<Standing>> {
        let before = self.jobs.len();
        let mut told = Vec::new();
        for (add, id) in adds.iter().zip(ids) {
            let standing = self.standing(add);
            if standing == Standing::New {
                if self.waiting() >= bound {
                    self.jobs.truncate(before);
                    return None;
                }
                self.jobs.push(Job {
                    id: *id,
                    owner: OWNERS[add.owner],
                    queue: QUEUES[add.queue],
                    status: Status::Pending,
                    attempts: 0,
                    crashes: 0,
                    lease: 0,
                    cancel_requested: false,
                    progress: 0.0,
                    has_failure: false,
                    add: add.clone(),
                    until: self.now + Duration::from_millis(add.delay),
                    settled: None,
                });
            }
            told.push(standing);
        }
        Some(told)
    }

    fn standing(&self, add: &Add) -> Standing {
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

    fn served(&self, types: &[usize], queue: Option<usize>) -> Vec<usize> {
        let serves = |job: &Job| types.contains(&job.add.kind) && queue.is_none_or(|queue| job.add.queue == queue);
        let waits = |job: &Job| job.status == Status::Pending && serves(job);
        (0..self.jobs.len()).filter(|index| waits(&self.jobs[*index])).collect()
    }

    pub(super) fn next_due(&self, types: &[usize], queue: Option<usize>) -> Option<Duration> {
        let due = self.served(types, queue).into_iter().map(|index| self.jobs[index].until).min()?;
        Some(due.saturating_sub(self.now))
    }

    pub(super) fn claim(
        &mut self,
        types: &[usize],
        queue: Option<usize>,
        max: usize,
        lease: Duration,
    ) -> Vec<LeaseRef> {
        let mut due = self.served(types, queue);
        due.retain(|index| self.jobs[*index].until <= self.now);
        due.sort_by_key(|index| (self.jobs[*index].add.priority, self.jobs[*index].until, *index));
        due.truncate(max);
        due.into_iter()
            .map(|index| {
                let job = &mut self.jobs[index];
                job.status = Status::Running;
                job.attempts += 1;
                job.lease += 1;
                job.until = self.now + lease;
                LeaseRef { id: job.id, lease: job.lease }
            })
            .collect()
    }

    fn job(&mut self, id: JobId) -> Option<&mut Job> {
        self.jobs.iter_mut().find(|job| job.id == id)
    }

    fn held(&mut self, lease: LeaseRef) -> Option<&mut Job> {
        self.job(lease.id).filter(|job| job.status == Status::Running && job.lease == lease.lease)
    }

    pub(super) fn finish(&mut self, lease: LeaseRef, end: End) -> Option<Status> {
        let now = self.now;
        let kind = std::mem::discriminant(&end);
        let Some(job) = self.held(lease) else {
            // `Retry` and `Failed` end an attempt in the same way.
            let same = |known| known == kind || (is_failure(end) && is_failed_kind(known));
            let job = self.job(lease.id)?;
            let known = job.settled.filter(|(number, known, _)| *number == lease.lease && same(*known));
            return known.map(|(.., status)| status);
        };
        match end {
            End::Completed => {
                job.progress = 1.0;
                job.end(Status::Completed, now);
            }
            End::Failed => job.end(Status::Failed, now),
            End::Timeout => job.end(Status::Timeout, now),
            End::Cancelled => job.end(Status::Cancelled, now),
            End::Retry(_) if job.cancel_requested => job.end(Status::Cancelled, now),
            End::Retry(after) => {
                job.wait(now + Duration::from_millis(after));
                job.has_failure = true;
            }
        }
        job.settled = Some((lease.lease, kind, job.status));
        Some(job.status)
    }

    pub(super) fn release(&mut self, lease: LeaseRef) -> Option<Status> {
        let now = self.now;
        let job = self.held(lease)?;
        job.give_back(now);
        Some(job.status)
    }

    pub(super) fn renew(&mut self, lease: LeaseRef, by: Duration) -> Option<bool> {
        let until = self.now + by;
        let job = self.held(lease)?;
        job.until = until;
        Some(job.cancel_requested)
    }

    pub(super) fn progress(&mut self, lease: LeaseRef, fraction: f64) -> bool {
        let job = self.held(lease);
        let held = job.is_some();
        job.into_iter().for_each(|job| job.progress = job.progress.max(fraction));
        held
    }

    pub(super) fn cancel(&mut self, id: JobId, owner: &str) -> Option<Status> {
        let now = self.now;
        let job = self.job(id).filter(|job| job.owner == owner)?;
        match job.status {
            Status::Pending => {
                job.cancel_requested = true;
                job.end(Status::Cancelled, now);
            }
            Status::Running => job.cancel_requested = true,
            _ => {}
        }
        Some(job.status)
    }

    pub(super) fn replay(&mut self, id: JobId, owner: &str, bound: usize) -> Replay {
        let (waiting, now) = (self.waiting(), self.now);
        let Some(index) = self.jobs.iter().position(|job| job.id == id && job.owner == owner) else {
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
        job.wait(now);
        (job.attempts, job.crashes, job.progress) = (0, 0, 0.0);
        (job.cancel_requested, job.has_failure, job.settled) = (false, false, None);
        Replay::Done
    }

    /// `None`: there is no such job. Else the status that forbids it, if one does.
    pub(super) fn remove(&mut self, id: JobId, owner: &str) -> Option<Option<Status>> {
        let status = self.job(id).filter(|job| job.owner == owner)?.status;
        if !status.is_final() {
            return Some(Some(status));
        }
        self.jobs.retain(|job| job.id != id);
        Some(None)
    }

    pub(super) fn rescue(&mut self, max_crashes: u32) -> Vec<JobId> {
        let now = self.now;
        let lost = |job: &&mut Job| job.status == Status::Running && job.until <= now;
        self.jobs
            .iter_mut()
            .filter(lost)
            .map(|job| {
                job.crashes += 1;
                if job.crashes < max_crashes || job.cancel_requested {
                    job.give_back(now);
                } else {
                    job.attempts -= 1;
                    job.end(Status::Failed, now);
                }
                job.id
            })
            .collect()
    }

    pub(super) fn prune(&mut self) -> usize {
        let before = self.jobs.len();
        let now = self.now;
        self.jobs.retain(|job| !job.status.is_final() || job.until > now);
        before - self.jobs.len()
    }
}

fn is_failure(end: End) -> bool {
    matches!(end, End::Failed | End::Retry(_))
}

fn is_failed_kind(kind: std::mem::Discriminant<End>) -> bool {
    [std::mem::discriminant(&End::Failed), std::mem::discriminant(&End::Retry(0))].contains(&kind)
}
