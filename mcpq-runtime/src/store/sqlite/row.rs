//! Jobs as rows.

use std::{sync::Arc, time::Duration};

use rusqlite::{Connection, OptionalExtension, Row, params, types::Type};
use uuid::Uuid;

use super::clock::time;
use crate::{
    job::{
        AttemptEnd, AttemptRecord, ErrorCode, Failure, JobId, JobRecord, Owner, Payload, Priority, Scope, Status,
        Unique,
    },
    store::{Keeping, LeaseRef},
};

/// The columns that [`Slot::read`] reads, in its order.
pub(super) const COLUMNS: &str = "seq, id, owner, kind, queue, priority, status, until, lease, attempts, max_attempts, \
    crashes, cancel_requested, timeout, keep_result, keep_failure, schema, idempotency_key, args_hash, uniqueness, batch, \
    batch_index, progress, progress_message, error_code, error, created_at, started_at, finished_at, run_at, expires_at, \
    settled_lease, settled_end, settled_status";

/// The column after them, where a statement adds a payload.
pub(super) const PAYLOAD: usize = 34;

/// Largest payload that is kept in the job's own row.
const MAX_INLINE: usize = 256;

/// A payload that is kept in the row, if it is small enough.
pub(super) fn inline(payload: &Payload) -> Option<&[u8]> {
    Some(payload.as_bytes()).filter(|bytes| bytes.len() <= MAX_INLINE)
}

/// A stored job without its payloads.
pub(super) struct Slot {
    pub(super) seq: i64,
    /// Without its history.
    pub(super) record: JobRecord,
    /// The time that its status waits for.
    pub(super) until: i64,
    pub(super) keeping: Keeping,
    pub(super) schema: u64,
    pub(super) args_hash: Option<[u8; 32]>,
    pub(super) unique: Option<Unique>,
    pub(super) settled: Option<End>,
}

/// The last attempt whose end was recorded.
#[derive(Clone, Copy)]
pub(super) struct End {
    pub(super) lease: u64,
    pub(super) end: AttemptEnd,
    /// What became of the job by it.
    pub(super) status: Status,
}

impl Slot {
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let batch: Option<Vec<u8>> = row.get(20)?;
        let settled: Option<i64> = row.get(31)?;
        let mut record = JobRecord::new(
            id(row, 1)?,
            text(row, 3)?,
            Owner::new(text(row, 2)?),
            text(row, 4)?,
            known(row, 5, &Priority::ALL)?,
            row.get(10)?,
            duration(row.get(13)?),
            time(row.get(26)?),
        );
        record.status = known(row, 6, &Status::ALL)?;
        record.lease = row.get::<_, i64>(8)? as u64;
        record.attempts = row.get(9)?;
        record.crashes = row.get(11)?;
        record.cancel_requested = row.get(12)?;
        record.idempotency_key = optional_text(row, 17)?;
        record.batch = match batch {
            Some(bytes) => Some((uuid(20, &bytes)?.into(), row.get(21)?)),
            None => None,
        };
        record.progress = row.get(22)?;
        record.progress_message = optional_text(row, 23)?;
        record.failure = failure(row, 24)?;
        record.started_at = row.get::<_, Option<i64>>(27)?.map(time);
        record.finished_at = row.get::<_, Option<i64>>(28)?.map(time);
        record.run_at = row.get::<_, Option<i64>>(29)?.map(time);
        record.expires_at = row.get::<_, Option<i64>>(30)?.map(time);
        Ok(Self {
            seq: row.get(0)?,
            until: row.get(7)?,
            keeping: Keeping {
                result: row.get::<_, Option<i64>>(14)?.map(duration),
                failure: row.get::<_, Option<i64>>(15)?.map(duration),
            },
            schema: row.get::<_, i64>(16)? as u64,
            args_hash: row.get(18)?,
            unique: match row.get::<_, i64>(19)? {
                1 => Some(Unique::Live),
                2 => Some(Unique::Kept),
                _ => None,
            },
            settled: match settled {
                Some(lease) => Some(End {
                    lease: lease as u64,
                    end: known(row, 32, &AttemptEnd::ALL)?,
                    status: known(row, 33, &Status::ALL)?,
                }),
                None => None,
            },
            record,
        })
    }

    /// The job with this id.
    pub(super) fn find(sql: &Connection, id: JobId) -> rusqlite::Result<Option<Self>> {
        // Written out once: the statement is looked up by its text.
        static SQL: std::sync::LazyLock<String> =
            std::sync::LazyLock::new(|| format!("SELECT {COLUMNS} FROM job WHERE id = ?1"));
        sql.prepare_cached(&SQL)?.query_row([id.as_uuid().as_bytes()], Self::read).optional()
    }

    /// The job with this id, where the scope includes it.
    pub(super) fn find_in(sql: &Connection, scope: &Scope, id: JobId) -> rusqlite::Result<Option<Self>> {
        Ok(Self::find(sql, id)?.filter(|slot| scope.includes(slot.record.owner.as_str())))
    }

    /// The job that runs under this very lease.
    pub(super) fn held(sql: &Connection, lease: LeaseRef) -> rusqlite::Result<Option<Self>> {
        let holds = |slot: &Self| slot.record.status == Status::Running && slot.record.lease == lease.lease;
        Ok(Self::find(sql, lease.id)?.filter(holds))
    }

    /// Reads how its attempts ended.
    pub(super) fn with_history(mut self, sql: &Connection) -> rusqlite::Result<Self> {
        // Before the first claim there is none.
        if self.record.lease > 0 {
            let mut statement = sql.prepare_cached(
                "SELECT lease, started_at, ended_at, ending, error_code, error FROM attempt WHERE job = ?1 ORDER BY lease",
            )?;
            let attempts = statement.query_map([self.seq], attempt)?;
            let mut attempts = attempts.collect::<rusqlite::Result<Vec<AttemptRecord>>>()?;
            let last = self.last_attempt();
            attempts.extend(last.filter(|last| attempts.last().is_none_or(|known| known.lease != last.lease)));
            self.record.history = attempts.into();
        }
        Ok(self)
    }

    /// The attempt that ended the job, as the job's own row tells it: most jobs have no other.
    pub(super) fn last_attempt(&self) -> Option<AttemptRecord> {
        let record = &self.record;
        let End { lease, end, status } = self.settled?;
        if !status.is_final() || (lease, status) != (record.lease, record.status) {
            return None;
        }
        let ended_at = record.finished_at?;
        let started_at = record.started_at.unwrap_or(ended_at);
        Some(AttemptRecord { lease, started_at, ended_at, end, failure: record.failure.clone() })
    }

    /// Writes all that a change of its status may have changed.
    pub(super) fn save(&self, sql: &Connection) -> rusqlite::Result<()> {
        let Self { seq, record, until, settled, .. } = self;
        let micros = |at: Option<chrono::DateTime<chrono::Utc>>| at.map(|at| at.timestamp_micros());
        sql.prepare_cached(
            "UPDATE job SET status = ?2, until = ?3, lease = ?4, attempts = ?5, crashes = ?6, cancel_requested = ?7, \
             progress = ?8, progress_message = ?9, error_code = ?10, error = ?11, started_at = ?12, finished_at = ?13, \
             run_at = ?14, expires_at = ?15, settled_lease = ?16, settled_end = ?17, settled_status = ?18, \
             cancelling = ?19 WHERE seq = ?1",
        )?
        .execute(params![
            seq,
            record.status as i64,
            until,
            record.lease as i64,
            record.attempts,
            record.crashes,
            record.cancel_requested,
            record.progress,
            record.progress_message,
            record.failure.as_ref().map(|failure| failure.code.as_str()),
            record.failure.as_ref().map(|failure| &failure.message),
            micros(record.started_at),
            micros(record.finished_at),
            micros(record.run_at),
            micros(record.expires_at),
            settled.map(|end| end.lease as i64),
            settled.map(|end| end.end as i64),
            settled.map(|end| end.status as i64),
            record.cancel_requested && record.status == Status::Running,
        ])
        .map(drop)
    }
}

fn attempt(row: &Row<'_>) -> rusqlite::Result<AttemptRecord> {
    Ok(AttemptRecord {
        lease: row.get::<_, i64>(0)? as u64,
        started_at: time(row.get(1)?),
        ended_at: time(row.get(2)?),
        end: known(row, 3, &AttemptEnd::ALL)?,
        failure: failure(row, 4)?,
    })
}

/// A code and, in the next column, its message.
fn failure(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Arc<Failure>>> {
    let Some(code) = row.get::<_, Option<String>>(column)? else {
        return Ok(None);
    };
    let code: ErrorCode = code.parse().map_err(|()| unknown(column, Type::Text))?;
    let message: Option<String> = row.get(column + 1)?;
    Ok(Some(Arc::new(Failure::new(code, message.unwrap_or_default()))))
}

pub(super) fn id(row: &Row<'_>, column: usize) -> rusqlite::Result<JobId> {
    uuid(column, row.get_ref(column)?.as_blob()?).map(JobId::from)
}

fn uuid(column: usize, bytes: &[u8]) -> rusqlite::Result<Uuid> {
    Uuid::from_slice(bytes).map_err(|_| unknown(column, Type::Blob))
}

pub(super) fn text(row: &Row<'_>, column: usize) -> rusqlite::Result<Arc<str>> {
    Ok(row.get_ref(column)?.as_str()?.into())
}

fn optional_text(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Arc<str>>> {
    Ok(row.get_ref(column)?.as_str_or_null()?.map(Into::into))
}

pub(super) fn payload(row: &Row<'_>, column: usize) -> rusqlite::Result<Payload> {
    Ok(Payload::from_json_bytes(row.get_ref(column)?.as_blob()?))
}

pub(super) fn optional_payload(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Payload>> {
    Ok(row.get_ref(column)?.as_blob_or_null()?.map(Payload::from_json_bytes))
}

/// One of a fixed list, by its place there.
pub(super) fn known<T: Copy>(row: &Row<'_>, column: usize, all: &[T]) -> rusqlite::Result<T> {
    let place: usize = row.get::<_, i64>(column)?.try_into().unwrap_or(usize::MAX);
    all.get(place).copied().ok_or_else(|| unknown(column, Type::Integer))
}

/// A value that this version does not know: a newer one wrote it, or the file is damaged.
fn unknown(column: usize, kind: Type) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, kind, "the value is not known to this version of mcpq".into())
}

/// Far enough ahead to mean never, and safe to add to any time.
pub(super) const FOREVER: i64 = i64::MAX / 4;

/// A duration in microseconds; the longest there is stays the longest.
pub(super) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(FOREVER).min(FOREVER)
}

fn duration(micros: i64) -> Duration {
    if micros >= FOREVER { Duration::MAX } else { Duration::from_micros(micros.max(0) as u64) }
}
