//! New jobs.

use std::sync::LazyLock;

use rusqlite::{OptionalExtension, params};

use super::{
    row::{COLUMNS, FOREVER, Slot, inline, micros},
    transaction::Tx,
};
use crate::{
    job::{JobRecord, Status, Unique},
    store::{Bound, InsertReply, Inserted, NewJob, RunAt},
};

impl Tx<'_> {
    pub(super) fn insert(&mut self, jobs: &[NewJob], bound: Bound) -> rusqlite::Result<InsertReply> {
        let mut replies = Vec::with_capacity(jobs.len());
        let mut created: Vec<(i64, JobRecord)> = Vec::new();
        for job in jobs {
            if let Some(standing) = self.standing(job)? {
                replies.push(standing);
                continue;
            }
            let depth = self.depth()?;
            if depth.waiting >= bound.max_pending {
                // One that is stored already needs no room.
                if Slot::find(self.sql, job.id)?.is_some() {
                    replies.push(Inserted::Created);
                    continue;
                }
                // Taken back one by one: other calls of this commit stay.
                for (seq, record) in created {
                    self.forget(seq, &record)?;
                }
                return Ok(InsertReply::Full(self.depth()?));
            }
            created.extend(self.add(job)?);
            replies.push(Inserted::Created);
        }
        self.news.ready |= !created.is_empty();
        Ok(InsertReply::Done(replies))
    }

    /// The stored job that stands for a new one.
    fn standing(&self, job: &NewJob) -> rusqlite::Result<Option<Inserted>> {
        if let Some(key) = &job.idempotency_key {
            let known = self
                .sql
                .prepare_cached(&format!(
                    "SELECT {COLUMNS} FROM job WHERE owner = ?1 AND kind = ?2 AND idempotency_key = ?3"
                ))?
                .query_row(params![job.owner.as_str(), job.job_type, key], Slot::read)
                .optional()?;
            if let Some(slot) = known {
                return Ok(Some(if slot.record.id == job.id {
                    Inserted::Created
                } else if slot.args_hash == job.args_hash {
                    Inserted::Existing(Box::new(slot.with_history(self.sql)?.record))
                } else {
                    Inserted::Conflict(slot.record.id)
                }));
            }
        }
        let (Some(unique), Some(hash)) = (job.unique, &job.args_hash) else {
            return Ok(None);
        };
        let equal = self.equal(job.owner.as_str(), &job.job_type, hash, unique)?;
        equal
            .map(|slot| match slot.record.id == job.id {
                true => Ok(Inserted::Created),
                false => Ok(Inserted::Existing(Box::new(slot.with_history(self.sql)?.record))),
            })
            .transpose()
    }

    /// The job of a `unique` type with these arguments: one that has not ended, else the newest that is kept.
    pub(super) fn equal(
        &self,
        owner: &str,
        kind: &str,
        hash: &[u8; 32],
        unique: Unique,
    ) -> rusqlite::Result<Option<Slot>> {
        static SQL: LazyLock<String> = LazyLock::new(|| {
            format!(
                "SELECT {COLUMNS} FROM job INDEXED BY job_equal WHERE owner = ?1 AND kind = ?2 AND args_hash = ?3 \
                 AND status = ?4 AND uniqueness > 0 ORDER BY seq DESC LIMIT 1"
            )
        });
        let mut statement = self.sql.prepare_cached(&SQL)?;
        let mut newest = |finals: bool| -> rusqlite::Result<Option<Slot>> {
            let mut newest: Option<Slot> = None;
            for status in Status::ALL.into_iter().filter(|status| status.is_final() == finals) {
                let found = statement.query_row(params![owner, kind, hash, status as i64], Slot::read).optional()?;
                newest = newest.into_iter().chain(found).max_by_key(|slot| slot.seq);
            }
            Ok(newest)
        };
        match newest(false)? {
            None if unique == Unique::Kept => newest(true),
            live => Ok(live),
        }
    }

    /// Stores a job, unless an earlier call has: its answer was lost, and the same id comes once more.
    fn add(&mut self, job: &NewJob) -> rusqlite::Result<Option<(i64, JobRecord)>> {
        let delay = match job.run_at {
            RunAt::Now => 0,
            RunAt::After(delay) => micros(delay),
            RunAt::At(at) => at.timestamp_micros().saturating_sub(self.now.wall).clamp(0, FOREVER),
        };
        let mut record = JobRecord::new(
            job.id,
            job.job_type.clone(),
            job.owner.clone(),
            job.queue.clone(),
            job.priority,
            job.max_attempts,
            job.timeout,
            super::clock::time(self.now.wall),
        );
        record.run_at = (delay > 0).then(|| super::clock::time(self.now.wall.saturating_add(delay)));
        let added = self
            .sql
            .prepare_cached(
                "INSERT INTO job (id, owner, kind, queue, priority, status, until, max_attempts, timeout, keep_result, \
                 keep_failure, schema, idempotency_key, args_hash, uniqueness, batch, batch_index, created_at, run_at, args) \
                 VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19) \
                 ON CONFLICT (id) DO NOTHING",
            )?
            .execute(params![
                job.id.as_uuid().as_bytes(),
                job.owner.as_str(),
                job.job_type,
                job.queue,
                job.priority.rank(),
                self.now.due.saturating_add(delay),
                job.max_attempts,
                micros(job.timeout),
                job.keeping.result.map(micros),
                job.keeping.failure.map(micros),
                job.schema as i64,
                job.idempotency_key,
                job.args_hash,
                match job.unique {
                    None => 0,
                    Some(Unique::Live) => 1,
                    Some(Unique::Kept) => 2,
                },
                job.batch.as_ref().map(|(id, _)| id.as_uuid().as_bytes()),
                job.batch.as_ref().map(|(_, index)| index),
                self.now.wall,
                record.run_at.map(|at| at.timestamp_micros()),
                inline(&job.args),
            ])?;
        if added == 0 {
            return Ok(None);
        }
        let seq = self.sql.last_insert_rowid();
        if inline(&job.args).is_none() {
            self.sql
                .prepare_cached("INSERT INTO args (seq, body) VALUES (?1, ?2)")?
                .execute(params![seq, job.args.as_bytes()])?;
        }
        self.count(&record, 1);
        Ok(Some((seq, record)))
    }
}
