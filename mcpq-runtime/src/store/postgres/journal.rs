//! A job's journal: values stored once, questions and their answers.

use std::sync::Arc;

use sqlx::Row;

use super::{
    Inner,
    connections::{Repeat, answer, query, retried},
    error::Trouble,
    id::Id,
    row::{micros, optional_payload, payload},
    text::{name, named},
    transaction::Tx,
};
use crate::{
    job::{AttemptEnd, JobId, Payload, Scope, Status},
    store::{Answered, JournalEntry, JournalWrite, LeaseRef, Park, Settled, StoreError},
};

impl Inner {
    /// The journal of the job that runs under this very lease.
    pub(super) async fn journal(&self, lease: LeaseRef) -> Result<Option<Vec<JournalEntry>>, StoreError> {
        let ask = || query(&self.sql.journal).bind(Id::from(lease.id)).bind(lease.lease as i64);
        let rows = self.connections.rows(Repeat::Always, ask).await?;
        if rows.is_empty() {
            return Ok(None);
        }
        let mut entries = Vec::with_capacity(rows.len());
        for row in &rows {
            // A job without entries has one row, with no name.
            if let Some(key) = row.try_get::<Option<&str>, _>(0).map_err(Trouble::from)? {
                let value = |column| optional_payload(row, column).map_err(Trouble::from);
                entries.push(JournalEntry { key: named(key), question: value(1)?, value: value(2)? });
            }
        }
        Ok(Some(entries))
    }

    pub(super) async fn journal_write(
        self: &Arc<Self>,
        lease: LeaseRef,
        key: &str,
        value: &Payload,
    ) -> Result<JournalWrite, StoreError> {
        let key = name(key);
        let ask = || {
            query(&self.sql.journal_write)
                .bind(Id::from(lease.id))
                .bind(lease.lease as i64)
                .bind(&*key)
                .bind(value.as_bytes())
        };
        let rows = self.connections.rows(Repeat::Never, ask).await?;
        let (holds, stored) = match rows.first() {
            Some(row) => (row.try_get(0).map_err(Trouble::from)?, row.try_get(1).map_err(Trouble::from)?),
            None => (false, false),
        };
        match (holds, stored) {
            (false, _) => return Ok(JournalWrite::Stale),
            (true, true) => return Ok(JournalWrite::Stored),
            (true, false) => {}
        }
        let ask = || {
            self.sql("SELECT value FROM {schema}.journal WHERE id = $1 AND name = $2")
                .bind(Id::from(lease.id))
                .bind(&*key)
        };
        let rows = self.connections.rows(Repeat::Always, ask).await?;
        match rows.first() {
            Some(row) => Ok(JournalWrite::Exists(payload(row, 0).map_err(Trouble::from)?)),
            // It was forgotten with its job meanwhile.
            None => Ok(JournalWrite::Stale),
        }
    }

    pub(super) async fn park(self: &Arc<Self>, park: &Park) -> Result<Settled, StoreError> {
        retried!(self.try_park(park))
    }

    async fn try_park(self: &Arc<Self>, park: &Park) -> Result<Settled, Trouble> {
        let mut tx = self.begin().await?;
        let Some(mut slot) = tx.held(park.lease).await? else {
            tx.roll_back().await?;
            return Ok(Settled::Stale);
        };
        for (key, question) in &park.questions {
            let note = self
                .sql("INSERT INTO {schema}.journal (id, name, question) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING");
            let note = note.bind(Id::from(park.lease.id)).bind(name(key)).bind(question.as_bytes());
            answer(note.execute(tx.connection())).await??;
        }
        tx.remember(&slot, AttemptEnd::Parked).await?;
        let status = if open_questions(&mut tx, park.lease.id).await? == 0 || slot.record.cancel_requested {
            tx.give_back(&mut slot)
        } else {
            tx.leave(&slot);
            slot.due = tx.now.saturating_add(micros(park.expires_in));
            slot.record.attempts = slot.record.attempts.saturating_sub(1);
            slot.record.status = Status::InputRequired;
            tx.enter(&slot);
            Status::InputRequired
        };
        tx.save(&slot).await?;
        tx.commit().await?;
        Ok(Settled::Accepted(status))
    }

    pub(super) async fn answer(
        self: &Arc<Self>,
        scope: &Scope,
        id: JobId,
        answers: &[(String, Payload)],
    ) -> Result<Option<Answered>, StoreError> {
        retried!(self.try_answer(scope, id, answers))
    }

    async fn try_answer(
        self: &Arc<Self>,
        scope: &Scope,
        id: JobId,
        answers: &[(String, Payload)],
    ) -> Result<Option<Answered>, Trouble> {
        let mut tx = self.begin().await?;
        let Some(mut slot) = tx.find(scope, id).await? else {
            tx.roll_back().await?;
            return Ok(None);
        };
        let status = slot.record.status;
        if status != Status::InputRequired {
            tx.roll_back().await?;
            return Ok(Some(Answered { accepted: vec![false; answers.len()], status }));
        }
        let mut accepted = Vec::with_capacity(answers.len());
        for (key, value) in answers {
            let write = self.sql(
                "UPDATE {schema}.journal SET value = $3 \
                 WHERE id = $1 AND name = $2 AND question IS NOT NULL AND value IS NULL",
            );
            let write = write.bind(Id::from(id)).bind(name(key)).bind(value.as_bytes());
            accepted.push(answer(write.execute(tx.connection())).await??.rows_affected() > 0);
        }
        if open_questions(&mut tx, id).await? == 0 {
            tx.wait(&mut slot);
            tx.save(&slot).await?;
        } else {
            tx.news.changed.push(id);
        }
        tx.commit().await?;
        Ok(Some(Answered { accepted, status: slot.record.status }))
    }
}

async fn open_questions(tx: &mut Tx<'_>, id: JobId) -> Result<i64, Trouble> {
    let count = tx.store.sql("SELECT count(*) FROM {schema}.journal WHERE id = $1 AND value IS NULL");
    Ok(answer(count.bind(Id::from(id)).fetch_one(tx.connection())).await??.try_get(0)?)
}
