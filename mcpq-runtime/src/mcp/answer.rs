//! Records and errors as agents read them: the only place that writes them.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use rmcp::model::{CallToolResult, ContentBlock, JsonObject};
use serde_json::{Map, Value, json};

use crate::{
    job::{ArgFault, JobRecord, Payload, Status},
    queue::{Queue, QueueError},
};

/// Most job types that an error lists.
const MAX_NAMED: usize = 100;

/// How soon to look again where nothing is known of the job's length.
const POLL: Duration = Duration::from_secs(2);

/// A job as `queue_status` shows it. Fields that say nothing are left out: agents pay for every word.
pub(crate) async fn job(queue: &Queue, record: &JobRecord) -> JsonObject {
    let mut view = summary(record);
    let mut set = |name: &str, value: Value| {
        view.insert(name.to_owned(), value);
    };
    set("max_attempts", record.max_attempts.into());
    if record.crashes > 0 {
        set("crashes", record.crashes.into());
    }
    set("created_at", time(record.created_at));
    if let Some(at) = record.started_at {
        set("started_at", time(at));
    }
    if let Some(at) = record.finished_at {
        set("finished_at", time(at));
    }
    if matches!(record.status, Status::Failed | Status::Timeout) && record.history.len() > 1 {
        set("attempt_errors", attempt_errors(record));
    }
    if record.cancel_requested && !record.status.is_final() {
        set("cancel_requested", true.into());
    }
    if !record.status.is_final() {
        let estimate = queue.estimate(record);
        if let Some(estimate) = estimate {
            set("estimated_seconds", rounded(estimate));
        }
        set("poll_after_ms", poll_after(record, estimate).into());
    }
    if record.status == Status::Pending && !queue.is_served(&record.queue, &record.job_type).await {
        let message = "No worker runs such jobs now; the job waits until one is started.";
        view.insert("message".to_owned(), message.into());
    }
    view
}

/// Why the last attempts of a job failed, oldest first.
fn attempt_errors(record: &JobRecord) -> Value {
    let skip = record.history.len().saturating_sub(10);
    let errors = record.history.iter().skip(skip).map(|attempt| {
        let failure = attempt.failure.as_ref();
        json!({
            "ended_at": time(attempt.ended_at),
            "end": attempt.end,
            "error": failure.map(|failure| crate::suggest::shorten(&failure.message, 300)),
        })
    });
    errors.collect()
}

/// A job as `queue_list` shows it.
pub(crate) fn summary(record: &JobRecord) -> JsonObject {
    let mut view = JsonObject::new();
    let mut set = |name: &str, value: Value| {
        view.insert(name.to_owned(), value);
    };
    set("job_id", record.id.to_string().into());
    set("job_type", (*record.job_type).into());
    set("status", record.status.as_str().into());
    set("priority", record.priority.as_str().into());
    set("progress", fraction(record.progress));
    set("attempts", record.attempts.into());
    if let Some(message) = &record.progress_message {
        set("progress_message", (**message).into());
    }
    if let Some(failure) = &record.failure {
        set("error", failure.message.as_str().into());
        set("error_code", failure.code.as_str().into());
    }
    if let Some(at) = record.run_at {
        set("run_at", time(at));
    }
    view
}

/// A job as one row of a listing: what it says is cut, so that a page stays readable.
pub(super) fn row(record: &JobRecord) -> JsonObject {
    let mut view = summary(record);
    for field in ["error", "progress_message"] {
        if let Some(Value::String(text)) = view.get_mut(field) {
            *text = crate::suggest::shorten(text, 200);
        }
    }
    view
}

/// Adds the result of a completed job.
pub(crate) fn with_result(view: &mut JsonObject, record: &JobRecord, result: Option<&Payload>) {
    if record.status == Status::Completed {
        let value = result.and_then(|payload| payload.parse::<Value>().ok()).unwrap_or(Value::Null);
        view.insert("result".to_owned(), value);
    }
}

/// How soon it makes sense to look again, in milliseconds.
pub(super) fn poll_after(record: &JobRecord, estimate: Option<Duration>) -> u64 {
    let until_due = record.run_at.and_then(|at| (at - Utc::now()).to_std().ok());
    let wait =
        estimate.map_or(POLL, |estimate| estimate / 2).clamp(Duration::from_millis(250), Duration::from_secs(15));
    u64::try_from(until_due.map_or(wait, |due| due.max(wait)).as_millis()).unwrap_or(u64::MAX)
}

/// A successful answer: structured, and the same JSON as text for hosts that show the model the text alone.
pub(super) fn success(view: JsonObject) -> CallToolResult {
    CallToolResult::structured(Value::Object(view))
}

/// A refusal. Text alone: some clients check structured content against the output schema even on errors.
pub(super) fn failure(error: &QueueError) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(failure_json(error).to_string())])
}

/// A refusal as JSON.
pub(crate) fn failure_json(error: &QueueError) -> Value {
    let mut body = Map::new();
    body.insert("code".into(), error.code().into());
    body.insert("message".into(), error.to_string().into());
    body.insert("retryable".into(), error.is_retryable().into());
    if let Some(suggestion) = error.suggestion() {
        body.insert("suggestion".into(), suggestion.into());
    }
    if let Some(details) = details(error) {
        body.insert("details".into(), details);
    }
    json!({ "error": body })
}

fn details(error: &QueueError) -> Option<Value> {
    let seconds = |duration: Option<Duration>| duration.map(rounded);
    Some(match error {
        QueueError::Validation { faults } => faults_json(faults),
        QueueError::InvalidArguments { faults, job_type, .. } => {
            let mut details = faults_json(faults);
            details["job_type"] = job_type.as_str().into();
            details
        }
        QueueError::UnknownJobType { known, nearest, .. } => {
            json!({ "job_types": &known[..known.len().min(MAX_NAMED)], "did_you_mean": nearest })
        }
        QueueError::Full { waiting, running, limit, wait } => json!({
            "queued": waiting,
            "running": running,
            "limit": limit,
            "estimated_wait_seconds": seconds(*wait),
            "retry_after_seconds": seconds(error.retry_after()),
        }),
        QueueError::PayloadTooLarge { size, limit } => json!({ "size": size, "limit": limit }),
        QueueError::IdempotencyConflict { existing } => json!({ "job_id": existing }),
        QueueError::NotRetryable { status, .. } | QueueError::NotEnded { status, .. } => json!({ "status": status }),
        QueueError::EqualJobLive { live, .. } => json!({ "job_id": live }),
        QueueError::Store(_) => json!({ "retry_after_seconds": seconds(error.retry_after()) }),
        QueueError::JobNotFound { .. } | QueueError::Arguments(_) | QueueError::Internal => return None,
    })
}

/// By field, as readers of names expect, and by JSON pointer, which also finds what is nested.
fn faults_json(faults: &[ArgFault]) -> Value {
    let by_field: Map<String, Value> = faults
        .iter()
        .map(|fault| (fault.pointer.trim_start_matches('/').to_owned(), fault.message.as_str().into()))
        .collect();
    json!({ "field_errors": by_field, "faults": faults })
}

fn time(at: DateTime<Utc>) -> Value {
    at.to_rfc3339_opts(SecondsFormat::Millis, true).into()
}

/// Seconds to the tenth.
fn rounded(duration: Duration) -> Value {
    ((duration.as_secs_f64() * 10.0).round() / 10.0).into()
}

/// Progress to four places.
fn fraction(progress: f64) -> Value {
    ((progress * 10_000.0).round() / 10_000.0).into()
}
