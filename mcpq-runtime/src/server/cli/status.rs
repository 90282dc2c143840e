//! `status`: one job, as it is now.

use super::{
    Failure, Outcome, Session,
    table::{activity, ago, fields, plain},
};
use crate::{
    job::{JobId, JobRecord, Status},
    mcp::answer,
};

pub(super) async fn run(session: &Session, id: JobId) -> Result<Outcome, Failure> {
    let queue = session.shared("status")?;
    let record = queue.status(id).await?;
    Ok(Outcome::new(answer::job(&queue, &record).await, describe(&record)))
}

/// The job in words.
pub(super) fn describe(record: &JobRecord) -> String {
    let mut shown = vec![("status", record.status.to_string())];
    if !record.status.is_final() {
        shown.push(("now", activity(record)));
    }
    if record.progress > 0.0 && record.status != Status::Completed {
        shown.push(("progress", format!("{:.0}%", record.progress * 100.0)));
    }
    if let Some(failure) = record.failure.as_ref().filter(|_| record.status.is_final()) {
        shown.push(("error", plain(&failure.to_string())));
    }
    shown.push(("attempts", format!("{} of {}", record.attempts, record.max_attempts)));
    if record.crashes > 0 {
        shown.push(("crashes", record.crashes.to_string()));
    }
    shown.push(("priority", record.priority.to_string()));
    shown.push(("queue", record.queue.to_string()));
    shown.push(("owner", plain(record.owner.as_str())));
    shown.push(("submitted", ago(record.created_at)));
    let times = [("started", record.started_at), ("ended", record.finished_at)];
    shown.extend(times.into_iter().filter_map(|(name, at)| Some((name, ago(at?)))));
    fields(&format!("{} {}", record.id, record.job_type), &shown)
}
