//! What can happen to a store, by dice.

use std::time::Duration;

use super::{KEYS, OWNERS, QUEUES, TYPES};
use crate::store::conformance::calls::{MINUTE, Outcome, completed, failed, retry, timed_out};

/// How long something lasts: so short that it is over at the next look at the clock, or longer than the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Span {
    Moment,
    Minute,
}

impl Span {
    pub(super) fn duration(self) -> Duration {
        match self {
            Self::Moment => Duration::from_millis(1),
            Self::Minute => MINUTE,
        }
    }
}

/// A job to be added.
#[derive(Clone, Debug)]
pub(super) struct Add {
    pub(super) kind: usize,
    pub(super) queue: usize,
    pub(super) owner: usize,
    pub(super) priority: usize,
    pub(super) delay: Option<Span>,
    pub(super) key: Option<usize>,
    pub(super) hash: u8,
    pub(super) keeping: Span,
}

/// How an attempt ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Completed,
    Failed,
    Timeout,
    Cancelled,
    Retry(Option<Span>),
}

impl End {
    pub(super) fn outcome(self) -> Outcome {
        match self {
            Self::Completed => completed(),
            Self::Failed => failed(),
            Self::Timeout => timed_out(),
            Self::Cancelled => Outcome::Cancelled,
            Self::Retry(after) => retry(after.map_or(Duration::ZERO, Span::duration)),
        }
    }
}

/// One call of a store. Jobs and leases are picked among those there are, stale ones too, and now and then
/// by somebody else than their owner.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Insert(Vec<Add>),
    InsertAgain(usize),
    /// After these ends, in one step, where there are any.
    Claim {
        finishes: Vec<(usize, End)>,
        types: Vec<usize>,
        queue: Option<usize>,
        max: usize,
        lease: Span,
    },
    Finish(Vec<(usize, End)>),
    Release(Vec<usize>),
    Renew(Vec<usize>, Span),
    Progress(Vec<(usize, u8)>),
    Cancel {
        pick: usize,
        foreign: bool,
    },
    Replay {
        pick: usize,
        foreign: bool,
    },
    Remove {
        pick: usize,
        foreign: bool,
    },
    Park {
        pick: usize,
        keys: Vec<usize>,
        expires: Span,
    },
    Answer {
        pick: usize,
        foreign: bool,
        answers: Vec<(usize, u8)>,
    },
    JournalWrite {
        pick: usize,
        key: usize,
        value: u8,
    },
    Journal(usize),
    Rescue(usize),
    Prune(usize),
}

/// Rolls the dice.
pub(super) struct Dice(pub(super) fastrand::Rng);

impl Dice {
    pub(super) fn history(&mut self, length: usize) -> Vec<Step> {
        (0..length).map(|_| self.step()).collect()
    }

    fn step(&mut self) -> Step {
        match self.0.u8(..56) {
            0..9 => Step::Insert(self.several(4, Self::add)),
            9 => Step::InsertAgain(self.pick()),
            10..20 => Step::Claim {
                finishes: self.maybe(|dice| dice.several(2, |dice| (dice.pick(), dice.end()))).unwrap_or_default(),
                types: self.types(),
                queue: self.maybe(|dice| dice.below(QUEUES.len())),
                max: self.0.usize(0..6),
                lease: self.span(),
            },
            20..29 => Step::Finish(self.several(3, |dice| (dice.pick(), dice.end()))),
            29..31 => Step::Release(self.several(2, Self::pick)),
            31..33 => Step::Renew(self.several(3, Self::pick), self.span()),
            33 => Step::Progress(self.several(3, |dice| (dice.pick(), dice.0.u8(..=100)))),
            34..36 => Step::Cancel { pick: self.pick(), foreign: self.seldom() },
            36..39 => Step::Replay { pick: self.pick(), foreign: self.seldom() },
            39 => Step::Remove { pick: self.pick(), foreign: self.seldom() },
            40..43 => Step::Park { pick: self.pick(), keys: self.keys(), expires: self.span() },
            43..46 => Step::Answer {
                pick: self.pick(),
                foreign: self.seldom(),
                answers: self.several(3, |dice| (dice.below(KEYS.len()), dice.0.u8(..))),
            },
            46..48 => Step::Journal(self.pick()),
            48..51 => Step::Rescue(self.0.usize(1..5)),
            51..54 => Step::JournalWrite { pick: self.pick(), key: self.below(KEYS.len()), value: self.0.u8(..) },
            _ => Step::Prune(self.0.usize(1..4)),
        }
    }

    fn add(&mut self) -> Add {
        Add {
            kind: self.below(TYPES.len()),
            queue: self.below(QUEUES.len()),
            owner: self.below(OWNERS.len()),
            priority: self.below(4),
            delay: self.maybe(Self::span),
            key: self.maybe(|dice| dice.below(2)),
            hash: self.0.u8(..2),
            keeping: self.span(),
        }
    }

    fn end(&mut self) -> End {
        match self.0.u8(..10) {
            0..3 => End::Completed,
            3..5 => End::Failed,
            5 => End::Timeout,
            6 => End::Cancelled,
            _ => End::Retry(self.maybe(Self::span)),
        }
    }

    fn span(&mut self) -> Span {
        if self.0.u8(..3) == 0 { Span::Moment } else { Span::Minute }
    }

    fn types(&mut self) -> Vec<usize> {
        if self.0.bool() {
            return (0..TYPES.len()).collect();
        }
        (0..TYPES.len()).filter(|_| self.0.bool()).collect()
    }

    fn keys(&mut self) -> Vec<usize> {
        self.several(2, |dice| dice.below(KEYS.len()))
    }

    fn pick(&mut self) -> usize {
        self.0.usize(..1 << 20)
    }

    fn seldom(&mut self) -> bool {
        self.0.u8(..6) == 0
    }

    fn below(&mut self, end: usize) -> usize {
        self.0.usize(..end)
    }

    /// In one of three cases.
    fn maybe<T>(&mut self, thing: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.0.u8(..3) == 0).then(|| thing(self))
    }

    fn several<T>(&mut self, most: usize, mut thing: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.0.usize(1..=most)).map(|_| thing(self)).collect()
    }
}
