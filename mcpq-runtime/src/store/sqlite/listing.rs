//! What is only read: single jobs, pages, counts, and when the next job is due.

use std::{
    collections::{BinaryHeap, HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use rusqlite::{Connection, OptionalExtension, params};

use super::{
    claim, limits,
    place::{COUNTS, Db},
    row::{COLUMNS, Slot, optional_payload, text},
};
use crate::{
    job::{JobId, JobRecord, Payload, Scope, Status},
    store::{ListFilter, Listing, Page, QueueCounts, Selection},
};

/// Jobs of a batch that are counted at most.
const COUNTED: usize = 10_000;

/// Jobs of one shelf that are looked up at once.
const CHUNK: usize = 64;

pub(super) fn get(sql: &Db, scope: &Scope, id: JobId) -> rusqlite::Result<Option<JobRecord>> {
    let slot = Slot::find_in(sql, scope, id)?;
    slot.map(|slot| Ok(slot.with_history(sql)?.record)).transpose()
}

pub(super) fn get_result(sql: &Db, scope: &Scope, id: JobId) -> rusqlite::Result<Option<(JobRecord, Option<Payload>)>> {
    let Some(slot) = Slot::find_in(sql, scope, id)? else {
        return Ok(None);
    };
    let result = sql
        .prepare_cached("SELECT coalesce(result, (SELECT body FROM result WHERE seq = ?1)) FROM job WHERE seq = ?1")?
        .query_row([slot.seq], |row| optional_payload(row, 0))?;
    Ok(Some((slot.with_history(sql)?.record, result)))
}

pub(super) fn list(sql: &Db, scope: &Scope, filter: &ListFilter, page: &Page) -> rusqlite::Result<Listing> {
    let before = page.cursor.map_or(i64::MAX, |cursor| i64::try_from(cursor).unwrap_or(i64::MAX));
    let (found, total) = match filter.batch {
        Some(batch) => in_batch(sql, scope, filter, batch, before, page)?,
        None => on_shelves(sql, scope, filter, before, page)?,
    };
    let next = match found.get(page.limit) {
        Some(_) if page.limit > 0 => Some(found[page.limit - 1] as u64),
        _ => None,
    };
    let sql_of_one = format!("SELECT {COLUMNS} FROM job WHERE seq = ?1");
    let mut statement = sql.prepare_cached(&sql_of_one)?;
    let jobs = found
        .iter()
        .take(page.limit)
        .map(|seq| Ok(statement.query_row([seq], |row| Slot::read(sql, row))?.with_history(sql)?.record))
        .collect::<rusqlite::Result<_>>()?;
    let (total, total_is_minimum) = match filter.batch {
        Some(_) if total > COUNTED => (COUNTED, true),
        _ => (total, false),
    };
    Ok(Listing { jobs, total, total_is_minimum, next })
}

/// The numbers of a batch's jobs, newest first, one more than the page holds; and how many match.
fn in_batch(
    sql: &Db,
    scope: &Scope,
    filter: &ListFilter,
    batch: JobId,
    before: i64,
    page: &Page,
) -> rusqlite::Result<(Vec<i64>, usize)> {
    let mut statement = sql.prepare_cached(
        "SELECT seq FROM job INDEXED BY job_batch CROSS JOIN place ON place.number = job.place WHERE batch = ?1 \
         AND (?2 IS NULL OR owner = ?2) AND (?3 IS NULL OR status = ?3) AND (?4 IS NULL OR kind = ?4) \
         AND (?5 IS NULL OR queue = ?5) AND seq < ?6 ORDER BY seq DESC LIMIT ?7 OFFSET ?8",
    )?;
    let batch = batch.as_uuid().as_bytes();
    let (owner, status) = (owner_of(scope), filter.status.map(|status| status as i64));
    let mut find = |before: i64, limit: usize, offset: usize| -> rusqlite::Result<Vec<i64>> {
        let most = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let (limit, offset) = (most(limit), most(offset));
        statement
            .query_map(params![batch, owner, status, filter.job_type, filter.queue, before, limit, offset], |row| {
                row.get(0)
            })?
            .collect()
    };
    let found = find(before, page.limit.saturating_add(1), page.offset)?;
    // A batch is counted by walking it.
    Ok((found, find(i64::MAX, COUNTED + 1, 0)?.len()))
}

/// The jobs of one place with one status.
struct Shelf {
    place: i64,
    status: Status,
    jobs: usize,
}

/// The numbers of matching jobs, newest first, one more than the page holds; and how many match. Merges the shelves, so
/// that jobs which do not match cost nothing.
fn on_shelves(
    sql: &Connection,
    scope: &Scope,
    filter: &ListFilter,
    before: i64,
    page: &Page,
) -> rusqlite::Result<(Vec<i64>, usize)> {
    let shelves = shelves(sql, scope, filter)?;
    let total = shelves.iter().map(|shelf| shelf.jobs).sum();
    if *scope == Scope::All && filter.status.is_none() && filter.job_type.is_none() && filter.queue.is_none() {
        let mut statement =
            sql.prepare_cached("SELECT seq FROM job WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2 OFFSET ?3")?;
        let most = i64::try_from(page.limit.saturating_add(1)).unwrap_or(i64::MAX);
        let window = params![before, most, i64::try_from(page.offset).unwrap_or(i64::MAX)];
        let found = statement.query_map(window, |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        return Ok((found, total));
    }
    let mut fetched: Vec<VecDeque<i64>> = Vec::with_capacity(shelves.len());
    let mut heads = BinaryHeap::new();
    let wanted = page.offset.saturating_add(page.limit).saturating_add(1);
    let chunk = wanted.min(CHUNK);
    for (index, shelf) in shelves.iter().enumerate() {
        let seqs = shelf.below(sql, before, chunk)?;
        heads.extend(seqs.front().map(|seq| (*seq, index)));
        fetched.push(seqs);
    }
    let mut found = Vec::new();
    let mut seen = 0;
    while seen < wanted
        && let Some((seq, index)) = heads.pop()
    {
        seen += 1;
        if seen > page.offset {
            found.push(seq);
        }
        fetched[index].pop_front();
        if fetched[index].is_empty() {
            fetched[index] = shelves[index].below(sql, seq, chunk)?;
        }
        heads.extend(fetched[index].front().map(|seq| (*seq, index)));
    }
    Ok((found, total))
}

fn shelves(sql: &Connection, scope: &Scope, filter: &ListFilter) -> rusqlite::Result<Vec<Shelf>> {
    let counts = COUNTS.join(", ");
    let all = format!(
        "SELECT number, {counts} FROM place INDEXED BY place_owner WHERE lane > 0 \
         AND (?2 IS NULL OR kind = ?2) AND (?3 IS NULL OR queue = ?3)"
    );
    let (text_of_sql, owner) = match scope {
        Scope::All => (format!("{all} AND ?1 IS NULL"), None),
        Scope::Owner(owner) => (format!("{all} AND owner = ?1"), Some(owner.as_str())),
    };
    let mut statement = sql.prepare_cached(&text_of_sql)?;
    let mut rows = statement.query(params![owner, filter.job_type, filter.queue])?;
    let mut shelves = Vec::new();
    while let Some(row) = rows.next()? {
        for (column, status) in (1..).zip(Status::ALL) {
            let jobs = row.get::<_, i64>(column)?.max(0) as usize;
            if jobs > 0 && filter.status.is_none_or(|wanted| wanted == status) {
                shelves.push(Shelf { place: row.get(0)?, status, jobs });
            }
        }
    }
    Ok(shelves)
}

impl Shelf {
    /// The numbers of its newest jobs below one.
    fn below(&self, sql: &Connection, before: i64, most: usize) -> rusqlite::Result<VecDeque<i64>> {
        // Running jobs are few, and in no index of listings: claims and ends would have to keep it.
        let place = if self.status == Status::Running {
            "INDEXED BY job_time WHERE status <> 0 AND status = ?2 AND"
        } else {
            "INDEXED BY job_list WHERE status <> 1 AND status = ?2 AND"
        };
        let text = format!("SELECT seq FROM job {place} place = ?1 AND seq < ?3 ORDER BY seq DESC LIMIT ?4");
        sql.prepare_cached(&text)?
            .query_map(params![self.place, self.status as i64, before, most as i64], |row| row.get(0))?
            .collect()
    }
}

pub(super) fn counts(sql: &Connection, scope: &Scope) -> rusqlite::Result<Vec<QueueCounts>> {
    let of_whom = match scope {
        Scope::All => "INDEXED BY place_lane WHERE lane IS NULL AND ?1 IS NULL",
        Scope::Owner(_) => "INDEXED BY place_owner WHERE lane > 0 AND owner = ?1",
    };
    let sums = COUNTS.map(|count| format!("sum({count})")).join(", ");
    let mut statement = sql.prepare_cached(&format!("SELECT queue, {sums} FROM place {of_whom} GROUP BY queue"))?;
    let mut rows = statement.query([owner_of(scope)])?;
    let mut counts = Vec::new();
    while let Some(row) = rows.next()? {
        let mut one = QueueCounts { queue: text(row, 0)?, ..QueueCounts::default() };
        for (column, status) in (1..).zip(Status::ALL) {
            *one.of(status) += row.get::<_, i64>(column)?.max(0) as usize;
        }
        counts.push(one);
    }
    counts.sort_by(|a, b| a.queue.cmp(&b.queue));
    Ok(counts)
}

fn owner_of(scope: &Scope) -> Option<&str> {
    match scope {
        Scope::All => None,
        Scope::Owner(owner) => Some(owner.as_str()),
    }
}

/// How long until a job of the selection becomes due and may start.
pub(super) fn next_due(sql: &Connection, selection: &Selection, now: i64) -> rusqlite::Result<Option<Duration>> {
    let mut statement = sql.prepare_cached(
        "SELECT until FROM job INDEXED BY job_ready \
         WHERE status = 0 AND lane = ?1 ORDER BY until LIMIT 1",
    )?;
    let mut next: Option<i64> = None;
    let mut startable: HashMap<Arc<str>, Option<i64>> = HashMap::new();
    for lane in claim::lanes(sql, selection)? {
        let due: Option<i64> = statement.query_row([lane.number], |row| row.get(0)).optional()?;
        let Some(due) = due else { continue };
        if !startable.contains_key(&lane.kind) {
            startable.insert(lane.kind.clone(), when_startable(sql, selection, &lane.kind, now)?);
        }
        if let Some(startable) = startable[&lane.kind] {
            next = [next, Some(due.max(startable))].into_iter().flatten().min();
        }
    }
    Ok(next.map(|due| Duration::from_micros(due.saturating_sub(now).max(0) as u64)))
}

/// When a job of a type may start by time alone; `None` while only an end can make room.
fn when_startable(sql: &Connection, selection: &Selection, kind: &str, now: i64) -> rusqlite::Result<Option<i64>> {
    let Some(limits) = claim::limits_of(selection, kind) else {
        return Ok(Some(now));
    };
    if let Some(most) = limits.concurrency
        && limits::running(sql, kind)? >= most as usize
    {
        return Ok(None);
    }
    match &limits.rate {
        Some(rate) => Ok(Some(now + limits::Bucket::read(sql, kind, rate, now)?.wait(rate))),
        None => Ok(Some(now)),
    }
}
