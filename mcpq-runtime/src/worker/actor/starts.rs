//! From a claim to a running attempt.

use std::time::Duration;

use tokio::time::Instant;

use super::{Actor, event};
use crate::{
    inject::{ContextParts, Progress},
    queue::EventKind,
    store::{Claimed, LeaseRef, StoreError},
    worker::{
        attempt::{Input, Run, start},
        calls::{ClaimAnswer, Ended},
        running::Running,
    },
};

/// How often a worker looks for jobs of a store that other processes share, in case a hint was lost.
const POLL: Duration = Duration::from_secs(2);

impl Actor {
    pub(super) fn claimed(&mut self, answer: ClaimAnswer) {
        let now = Instant::now();
        let claimed = match answer.claimed {
            Ok(claimed) => claimed,
            Err(error) => {
                self.claims.failed("hand out jobs", &error);
                self.claim_at = Some(now);
                return;
            }
        };
        self.claims.succeeded();
        self.plenty = !answer.drained;
        let lease_until = answer.asked_at + self.queue.settings().lease;
        claimed.into_iter().for_each(|claimed| self.begin(claimed, lease_until));
        let poll = || now + POLL.mul_f64(0.75 + fastrand::f64() / 2.0);
        let next = if self.plenty { Some(now) } else { self.store.is_shared().then(poll) };
        // A hint that came meanwhile asks for an earlier claim.
        self.claim_at = [self.claim_at, next].into_iter().flatten().min();
        // What was claimed is not kept waiting for it.
        self.look |= answer.drained;
    }

    pub(super) fn looked(&mut self, due: Result<Option<Duration>, StoreError>) {
        let now = Instant::now();
        match due {
            Ok(due) => {
                self.looks.succeeded();
                let due = due.and_then(|due| now.checked_add(due));
                self.claim_at = [self.claim_at, due].into_iter().flatten().min();
            }
            Err(error) => {
                self.looks.failed("say when the next job is due", &error);
                self.look = true;
            }
        }
    }

    fn begin(&mut self, claimed: Claimed, lease_until: Instant) {
        let Claimed { record, args, schema } = claimed;
        let key = self.next_key;
        self.next_key += 1;
        // Claimed while the stop began, or answered so late that another worker may have the job: it goes back unstarted.
        let is_late = Instant::now() >= lease_until;
        if is_late || self.quit_at.is_some() {
            if is_late {
                tracing::warn!(job_id = %record.id, lease = record.lease, "the claim came after its lease; nothing is started");
            }
            self.ended.push((key, Ended::Release(LeaseRef { id: record.id, lease: record.lease })));
            return;
        }
        let Some(job) = self.queue.registry().get(&record.job_type).cloned() else {
            let lease = LeaseRef { id: record.id, lease: record.lease };
            tracing::error!(job_id = %record.id, job_type = %record.job_type, "claimed a job without a handler");
            self.ended.push((key, Ended::Release(lease)));
            return;
        };
        let progress = Progress::with_sink(self.announcer.clone(), key);
        let mut running = Running::new(&record, job, progress, lease_until);
        self.queue.events().emit(|| event(&running, EventKind::Started, None));
        if self.early_cancels.contains(&record.id) {
            // Of this lease or of one before: the store knows.
            self.renew_at = Instant::now();
        }
        if record.cancel_requested {
            running.request_cancel(self.queue.settings().cancel_grace);
        }
        let context = ContextParts {
            job_id: record.id,
            job_type: record.job_type,
            attempt: record.attempts,
            max_attempts: record.max_attempts,
            lease: record.lease,
            idempotency_key: record.idempotency_key,
            owner: record.owner,
            queue: record.queue,
            priority: record.priority,
            batch_id: record.batch.map(|(id, _)| id),
            deadline: Some(running.deadline()),
            submitted_at: record.created_at,
            submitter: Some(self.submitter.clone()),
        };
        running.hold = Some(start(
            &self.handlers,
            Run {
                key,
                handler: running.job.handler().clone(),
                input: Input {
                    args,
                    schema,
                    job: running.job.clone(),
                    context,
                    progress: running.progress.clone(),
                    token: running.token.clone(),
                    state: self.queue.registry().state().clone(),
                    max_result: self.queue.settings().max_result,
                },
                reports: self.reporter.clone(),
                alive: self.alive.clone(),
            },
        ));
        self.running.insert(key, running);
        self.adjust(key, |_| ());
    }
}
