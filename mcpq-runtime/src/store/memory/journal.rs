//! A job's journal: values stored once, questions and their answers.

use super::table::{Table, journal_bytes, micros};
use crate::{
    job::{AttemptEnd, JobId, Payload, Scope, Status},
    store::{Answered, JournalEntry, JournalWrite, LeaseRef, Park, Settled},
};

impl Table {
    pub(super) fn journal(&self, lease: LeaseRef) -> Option<Vec<JournalEntry>> {
        self.held(lease).map(|slot| self.entries[slot].journal.clone())
    }

    pub(super) fn journal_write(&mut self, lease: LeaseRef, key: &str, value: Payload) -> JournalWrite {
        let Some(slot) = self.held(lease) else {
            return JournalWrite::Stale;
        };
        match self.entries[slot].journal.iter_mut().find(|entry| *entry.key == *key) {
            Some(JournalEntry { value: Some(known), .. }) => return JournalWrite::Exists(known.clone()),
            // A question that was open when its job ended, to be replayed later.
            Some(open) => {
                let bytes = value.len();
                open.value = Some(value);
                self.count_bytes(bytes);
            }
            None => self.note(slot, JournalEntry { key: key.into(), question: None, value: Some(value) }),
        }
        JournalWrite::Stored
    }

    pub(super) fn park(&mut self, park: Park) -> Settled {
        let Some(slot) = self.held(park.lease) else {
            return Settled::Stale;
        };
        for (key, question) in park.questions {
            if !self.entries[slot].journal.iter().any(|entry| *entry.key == *key) {
                self.note(slot, JournalEntry { key: key.into(), question: Some(question), value: None });
            }
        }
        self.remember(slot, AttemptEnd::Parked, None);
        let open = self.entries[slot].journal.iter().any(|entry| entry.value.is_none());
        if !open || self.entries[slot].record.cancel_requested {
            return Settled::Accepted(self.give_back(slot));
        }
        self.leave_status(slot);
        let until = self.now().saturating_add(micros(park.expires_in));
        let entry = &mut self.entries[slot];
        entry.until = until;
        entry.record.attempts = entry.record.attempts.saturating_sub(1);
        entry.record.status = Status::InputRequired;
        self.enter_status(slot);
        Settled::Accepted(Status::InputRequired)
    }

    pub(super) fn answer(&mut self, scope: &Scope, id: JobId, answers: Vec<(String, Payload)>) -> Option<Answered> {
        let slot = self.slot_in(scope, id)?;
        if self.entries[slot].record.status != Status::InputRequired {
            let status = self.entries[slot].record.status;
            return Some(Answered { accepted: vec![false; answers.len()], status });
        }
        let mut accepted = Vec::with_capacity(answers.len());
        for (key, answer) in answers {
            let open = self.entries[slot]
                .journal
                .iter_mut()
                .find(|entry| *entry.key == *key && entry.question.is_some() && entry.value.is_none());
            accepted.push(open.is_some());
            if let Some(open) = open {
                let bytes = answer.len();
                open.value = Some(answer);
                self.count_bytes(bytes);
            }
        }
        if self.entries[slot].journal.iter().all(|entry| entry.value.is_some()) {
            self.wait(slot, std::time::Duration::ZERO);
        }
        Some(Answered { accepted, status: self.entries[slot].record.status })
    }

    fn note(&mut self, slot: usize, entry: JournalEntry) {
        self.count_bytes(journal_bytes(&entry));
        self.entries[slot].journal.push(entry);
    }
}
