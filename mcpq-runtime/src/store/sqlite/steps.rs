//! What workers write: renewals, progress, ends. Each is guarded by (job id, lease).

use std::{sync::Arc, time::Duration};

use rusqlite::params;

use super::{
    clock::time,
    row::{End, FOREVER, Slot, inline, micros},
    transaction::{Held, Tx},
};
use crate::{
    inject::ProgressUpdate,
    job::{AttemptEnd, Failure, JobRecord, Payload, Status},
    store::{Finish, LeaseRef, Outcome, ProgressWrite, Renewed, Settled},
};

/// Most attempts that a job's history keeps. Every claim adds one, so old ones go by the number of their lease.
const MAX_HISTORY: u64 = 128;

impl Tx<'_> {
    pub(super) fn renew(&mut self, leases: &[LeaseRef], lease: Duration) -> rusqlite::Result<Vec<Renewed>> {
        let until = self.now.lease.saturating_add(micros(lease));
        let mut statement = self.sql.prepare_cached(
            "UPDATE job SET until = ?3 WHERE id = ?1 AND lease = ?2 AND status = 1 RETURNING cancel_requested",
        )?;
        leases
            .iter()
            .map(|held| {
                let mut rows = statement.query(params![held.id.as_uuid().as_bytes(), held.lease as i64, until])?;
                Ok(match rows.next()? {
                    Some(row) => {
                        let cancel_requested = row.get(0)?;
                        while rows.next()?.is_some() {}
                        Renewed::Kept { cancel_requested }
                    }
                    None => Renewed::Lost,
                })
            })
            .collect()
    }

    pub(super) fn progress(&mut self, writes: &[ProgressWrite]) -> rusqlite::Result<Vec<bool>> {
        let mut statement = self.sql.prepare_cached(
            "UPDATE job SET progress = max(progress, ?3), progress_message = coalesce(?4, progress_message) \
             WHERE id = ?1 AND lease = ?2 AND status = 1",
        )?;
        let mut held = Vec::with_capacity(writes.len());
        for ProgressWrite { lease, update } in writes {
            let fraction = if update.fraction.is_nan() { 0.0 } else { update.fraction };
            let id = lease.id.as_uuid().as_bytes();
            let changed = statement.execute(params![id, lease.lease as i64, fraction, update.message])?;
            if changed > 0 {
                self.news.changed.push(lease.id);
            }
            held.push(changed > 0);
        }
        Ok(held)
    }

    pub(super) fn finish_all(&mut self, finishes: &[Finish]) -> rusqlite::Result<Vec<Settled>> {
        finishes.iter().map(|finish| self.finish_one(finish)).collect()
    }

    fn finish_one(&mut self, finish: &Finish) -> rusqlite::Result<Settled> {
        let Finish { lease, outcome, progress } = finish;
        let end = outcome.end();
        if let Outcome::Completed(result) = outcome
            && self.complete(*lease, result, progress)?
        {
            return Ok(Settled::Accepted(Status::Completed));
        }
        let Some(mut slot) = Slot::find(self.sql, lease.id)? else {
            return Ok(Settled::Stale);
        };
        if slot.record.status != Status::Running || slot.record.lease != lease.lease {
            let repeated = slot.settled.filter(|known| (known.lease, known.end) == (lease.lease, end));
            return Ok(repeated.map_or(Settled::Stale, |known| Settled::Accepted(known.status)));
        }
        show(&mut slot.record, progress);
        let status = match outcome {
            Outcome::Completed(result) => {
                self.keep_result(slot.seq, result)?;
                slot.record.progress = 1.0;
                self.end(&mut slot, Status::Completed, None)
            }
            // The attempt that ends a job is told by the job's own row.
            Outcome::Failed(failure) => self.end(&mut slot, Status::Failed, Some(failure.clone().into())),
            Outcome::Timeout(failure) => self.end(&mut slot, Status::Timeout, Some(failure.clone().into())),
            Outcome::Cancelled => self.end(&mut slot, Status::Cancelled, None),
            Outcome::Retry { after, attempt, end, failure } => {
                self.remember(&slot, *end, Some(attempt))?;
                if slot.record.cancel_requested {
                    self.end(&mut slot, Status::Cancelled, None)
                } else {
                    slot.record.failure = Some(Arc::new(failure.clone()));
                    self.wait(&mut slot, micros(*after))
                }
            }
        };
        slot.settled = Some(End { lease: lease.lease, end, status });
        slot.save(self.sql)?;
        Ok(Settled::Accepted(status))
    }

    /// The short way for what happens most: this process claimed the job, still has it, and brings its result. `false`:
    /// it is not so simple.
    fn complete(&mut self, lease: LeaseRef, result: &Payload, progress: &ProgressUpdate) -> rusqlite::Result<bool> {
        let Some(Held { seq, place }) = self.local.held.remove(&lease.id) else {
            return Ok(false);
        };
        let changed = self
            .sql
            .prepare_cached(
                "UPDATE job SET status = 3, progress = 1.0, progress_message = coalesce(?6, progress_message), \
                 until = CASE WHEN keep_result < ?7 THEN ?4 + keep_result ELSE ?7 END, finished_at = ?5, \
                 run_at = NULL, error_code = NULL, error = NULL, settled = ?9, result = ?8 \
                 WHERE seq = ?1 AND id = ?2 AND lease = ?3 AND status = 1 AND cancel_requested = 0",
            )?
            .execute(params![
                seq,
                lease.id.as_uuid().as_bytes(),
                lease.lease as i64,
                self.now.due,
                self.now.wall,
                progress.message,
                FOREVER,
                inline(result),
                End { lease: lease.lease, end: AttemptEnd::Completed, status: Status::Completed }.packed(),
            ])?;
        if changed == 0 {
            return Ok(false);
        }
        if inline(result).is_none() {
            self.keep_apart(seq, result)?;
        }
        if self.local.full.remove(&place.kind) {
            self.news.ready = true;
        }
        self.count(&place, Status::Running, -1);
        self.count(&place, Status::Completed, 1);
        self.news.changed.push(lease.id);
        Ok(true)
    }

    pub(super) fn release_all(&mut self, leases: &[LeaseRef]) -> rusqlite::Result<Vec<Settled>> {
        leases
            .iter()
            .map(|lease| {
                let Some(mut slot) = Slot::held(self.sql, *lease)? else {
                    return Ok(Settled::Stale);
                };
                self.remember(&slot, AttemptEnd::Released, None)?;
                let status = self.give_back(&mut slot);
                slot.save(self.sql)?;
                Ok(Settled::Accepted(status))
            })
            .collect()
    }

    fn keep_result(&self, seq: i64, result: &Payload) -> rusqlite::Result<()> {
        self.sql.prepare_cached("UPDATE job SET result = ?2 WHERE seq = ?1")?.execute(params![seq, inline(result)])?;
        if inline(result).is_none() {
            self.keep_apart(seq, result)?;
        }
        Ok(())
    }

    fn keep_apart(&self, seq: i64, result: &Payload) -> rusqlite::Result<()> {
        self.sql
            .prepare_cached("INSERT OR REPLACE INTO result (seq, body) VALUES (?1, ?2)")?
            .execute(params![seq, result.as_bytes()])
            .map(drop)
    }

    /// Ends a job. The slot is to be saved.
    pub(super) fn end(&mut self, slot: &mut Slot, status: Status, failure: Option<Arc<Failure>>) -> Status {
        self.leave(slot);
        let keep = slot.keeping.of(status).map(micros).filter(|keep| *keep < FOREVER);
        slot.until = keep.map_or(FOREVER, |keep| self.now.due.saturating_add(keep));
        let record = &mut slot.record;
        record.status = status;
        record.failure = failure;
        record.run_at = None;
        record.finished_at = Some(time(self.now.wall));
        record.expires_at = keep.map(|keep| time(self.now.wall.saturating_add(keep)));
        self.enter(slot);
        status
    }

    /// Makes a job pending. The slot is to be saved.
    pub(super) fn wait(&mut self, slot: &mut Slot, delay: i64) -> Status {
        self.leave(slot);
        slot.until = self.now.due.saturating_add(delay);
        slot.record.status = Status::Pending;
        slot.record.run_at = (delay > 0).then(|| time(self.now.wall.saturating_add(delay)));
        self.enter(slot);
        self.news.ready = true;
        Status::Pending
    }

    /// Returns a job to pending without charging the attempt, or ends it where somebody asked for that. The slot is to
    /// be saved.
    pub(super) fn give_back(&mut self, slot: &mut Slot) -> Status {
        slot.record.attempts = slot.record.attempts.saturating_sub(1);
        if slot.record.cancel_requested {
            return self.end(slot, Status::Cancelled, None);
        }
        self.wait(slot, 0)
    }

    /// Brings the attempt that ended a job into its history, before its row tells of another.
    pub(super) fn remember_last(&self, slot: &Slot) -> rusqlite::Result<()> {
        let Some(last) = slot.last_attempt() else { return Ok(()) };
        self.sql
            .prepare_cached(
                "INSERT INTO attempt (job, lease, started_at, ended_at, ending, error_code, error) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
            )?
            .execute(params![
                slot.seq,
                last.lease as i64,
                last.started_at.timestamp_micros(),
                last.ended_at.timestamp_micros(),
                last.end as i64,
                last.failure.as_ref().map(|failure| failure.code.as_str()),
                last.failure.as_ref().map(|failure| &failure.message),
            ])
            .map(drop)
    }

    /// Adds the running attempt to the job's history.
    pub(super) fn remember(&self, slot: &Slot, end: AttemptEnd, failure: Option<&Failure>) -> rusqlite::Result<()> {
        let lease = slot.record.lease;
        let started = slot.record.started_at.map_or(self.now.wall, |at| at.timestamp_micros());
        self.sql
            .prepare_cached(
                "INSERT OR REPLACE INTO attempt (job, lease, started_at, ended_at, ending, error_code, error) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                slot.seq,
                lease as i64,
                started,
                self.now.wall,
                end as i64,
                failure.map(|failure| failure.code.as_str()),
                failure.map(|failure| &failure.message),
            ])?;
        if let Some(old) = lease.checked_sub(MAX_HISTORY) {
            self.sql
                .prepare_cached("DELETE FROM attempt WHERE job = ?1 AND lease <= ?2")?
                .execute(params![slot.seq, old as i64])?;
        }
        Ok(())
    }

    /// The job leaves its status.
    pub(super) fn leave(&mut self, slot: &Slot) {
        self.count(&slot.place, slot.record.status, -1);
        if slot.record.status == Status::Running {
            self.local.held.remove(&slot.record.id);
            self.news.ready |= self.local.full.remove(&slot.record.job_type);
        }
    }

    /// The job has its new status.
    pub(super) fn enter(&mut self, slot: &Slot) {
        self.count(&slot.place, slot.record.status, 1);
        self.news.changed.push(slot.record.id);
    }
}

/// Progress only grows, also across attempts that report from the start again.
fn show(record: &mut JobRecord, update: &ProgressUpdate) {
    record.progress = record.progress.max(update.fraction);
    if update.message.is_some() {
        record.progress_message.clone_from(&update.message);
    }
}
