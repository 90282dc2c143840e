//! What people ask for: cancel, replay, remove.

use rusqlite::params;

use super::{place::Place, row::Slot, transaction::Tx};
use crate::{
    job::{JobId, Scope, Status, Unique},
    store::{Bound, CancelReply, Removed, Replayed},
};

impl Tx<'_> {
    pub(super) fn request_cancel(&mut self, scope: &Scope, id: JobId) -> rusqlite::Result<Option<CancelReply>> {
        let Some(slot) = Slot::find_in(self.sql, scope, id)? else {
            return Ok(None);
        };
        let mut slot = slot.with_history(self.sql)?;
        let before = slot.record.status;
        match before {
            Status::Pending | Status::InputRequired => {
                slot.record.cancel_requested = true;
                self.end(&mut slot, Status::Cancelled, None);
                slot.save(self.sql)?;
            }
            Status::Running => {
                if !slot.record.cancel_requested {
                    slot.record.cancel_requested = true;
                    slot.save(self.sql)?;
                }
                self.news.changed.push(id);
                self.news.cancels.push(id);
            }
            _ => {}
        }
        Ok(Some(CancelReply { ended: slot.record.status != before, record: slot.record }))
    }

    pub(super) fn replay(&mut self, scope: &Scope, id: JobId, bound: Bound) -> rusqlite::Result<Replayed> {
        let Some(slot) = Slot::find_in(self.sql, scope, id)? else {
            return Ok(Replayed::NotFound);
        };
        let mut slot = slot.with_history(self.sql)?;
        if !slot.record.status.is_replayable() {
            return Ok(Replayed::NotReplayable(slot.record.status));
        }
        if let (Some(_), Some(hash)) = (slot.unique, &slot.args_hash) {
            let live = self.equal(slot.record.owner.as_str(), &slot.record.job_type, hash, Unique::Live)?;
            if let Some(live) = live {
                return Ok(Replayed::Duplicate(live.record.id));
            }
        }
        let depth = self.depth()?;
        if depth.waiting >= bound.max_pending {
            return Ok(Replayed::Full(depth));
        }
        self.remember_last(&slot)?;
        slot.settled = None;
        self.wait(&mut slot, 0);
        let record = &mut slot.record;
        record.attempts = 0;
        record.crashes = 0;
        record.progress = 0.0;
        record.progress_message = None;
        record.failure = None;
        record.cancel_requested = false;
        record.finished_at = None;
        record.expires_at = None;
        slot.save(self.sql)?;
        self.sql.prepare_cached("UPDATE job SET result = NULL WHERE seq = ?1")?.execute([slot.seq])?;
        self.sql.prepare_cached("DELETE FROM result WHERE seq = ?1")?.execute([slot.seq])?;
        Ok(Replayed::Done(Box::new(slot.record)))
    }

    pub(super) fn remove(&mut self, scope: &Scope, id: JobId) -> rusqlite::Result<Removed> {
        let Some(slot) = Slot::find_in(self.sql, scope, id)? else {
            return Ok(Removed::NotFound);
        };
        if !slot.record.status.is_final() {
            return Ok(Removed::NotEnded(slot.record.status));
        }
        self.forget(slot.seq, &slot.place, slot.record.status)?;
        Ok(Removed::Done)
    }

    /// Forgets a job in any status, with all that belongs to it.
    pub(super) fn forget(&mut self, seq: i64, place: &Place, status: Status) -> rusqlite::Result<()> {
        for sql in [
            "DELETE FROM job WHERE seq = ?1",
            "DELETE FROM args WHERE seq = ?1",
            "DELETE FROM result WHERE seq = ?1",
            "DELETE FROM attempt WHERE job = ?1",
            "DELETE FROM journal WHERE job = ?1",
        ] {
            self.sql.prepare_cached(sql)?.execute(params![seq])?;
        }
        self.count(place, status, -1);
        Ok(())
    }
}
