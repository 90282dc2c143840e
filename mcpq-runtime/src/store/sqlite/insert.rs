//! New jobs.

use std::sync::{Arc, LazyLock};

use rusqlite::{OptionalExtension, params};

use super::{
    place::{Place, party},
    row::{COLUMNS, FOREVER, Slot, inline, micros},
    transaction::Tx,
};
use crate::{
    job::{Status, Unique},
    store::{Bound, InsertReply, Inserted, NewJob, RunAt},
};

impl Tx<'_> {
    pub(super) fn insert(&mut self, jobs: &[NewJob], bound: Bound) -> rusqlite::Result<InsertReply> {
        let mut replies = Vec::with_capacity(jobs.len());
        let mut created: Vec<(i64, Arc<Place>)> = Vec::new();
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
                for (seq, place) in created {
                    self.forget(seq, &place, Status::Pending)?;
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
                .prepare_cached(&format!("SELECT {COLUMNS} FROM job WHERE party = ?1 AND idempotency_key = ?2"))?
                .query_row(params![party(job.owner.as_str(), &job.job_type), key], |row| Slot::read(self.sql, row))
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
            .map(|slot| {
                // A repeated insert of a job that has ended meanwhile is answered as the first time.
                if slot.record.id == job.id || Slot::find(self.sql, job.id)?.is_some() {
                    return Ok(Inserted::Created);
                }
                Ok(Inserted::Existing(Box::new(slot.with_history(self.sql)?.record)))
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
                "SELECT {COLUMNS} FROM job INDEXED BY job_equal WHERE party = ?1 AND args_hash = ?2 AND status = ?3 \
                 AND uniqueness > 0 ORDER BY seq DESC LIMIT 1"
            )
        });
        let party = party(owner, kind);
        let mut statement = self.sql.prepare_cached(&SQL)?;
        let mut newest = |finals: bool| -> rusqlite::Result<Option<Slot>> {
            let mut newest: Option<Slot> = None;
            for status in Status::ALL.into_iter().filter(|status| status.is_final() == finals) {
                let found = statement
                    .query_row(params![party, hash, status as i64], |row| Slot::read(self.sql, row))
                    .optional()?;
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
    fn add(&mut self, job: &NewJob) -> rusqlite::Result<Option<(i64, Arc<Place>)>> {
        let delay = match job.run_at {
            RunAt::Now => 0,
            RunAt::After(delay) => micros(delay),
            RunAt::At(at) => at.timestamp_micros().saturating_sub(self.now.wall).clamp(0, FOREVER),
        };
        let place = self.place_of(job)?;
        let is_theirs = job.idempotency_key.is_some() || job.unique.is_some();
        let added = self
            .sql
            .prepare_cached(
                "INSERT INTO job (id, place, lane, status, until, max_attempts, timeout, keep_result, keep_failure, \
                 schema, idempotency_key, args_hash, party, uniqueness, batch, batch_index, created_at, run_at, args) \
                 VALUES (?1, ?2, ?3, 0, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18) \
                 ON CONFLICT (id) DO NOTHING",
            )?
            .execute(params![
                job.id.as_uuid().as_bytes(),
                place.number,
                place.lane,
                self.now.due.saturating_add(delay),
                job.max_attempts,
                micros(job.timeout),
                job.keeping.result.map(micros),
                job.keeping.failure.map(micros),
                job.schema as i64,
                job.idempotency_key,
                job.args_hash,
                is_theirs.then(|| party(job.owner.as_str(), &job.job_type)),
                match job.unique {
                    None => 0,
                    Some(Unique::Live) => 1,
                    Some(Unique::Kept) => 2,
                },
                job.batch.as_ref().map(|(id, _)| id.as_uuid().as_bytes()),
                job.batch.as_ref().map(|(_, index)| index),
                self.now.wall,
                (delay > 0).then(|| self.now.wall.saturating_add(delay)),
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
        self.count(&place, Status::Pending, 1);
        Ok(Some((seq, place)))
    }
}
