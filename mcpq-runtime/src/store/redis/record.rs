//! Jobs as hashes.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};

use super::{
    reply::{Reply, known, unknown},
    request::FOREVER,
};
use crate::{
    job::{AttemptEnd, AttemptRecord, ErrorCode, Failure, JobRecord, Owner, Priority, Status},
    store::StoreError,
};

/// A job as a script answers it, and the fingerprint of its arguments' schema.
pub(super) fn record_and_schema(reply: Reply) -> Result<(JobRecord, u64), StoreError> {
    let [id, fields, history] = reply.parts()?;
    let mut record = JobRecord::new(
        id.id()?,
        "".into(),
        Owner::new(""),
        "".into(),
        Priority::Normal,
        0,
        Duration::ZERO,
        DateTime::<Utc>::MIN_UTC,
    );
    let (mut schema, mut until, mut batch, mut place) = (0, None, None, 0);
    let (mut code, mut message, mut settled) = (None, String::new(), None);
    let mut fields = fields.list()?;
    while let (Some(name), Some(value)) = (fields.next(), fields.next()) {
        match &*name.bytes()? {
            b"t" => record.job_type = value.shared()?,
            b"o" => record.owner = Owner::new(value.text()?),
            b"q" => record.queue = value.shared()?,
            b"p" => record.priority = known(&value.text()?, &Priority::ALL)?,
            b"s" => record.status = value.status()?,
            b"ik" => record.idempotency_key = Some(value.shared()?),
            b"b" => batch = Some(value.id()?),
            b"bi" => place = value.number()?,
            b"n" => record.attempts = value.number()?,
            b"ma" => record.max_attempts = value.number()?,
            b"c" => record.crashes = value.number()?,
            b"l" => record.lease = value.number()?,
            b"to" => record.timeout = duration(value.number()?),
            b"pr" => record.progress = value.number()?,
            b"pm" => record.progress_message = Some(value.shared()?),
            b"ec" => code = Some(value.text()?),
            b"em" => message = value.text()?,
            b"cr" => record.cancel_requested = true,
            b"ca" => record.created_at = time(value.number()?),
            b"st" => record.started_at = Some(time(value.number()?)),
            b"fi" => record.finished_at = Some(time(value.number()?)),
            b"ra" => record.run_at = Some(time(value.number()?)),
            b"un" => until = Some(time(value.number()?)),
            b"sc" => schema = value.number()?,
            b"se" => settled = Some(value.text()?),
            _ => {}
        }
    }
    record.batch = batch.map(|batch| (batch, place));
    record.failure = code.map(|code| failure(&code, message)).transpose()?;
    record.expires_at = until.filter(|_| record.status.is_final());
    let mut attempts = history.list()?.map(|line| attempt(&line.text()?)).collect::<Result<Vec<_>, _>>()?;
    let last = settled.map(|settled| last_attempt(&record, &settled)).transpose()?.flatten();
    attempts.extend(last.filter(|last| attempts.last().is_none_or(|known| known.lease != last.lease)));
    record.history = attempts.into();
    Ok((record, schema))
}

/// A job as a script answers it.
pub(super) fn record(reply: Reply) -> Result<JobRecord, StoreError> {
    Ok(record_and_schema(reply)?.0)
}

/// The attempt that ended the job, as the job itself tells it: most jobs have no other.
fn last_attempt(record: &JobRecord, settled: &str) -> Result<Option<AttemptRecord>, StoreError> {
    let parts: Vec<&str> = settled.split(':').collect();
    let [lease, end, status] = parts[..] else { return Err(unknown()) };
    let lease: u64 = lease.parse().map_err(|_| unknown())?;
    let status = known(status, &Status::ALL)?;
    if !status.is_final() || (lease, status) != (record.lease, record.status) {
        return Ok(None);
    }
    let Some(ended_at) = record.finished_at else { return Ok(None) };
    Ok(Some(AttemptRecord {
        lease,
        started_at: record.started_at.unwrap_or(ended_at),
        ended_at,
        end: known(end, &AttemptEnd::ALL)?,
        failure: record.failure.clone(),
    }))
}

/// One line of a history.
fn attempt(line: &str) -> Result<AttemptRecord, StoreError> {
    let parts: Vec<&str> = line.splitn(6, ' ').collect();
    let [lease, started, ended, end, code, message] = parts[..] else { return Err(unknown()) };
    let micros = |text: &str| text.parse().map(time).map_err(|_| unknown());
    Ok(AttemptRecord {
        lease: lease.parse().map_err(|_| unknown())?,
        started_at: micros(started)?,
        ended_at: micros(ended)?,
        end: known(end, &AttemptEnd::ALL)?,
        failure: if code == "-" { None } else { Some(failure(code, message.to_owned())?) },
    })
}

fn failure(code: &str, message: String) -> Result<Arc<Failure>, StoreError> {
    let code: ErrorCode = code.parse().map_err(|()| unknown())?;
    Ok(Arc::new(Failure::new(code, message)))
}

/// A time of day from its microseconds.
fn time(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// A duration from its microseconds; the longest is for ever.
pub(super) fn duration(micros: u64) -> Duration {
    if micros >= FOREVER { Duration::MAX } else { Duration::from_micros(micros) }
}
