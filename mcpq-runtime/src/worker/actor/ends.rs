//! From the end of an attempt to its record.

use tokio::time::Instant;

use super::{Actor, event};
use crate::{
    job::Status,
    queue::{EventKind, JobEvent},
    store::{Finish, Outcome, Settled},
    worker::{
        attempt::Report,
        calls::{Ended, WriteAnswer},
        running::Running,
        verdict::{Ending, Verdict},
    },
};

impl Actor {
    pub(super) fn hear(&mut self, report: Report) {
        match report {
            Report::Progress(key) => {
                if let Some(running) = self.running.get(&key) {
                    self.dirty.insert((running.progress_from, key));
                }
            }
            Report::Ended(key, ending) => {
                let Some(running) = self.running.get_mut(&key) else {
                    return;
                };
                running.ended = true;
                let lost_runtime = matches!(ending, Ending::Dropped) && running.causes == Default::default();
                if !running.decided {
                    self.decide(key, ending);
                }
                self.adjust(key, |_| ());
                if lost_runtime && self.quit_at.is_none() {
                    tracing::warn!("the runtime of the handlers is gone; the worker stops");
                    self.begin_stop();
                }
            }
        }
    }

    /// Decides what follows from an ending and sends it on its way.
    pub(super) fn decide(&mut self, key: u64, ending: Ending) {
        let Some(running) = self.running.get_mut(&key) else {
            return;
        };
        let outcome = running.verdict(ending);
        running.decided = true;
        match outcome {
            Verdict::Record(outcome) => {
                let finish = Finish { lease: running.lease, outcome, progress: running.progress.latest() };
                self.ended.push((key, Ended::Finish(finish)));
            }
            Verdict::Release => self.ended.push((key, Ended::Release(running.lease))),
            Verdict::Nothing => running.settled = true,
        }
    }

    /// A handler cannot be stopped: its end is recorded without it. Where a retry is due the job stays with it, so that
    /// it never runs twice at once; the store makes a cancel of a retry that was asked to end.
    pub(super) fn give_up(&mut self, key: u64) {
        let Some(running) = self.running.get_mut(&key) else {
            return;
        };
        if running.withdraw() {
            if running.causes.timed_out && !running.causes.cancel_requested && !running.decided {
                tracing::warn!(
                    job_id = %running.lease.id,
                    job_type = running.job.name(),
                    "the function got no thread within its timeout; the job goes back unstarted"
                );
                running.decided = true;
                self.ended.push((key, Ended::Release(running.lease)));
            } else if !running.decided {
                self.decide(key, Ending::Dropped);
            }
            return;
        }
        if !running.leaked {
            running.leaked = true;
            self.queue.gauges().leaked();
            tracing::error!(
                job_id = %running.lease.id,
                job_type = running.job.name(),
                "the handler cannot be stopped; its slot is lost until it returns"
            );
        }
        let retried = !running.causes.cancel_requested
            && matches!(running.verdict(Ending::Dropped), Verdict::Record(Outcome::Retry { .. }));
        if !running.decided && !retried {
            self.decide(key, Ending::Dropped);
        }
    }

    pub(super) fn written(&mut self, call: usize, answer: WriteAnswer) {
        match answer.settled {
            Ok(settled) => {
                self.writes[call].succeeded();
                self.settle(answer.batch, settled);
            }
            Err(error) => {
                self.writes[call].failed("record how jobs ended", &error);
                let kept = |key: &u64| self.running.get(key).is_none_or(|running| !running.settled);
                self.ended.extend(answer.batch.into_iter().filter(|(key, _)| kept(key)));
            }
        }
        let asked = std::mem::take(&mut self.claims_along[call]);
        // After the slots are free that it was claimed for.
        match answer.claimed {
            Some(claimed) => self.claimed(claimed),
            None if asked => self.claim_at = Some(Instant::now()),
            None => {}
        }
    }

    fn settle(&mut self, batch: Vec<(u64, Ended)>, settled: Vec<Settled>) {
        let now = Instant::now();
        let mut runs = Vec::with_capacity(settled.len());
        for ((key, ended), settled) in batch.into_iter().zip(settled) {
            let Some(running) = self.running.get_mut(&key) else {
                continue;
            };
            running.settled = true;
            match settled {
                Settled::Accepted(status) => {
                    if status.is_final() {
                        runs.push((running.job.shared_name(), now - running.started));
                    }
                    self.queue.events().emit(|| recorded(running, status, ended));
                }
                Settled::Stale => tracing::warn!(
                    job_id = %running.lease.id,
                    lease = running.lease.lease,
                    "the lease was lost before the job's end could be recorded"
                ),
            }
            self.adjust(key, |_| ());
        }
        self.queue.meter().ended(&runs);
    }
}

/// The event of an attempt whose end was recorded.
fn recorded(running: &Running, status: Status, ended: Ended) -> JobEvent {
    let kind = match (status, &ended) {
        (Status::Completed, _) => EventKind::Completed,
        (Status::Failed, _) => EventKind::Failed,
        (Status::Timeout, _) => EventKind::TimedOut,
        (Status::Cancelled, _) => EventKind::Cancelled,
        (Status::InputRequired, _) => EventKind::Parked,
        (_, Ended::Finish(_)) => EventKind::Retrying,
        (_, Ended::Release(_)) => EventKind::Released,
    };
    let failure = match ended {
        Ended::Finish(Finish { outcome: Outcome::Failed(failure) | Outcome::Timeout(failure), .. }) => Some(failure),
        Ended::Finish(Finish { outcome: Outcome::Retry { attempt, .. }, .. }) => Some(attempt),
        _ => None,
    };
    event(running, kind, failure)
}
