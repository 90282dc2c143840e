//! One running attempt, as its worker sees it.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{
    attempt::Hold,
    verdict::{Attempt, Causes, Ending, Verdict, verdict},
};
use crate::{
    inject::{CancelReason, CancelToken, Progress},
    job::{JobRecord, Owner},
    registry::JobType,
    store::LeaseRef,
};

/// How long a dropped future may take to report its end before its slot counts as leaked.
const DROP_TIME: Duration = Duration::from_millis(100);

/// Far enough ahead to mean never.
const NEVER: Duration = Duration::from_secs(365 * 24 * 3600);

/// A running attempt. Its slot is free when the handler has ended and the store has answered.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) lease: LeaseRef,
    pub(super) job: Arc<JobType>,
    /// What was asked for: not the name of `job`, where that is the fallback.
    pub(super) job_type: Arc<str>,
    pub(super) owner: Owner,
    pub(super) queue: Arc<str>,
    pub(super) attempt: u32,
    max_attempts: u32,
    pub(super) timeout: Duration,
    pub(super) started: Instant,
    pub(super) token: CancelToken,
    pub(super) progress: Progress,
    /// Earliest time of the next progress write.
    pub(super) progress_from: Instant,
    /// The handler, once it has been started.
    pub(super) hold: Option<Hold>,
    pub(super) causes: Causes,
    /// Until when the lease is sure to hold.
    pub(super) lease_until: Instant,
    deadline: Instant,
    /// When a handler that ignores a cancel is dropped.
    kill_at: Option<Instant>,
    /// When a handler that was dropped, or cannot be, is given up.
    give_up_at: Option<Instant>,
    /// When this attempt is looked at next; its place in the worker's timers, where it has one.
    pub(super) check_at: Option<Instant>,
    /// The handler has returned or was dropped.
    pub(super) ended: bool,
    /// What follows has been decided and is on its way to the store, or nothing follows.
    pub(super) decided: bool,
    /// Nothing more is to be written.
    pub(super) settled: bool,
    /// Counted as a leaked slot.
    pub(super) leaked: bool,
}

impl Running {
    pub(super) fn new(record: &JobRecord, job: Arc<JobType>, progress: Progress, lease_until: Instant) -> Self {
        let now = Instant::now();
        let deadline = now.checked_add(record.timeout).unwrap_or(now + NEVER);
        Self {
            lease: LeaseRef { id: record.id, lease: record.lease },
            job,
            job_type: record.job_type.clone(),
            owner: record.owner.clone(),
            queue: record.queue.clone(),
            attempt: record.attempts,
            max_attempts: record.max_attempts,
            timeout: record.timeout,
            started: now,
            token: CancelToken::new(),
            progress,
            progress_from: now,
            hold: None,
            causes: Causes::default(),
            lease_until,
            deadline,
            kill_at: None,
            give_up_at: None,
            check_at: None,
            ended: false,
            decided: false,
            settled: false,
            leaked: false,
        }
    }

    pub(super) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// When this attempt wants to be looked at, if at all.
    pub(super) fn next_check(&self) -> Option<Instant> {
        if self.ended {
            return None;
        }
        if self.decided {
            // All that is left to see is whether the handler ends.
            return self.give_up_at;
        }
        let mut next = self.lease_until;
        if !self.causes.timed_out {
            next = next.min(self.deadline);
        }
        Some([self.kill_at, self.give_up_at].into_iter().flatten().fold(next, Instant::min))
    }

    /// Somebody asked for the job's end.
    pub(super) fn request_cancel(&mut self, grace: Duration) {
        if !self.causes.cancel_requested && !self.ended {
            self.causes.cancel_requested = true;
            self.token.cancel(CancelReason::Requested);
            self.kill_at = Some(Instant::now() + grace);
        }
    }

    /// The worker stops.
    pub(super) fn shut_down(&mut self) {
        self.causes.shutdown = true;
        self.token.cancel(CancelReason::Shutdown);
    }

    /// The lease is over: another worker may run the job.
    pub(super) fn lose_lease(&mut self) {
        self.causes.lease_lost = true;
        self.token.cancel(CancelReason::LeaseLost);
        self.drop_handler();
        self.decided = true;
        self.settled = true;
    }

    /// Looks at the clock. `true`: the handler cannot be stopped, and is to be given up now.
    pub(super) fn check(&mut self, now: Instant) -> bool {
        if !self.causes.timed_out && now >= self.deadline {
            self.causes.timed_out = true;
            self.token.cancel(CancelReason::Timeout);
            self.drop_handler();
        }
        if self.kill_at.is_some_and(|at| now >= at) {
            self.kill_at = None;
            self.drop_handler();
        }
        if self.give_up_at.is_some_and(|at| now >= at) {
            self.give_up_at = None;
            return true;
        }
        false
    }

    /// Drops an async handler at its next await; a plain one can only be given up.
    pub(super) fn drop_handler(&mut self) {
        let now = Instant::now();
        let give_up = match &self.hold {
            Some(Hold::Async(abort)) => {
                abort.abort();
                now + DROP_TIME
            }
            _ => now,
        };
        self.give_up_at = Some(self.give_up_at.map_or(give_up, |at| at.min(give_up)));
    }

    /// Takes back a plain function that has not begun. `true`: it never will.
    pub(super) fn withdraw(&self) -> bool {
        matches!(&self.hold, Some(Hold::Plain(turn)) if turn.take())
    }

    /// What follows from an ending.
    pub(super) fn verdict(&self, ending: Ending) -> Verdict {
        let attempt = Attempt {
            number: self.attempt,
            max: self.max_attempts,
            timeout: self.timeout,
            policy: self.job.policy(),
            random: fastrand::f64(),
        };
        verdict(ending, self.causes, attempt)
    }
}
