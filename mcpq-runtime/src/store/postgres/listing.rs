//! What is only read: single jobs, pages, counts, and when the next job is due.

use std::{collections::HashMap, sync::Arc, time::Duration};

use sqlx::{AssertSqlSafe, Row, postgres::PgRow};

use super::{
    Inner,
    connections::{Repeat, query},
    error::Trouble,
    id::Id,
    row::{AFTER, HISTORY, HISTORY_COLUMNS, Slot, columns, optional_payload},
    text::{name, named},
};
use crate::{
    job::{AttemptRecord, JobId, JobRecord, Payload, Scope, Status},
    store::{ListFilter, Listing, Page, QueueCounts, Selection, StoreError},
};

/// The columns that count jobs, in the order of [`Status::ALL`].
const COUNTS: [&str; 7] = ["pending", "running", "parked", "completed", "failed", "timeout", "cancelled"];

impl Inner {
    pub(super) async fn get(&self, scope: &Scope, id: JobId) -> Result<Option<JobRecord>, StoreError> {
        let rows = self.connections.rows(Repeat::Always, || query(&self.sql.get).bind(Id::from(id))).await?;
        let record = rows.first().map(|row| record(row, 0)).transpose().map_err(Trouble::from)?;
        Ok(record.filter(|record| scope.includes(record.owner.as_str())))
    }

    pub(super) async fn get_result(
        &self,
        scope: &Scope,
        id: JobId,
    ) -> Result<Option<(JobRecord, Option<Payload>)>, StoreError> {
        let rows = self.connections.rows(Repeat::Always, || query(&self.sql.get_result).bind(Id::from(id))).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let record = record(row, 0).map_err(Trouble::from)?;
        let result = optional_payload(row, AFTER + 6).map_err(Trouble::from)?;
        Ok(Some((record, result)).filter(|(record, _)| scope.includes(record.owner.as_str())))
    }

    /// How the attempts of these jobs ended.
    pub(super) async fn histories(&self, ids: &[Id]) -> Result<HashMap<JobId, Arc<[AttemptRecord]>>, StoreError> {
        let rows = self.connections.rows(Repeat::Always, || query(&self.sql.histories).bind(ids)).await?;
        let read = |row: PgRow| record(&row, 0).map(|record| (record.id, record.history));
        Ok(rows.into_iter().map(read).collect::<sqlx::Result<_>>().map_err(Trouble::from)?)
    }

    pub(super) async fn list(&self, scope: &Scope, filter: &ListFilter, page: &Page) -> Result<Listing, StoreError> {
        let text = self.listing(scope, filter);
        let limit = i64::try_from(page.limit.saturating_add(1)).unwrap_or(i64::MAX);
        let offset = i64::try_from(page.offset).unwrap_or(i64::MAX);
        let before = page.cursor.map_or(i64::MAX, |cursor| i64::try_from(cursor).unwrap_or(i64::MAX));
        let owner = owner_of(scope);
        let ask = || {
            sqlx::query(AssertSqlSafe(text.clone()))
                .bind(before)
                .bind(limit)
                .bind(offset)
                .bind(limit.saturating_add(offset))
                .bind(owner.as_deref())
                .bind(filter.job_type.as_deref().map(name))
                .bind(filter.queue.as_deref().map(name))
                .bind(filter.status.map(|status| status as i16))
                .bind(filter.batch.map(Id::from))
        };
        let rows = self.connections.rows(Repeat::Always, ask).await?;
        read_page(&rows, page).map_err(|error| Trouble::from(error).into())
    }

    /// The statement of a listing. Shelves (owner, type, queue and status) are known from the counts and merged, so that
    /// jobs which do not match cost nothing; running jobs are few, and on no shelf.
    fn listing(&self, scope: &Scope, filter: &ListFilter) -> String {
        let mut filters = vec!["true"];
        filters.extend(matches!(scope, Scope::Owner(_)).then_some("c.owner = $5"));
        filters.extend(filter.job_type.as_ref().map(|_| "c.kind = $6"));
        filters.extend(filter.queue.as_ref().map(|_| "c.queue = $7"));
        let is_all = filters.len() == 1 && filter.status.is_none();
        let filters = filters.join(" AND ");
        let status = filter.status.map_or("true", |_| "c.status = $8");
        let counts = COUNTS.iter().enumerate().map(|(status, count)| format!("({status}, {count})"));
        let counts = counts.collect::<Vec<_>>().join(", ");
        let (shelves, page) = if filter.batch.is_some() {
            (
                format!("SELECT c.seq FROM {{schema}}.job c WHERE c.batch = $9 AND {filters} AND {status}"),
                "SELECT s.seq FROM shelf s WHERE s.seq < $1".to_owned(),
            )
        } else {
            let shelves = format!(
                "SELECT c.owner, c.kind, c.queue, c.status, sum(c.jobs) AS jobs FROM (\
                     SELECT c.owner, c.kind, c.queue, n.status::smallint AS status, n.jobs \
                     FROM {{schema}}.count_by_owner c CROSS JOIN LATERAL (VALUES {counts}) AS n(status, jobs) \
                     WHERE {filters}) c \
                 WHERE {status} GROUP BY c.owner, c.kind, c.queue, c.status HAVING sum(c.jobs) > 0"
            );
            let page = if is_all {
                "SELECT c.seq FROM {schema}.job c WHERE c.seq < $1".to_owned()
            } else {
                format!(
                    "SELECT f.seq FROM shelf s CROSS JOIN LATERAL (\
                         SELECT j.seq FROM {{schema}}.job j WHERE j.owner = s.owner AND j.kind = s.kind \
                         AND j.queue = s.queue AND j.status = s.status AND j.status <> 1 AND j.seq < $1 \
                         ORDER BY j.seq DESC LIMIT $4) f WHERE s.status <> 1 \
                     UNION ALL SELECT c.seq FROM {{schema}}.job c \
                     WHERE c.status = 1 AND {filters} AND {status} AND c.seq < $1"
                )
            };
            (shelves, page)
        };
        let total = if filter.batch.is_some() { "count(*)" } else { "coalesce(sum(s.jobs), 0)::bigint" };
        let text = format!(
            "WITH shelf AS MATERIALIZED ({shelves}), page AS MATERIALIZED (\
                 SELECT p.seq FROM ({page}) p ORDER BY p.seq DESC LIMIT $2 OFFSET $3), \
             told AS (SELECT {}, {HISTORY_COLUMNS} FROM page p JOIN {{schema}}.job j ON j.seq = p.seq {HISTORY}) \
             SELECT t.total, j.* FROM (SELECT {total} AS total FROM shelf s) t LEFT JOIN told j ON true \
             ORDER BY j.seq DESC",
            columns("j.")
        );
        text.replace("{schema}", &self.schema)
    }

    pub(super) async fn counts(&self, scope: &Scope) -> Result<Vec<QueueCounts>, StoreError> {
        let sums = COUNTS.map(|count| format!("sum({count})::bigint")).join(", ");
        let text = match scope {
            Scope::All => format!("SELECT queue, {sums} FROM {{schema}}.count_by_queue WHERE $1::text IS NULL"),
            Scope::Owner(_) => format!("SELECT queue, {sums} FROM {{schema}}.count_by_owner WHERE owner = $1"),
        };
        let text = format!("{text} GROUP BY queue ORDER BY queue");
        let owner = owner_of(scope);
        let rows = self.connections.rows(Repeat::Always, || self.sql(&text).bind(owner.as_deref())).await?;
        let mut counts = Vec::new();
        for row in rows {
            let count = || -> sqlx::Result<(QueueCounts, i64)> {
                let mut one = QueueCounts { queue: named(row.try_get(0)?), ..QueueCounts::default() };
                let mut all = 0;
                for (column, status) in (1..).zip(Status::ALL) {
                    let jobs = row.try_get::<i64, usize>(column)?.max(0);
                    *one.of(status) += jobs as usize;
                    all += jobs;
                }
                Ok((one, all))
            };
            let (one, all) = count().map_err(Trouble::from)?;
            // What counts nothing is on its way out.
            if all > 0 {
                counts.push(one);
            }
        }
        Ok(counts)
    }

    /// How long until a job of the selection becomes due and may start.
    pub(super) async fn next_due(&self, selection: &Selection) -> Result<Option<Duration>, StoreError> {
        let queues: Option<Vec<_>> = Some(&selection.queues)
            .filter(|queues| !queues.is_empty())
            .map(|queues| queues.iter().map(|queue| name(queue).into_owned()).collect());
        let kinds: Option<Vec<_>> =
            (!selection.any_type).then(|| selection.types.iter().map(|kind| name(&kind.name).into_owned()).collect());
        let limited: Vec<_> =
            selection.types.iter().filter(|kind| kind.concurrency.is_some() || kind.rate.is_some()).collect();
        let ask = || {
            query(&self.sql.next_due)
                .bind(queues.as_deref())
                .bind(kinds.as_deref())
                .bind(limited.iter().map(|kind| name(&kind.name).into_owned()).collect::<Vec<_>>())
                .bind(limited.iter().map(|kind| kind.concurrency.map(i64::from)).collect::<Vec<_>>())
                .bind(limited.iter().map(|kind| kind.rate.map(|rate| f64::from(rate.count))).collect::<Vec<_>>())
                .bind(
                    limited
                        .iter()
                        .map(|kind| kind.rate.map(|rate| rate.per.as_micros().max(1) as f64))
                        .collect::<Vec<_>>(),
                )
        };
        let rows = self.connections.rows(Repeat::Always, ask).await?;
        let wait: Option<i64> = match rows.first() {
            Some(row) => row.try_get(0).map_err(Trouble::from)?,
            None => None,
        };
        Ok(wait.map(|wait| Duration::from_micros(wait.max(0) as u64)))
    }
}

fn owner_of(scope: &Scope) -> Option<std::borrow::Cow<'_, str>> {
    match scope {
        Scope::All => None,
        Scope::Owner(owner) => Some(name(owner.as_str())),
    }
}

/// A record and its history behind it.
pub(super) fn record(row: &PgRow, at: usize) -> sqlx::Result<JobRecord> {
    Ok(Slot::read(row, at)?.with_history(row, at + AFTER)?.record)
}

fn read_page(rows: &[PgRow], page: &Page) -> sqlx::Result<Listing> {
    let mut listing = Listing { jobs: Vec::new(), total: 0, total_is_minimum: false, next: None };
    let mut last = None;
    let mut found = 0;
    for row in rows {
        listing.total = row.try_get::<i64, _>(0)?.max(0) as usize;
        let Some(seq) = row.try_get::<Option<i64>, _>(1)? else { continue };
        found += 1;
        if found > page.limit {
            listing.next = last;
            break;
        }
        last = Some(seq as u64);
        match record(row, 1) {
            Ok(record) => listing.jobs.push(record),
            Err(error) => tracing::error!(seq, %error, "a stored job cannot be read and is not listed"),
        }
    }
    Ok(listing)
}
