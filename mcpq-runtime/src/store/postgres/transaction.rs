//! What happens to single jobs: read under a lock, changed and written in one transaction.

use std::sync::Arc;

use sqlx::{AssertSqlSafe, PgConnection, Postgres, Row, postgres::PgArguments, query::Query};

use super::{
    Inner,
    connections::{Lent, answer},
    error::Trouble,
    id::Id,
    news::News,
    row::{AFTER, End, FOREVER, HISTORY, HISTORY_COLUMNS, Slot, columns, expiry, micros, time},
    text::{name, said},
};
use crate::{
    job::{AttemptEnd, Failure, JobId, Scope, Status},
    store::{Depth, LeaseRef},
};

/// A transaction in the making. One that is dropped is taken back.
pub(super) struct Tx<'a> {
    pub(super) store: &'a Arc<Inner>,
    lent: Lent,
    /// The time of the database when it began.
    pub(super) now: i64,
    pub(super) news: News,
    changes: Vec<(Place, i64)>,
}

/// Owner, type, queue and status.
type Place = (String, String, String, i16);

impl Inner {
    /// A statement of this schema.
    pub(super) fn sql(&self, text: &str) -> Query<'static, Postgres, PgArguments> {
        let query = sqlx::query(AssertSqlSafe(text.replace("{schema}", &self.schema)));
        query.persistent(self.connections.keep_statements())
    }

    pub(super) async fn begin(self: &Arc<Self>) -> Result<Tx<'_>, Trouble> {
        let mut lent = self.connections.take().await?;
        answer(sqlx::raw_sql("BEGIN").execute(&mut *lent)).await??;
        Ok(Tx { store: self, lent, now: 0, news: News::default(), changes: Vec::new() })
    }
}

impl Tx<'_> {
    pub(super) fn connection(&mut self) -> &mut PgConnection {
        &mut self.lent
    }

    /// The job with this id, where the scope includes it, which is nobody else's until the end.
    pub(super) async fn find(&mut self, scope: &Scope, id: JobId) -> Result<Option<Slot>, Trouble> {
        let text = format!(
            "WITH j AS MATERIALIZED (SELECT * FROM {{schema}}.job WHERE id = $1 FOR UPDATE) \
             SELECT {}, {HISTORY_COLUMNS}, {{schema}}.micros() FROM j {HISTORY}",
            columns("j.")
        );
        let query = self.store.sql(&text).bind(Id::from(id));
        let row = answer(query.fetch_optional(self.connection())).await??;
        let Some(row) = row else { return Ok(None) };
        self.now = row.try_get(AFTER + 6)?;
        let slot = Slot::read(&row, 0)?.with_history(&row, AFTER)?;
        Ok(Some(slot).filter(|slot| scope.includes(slot.record.owner.as_str())))
    }

    /// The job that runs under this very lease.
    pub(super) async fn held(&mut self, lease: LeaseRef) -> Result<Option<Slot>, Trouble> {
        let holds = |slot: &Slot| slot.record.status == Status::Running && slot.record.lease == lease.lease;
        Ok(self.find(&Scope::All, lease.id).await?.filter(holds))
    }

    /// How full the store is, exactly: nobody adds anything until the end. To be called before any row is locked.
    pub(super) async fn depth(&mut self) -> Result<Depth, Trouble> {
        let class = self.store.locks.inserts;
        for slot in 0..8i32 {
            let lock = self.store.sql("SELECT pg_advisory_xact_lock($1, $2)").bind(class).bind(slot);
            answer(lock.execute(self.connection())).await??;
        }
        let sums = self.store.sql(
            "SELECT coalesce(sum(pending + parked), 0)::bigint, coalesce(sum(running), 0)::bigint \
             FROM {schema}.count_by_queue",
        );
        let row = answer(sums.fetch_one(self.connection())).await??;
        let count = |column| row.try_get::<i64, usize>(column).map(|count| count.max(0) as usize);
        Ok(Depth { waiting: count(0)?, running: count(1)? })
    }

    /// Ends a job. The slot is to be saved.
    pub(super) fn end(&mut self, slot: &mut Slot, status: Status, failure: Option<Arc<Failure>>) -> Status {
        self.leave(slot);
        let keep = slot.keeping.of(status).map_or(FOREVER, micros);
        slot.due = if keep < FOREVER { self.now.saturating_add(keep).min(FOREVER) } else { FOREVER };
        slot.record.status = status;
        slot.record.failure = failure;
        slot.record.run_at = None;
        slot.record.finished_at = Some(time(self.now));
        slot.record.expires_at = expiry(slot.keeping, status, self.now);
        self.enter(slot);
        status
    }

    /// Makes a job pending at once. The slot is to be saved.
    pub(super) fn wait(&mut self, slot: &mut Slot) -> Status {
        self.leave(slot);
        slot.due = self.now;
        slot.record.status = Status::Pending;
        slot.record.run_at = None;
        self.enter(slot);
        self.news.ready = true;
        Status::Pending
    }

    /// Returns a job to pending without charging the attempt, or ends it where somebody asked for that.
    pub(super) fn give_back(&mut self, slot: &mut Slot) -> Status {
        slot.record.attempts = slot.record.attempts.saturating_sub(1);
        if slot.record.cancel_requested {
            return self.end(slot, Status::Cancelled, None);
        }
        self.wait(slot)
    }

    /// The job leaves its status.
    pub(super) fn leave(&mut self, slot: &Slot) {
        self.count(slot, -1);
        if slot.record.status == Status::Running {
            self.news.ready |= self.store.take_full();
        }
    }

    /// The job has its new status.
    pub(super) fn enter(&mut self, slot: &Slot) {
        self.count(slot, 1);
        self.news.changed.push(slot.record.id);
    }

    pub(super) fn count(&mut self, slot: &Slot, by: i64) {
        let record = &slot.record;
        let names = [record.owner.as_str(), &record.job_type, &record.queue].map(|text| name(text).into_owned());
        let [owner, kind, queue] = names;
        self.changes.push(((owner, kind, queue, record.status as i16), by));
    }

    /// Adds the running attempt to the job's history.
    pub(super) async fn remember(&mut self, slot: &Slot, end: AttemptEnd) -> Result<(), Trouble> {
        let started = slot.record.started_at.map_or(self.now, |at| at.timestamp_micros());
        self.write_attempt(slot, started, self.now, end, None).await
    }

    /// Brings the attempt that ended a job into its history, before its row tells of another.
    pub(super) async fn remember_last(&mut self, slot: &Slot) -> Result<(), Trouble> {
        let Some(last) = slot.last_attempt() else { return Ok(()) };
        let (started, ended) = (last.started_at.timestamp_micros(), last.ended_at.timestamp_micros());
        self.write_attempt(slot, started, ended, last.end, last.failure.as_deref()).await
    }

    async fn write_attempt(
        &mut self,
        slot: &Slot,
        started: i64,
        ended: i64,
        end: AttemptEnd,
        failure: Option<&Failure>,
    ) -> Result<(), Trouble> {
        let lease = slot.record.lease as i64;
        let add = self
            .store
            .sql("INSERT INTO {schema}.attempt VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING")
            .bind(Id::from(slot.record.id))
            .bind(lease)
            .bind(started)
            .bind(ended)
            .bind(end as i16)
            .bind(failure.map(|failure| failure.code.as_str()))
            .bind(failure.map(|failure| said(&failure.message)));
        answer(add.execute(self.connection())).await??;
        if lease > 128 {
            let forget = self.store.sql("DELETE FROM {schema}.attempt WHERE id = $1 AND lease <= $2");
            let forget = forget.bind(Id::from(slot.record.id)).bind(lease - 128);
            answer(forget.execute(self.connection())).await??;
        }
        Ok(())
    }

    /// Writes all that a change of its status may have changed, payloads excepted.
    pub(super) async fn save(&mut self, slot: &Slot) -> Result<(), Trouble> {
        let Slot { record, due, settled, .. } = slot;
        let micros = |at: Option<chrono::DateTime<chrono::Utc>>| at.map(|at| at.timestamp_micros());
        let save = self
            .store
            .sql(
                "UPDATE {schema}.job SET status = $2, due = $3, attempts = $4, crashes = $5, cancel_requested = $6, \
                 progress = $7, progress_message = $8, error_code = $9, error = $10, finished_at = $11, run_at = $12, \
                 settled = $13 WHERE id = $1",
            )
            .bind(Id::from(record.id))
            .bind(record.status as i16)
            .bind(due)
            .bind(record.attempts as i32)
            .bind(record.crashes as i32)
            .bind(record.cancel_requested)
            .bind(record.progress)
            .bind(record.progress_message.as_deref().map(said))
            .bind(record.failure.as_ref().map(|failure| failure.code.as_str()))
            .bind(record.failure.as_ref().map(|failure| said(&failure.message)))
            .bind(micros(record.finished_at))
            .bind(micros(record.run_at))
            .bind(settled.map(End::packed));
        answer(save.execute(self.connection())).await??;
        Ok(())
    }

    /// Writes the counts, commits, and tells of it.
    pub(super) async fn commit(mut self) -> Result<(), Trouble> {
        if !self.changes.is_empty() {
            let changes = std::mem::take(&mut self.changes);
            let column =
                |of: fn(&Place) -> &str| changes.iter().map(|(place, _)| of(place).to_owned()).collect::<Vec<_>>();
            let count = self
                .store
                .sql(
                    "SELECT {schema}.count_1((SELECT array_agg(ROW(owner, kind, queue, status, by)::{schema}.change) \
                     FROM unnest($1::text[], $2::text[], $3::text[], $4::smallint[], $5::bigint[]) \
                     AS c(owner, kind, queue, status, by)), (-1)::smallint)",
                )
                .bind(column(|place| &place.0))
                .bind(column(|place| &place.1))
                .bind(column(|place| &place.2))
                .bind(changes.iter().map(|(place, _)| place.3).collect::<Vec<_>>())
                .bind(changes.iter().map(|(_, by)| *by).collect::<Vec<_>>());
            answer(count.execute(self.connection())).await??;
        }
        answer(sqlx::raw_sql("COMMIT").execute(self.connection())).await??;
        let Self { store, lent, news, .. } = self;
        lent.settle(Ok(()))?;
        store.tell(news);
        Ok(())
    }

    /// Ends it without a change.
    pub(super) async fn roll_back(mut self) -> Result<(), Trouble> {
        answer(sqlx::raw_sql("ROLLBACK").execute(self.connection())).await??;
        self.lent.settle(Ok(()))
    }
}
