//! What must hold of a machine's file whatever was killed, frozen and stopped, once nothing runs any more.

use std::collections::{BTreeMap, HashMap, HashSet};

use anyhow::{Context, Result, ensure};
use mcpq::{
    AttemptEnd, JobId, JobRecord, Queue, Scope, Status,
    store::{ListFilter, Page, Store},
};

use super::machine::{Machine, Start, until};

/// What was seen.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) jobs: usize,
    pub(crate) starts: usize,
    pub(crate) crashes: usize,
    pub(crate) released: usize,
}

/// Waits until every job has ended.
pub(crate) async fn drained(queue: &Queue) {
    until("every job ends", async || {
        let stats = queue.stats().await.ok()?;
        (stats.queued + stats.running == 0).then_some(())
    })
    .await;
}

/// Checks the promises. `acknowledged` are the jobs whose submit was answered.
pub(crate) async fn check(machine: &Machine, acknowledged: &[JobId]) -> Result<Seen> {
    if machine.has_file() {
        is_whole(machine)?;
    }
    let store = machine.any_store().await;
    let store = &*store;
    let records = all(store).await?;
    let known: HashSet<JobId> = records.iter().map(|record| record.id).collect();
    for id in acknowledged {
        ensure!(known.contains(id), "job {id} was acknowledged and is lost");
    }
    let starts = machine.starts();
    let mut leases: HashMap<JobId, Vec<Start>> = HashMap::new();
    for start in &starts {
        ensure!(known.contains(&start.id), "a job was started that is not there: {start:?}");
        leases.entry(start.id).or_default().push(*start);
    }
    let mut seen = Seen { jobs: records.len(), starts: starts.len(), ..Seen::default() };
    for record in &records {
        let starts = leases.get(&record.id).map_or(&[][..], Vec::as_slice);
        holds(store, record, starts).await.with_context(|| format!("{record:?}, started as {starts:?}"))?;
        seen.crashes += record.crashes as usize;
        seen.released += ends(record, AttemptEnd::Released);
    }
    counts_are_right(store, &records).await?;
    Ok(seen)
}

/// The file is not damaged.
pub(crate) fn is_whole(machine: &Machine) -> Result<()> {
    let found: String = machine.sql().pragma_query_value(None, "integrity_check", |row| row.get(0))?;
    ensure!(found == "ok", "the file is damaged: {found}");
    Ok(())
}

async fn all(store: &dyn Store) -> Result<Vec<JobRecord>> {
    let mut records = Vec::new();
    let mut page = Page { limit: 500, cursor: None, offset: 0 };
    loop {
        let listing = store.list(&Scope::All, &ListFilter::default(), &page).await?;
        for record in &listing.jobs {
            // A listing may leave out the history.
            records.push(store.get(&Scope::All, record.id).await?.context("a listed job is not there")?);
        }
        match listing.next {
            Some(next) => page.cursor = Some(next),
            None => return Ok(records),
        }
    }
}

fn ends(record: &JobRecord, end: AttemptEnd) -> usize {
    record.history.iter().filter(|attempt| attempt.end == end).count()
}

/// One outcome, and a history that explains every count.
async fn holds(store: &dyn Store, record: &JobRecord, starts: &[Start]) -> Result<()> {
    ensure!(record.status.is_final(), "it has not ended");
    let (_, result) = store.get_result(&Scope::All, record.id).await?.context("it is gone")?;
    ensure!(result.is_some() == (record.status == Status::Completed), "its result does not fit its status");
    if let Some(lease) = result.and_then(|result| result.parse::<u64>().ok()) {
        ensure!(lease == record.lease, "the result is that of lease {lease}");
    }
    let leases: Vec<u64> = record.history.iter().map(|attempt| attempt.lease).collect();
    let expected: Vec<u64> = (1..=record.lease).collect();
    ensure!(leases == expected, "not every lease has one end");
    let last = record.history.last().map(|attempt| attempt.end);
    let never_started = record.status == Status::Cancelled;
    let fits = match record.status {
        Status::Completed => last == Some(AttemptEnd::Completed),
        Status::Failed => last.is_some(),
        Status::Timeout => last == Some(AttemptEnd::Timeout),
        _ => true,
    };
    ensure!(fits || never_started, "its last attempt does not explain its status");
    for end in [AttemptEnd::Completed, AttemptEnd::Cancelled] {
        ensure!(ends(record, end) <= 1, "two outcomes");
    }
    let (lost, released) = (ends(record, AttemptEnd::LeaseLost), ends(record, AttemptEnd::Released));
    ensure!(record.crashes as usize == lost, "its crashes are not its lost leases");
    ensure!(record.attempts as usize == leases.len() - lost - released, "its attempts are not those that count");
    let mut once = HashSet::new();
    for start in starts {
        ensure!(once.insert(start.lease), "it was started twice under lease {}", start.lease);
        ensure!(leases.contains(&start.lease), "it was started under lease {}, which nobody had", start.lease);
        let charged = record
            .history
            .iter()
            .filter(|attempt| attempt.lease < start.lease)
            .filter(|attempt| !matches!(attempt.end, AttemptEnd::LeaseLost | AttemptEnd::Released));
        ensure!(start.attempt as usize == charged.count() + 1, "attempt {} is not its number", start.attempt);
    }
    Ok(())
}

/// The counts that are kept are those of the jobs.
async fn counts_are_right(store: &dyn Store, records: &[JobRecord]) -> Result<()> {
    let mut counted: BTreeMap<Status, usize> = BTreeMap::new();
    for mut counts in store.counts(&Scope::All).await? {
        for status in Status::ALL {
            *counted.entry(status).or_default() += *counts.of(status);
        }
    }
    for status in Status::ALL {
        let there = records.iter().filter(|record| record.status == status).count();
        ensure!(counted[&status] == there, "{} jobs are counted as {status}, {there} are", counted[&status]);
    }
    Ok(())
}
