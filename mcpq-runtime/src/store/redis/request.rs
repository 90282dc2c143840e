//! Scripts, and what they are asked.

use std::{sync::LazyLock, time::Duration};

use redis::Cmd;

use crate::{
    job::{JobId, Payload, Scope},
    store::{LeaseRef, Selection},
};

/// A script as the server keeps it: by its hash.
pub(super) struct Script {
    pub(super) text: String,
    pub(super) hash: String,
}

impl Script {
    fn of(parts: &[&str]) -> Self {
        let text = parts.concat();
        let hash = redis::Script::new(&text).get_hash().to_owned();
        Self { text, hash }
    }
}

macro_rules! scripts {
    ($($name:ident: $($part:literal)*;)*) => {
        $(pub(super) static $name: LazyLock<Script> = LazyLock::new(|| {
            Script::of(&[include_str!("scripts/common.lua"), $(include_str!(concat!("scripts/", $part, ".lua"))),*])
        });)*
    };
}

scripts! {
    INSERT: "insert";
    CLAIM: "selection" "claiming" "claim";
    FINISH: "finishing" "finish";
    FINISH_AND_CLAIM: "selection" "claiming" "finishing" "finish_and_claim";
    RENEW: "renew";
    RELEASE: "release";
    PROGRESS: "progress";
    PARK: "park";
    ANSWER: "answer";
    CANCEL: "cancel";
    REPLAY: "replay";
    REMOVE: "remove";
    GET: "get";
    LIST: "list";
    COUNTS: "counts";
    NEXT_DUE: "selection" "next_due";
    RESCUE: "rescue";
    PRUNE: "prune";
    JOURNAL: "journal";
    JOURNAL_WRITE: "journal_write";
    HEARTBEAT: "heartbeat";
    WORKERS: "workers";
}

/// Far enough ahead to mean never, and a number that scripts count with exactly.
pub(super) const FOREVER: u64 = 9_000_000_000_000_000;

/// A duration in microseconds; the longest there is stays the longest.
pub(super) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(FOREVER).min(FOREVER)
}

/// The arguments of a script, in the order in which it takes them.
pub(super) struct Request {
    pub(super) script: &'static Script,
    pub(super) args: Cmd,
}

impl Request {
    pub(super) fn to(script: &'static LazyLock<Script>) -> Self {
        Self { script, args: Cmd::new() }
    }

    pub(super) fn bytes(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.args.arg(bytes.as_ref());
        self
    }

    pub(super) fn int(mut self, number: impl Into<u64>) -> Self {
        self.args.arg(number.into());
        self
    }

    pub(super) fn size(self, size: usize) -> Self {
        self.int(size as u64)
    }

    pub(super) fn duration(self, duration: Duration) -> Self {
        self.int(micros(duration))
    }

    pub(super) fn flag(self, flag: bool) -> Self {
        self.int(u64::from(flag))
    }

    /// Something that may be missing: a sign tells it from nothing.
    pub(super) fn optional(self, bytes: Option<impl AsRef<[u8]>>) -> Self {
        match bytes {
            Some(bytes) => self.bytes([b"=", bytes.as_ref()].concat()),
            None => self.bytes(b""),
        }
    }

    pub(super) fn id(self, id: JobId) -> Self {
        self.bytes(simple(id))
    }

    pub(super) fn lease(self, lease: LeaseRef) -> Self {
        self.id(lease.id).int(lease.lease)
    }

    pub(super) fn scope(self, scope: &Scope) -> Self {
        self.optional(match scope {
            Scope::All => None,
            Scope::Owner(owner) => Some(owner.as_str()),
        })
    }

    pub(super) fn payload(self, payload: &Payload) -> Self {
        self.bytes(payload.as_bytes())
    }

    pub(super) fn selection(self, selection: &Selection) -> Self {
        let mut request = self.flag(selection.any_type).size(selection.queues.len());
        for queue in &selection.queues {
            request = request.bytes(&**queue);
        }
        request = request.size(selection.types.len());
        for kind in &selection.types {
            request = request.bytes(&*kind.name);
            request = match kind.concurrency {
                Some(most) => request.int(most),
                None => request.bytes(b""),
            };
            request = match kind.rate {
                Some(rate) => request.int(rate.count).duration(rate.per),
                None => request.bytes(b"").bytes(b""),
            };
        }
        request
    }
}

/// An id as it is part of keys.
pub(super) fn simple(id: JobId) -> String {
    id.as_uuid().as_simple().to_string()
}
