//! A job of the model.

use super::step::{Add, End, Span};
use crate::store::conformance::calls::{AttemptEnd, JobId, Payload, Settled, Status, Unique, json};

/// Later than any history.
const FAR: u64 = u64::MAX;

impl Add {
    pub(super) fn unique(&self) -> Option<Unique> {
        [None, Some(Unique::Live), Some(Unique::Kept), None, None][self.kind]
    }
}

/// An entry of a job's journal.
#[derive(Clone, Debug)]
pub(super) struct Note {
    pub(super) key: usize,
    pub(super) is_question: bool,
    pub(super) value: Option<u8>,
}

#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) id: JobId,
    pub(super) add: Add,
    pub(super) status: Status,
    pub(super) attempts: u32,
    pub(super) crashes: u32,
    pub(super) lease: u64,
    pub(super) cancel_requested: bool,
    pub(super) progress: f64,
    pub(super) has_failure: bool,
    /// Whether it waits for a time.
    pub(super) delayed: bool,
    pub(super) ends: Vec<(u64, AttemptEnd)>,
    pub(super) journal: Vec<Note>,
    /// Due, end of the lease, deadline of the answer, or end of the keeping.
    pub(super) until: u64,
    /// The last lease under which a finish was accepted, which, and what it led to.
    pub(super) settled: Option<(u64, End, Status)>,
}

impl Job {
    pub(super) fn new(id: JobId, add: Add) -> Self {
        Self {
            id,
            add,
            status: Status::Pending,
            attempts: 0,
            crashes: 0,
            lease: 0,
            cancel_requested: false,
            progress: 0.0,
            has_failure: false,
            delayed: false,
            ends: Vec::new(),
            journal: Vec::new(),
            until: 0,
            settled: None,
        }
    }

    pub(super) fn end(&mut self, status: Status, now: u64) {
        self.status = status;
        self.has_failure = matches!(status, Status::Failed | Status::Timeout);
        (self.until, self.delayed) = (after(self.add.keeping, now), false);
    }

    pub(super) fn wait(&mut self, delay: Option<Span>, now: u64) {
        self.status = Status::Pending;
        (self.until, self.delayed) = (delay.map_or(now, |delay| after(delay, now)), delay.is_some());
    }

    pub(super) fn remember(&mut self, end: AttemptEnd) {
        self.ends.push((self.lease, end));
    }

    pub(super) fn give_back(&mut self, now: u64) -> Settled {
        self.attempts -= 1;
        if self.cancel_requested {
            self.end(Status::Cancelled, now)
        } else {
            self.wait(None, now)
        }
        Settled::Accepted(self.status)
    }

    pub(super) fn equals(&self, other: &Add) -> bool {
        let own = &self.add;
        own.unique().is_some() && (own.owner, own.kind, own.hash) == (other.owner, other.kind, other.hash)
    }

    pub(super) fn is_open(&self) -> bool {
        self.journal.iter().any(|note| note.value.is_none())
    }
}

/// When it is over, from now.
pub(super) fn after(span: Span, now: u64) -> u64 {
    match span {
        Span::Moment => now + 1,
        Span::Minute => FAR,
    }
}

/// A value of the journal.
pub(super) fn number(value: u8) -> Payload {
    json(&value.to_string())
}
