//! What can happen to a store.

use std::time::Duration;

use mcpq::{AttemptEnd, ErrorCode, Failure, store::Outcome};
use proptest::{
    collection::{SizeRange, vec},
    option,
    prelude::*,
    sample::{Index, subsequence},
};

use super::{OWNERS, QUEUES, TYPES, model::Add, payload};

/// One call of a store, or a while that passes. Jobs and leases are picked among those there are, stale ones too.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Insert(Vec<Add>),
    Claim { types: Vec<usize>, queue: Option<usize>, max: usize },
    Finish { pick: Index, end: End },
    Release(Index),
    Renew(Index),
    Progress { pick: Index, percent: u8 },
    Cancel { pick: Index, owner: usize },
    Replay { pick: Index, owner: usize },
    Remove { pick: Index, owner: usize },
    Wait(u64),
    Rescue,
    Prune,
}

/// How an attempt ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Completed,
    Failed,
    Timeout,
    Cancelled,
    Retry(u64),
}

impl End {
    pub(super) fn outcome(self) -> Outcome {
        let failure = || Failure::new(ErrorCode::HandlerError, "boom");
        match self {
            Self::Completed => Outcome::Completed(payload("1")),
            Self::Failed => Outcome::Failed(failure()),
            Self::Timeout => Outcome::Timeout(failure()),
            Self::Cancelled => Outcome::Cancelled,
            Self::Retry(after) => Outcome::Retry {
                after: Duration::from_millis(after),
                attempt: failure(),
                end: AttemptEnd::Failed,
                failure: failure(),
            },
        }
    }
}

/// A history.
pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    vec(step(), SizeRange::from(1..90))
}

fn step() -> impl Strategy<Value = Step> {
    let owner = || 0..OWNERS.len();
    let pick = any::<Index>;
    prop_oneof![
        6 => vec(add(), 1..3).prop_map(Step::Insert),
        6 => (subsequence(vec![0, 1, 2], 1..=TYPES.len()), option::of(0..QUEUES.len()), 1usize..4)
            .prop_map(|(types, queue, max)| Step::Claim { types, queue, max }),
        6 => (pick(), end()).prop_map(|(pick, end)| Step::Finish { pick, end }),
        1 => pick().prop_map(Step::Release),
        2 => pick().prop_map(Step::Renew),
        1 => (pick(), 0u8..=100).prop_map(|(pick, percent)| Step::Progress { pick, percent }),
        2 => (pick(), owner()).prop_map(|(pick, owner)| Step::Cancel { pick, owner }),
        2 => (pick(), owner()).prop_map(|(pick, owner)| Step::Replay { pick, owner }),
        1 => (pick(), owner()).prop_map(|(pick, owner)| Step::Remove { pick, owner }),
        4 => (1u64..400).prop_map(Step::Wait),
        2 => Just(Step::Rescue),
        1 => Just(Step::Prune),
    ]
}

fn add() -> impl Strategy<Value = Add> {
    let delay = prop_oneof![3 => Just(0), 1 => 1u64..300];
    let key = prop_oneof![3 => Just(None), 1 => (0usize..2).prop_map(Some)];
    let places = (0..TYPES.len(), 0..QUEUES.len(), 0..OWNERS.len(), 0usize..4);
    (places, delay, key, 0u8..2).prop_map(|((kind, queue, owner, priority), delay, key, hash)| Add {
        kind,
        queue,
        owner,
        priority,
        delay,
        key,
        hash,
    })
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![
        3 => Just(End::Completed),
        2 => Just(End::Failed),
        1 => Just(End::Timeout),
        1 => Just(End::Cancelled),
        3 => (0u64..300).prop_map(End::Retry),
    ]
}
