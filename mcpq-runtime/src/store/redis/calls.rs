//! Batches of jobs and of ends, as requests and their answers.

use super::{
    record::{record, record_and_schema},
    reply::{Reply, unknown},
    request::{self, Request, micros},
};
use crate::store::{
    Bound, ClaimRequest, Claimed, Depth, Finish, InsertReply, Inserted, NewJob, Outcome, RunAt, Settled, StoreError,
};

pub(super) fn insert(jobs: &[NewJob], bound: Bound) -> Request {
    let mut request = Request::to(&request::INSERT).size(bound.max_pending).size(jobs.len());
    for job in jobs {
        let (at, delay) = match job.run_at {
            RunAt::Now => (0u8, 0),
            RunAt::After(delay) => (1, micros(delay)),
            RunAt::At(time) => (2, u64::try_from(time.timestamp_micros()).unwrap_or(0).min(request::FOREVER)),
        };
        request = request
            .id(job.id)
            .bytes(&*job.job_type)
            .bytes(job.owner.as_str())
            .bytes(&*job.queue)
            .int(job.priority.rank())
            .int(at)
            .int(delay)
            .payload(&job.args)
            .int(job.schema)
            .optional(job.args_hash)
            .optional(job.idempotency_key.as_deref())
            .optional(job.unique.map(|unique| match unique {
                crate::job::Unique::Live => "1",
                crate::job::Unique::Kept => "2",
            }))
            .int(job.max_attempts)
            .duration(job.timeout)
            .optional(job.keeping.result.map(|keep| micros(keep).to_string()))
            .optional(job.keeping.failure.map(|keep| micros(keep).to_string()))
            .optional(job.batch.map(|(batch, _)| request::simple(batch)))
            .int(job.batch.map_or(0, |(_, place)| place));
    }
    request
}

pub(super) fn inserted(reply: Reply) -> Result<InsertReply, StoreError> {
    let mut parts = reply.list()?;
    let mut next = || parts.next().ok_or_else(unknown);
    match &*next()?.bytes()? {
        b"F" => Ok(InsertReply::Full(depth(next()?, next()?)?)),
        b"D" => Ok(InsertReply::Done(next()?.list()?.map(inserted_one).collect::<Result<_, _>>()?)),
        _ => Err(unknown()),
    }
}

pub(super) fn depth(waiting: Reply, running: Reply) -> Result<Depth, StoreError> {
    let size = |reply: Reply| Ok::<_, StoreError>(usize::try_from(reply.number::<i64>()?).unwrap_or(0));
    Ok(Depth { waiting: size(waiting)?, running: size(running)? })
}

fn inserted_one(reply: Reply) -> Result<Inserted, StoreError> {
    let mut parts = reply.list()?;
    let mut next = || parts.next().ok_or_else(unknown);
    Ok(match &*next()?.bytes()? {
        b"C" => Inserted::Created,
        b"X" => Inserted::Conflict(next()?.id()?),
        b"E" => {
            next()?;
            Inserted::Existing(Box::new(record(next()?)?))
        }
        _ => return Err(unknown()),
    })
}

/// Adds what is to be claimed.
pub(super) fn claim(request: Request, claim: &ClaimRequest, most: usize) -> Request {
    request.size(most).duration(claim.lease).selection(&claim.selection)
}

pub(super) fn claimed(reply: Reply) -> Result<Vec<Claimed>, StoreError> {
    reply
        .list()?
        .map(|claimed| {
            let [job, args] = claimed.parts()?;
            let (record, schema) = record_and_schema(job)?;
            Ok(Claimed { record, args: args.payload()?, schema })
        })
        .collect()
}

/// Adds how attempts ended.
pub(super) fn finish(request: Request, finishes: &[Finish]) -> Request {
    let mut request = request.size(finishes.len());
    for Finish { lease, outcome, progress } in finishes {
        let none = &b""[..];
        let (kind, result, failure, delay, shown) = match outcome {
            Outcome::Completed(result) => ("C", result.as_bytes(), None, 0, None),
            Outcome::Failed(failure) => ("F", none, Some(failure), 0, None),
            Outcome::Timeout(failure) => ("T", none, Some(failure), 0, None),
            Outcome::Cancelled => ("X", none, None, 0, None),
            Outcome::Retry { after, attempt, failure, .. } => ("R", none, Some(attempt), micros(*after), Some(failure)),
        };
        request = request.lease(*lease).int(outcome.end() as u8).bytes(kind);
        request = self::progress(request, progress).bytes(result);
        let told = |failure: Option<&crate::job::Failure>| match failure {
            Some(failure) => (failure.code.as_str(), failure.message.clone()),
            None => ("", String::new()),
        };
        let ((code, message), (shown_code, shown)) = (told(failure), told(shown));
        request = request.bytes(code).bytes(message).int(delay).bytes(shown_code).bytes(shown);
    }
    request
}

/// Adds progress: written so that it comes back to the last digit.
pub(super) fn progress(request: Request, update: &crate::inject::ProgressUpdate) -> Request {
    request.bytes(format!("{:e}", update.fraction)).optional(update.message.as_deref())
}

pub(super) fn settled(reply: Reply) -> Result<Vec<Settled>, StoreError> {
    reply.list()?.map(settled_one).collect()
}

pub(super) fn settled_one(reply: Reply) -> Result<Settled, StoreError> {
    Ok(match reply.some() {
        Some(status) => Settled::Accepted(status.status()?),
        None => Settled::Stale,
    })
}
