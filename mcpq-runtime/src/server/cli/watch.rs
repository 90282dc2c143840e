//! `watch`: follows jobs as they run.

use std::{collections::HashMap, time::Duration};

use futures::future::try_join_all;
use serde_json::{Value, json};

use super::{End, Failure, Outcome, Session, args::Watch, end::FAILED, follow, screen::JobView, table::columns};
use crate::{
    job::{JobId, JobRecord, Status},
    mcp::answer,
    queue::Queue,
    server::StopSignal,
    store::{ListFilter, Page},
};

/// How often to look for jobs that have started.
const LOOK: Duration = Duration::from_secs(1);

pub(super) async fn run(session: &Session, watch: Watch) -> Result<Outcome, End> {
    let queue = session.shared("watch")?;
    let stop = StopSignal::listen()?;
    if watch.ids.is_empty() {
        return Ok(watch_running(session, &queue, &stop).await?);
    }
    let named = watch.ids.len() > 1;
    let all = watch.ids.iter().map(|id| follow::follow(&queue, *id, session.screen.job(named)));
    let records = tokio::select! {
        records = try_join_all(all) => records?,
        () = stop.received() => return Ok(Outcome { code: stop.exit_code().unwrap_or(FAILED), ..Outcome::nothing() }),
    };
    Ok(summary(&queue, &records).await)
}

/// How the jobs ended.
async fn summary(queue: &Queue, records: &[JobRecord]) -> Outcome {
    let mut jobs: Vec<Value> = Vec::with_capacity(records.len());
    for record in records {
        jobs.push(answer::job(queue, record).await.into());
    }
    let rows: Vec<_> = records
        .iter()
        .map(|record| vec![record.id.to_string(), record.job_type.to_string(), record.status.to_string()])
        .collect();
    let outcome = Outcome::new(json!({ "jobs": jobs }), columns(&rows));
    let complaints: Vec<String> = records.iter().filter_map(follow::complaint).collect();
    if complaints.is_empty() { outcome } else { outcome.complain(FAILED, complaints.join("\n")) }
}

/// Shows all jobs that run, until somebody has seen enough.
async fn watch_running(session: &Session, queue: &Queue, stop: &StopSignal) -> Result<Outcome, Failure> {
    let filter = ListFilter { status: Some(Status::Running), ..ListFilter::default() };
    let page = Page { limit: queue.settings().max_page_size, cursor: None, offset: 0 };
    let mut views: HashMap<JobId, JobView> = HashMap::new();
    session.screen.say("watching jobs that run; ctrl-c ends it");
    loop {
        let running = queue.list(&filter, &page).await?.jobs;
        views.retain(|id, _| running.iter().any(|record| record.id == *id));
        for record in &running {
            views.entry(record.id).or_insert_with(|| session.screen.job(true)).show(record);
        }
        tokio::select! {
            () = stop.received() => return Ok(Outcome::nothing()),
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}
