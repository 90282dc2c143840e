//! Jobs as rows.

use std::{sync::Arc, time::Duration};

use rusqlite::{Connection, OptionalExtension, Row, params, types::Type};
use uuid::Uuid;

use super::{
    clock::time,
    place::{Db, Place},
};
use crate::{
    job::{AttemptEnd, AttemptRecord, ErrorCode, Failure, JobId, JobRecord, Payload, Scope, Status, Unique},
    store::{Keeping, LeaseRef},
};

/// The columns that [`Slot::read`] reads, in its order.
pub(super) const COLUMNS: &str = "seq, id, place, status, until, lease, attempts, max_attempts, crashes, cancel_requested, \
    timeout, keep_result, keep_failure, schema, idempotency_key, args_hash, uniqueness, batch, batch_index, progress, \
    progress_message, error_code, error, created_at, started_at, finished_at, run_at, settled";

/// The column after them, where a statement adds a payload.
pub(super) const PAYLOAD: usize = 28;

/// Largest payload that is kept in the job's own row.
const MAX_INLINE: usize = 256;

/// A payload that is kept in the row, if it is small enough.
pub(super) fn inline(payload: &Payload) -> Option<&[u8]> {
    Some(payload.as_bytes()).filter(|bytes| bytes.len() <= MAX_INLINE)
}

/// A stored job without its payloads.
pub(super) struct Slot {
    pub(super) seq: i64,
    pub(super) place: Arc<Place>,
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

impl End {
    /// As one number, since a row is written anew with every step.
    pub(super) fn packed(self) -> i64 {
        (self.lease as i64) << 8 | (self.end as i64) << 4 | self.status as i64
    }

    fn read(packed: i64) -> Option<Self> {
        let place = |shift: u32| (packed >> shift & 0xF) as usize;
        Some(Self {
            lease: (packed >> 8) as u64,
            end: *AttemptEnd::ALL.get(place(4))?,
            status: *Status::ALL.get(place(0))?,
        })
    }
}

impl Slot {
    pub(super) fn read(db: &Db, row: &Row<'_>) -> rusqlite::Result<Self> {
        let place = db.place(row.get(2)?)?;
        let batch: Option<Vec<u8>> = row.get(17)?;
        let settled: Option<i64> = row.get(27)?;
        let mut record = JobRecord::new(
            id(row, 1)?,
            place.kind.clone(),
            place.owner.clone(),
            place.queue.clone(),
            place.priority,
            row.get(7)?,
            duration(row.get(10)?),
            time(row.get(23)?),
        );
        let keeping = Keeping {
            result: row.get::<_, Option<i64>>(11)?.map(duration),
            failure: row.get::<_, Option<i64>>(12)?.map(duration),
        };
        record.status = known(row, 3, &Status::ALL)?;
        record.lease = row.get::<_, i64>(5)? as u64;
        record.attempts = row.get(6)?;
        record.crashes = row.get(8)?;
        record.cancel_requested = row.get(9)?;
        record.idempotency_key = optional_text(row, 14)?;
        record.batch = match batch {
            Some(bytes) => Some((uuid(17, &bytes)?.into(), row.get(18)?)),
            None => None,
        };
        record.progress = row.get(19)?;
        record.progress_message = optional_text(row, 20)?;
        record.failure = failure(row, 21)?;
        record.started_at = row.get::<_, Option<i64>>(24)?.map(time);
        let finished: Option<i64> = row.get(25)?;
        record.finished_at = finished.map(time);
        record.expires_at = finished.and_then(|at| expiry(keeping, record.status, at));
        record.run_at = row.get::<_, Option<i64>>(26)?.map(time);
        Ok(Self {
            seq: row.get(0)?,
            place,
            until: row.get(4)?,
            keeping,
            schema: row.get::<_, i64>(13)? as u64,
            args_hash: row.get(15)?,
            unique: match row.get::<_, i64>(16)? {
                1 => Some(Unique::Live),
                2 => Some(Unique::Kept),
                _ => None,
            },
            settled: match settled {
                Some(packed) => Some(End::read(packed).ok_or_else(|| unknown(27, Type::Integer))?),
                None => None,
            },
            record,
        })
    }

    /// The job with this id.
    pub(super) fn find(db: &Db, id: JobId) -> rusqlite::Result<Option<Self>> {
        // Written out once: the statement is looked up by its text.
        static SQL: std::sync::LazyLock<String> =
            std::sync::LazyLock::new(|| format!("SELECT {COLUMNS} FROM job WHERE id = ?1"));
        db.prepare_cached(&SQL)?.query_row([id.as_uuid().as_bytes()], |row| Self::read(db, row)).optional()
    }

    /// The job with this id, where the scope includes it.
    pub(super) fn find_in(db: &Db, scope: &Scope, id: JobId) -> rusqlite::Result<Option<Self>> {
        Ok(Self::find(db, id)?.filter(|slot| scope.includes(slot.record.owner.as_str())))
    }

    /// The job that runs under this very lease.
    pub(super) fn held(db: &Db, lease: LeaseRef) -> rusqlite::Result<Option<Self>> {
        let holds = |slot: &Self| slot.record.status == Status::Running && slot.record.lease == lease.lease;
        Ok(Self::find(db, lease.id)?.filter(holds))
    }

    /// Reads how its attempts ended. One that cannot be read is told and left out: it keeps nobody from the job.
    pub(super) fn with_history(mut self, sql: &Connection) -> rusqlite::Result<Self> {
        // Before the first claim there is none.
        if self.record.lease > 0 {
            let mut statement = sql.prepare_cached(
                "SELECT lease, started_at, ended_at, ending, error_code, error FROM attempt WHERE job = ?1 ORDER BY lease",
            )?;
            let mut rows = statement.query([self.seq])?;
            let mut attempts = Vec::new();
            while let Some(row) = rows.next()? {
                match attempt(row) {
                    Ok(attempt) => attempts.push(attempt),
                    Err(error) => {
                        tracing::error!(job_id = %self.record.id, %error, "an attempt of a job cannot be read")
                    }
                }
            }
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
             run_at = ?14, settled = ?15 WHERE seq = ?1",
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
            settled.map(End::packed),
        ])
        .map(drop)
    }
}

/// When a job that ended `at` is forgotten, by the time of day.
fn expiry(keeping: Keeping, status: Status, at: i64) -> Option<chrono::DateTime<chrono::Utc>> {
    let keep = keeping.of(status).filter(|_| status.is_final()).map(micros)?;
    (keep < FOREVER).then(|| time(at.saturating_add(keep)))
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
