//! Submitting: checked, bounded, stored, then acknowledged.

mod bulk;
#[cfg(feature = "postgres")]
mod joined;
mod typed;

use std::{io, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use serde_json::Value;

pub use bulk::JobBatch;
#[cfg(feature = "postgres")]
pub use joined::{PostgresQueue, SubmitIn};
pub use typed::Submit;

use super::{EventKind, JobEvent, JobHandle, Queue, QueueError};
use crate::{
    job::{ArgFault, ArgMap, JobId, JobRecord, Payload, Priority, canonical_hash},
    registry::JobType,
    store::{InsertReply, Inserted, Keeping, NewJob, RunAt},
    suggest,
};

/// Longest idempotency key, in bytes.
const MAX_KEY: usize = 200;

/// Longest delay of a submit: a year.
const MAX_DELAY: Duration = Duration::from_secs(366 * 24 * 3600);

/// What a submit may say beside type and arguments. Everything left out is the job type's own.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct SubmitOptions {
    /// How urgent the job is.
    pub priority: Option<Priority>,
    /// The queue it joins.
    pub queue: Option<String>,
    /// The caller's key for "the same request".
    pub idempotency_key: Option<String>,
    /// How long it waits before it is due.
    pub delay: Option<Duration>,
    /// When it is due; instead of `delay`.
    pub run_at: Option<DateTime<Utc>>,
    /// Longest run of one attempt; at most the job type's.
    pub timeout: Option<Duration>,
    /// Attempts after the first; at most the job type's.
    pub max_retries: Option<u32>,
}

/// A submit that was acknowledged.
#[derive(Clone, Debug)]
pub struct Submitted {
    /// The job's id.
    pub id: JobId,
    /// The job type's name.
    pub job_type: Arc<str>,
    /// The queue that it joined.
    pub queue: Arc<str>,
    /// The job that was there already and stands for the new one.
    pub existing: Option<Box<JobRecord>>,
}

impl Queue {
    /// Submits a job by name, as an agent does.
    ///
    /// # Errors
    /// Everything that [`QueueError`] names except a missing job. Nothing is stored then.
    pub async fn submit_json(
        &self,
        job_type: &str,
        args: ArgMap,
        options: SubmitOptions,
    ) -> Result<Submitted, QueueError> {
        let new = self.prepare(job_type, args, options)?;
        let (id, name, queue, event) = (new.id, new.job_type.clone(), new.queue.clone(), submitted(&new));
        let existing = self.stored(self.store().insert(vec![new], self.bound()).await?)?;
        if existing.is_none() {
            self.shared.events.emit(|| event);
            self.warn_unserved(&queue, &name);
        }
        let (id, queue) = existing.as_ref().map_or((id, queue), |record| (record.id, record.queue.clone()));
        Ok(Submitted { id, job_type: name, queue, existing })
    }

    /// The job that stands for the one that was to be stored, where there is one.
    fn stored(&self, reply: InsertReply) -> Result<Option<Box<JobRecord>>, QueueError> {
        match reply {
            InsertReply::Full(depth) => Err(self.full(depth)),
            InsertReply::Done(mut replies) => match replies.pop() {
                Some(Inserted::Conflict(existing)) => Err(QueueError::IdempotencyConflict { existing }),
                Some(Inserted::Existing(record)) => Ok(Some(record)),
                Some(Inserted::Created) | None => Ok(None),
            },
        }
    }

    /// A handle to a job that was submitted before, here or elsewhere.
    pub fn job(&self, id: JobId) -> JobHandle<Value> {
        JobHandle::new(self.clone(), id, false)
    }

    fn prepare(&self, job_type: &str, args: ArgMap, options: SubmitOptions) -> Result<NewJob, QueueError> {
        let registry = self.registry();
        let Some(job) = registry.get(job_type) else {
            return Err(self.unknown(job_type));
        };
        let name = if *job.name() == *job_type { job.shared_name() } else { fallback_name(job_type)? };
        check_size(&args, self.settings().max_args)?;
        let args = job.prepare(args).map_err(|faults| QueueError::InvalidArguments {
            job_type: job_type.to_owned(),
            faults,
            schema: job.input_schema().clone(),
        })?;
        let faults = self.option_faults(job, &options);
        if !faults.is_empty() {
            return Err(QueueError::Validation { faults });
        }
        let policy = job.policy();
        let key: Option<Arc<str>> = options.idempotency_key.map(Into::into);
        let max_retries = options.max_retries.unwrap_or(policy.max_retries);
        let bytes = serde_json::to_vec(&args).map_err(|error| QueueError::validation("/args", error.to_string()))?;
        Ok(NewJob {
            id: JobId::new(),
            job_type: name,
            owner: self.owner(),
            queue: options.queue.map_or_else(|| job.queue(), Into::into),
            priority: options.priority.unwrap_or(job.priority()),
            run_at: match (options.delay, options.run_at) {
                (Some(delay), _) => RunAt::After(delay),
                (None, Some(at)) => RunAt::At(at),
                (None, None) => RunAt::Now,
            },
            schema: job.schema_fingerprint(),
            args_hash: (key.is_some() || policy.unique.is_some()).then(|| canonical_hash(&args)),
            args: Payload::from_json_bytes(bytes),
            idempotency_key: key,
            unique: policy.unique,
            max_attempts: max_retries + 1,
            timeout: options.timeout.unwrap_or(policy.timeout),
            keeping: Keeping { result: policy.result_ttl, failure: policy.failure_ttl },
            batch: None,
        })
    }

    fn option_faults(&self, job: &JobType, options: &SubmitOptions) -> Vec<ArgFault> {
        let mut faults = Vec::new();
        let mut fault = |pointer: &str, message: String| faults.push(ArgFault::new(pointer, message));
        if let Some(queue) = &options.queue
            && !self.registry().queues().iter().any(|known| **known == **queue)
        {
            let known = self.registry().queues();
            fault(
                "/queue",
                format!("there is no queue `{}`; the queues are {}", suggest::quote(queue), suggest::list(known)),
            );
        }
        if let Some(key) = &options.idempotency_key
            && !(1..=MAX_KEY).contains(&key.len())
        {
            fault("/idempotency_key", format!("it must have 1 to {MAX_KEY} bytes, not {}", key.len()));
        }
        if options.delay.is_some_and(|delay| delay > MAX_DELAY) {
            fault("/delay_seconds", format!("it must not exceed a year ({} seconds)", MAX_DELAY.as_secs()));
        }
        if options.delay.is_some() && options.run_at.is_some() {
            fault("/run_at", "give either `delay_seconds` or `run_at`, not both".to_owned());
        }
        if options.run_at.is_some_and(|at| (at - Utc::now()).to_std().is_ok_and(|delay| delay > MAX_DELAY)) {
            fault("/run_at", "it must not lie more than a year ahead".to_owned());
        }
        let policy = job.policy();
        if let Some(timeout) = options.timeout {
            if timeout.is_zero() {
                fault("/timeout", "it must be more than 0".to_owned());
            } else if timeout > policy.timeout {
                let most = policy.timeout.as_secs_f64();
                fault("/timeout", format!("it may only lower the job's own timeout of {most} s"));
            }
        }
        if let Some(retries) = options.max_retries
            && retries > policy.max_retries
        {
            fault("/max_retries", format!("it may only lower the job's own {} retries", policy.max_retries));
        }
        faults
    }

    fn unknown(&self, job_type: &str) -> QueueError {
        let known: Vec<String> = self.registry().types().map(|job| job.name().to_owned()).collect();
        QueueError::UnknownJobType {
            name: suggest::quote(job_type),
            nearest: suggest::nearest(job_type, known.iter().map(String::as_str)).map(str::to_owned),
            known,
        }
    }
}

/// The event of a new job.
fn submitted(new: &NewJob) -> JobEvent {
    JobEvent {
        job_id: new.id,
        job_type: new.job_type.clone(),
        owner: new.owner.clone(),
        queue: new.queue.clone(),
        kind: EventKind::Submitted,
        attempt: 0,
        failure: None,
    }
}

/// A job type that only the fallback takes must still be a name that listings and logs can bear.
fn fallback_name(job_type: &str) -> Result<Arc<str>, QueueError> {
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if (1..=64).contains(&job_type.len()) && job_type.bytes().all(valid) {
        return Ok(job_type.into());
    }
    Err(QueueError::validation("/job_type", "it must be 1 to 64 ASCII letters, digits, `_` and `-`"))
}

/// Looked at before all else: checking huge arguments costs more than counting them.
fn check_size(args: &ArgMap, limit: usize) -> Result<(), QueueError> {
    struct Count(usize);
    impl io::Write for Count {
        fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
            self.0 += buf.len();
            Ok(buf.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    serde_json::to_writer(&mut count, args).map_err(|error| QueueError::validation("/args", error.to_string()))?;
    if count.0 > limit {
        return Err(QueueError::PayloadTooLarge { size: count.0, limit });
    }
    Ok(())
}
