//! The changes of a job's status.

use std::{sync::Arc, time::Duration};

use super::table::{End, Table, equal_key, later, micros};
use crate::{
    inject::ProgressUpdate,
    job::{AttemptEnd, AttemptRecord, ErrorCode, Failure, JobId, JobRecord, Scope, Status},
    store::{
        Bound, CancelReply, ClaimRequest, Claimed, Finish, LeaseRef, Outcome, ProgressWrite, Renewed, Replayed,
        Rescued, Selection, Settled,
    },
};

/// Most attempts that a job's history keeps.
const MAX_HISTORY: usize = 128;

impl Table {
    pub(super) fn claim(&mut self, request: &ClaimRequest) -> Vec<Claimed> {
        let now = self.now();
        let wall = self.wall();
        let slots = self.lanes.claim(&request.selection, request.max, now, &mut self.loads);
        let until = now.saturating_add(micros(request.lease));
        slots
            .into_iter()
            .map(|slot| {
                self.leave_status(slot);
                let entry = &mut self.entries[slot];
                entry.until = until;
                let record = &mut entry.record;
                record.status = Status::Running;
                record.attempts += 1;
                record.lease += 1;
                record.started_at = Some(wall);
                record.run_at = None;
                let claimed = Claimed { record: record.clone(), args: entry.args.clone(), schema: entry.schema };
                self.enter_status(slot);
                claimed
            })
            .collect()
    }

    pub(super) fn next_due(&mut self, selection: &Selection) -> Option<Duration> {
        let now = self.now();
        let due = self.lanes.next_due(selection, now, &mut self.loads)?;
        Some(Duration::from_micros(due.saturating_sub(now)))
    }

    pub(super) fn take_freed(&mut self) -> bool {
        self.loads.take_freed()
    }

    pub(super) fn renew(&mut self, leases: &[LeaseRef], lease: Duration) -> Vec<Renewed> {
        let until = self.now().saturating_add(micros(lease));
        leases
            .iter()
            .map(|held| match self.held(*held) {
                Some(slot) => {
                    let entry = &mut self.entries[slot];
                    self.deadlines.remove(&(entry.until, slot));
                    entry.until = until;
                    self.deadlines.insert((until, slot));
                    Renewed::Kept { cancel_requested: entry.record.cancel_requested }
                }
                None => Renewed::Lost,
            })
            .collect()
    }

    pub(super) fn progress(&mut self, write: ProgressWrite) -> bool {
        let Some(slot) = self.held(write.lease) else {
            return false;
        };
        show(&mut self.entries[slot].record, write.update);
        true
    }

    pub(super) fn finish(&mut self, finish: Finish) -> Settled {
        let Finish { lease, outcome, progress } = finish;
        let end = outcome.end();
        let Some(slot) = self.held(lease) else {
            let repeated = self.slot(lease.id).and_then(|slot| self.entries[slot].settled);
            return match repeated.filter(|known| (known.lease, known.end) == (lease.lease, end)) {
                Some(known) => Settled::Accepted(known.status),
                None => Settled::Stale,
            };
        };
        show(&mut self.entries[slot].record, progress);
        let status = self.finish_held(slot, outcome, end);
        self.entries[slot].settled = Some(End { lease: lease.lease, end, status });
        Settled::Accepted(status)
    }

    fn finish_held(&mut self, slot: usize, outcome: Outcome, end: AttemptEnd) -> Status {
        match outcome {
            Outcome::Completed(result) => {
                self.keep_result(slot, result);
                self.entries[slot].record.progress = 1.0;
                self.end(slot, Status::Completed, None, end)
            }
            Outcome::Failed(failure) => self.end(slot, Status::Failed, Some(failure.into()), end),
            Outcome::Timeout(failure) => self.end(slot, Status::Timeout, Some(failure.into()), end),
            Outcome::Cancelled => self.end(slot, Status::Cancelled, None, end),
            Outcome::Retry { after, attempt, end, failure } => {
                self.remember(slot, end, Some(attempt.into()));
                if self.entries[slot].record.cancel_requested {
                    return self.end_unstarted(slot, Status::Cancelled, None);
                }
                self.entries[slot].record.failure = Some(failure.into());
                self.wait(slot, after)
            }
        }
    }

    pub(super) fn release(&mut self, lease: LeaseRef) -> Settled {
        let Some(slot) = self.held(lease) else {
            return Settled::Stale;
        };
        self.remember(slot, AttemptEnd::Released, None);
        Settled::Accepted(self.give_back(slot))
    }

    pub(super) fn request_cancel(&mut self, scope: &Scope, id: JobId) -> Option<CancelReply> {
        let slot = self.slot_in(scope, id)?;
        let before = self.entries[slot].record.status;
        match before {
            Status::Pending | Status::InputRequired => {
                self.entries[slot].record.cancel_requested = true;
                self.end_unstarted(slot, Status::Cancelled, None);
            }
            Status::Running => self.entries[slot].record.cancel_requested = true,
            _ => {}
        }
        let record = self.entries[slot].record.clone();
        Some(CancelReply { ended: record.status != before, record })
    }

    pub(super) fn replay(&mut self, scope: &Scope, id: JobId, bound: Bound) -> Replayed {
        let Some(slot) = self.slot_in(scope, id) else {
            return Replayed::NotFound;
        };
        let entry = &self.entries[slot];
        if !entry.record.status.is_replayable() {
            return Replayed::NotReplayable(entry.record.status);
        }
        let equal = equal_key(entry);
        let live = equal.as_ref().and_then(|equal| self.equals.get(equal)).map(|slot| &self.entries[*slot].record);
        if let Some(live) = live.filter(|record| !record.status.is_final()) {
            return Replayed::Duplicate(live.id);
        }
        if self.depth.waiting >= bound.max_pending {
            return Replayed::Full(self.depth);
        }
        if let Some(equal) = equal {
            self.equals.insert(equal, slot);
        }
        self.leave_status(slot);
        self.drop_result(slot);
        let now = self.now();
        let entry = &mut self.entries[slot];
        entry.settled = None;
        entry.until = now;
        let record = &mut entry.record;
        record.status = Status::Pending;
        record.attempts = 0;
        record.crashes = 0;
        record.progress = 0.0;
        record.progress_message = None;
        record.failure = None;
        record.cancel_requested = false;
        record.finished_at = None;
        record.expires_at = None;
        record.run_at = None;
        let record = Box::new(record.clone());
        self.enter_status(slot);
        Replayed::Done(record)
    }

    pub(super) fn rescue(&mut self, max_crashes: u32, limit: usize) -> Vec<Rescued> {
        let now = self.now();
        let due: Vec<usize> =
            self.deadlines.iter().take_while(|(until, _)| *until <= now).take(limit).map(|(_, slot)| *slot).collect();
        due.into_iter()
            .map(|slot| {
                if self.entries[slot].record.status == Status::InputRequired {
                    let failure = Failure::new(ErrorCode::InputExpired, "nobody answered the job's question in time");
                    self.end_unstarted(slot, Status::Failed, Some(failure.into()));
                } else {
                    self.rescue_running(slot, max_crashes);
                }
                Rescued { record: self.entries[slot].record.clone() }
            })
            .collect()
    }

    fn rescue_running(&mut self, slot: usize, max_crashes: u32) {
        self.remember(slot, AttemptEnd::LeaseLost, None);
        let record = &mut self.entries[slot].record;
        record.crashes += 1;
        if record.crashes < max_crashes || record.cancel_requested {
            self.give_back(slot);
            return;
        }
        record.attempts = record.attempts.saturating_sub(1);
        let failure = Failure::new(
            ErrorCode::WorkerLost,
            format!("its worker died or was cut off {} times while it ran", record.crashes),
        );
        self.end_unstarted(slot, Status::Failed, Some(failure.into()));
    }

    /// The slot of a job that runs under this very lease.
    pub(super) fn held(&self, lease: LeaseRef) -> Option<usize> {
        self.entries.find_running(lease.id).filter(|slot| self.entries[*slot].record.lease == lease.lease)
    }

    /// Returns a job to pending without charging the attempt, or ends it where somebody asked for that.
    pub(super) fn give_back(&mut self, slot: usize) -> Status {
        let record = &mut self.entries[slot].record;
        record.attempts = record.attempts.saturating_sub(1);
        if record.cancel_requested {
            return self.end_unstarted(slot, Status::Cancelled, None);
        }
        self.wait(slot, Duration::ZERO)
    }

    /// Makes a job pending.
    pub(super) fn wait(&mut self, slot: usize, delay: Duration) -> Status {
        self.leave_status(slot);
        let until = self.now().saturating_add(micros(delay));
        let wall = self.wall();
        let entry = &mut self.entries[slot];
        entry.until = until;
        entry.record.status = Status::Pending;
        entry.record.run_at = (!delay.is_zero()).then(|| later(wall, delay));
        self.enter_status(slot);
        Status::Pending
    }

    /// Ends a job with the attempt that runs.
    fn end(&mut self, slot: usize, status: Status, failure: Option<Arc<Failure>>, end: AttemptEnd) -> Status {
        self.remember(slot, end, failure.clone());
        self.end_unstarted(slot, status, failure)
    }

    /// Ends a job, leaving its history as it is.
    pub(super) fn end_unstarted(&mut self, slot: usize, status: Status, failure: Option<Arc<Failure>>) -> Status {
        self.leave_status(slot);
        let now = self.now();
        let wall = self.wall();
        let entry = &mut self.entries[slot];
        let keep = entry.keeping.of(status);
        entry.until = keep.map_or(u64::MAX, |keep| now.saturating_add(micros(keep)));
        let record = &mut entry.record;
        record.status = status;
        record.failure = failure;
        record.run_at = None;
        record.finished_at = Some(wall);
        record.expires_at = keep.map(|keep| later(wall, keep));
        self.enter_status(slot);
        self.make_room(0, Some(slot));
        status
    }

    /// Adds the running attempt to the job's history.
    pub(super) fn remember(&mut self, slot: usize, end: AttemptEnd, failure: Option<Arc<Failure>>) {
        let ended_at = self.wall();
        let record = &mut self.entries[slot].record;
        let attempt = AttemptRecord {
            lease: record.lease,
            started_at: record.started_at.unwrap_or(ended_at),
            ended_at,
            end,
            failure,
        };
        record.history = if record.history.is_empty() {
            Arc::new([attempt])
        } else {
            let skip = (record.history.len() + 1).saturating_sub(MAX_HISTORY);
            record.history.iter().skip(skip).cloned().chain([attempt]).collect()
        };
    }
}

/// Progress only grows, also across attempts that report from the start again.
fn show(record: &mut JobRecord, update: ProgressUpdate) {
    record.progress = record.progress.max(update.fraction);
    if update.message.is_some() {
        record.progress_message = update.message;
    }
}
