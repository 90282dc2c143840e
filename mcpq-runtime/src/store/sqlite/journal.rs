//! A job's journal: values stored once, questions and their answers.

use rusqlite::{OptionalExtension, Row, params};

use super::{
    place::Db,
    row::{Slot, micros, optional_payload, text},
    transaction::Tx,
};
use crate::{
    job::{AttemptEnd, JobId, Payload, Scope, Status},
    store::{Answered, JournalEntry, JournalWrite, LeaseRef, Park, Settled},
};

/// The journal of the job that runs under this very lease.
pub(super) fn read(sql: &Db, lease: LeaseRef) -> rusqlite::Result<Option<Vec<JournalEntry>>> {
    let Some(slot) = Slot::held(sql, lease)? else {
        return Ok(None);
    };
    sql.prepare_cached("SELECT name, question, value FROM journal WHERE job = ?1 ORDER BY place")?
        .query_map([slot.seq], entry)?
        .collect::<rusqlite::Result<_>>()
        .map(Some)
}

impl Tx<'_> {
    pub(super) fn journal_write(
        &mut self,
        lease: LeaseRef,
        name: &str,
        value: &Payload,
    ) -> rusqlite::Result<JournalWrite> {
        let Some(slot) = Slot::held(self.sql, lease)? else {
            return Ok(JournalWrite::Stale);
        };
        let known: Option<Option<Payload>> = self
            .sql
            .prepare_cached("SELECT value FROM journal WHERE job = ?1 AND name = ?2")?
            .query_row(params![slot.seq, name], |row| optional_payload(row, 0))
            .optional()?;
        match known {
            Some(Some(known)) => return Ok(JournalWrite::Exists(known)),
            // A question that was open when its job ended, to be replayed later.
            Some(None) => self.set_value(slot.seq, name, value)?,
            None => self.note(slot.seq, name, None, Some(value))?,
        }
        Ok(JournalWrite::Stored)
    }

    pub(super) fn park(&mut self, park: &Park) -> rusqlite::Result<Settled> {
        let Some(mut slot) = Slot::held(self.sql, park.lease)? else {
            return Ok(Settled::Stale);
        };
        for (name, question) in &park.questions {
            self.note(slot.seq, name, Some(question), None)?;
        }
        self.remember(&slot, AttemptEnd::Parked, None)?;
        let status = if self.open_questions(slot.seq)? == 0 || slot.record.cancel_requested {
            self.give_back(&mut slot)
        } else {
            self.leave(&slot);
            slot.until = self.now.due.saturating_add(micros(park.expires_in));
            slot.record.attempts = slot.record.attempts.saturating_sub(1);
            slot.record.status = Status::InputRequired;
            self.enter(&slot);
            Status::InputRequired
        };
        slot.save(self.sql)?;
        Ok(Settled::Accepted(status))
    }

    pub(super) fn answer(
        &mut self,
        scope: &Scope,
        id: JobId,
        answers: &[(String, Payload)],
    ) -> rusqlite::Result<Option<Answered>> {
        let Some(mut slot) = Slot::find_in(self.sql, scope, id)? else {
            return Ok(None);
        };
        let status = slot.record.status;
        if status != Status::InputRequired {
            return Ok(Some(Answered { accepted: vec![false; answers.len()], status }));
        }
        let mut accepted = Vec::with_capacity(answers.len());
        for (name, answer) in answers {
            let changed = self
                .sql
                .prepare_cached(
                    "UPDATE journal SET value = ?3 \
                     WHERE job = ?1 AND name = ?2 AND question IS NOT NULL AND value IS NULL",
                )?
                .execute(params![slot.seq, name, answer.as_bytes()])?;
            accepted.push(changed > 0);
        }
        if self.open_questions(slot.seq)? == 0 {
            self.wait(&mut slot, 0);
            slot.save(self.sql)?;
        } else {
            self.news.changed.push(id);
        }
        Ok(Some(Answered { accepted, status: slot.record.status }))
    }

    fn open_questions(&self, job: i64) -> rusqlite::Result<i64> {
        self.sql
            .prepare_cached("SELECT count(*) FROM journal WHERE job = ?1 AND value IS NULL")?
            .query_row([job], |row| row.get(0))
    }

    /// Adds an entry, unless there is one of this name.
    fn note(&self, job: i64, name: &str, question: Option<&Payload>, value: Option<&Payload>) -> rusqlite::Result<()> {
        self.sql
            .prepare_cached(
                "INSERT INTO journal (job, place, name, question, value) \
                 VALUES (?1, (SELECT count(*) FROM journal WHERE job = ?1), ?2, ?3, ?4) ON CONFLICT DO NOTHING",
            )?
            .execute(params![job, name, question.map(Payload::as_bytes), value.map(Payload::as_bytes)])
            .map(drop)
    }

    fn set_value(&self, job: i64, name: &str, value: &Payload) -> rusqlite::Result<()> {
        self.sql
            .prepare_cached("UPDATE journal SET value = ?3 WHERE job = ?1 AND name = ?2")?
            .execute(params![job, name, value.as_bytes()])
            .map(drop)
    }
}

fn entry(row: &Row<'_>) -> rusqlite::Result<JournalEntry> {
    Ok(JournalEntry { key: text(row, 0)?, question: optional_payload(row, 1)?, value: optional_payload(row, 2)? })
}
