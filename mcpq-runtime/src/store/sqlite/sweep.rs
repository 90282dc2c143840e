//! What time brings: lost leases, unanswered questions, the end of keeping.

use std::{sync::LazyLock, time::Duration};

use rusqlite::{Error, Row, params};

use super::{
    row::{COLUMNS, FOREVER, Slot, micros},
    transaction::Tx,
};
use crate::{
    job::{AttemptEnd, ErrorCode, Failure, Status},
    store::Rescued,
};

/// How long a job that cannot be read is left alone.
const ASIDE: Duration = Duration::from_secs(3600);

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
        let read = |row: &Row<'_>| readable(row, |row| Slot::read(self.sql, row));
        let rows = statement.query_map(params![status as i64, now, limit], read)?;
        let (mut slots, mut unreadable) = (Vec::new(), Vec::new());
        for row in rows {
            match row? {
                Ok(slot) => slots.push(slot),
                Err(seq) => unreadable.push(seq),
            }
        }
        self.set_aside(&unreadable, now)?;
        Ok(slots)
    }

    /// Puts off what cannot be read, so that it is in nobody's way: a newer program may know it, or a person mend it.
    pub(super) fn set_aside(&self, unreadable: &[i64], now: i64) -> rusqlite::Result<()> {
        for seq in unreadable {
            self.sql
                .prepare_cached("UPDATE job SET until = ?2 WHERE seq = ?1")?
                .execute([*seq, now.saturating_add(micros(ASIDE))])?;
        }
        Ok(())
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

/// What is read of a job's row, or its number where it holds what this program does not know, which is told.
pub(super) fn readable<T>(
    row: &Row<'_>,
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Result<T, i64>> {
    match read(row) {
        Ok(read) => Ok(Ok(read)),
        // The database could not be read at all.
        Err(error @ Error::SqliteFailure(..)) => Err(error),
        Err(error) => {
            let number: i64 = row.get(0)?;
            tracing::error!(number, %error, "a stored job cannot be read; it is left as it is for an hour");
            Ok(Err(number))
        }
    }
}
