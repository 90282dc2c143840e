//! Follows a job to its end.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    Failure, Outcome,
    end::FAILED,
    screen::JobView,
    table::{activity, plain},
};
use crate::{
    job::{JobId, JobRecord, Payload, Status},
    mcp::answer,
    queue::{Queue, QueueError},
};

/// How long to wait for a change before looking again.
const LOOK: Duration = Duration::from_secs(3600);

/// Shows a job's progress until it has ended or asks for input, and returns it as it is then.
pub(super) async fn follow(queue: &Queue, id: JobId, mut view: JobView) -> Result<JobRecord, QueueError> {
    let mut watch = queue.watch(id);
    let mut record = queue.status(id).await?;
    loop {
        view.show(&record);
        if record.status.is_final() || record.status == Status::InputRequired {
            return Ok(record);
        }
        record = watch.changed_by(&record, Instant::now() + LOOK).await?;
    }
}

/// What came of a job.
pub(super) async fn outcome(queue: &Queue, id: JobId) -> Result<Outcome, Failure> {
    let (record, result) = queue.result(id).await?;
    let mut json = answer::job(queue, &record).await;
    answer::with_result(&mut json, &record, result.as_ref());
    let text = match record.status {
        Status::Completed => pretty(result.as_ref()),
        _ => String::new(),
    };
    let outcome = Outcome::new(json, text);
    Ok(match complaint(&record) {
        Some(complaint) => outcome.complain(FAILED, complaint),
        None => outcome,
    })
}

/// Why a job has no result.
pub(super) fn complaint(record: &JobRecord) -> Option<String> {
    let (id, job_type) = (record.id, &record.job_type);
    let failure = record.failure.as_ref().map(|failure| plain(&failure.to_string())).unwrap_or_default();
    let attempts = match record.attempts {
        0 | 1 => String::new(),
        more => format!(" after {more} attempts"),
    };
    Some(match record.status {
        Status::Completed => return None,
        Status::Failed => format!("job {id} ({job_type}) failed{attempts}: {failure}"),
        Status::Timeout => format!("job {id} ({job_type}) timed out{attempts}: {failure}"),
        Status::Cancelled => format!("job {id} ({job_type}) was cancelled"),
        Status::Pending | Status::Running | Status::InputRequired => {
            format!("job {id} ({job_type}) has no result yet: it is {}, {}", record.status, activity(record))
        }
    })
}

/// A result for people to read, in the order in which the job wrote it.
fn pretty(result: Option<&Payload>) -> String {
    let Some(result) = result else { return "null".to_owned() };
    let mut text = Vec::new();
    let mut writer = serde_json::Serializer::pretty(&mut text);
    match serde_transcode::transcode(&mut serde_json::Deserializer::from_slice(result.as_bytes()), &mut writer) {
        Ok(()) => String::from_utf8_lossy(&text).into_owned(),
        Err(_) => "null".to_owned(),
    }
}
