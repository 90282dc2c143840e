//! Jobs as rows.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use sqlx::{Row, postgres::PgRow};

use super::{id::Id, text::named};
use crate::{
    job::{AttemptEnd, AttemptRecord, ErrorCode, Failure, JobRecord, Owner, Payload, Priority, Status, Unique},
    store::Keeping,
};

/// The columns that [`Slot::read`] reads, in its order, each behind a prefix.
pub(super) fn columns(prefix: &str) -> String {
    COLUMNS.map(|column| format!("{prefix}{column}")).join(", ")
}

const COLUMNS: [&str; 31] = [
    "seq",
    "id",
    "due",
    "lease",
    "timeout",
    "keep_result",
    "keep_failure",
    "schema",
    "max_attempts",
    "batch_index",
    "created_at",
    "started_at",
    "finished_at",
    "run_at",
    "settled",
    "progress",
    "batch",
    "attempts",
    "crashes",
    "status",
    "priority",
    "uniqueness",
    "cancel_requested",
    "owner",
    "kind",
    "queue",
    "idempotency_key",
    "args_hash",
    "progress_message",
    "error_code",
    "error",
];

/// The first column after them.
pub(super) const AFTER: usize = COLUMNS.len();

/// Joins the ended attempts of the job `j`, as arrays that [`Slot::with_history`] reads.
pub(super) const HISTORY: &str = "CROSS JOIN LATERAL (SELECT array_agg(a.lease ORDER BY a.lease) AS leases, \
    array_agg(a.started_at ORDER BY a.lease) AS starts, array_agg(a.ended_at ORDER BY a.lease) AS ends, \
    array_agg(a.ending ORDER BY a.lease) AS endings, array_agg(a.error_code ORDER BY a.lease) AS codes, \
    array_agg(a.error ORDER BY a.lease) AS errors FROM {schema}.attempt a WHERE a.id = j.id) h";

pub(super) const HISTORY_COLUMNS: &str = "h.leases, h.starts, h.ends, h.endings, h.codes, h.errors";

/// A stored job without its payloads.
pub(super) struct Slot {
    /// Without its history.
    pub(super) record: JobRecord,
    pub(super) due: i64,
    pub(super) keeping: Keeping,
    pub(super) schema: u64,
    pub(super) args_hash: Option<Vec<u8>>,
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

    pub(super) fn read(packed: i64) -> Option<Self> {
        let place = |shift: u32| (packed >> shift & 0xF) as usize;
        Some(Self {
            lease: (packed >> 8) as u64,
            end: *AttemptEnd::ALL.get(place(4))?,
            status: *Status::ALL.get(place(0))?,
        })
    }
}

impl Slot {
    /// Reads a job from the row's columns, from this one on.
    pub(super) fn read(row: &PgRow, at: usize) -> sqlx::Result<Self> {
        let int = |column: usize| row.try_get::<i64, _>(at + column);
        let optional = |column: usize| row.try_get::<Option<i64>, _>(at + column);
        let small = |column: usize| row.try_get::<i16, _>(at + column);
        let text = |column: usize| row.try_get::<&str, _>(at + column).map(named);
        let keeping = Keeping { result: optional(5)?.map(duration), failure: optional(6)?.map(duration) };
        let max_attempts = u32::try_from(int(8)?).unwrap_or(u32::MAX);
        let id: Id = row.try_get(at + 1)?;
        let mut record = JobRecord::new(
            id.into(),
            text(24)?,
            Owner::new(text(23)?),
            text(25)?,
            known(small(20)?, &Priority::ALL)?,
            max_attempts,
            duration(int(4)?),
            time(int(10)?),
        );
        record.status = known(small(19)?, &Status::ALL)?;
        record.lease = int(3)? as u64;
        record.attempts = row.try_get::<i32, _>(at + 17)? as u32;
        record.crashes = row.try_get::<i32, _>(at + 18)? as u32;
        record.cancel_requested = row.try_get(at + 22)?;
        record.idempotency_key = row.try_get::<Option<&str>, _>(at + 26)?.map(named);
        let batch: Option<Id> = row.try_get(at + 16)?;
        record.batch = match batch {
            Some(batch) => Some((batch.into(), u32::try_from(int(9)?).unwrap_or(u32::MAX))),
            None => None,
        };
        record.progress = row.try_get(at + 15)?;
        record.progress_message = row.try_get::<Option<&str>, _>(at + 28)?.map(Into::into);
        record.failure = failure(row.try_get(at + 29)?, row.try_get(at + 30)?)?;
        record.started_at = optional(11)?.map(time);
        let finished = optional(12)?;
        record.finished_at = finished.map(time);
        record.expires_at = finished.and_then(|at| expiry(keeping, record.status, at));
        record.run_at = optional(13)?.map(time);
        Ok(Self {
            due: int(2)?,
            keeping,
            schema: int(7)? as u64,
            args_hash: row.try_get(at + 27)?,
            unique: match small(21)? {
                1 => Some(Unique::Live),
                2 => Some(Unique::Kept),
                _ => None,
            },
            settled: match optional(14)? {
                Some(packed) => Some(End::read(packed).ok_or_else(unknown)?),
                None => None,
            },
            record,
        })
    }

    /// Reads how its attempts ended from the [`HISTORY_COLUMNS`].
    pub(super) fn with_history(mut self, row: &PgRow, at: usize) -> sqlx::Result<Self> {
        let Some(leases) = row.try_get::<Option<Vec<i64>>, _>(at)? else {
            self.record.history = self.last_attempt().into_iter().collect();
            return Ok(self);
        };
        let starts: Vec<i64> = row.try_get(at + 1)?;
        let ends: Vec<i64> = row.try_get(at + 2)?;
        let endings: Vec<i16> = row.try_get(at + 3)?;
        let codes: Vec<Option<String>> = row.try_get(at + 4)?;
        let errors: Vec<Option<String>> = row.try_get(at + 5)?;
        let rest = starts.into_iter().zip(ends).zip(endings).zip(codes).zip(errors);
        let attempts = leases.into_iter().zip(rest).map(|(lease, ((((start, end), ending), code), error))| {
            Ok(AttemptRecord {
                lease: lease as u64,
                started_at: time(start),
                ended_at: time(end),
                end: known(ending, &AttemptEnd::ALL)?,
                failure: failure(code.as_deref(), error.as_deref())?,
            })
        });
        self.set_history(attempts.collect::<sqlx::Result<_>>()?);
        Ok(self)
    }

    /// The attempts that are remembered, and the one that the job's own row tells of.
    fn set_history(&mut self, mut attempts: Vec<AttemptRecord>) {
        let last = self.last_attempt();
        attempts.extend(last.filter(|last| attempts.last().is_none_or(|known| known.lease != last.lease)));
        self.record.history = attempts.into();
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
}

/// When a job that ended `at` is forgotten.
pub(super) fn expiry(keeping: Keeping, status: Status, at: i64) -> Option<DateTime<Utc>> {
    let keep = keeping.of(status).filter(|_| status.is_final()).map(micros)?;
    (keep < FOREVER).then(|| time(at.saturating_add(keep)))
}

fn failure(code: Option<&str>, message: Option<&str>) -> sqlx::Result<Option<Arc<Failure>>> {
    let Some(code) = code else { return Ok(None) };
    let code: ErrorCode = code.parse().map_err(|()| unknown())?;
    Ok(Some(Arc::new(Failure::new(code, message.unwrap_or_default()))))
}

pub(super) fn payload(row: &PgRow, column: usize) -> sqlx::Result<Payload> {
    row.try_get::<&[u8], _>(column).map(Payload::from_json_bytes)
}

pub(super) fn optional_payload(row: &PgRow, column: usize) -> sqlx::Result<Option<Payload>> {
    Ok(row.try_get::<Option<&[u8]>, _>(column)?.map(Payload::from_json_bytes))
}

/// One of a fixed list, by its place there.
pub(super) fn known<T: Copy>(place: i16, all: &[T]) -> sqlx::Result<T> {
    usize::try_from(place).ok().and_then(|place| all.get(place).copied()).ok_or_else(unknown)
}

/// A value that this version does not know: a newer one wrote it, or a person.
pub(super) fn unknown() -> sqlx::Error {
    sqlx::Error::Decode("a stored value is not known to this version of mcpq".into())
}

/// Far enough ahead to mean never, and safe to add to any time.
pub(super) const FOREVER: i64 = i64::MAX / 4;

/// A duration in microseconds; the longest there is stays the longest.
pub(super) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(FOREVER).min(FOREVER)
}

pub(super) fn duration(micros: i64) -> Duration {
    if micros >= FOREVER { Duration::MAX } else { Duration::from_micros(micros.max(0) as u64) }
}

/// A time of day from its microseconds.
pub(super) fn time(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap_or(DateTime::<Utc>::MAX_UTC)
}
