//! What time brings: lost leases, unanswered questions, the end of keeping.

use std::sync::LazyLock;

use rusqlite::{Row, params};

use super::{
    place::Db,
    row::{COLUMNS, FOREVER, Slot},
    transaction::Tx,
};
use crate::{
    job::{AttemptEnd, ErrorCode, Failure, Status},
    store::Rescued,
};

impl Tx<'_> {
    pub(super) fn rescue(&mut self, max_crashes: u32, limit: usize) -> rusqlite::Result<Vec<Rescued>> {
        let lost = self.overdue(Status::Running, self.now.lease, limit)?;
        let parked = self.overdue(Status::InputRequired, self.now.due, limit - lost.len())?;
        let mut rescued = Vec::with_capacity(lost.len() + parked.len());
        for mut slot in lost {
            self.rescue_running(&mut slot, max_crashes)?;
            rescued.push(slot);
        }
        for mut slot in parked {
            let failure = Failure::new(ErrorCode::InputExpired, "nobody answered the job's question in time");
            self.end(&mut slot, Status::Failed, Some(failure.into()));
            rescued.push(slot);
        }
        self.news.ready |= !rescued.is_empty();
        rescued
            .into_iter()
            .map(|slot| {
                slot.save(self.sql)?;
                Ok(Rescued { record: slot.with_history(self.sql)?.record })
            })
            .collect()
    }

    /// The jobs with this status whose time is up, those first that have waited longest.
    fn overdue(&self, status: Status, now: i64, limit: usize) -> rusqlite::Result<Vec<Slot>> {
        static SQL: LazyLock<String> = LazyLock::new(|| {
            format!(
                "SELECT {COLUMNS} FROM job INDEXED BY job_time WHERE status = ?1 AND status <> 0 AND until <= ?2 \
                 ORDER BY until LIMIT ?3"
            )
        });
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut statement = self.sql.prepare_cached(&SQL)?;
        let rows = statement.query_map(params![status as i64, now, limit], |row| readable(self.sql, row))?;
        rows.filter_map(Result::transpose).collect()
    }

    fn rescue_running(&mut self, slot: &mut Slot, max_crashes: u32) -> rusqlite::Result<()> {
        self.remember(slot, AttemptEnd::LeaseLost, None)?;
        slot.record.crashes += 1;
        let record = &mut slot.record;
        if record.crashes < max_crashes || record.cancel_requested {
            self.give_back(slot);
            return Ok(());
        }
        record.attempts = record.attempts.saturating_sub(1);
        let failure = Failure::new(
            ErrorCode::WorkerLost,
            format!("its worker died or was cut off {} times while it ran", record.crashes),
        );
        self.end(slot, Status::Failed, Some(failure.into()));
        Ok(())
    }

    pub(super) fn prune(&mut self, limit: usize) -> rusqlite::Result<usize> {
        let mut slots = Vec::new();
        for status in Status::ALL.into_iter().filter(|status| status.is_final()) {
            // What is kept for ever has a time as well, far ahead.
            slots.extend(self.overdue(status, self.now.due.min(FOREVER - 1), limit - slots.len())?);
        }
        for slot in &slots {
            self.forget(slot.seq, &slot.place, slot.record.status)?;
        }
        Ok(slots.len())
    }
}

/// A row that cannot be read is told and left as it is: it must not keep the others from being looked after.
fn readable(db: &Db, row: &Row<'_>) -> rusqlite::Result<Option<Slot>> {
    match Slot::read(db, row) {
        Ok(slot) => Ok(Some(slot)),
        Err(error) => {
            let number: i64 = row.get(0)?;
            tracing::error!(number, %error, "a stored job cannot be read and is left as it is");
            Ok(None)
        }
    }
}
