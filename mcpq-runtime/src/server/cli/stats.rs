//! `stats`: how full the queue is.

use super::{
    Failure, Outcome, Session,
    table::{columns, fields},
};
use crate::queue::Stats;

pub(super) async fn run(session: &Session) -> Result<Outcome, Failure> {
    let stats = session.shared("stats")?.stats().await?;
    let json = serde_json::to_value(&stats).unwrap_or_default();
    Ok(Outcome::new(json, describe(&stats)))
}

fn describe(stats: &Stats) -> String {
    let jobs = fields(
        "jobs",
        &[
            ("queued", format!("{} (room for {})", stats.queued, stats.queue_capacity)),
            ("running", stats.running.to_string()),
            ("waiting for an answer", stats.input_required.to_string()),
            ("failed or timed out", stats.dead.to_string()),
        ],
    );
    let head = ["QUEUE", "QUEUED", "RUNNING", "COMPLETED", "FAILED", "TIMEOUT", "CANCELLED", "WORKERS"]
        .map(str::to_owned)
        .to_vec();
    let rows = stats.queues.iter().map(|queue| {
        let jobs = [queue.queued, queue.running, queue.completed, queue.failed, queue.timeout, queue.cancelled];
        let counts = jobs.into_iter().chain([queue.workers]);
        std::iter::once(queue.queue.clone()).chain(counts.map(|count| count.to_string())).collect()
    });
    let rows: Vec<Vec<String>> = std::iter::once(head).chain(rows).collect();
    format!("{jobs}\n\n{}", columns(&rows))
}
