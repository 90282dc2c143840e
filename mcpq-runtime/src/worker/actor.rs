//! The worker's loop. It owns all its state; attempts, the store and timers wake it.

mod due;
mod ends;
mod starts;

use std::{
    collections::{BTreeSet, HashSet},
    sync::{Arc, Weak},
    time::Duration,
};

use futures::FutureExt;
use tokio::{
    runtime::Handle,
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    time::Instant,
};

use super::{
    Stop,
    attempt::Report,
    calls::{Call, ClaimAnswer, Ended, RenewAnswer, WriteAnswer},
    hints::{Announcer, Hints},
    keys::KeyMap,
    running::Running,
    submitter::Submitter,
    sweeper::Sweeper,
    verdict::Ending,
};
use crate::{
    job::JobId,
    queue::{EventKind, JobEvent, Queue},
    store::{LiveWorker, Renewed, Selection, Store, StoreError, StoreListener, WorkerId},
};

/// Most reports that are taken at once, so that a flood of them does not starve the rest.
const REPORTS: usize = 1024;

/// Cancels that are kept for a claim on its way; the others come with the first renewal.
const EARLY: usize = 10_000;

pub(super) struct Actor {
    queue: Queue,
    store: Arc<dyn Store>,
    /// What others see of this worker.
    card: LiveWorker,
    /// When they are to be told again that it lives.
    beat_at: Instant,
    selection: Arc<Selection>,
    slots: usize,
    handlers: Handle,
    stop: Stop,
    hints: Arc<Hints>,
    submitter: Arc<Submitter>,
    reports: UnboundedReceiver<Report>,
    reporter: UnboundedSender<Report>,
    announcer: Arc<Announcer>,
    /// A copy goes to every attempt.
    alive: Arc<()>,
    running: KeyMap<Running>,
    next_key: u64,
    /// When attempts want to be looked at.
    checks: BTreeSet<(Instant, u64)>,
    /// When progress is to be written.
    dirty: BTreeSet<(Instant, u64)>,
    ended: Vec<(u64, Ended)>,
    /// When to claim next by time alone.
    claim_at: Option<Instant>,
    renew_at: Instant,
    /// When what still runs is given back; set when the worker stops.
    quit_at: Option<Instant>,
    /// What still ran then has been given back.
    quit: bool,
    claims: Call<ClaimAnswer>,
    /// Whether something may have become due that no hint told of.
    look: bool,
    looks: Call<Result<Option<Duration>, StoreError>>,
    /// Whether the last claim got all it asked for: more is waiting.
    plenty: bool,
    /// The second is for what ended meanwhile, so that the store has the next batch when it is through with the first.
    writes: [Call<WriteAnswer>; 2],
    /// Whether the writes under way claim as well.
    claims_along: [bool; 2],
    /// Jobs whose end was asked for while a claim was on its way, which may bring them as they were before.
    early_cancels: HashSet<JobId>,
    renewals: Call<RenewAnswer>,
    progress: Call<Result<(), StoreError>>,
    heartbeats: Call<Result<(), StoreError>>,
}

impl Actor {
    pub(super) fn new(queue: Queue, selection: Selection, slots: usize, handlers: Handle, stop: Stop) -> Self {
        let hints = Arc::new(Hints::default());
        let listener: Arc<dyn StoreListener> = hints.clone();
        queue.store().watch(Arc::downgrade(&listener));
        let (reporter, reports) = unbounded_channel();
        let now = Instant::now();
        let card = LiveWorker::here(WorkerId::new(), &selection, slots);
        queue.gauges().worker_started(slots);
        queue.worker_started(card.clone());
        Self {
            store: queue.store().clone(),
            card,
            beat_at: now,
            selection: Arc::new(selection),
            slots,
            handlers,
            stop,
            hints,
            submitter: Arc::new(Submitter::new(queue.clone())),
            reports,
            announcer: Arc::new(Announcer(reporter.clone())),
            reporter,
            alive: Arc::default(),
            running: KeyMap::default(),
            next_key: 0,
            checks: BTreeSet::new(),
            dirty: BTreeSet::new(),
            ended: Vec::new(),
            claim_at: Some(now),
            renew_at: now + queue.settings().lease / 3,
            quit_at: None,
            quit: false,
            claims: Call::default(),
            look: false,
            looks: Call::default(),
            plenty: false,
            writes: Default::default(),
            claims_along: [false; 2],
            early_cancels: HashSet::new(),
            renewals: Call::default(),
            progress: Call::default(),
            heartbeats: Call::default(),
            queue,
        }
    }

    /// Counts the handlers that live, once the actor itself is gone.
    pub(super) fn alive(&self) -> Weak<()> {
        Arc::downgrade(&self.alive)
    }

    pub(super) async fn run(mut self, sweeps: bool) {
        let _sweeper = sweeps.then(|| Sweeper::start(self.queue.clone()));
        let stop = self.stop.token.clone();
        let mut reports = Vec::with_capacity(64);
        let mut alarm = std::pin::pin!(tokio::time::sleep_until(Instant::now()));
        loop {
            self.begin_calls();
            // A store in memory has answered already: no need to sleep on it.
            if let Some(answer) = self.writes[0].answer().now_or_never() {
                self.written(0, answer);
                continue;
            }
            if let Some(answer) = self.claims.answer().now_or_never() {
                self.claimed(answer);
                continue;
            }
            if self.is_done() {
                break;
            }
            let stopping = self.quit_at.is_some();
            alarm.as_mut().reset(self.wake_at());
            let [first, second] = &mut self.writes;
            // Not biased: under full load every branch must get its turn.
            tokio::select! {
                () = stop.cancelled(), if !stopping => self.begin_stop(),
                _ = self.reports.recv_many(&mut reports, REPORTS) => {
                    reports.drain(..).for_each(|report| self.hear(report));
                }
                answer = first.answer() => self.written(0, answer),
                answer = second.answer() => self.written(1, answer),
                answer = self.claims.answer() => self.claimed(answer),
                answer = self.renewals.answer() => self.renewed(answer),
                answer = self.progress.answer() => match answer {
                    Ok(()) => self.progress.succeeded(),
                    Err(error) => self.progress.failed("take progress", &error),
                },
                answer = self.looks.answer() => self.looked(answer),
                answer = self.heartbeats.answer() => match answer {
                    Ok(()) => self.heartbeats.succeeded(),
                    Err(error) => {
                        self.heartbeats.failed("note that this worker lives", &error);
                        self.beat_at = Instant::now();
                    }
                },
                () = self.hints.wake.notified() => self.take_hints(),
                () = &mut alarm => self.look_at_clock(),
            }
        }
        // A store that does not answer learns it when the heartbeats stay away.
        let farewell = self.store.heartbeat(&self.card, Duration::ZERO);
        let _ = tokio::time::timeout(Duration::from_secs(1), farewell).await;
    }

    fn is_done(&self) -> bool {
        self.quit_at.is_some_and(|quit_at| {
            let writes = self.writes.iter().any(Call::is_running);
            let quiet = !self.claims.is_running() && !writes && self.ended.is_empty();
            let idle = self.running.values().all(|running| running.settled);
            // A store that cannot be reached keeps nobody from leaving: the leases run out by themselves.
            (quiet && idle) || Instant::now() >= quit_at + self.queue.settings().lease
        })
    }

    fn wake_at(&self) -> Instant {
        let now = Instant::now();
        let mut next = now + Duration::from_secs(60);
        let mut at = |time: Option<Instant>| next = next.min(time.unwrap_or(next));
        at(self.checks.first().map(|(at, _)| *at));
        if !self.heartbeats.is_running() && self.quit_at.is_none() {
            at(Some(self.beat_at.max(self.heartbeats.not_before.unwrap_or(self.beat_at))));
        }
        if !self.progress.is_running() {
            at(self.dirty.first().map(|(at, _)| (*at).max(self.progress.not_before.unwrap_or(*at))));
        }
        if !self.renewals.is_running() && !self.running.is_empty() {
            at(Some(self.renew_at.max(self.renewals.not_before.unwrap_or(self.renew_at))));
        }
        if !self.writes[0].is_running() && !self.ended.is_empty() {
            at(self.writes[0].not_before);
        }
        if !self.is_claiming() && self.free_slots() > 0 && self.quit_at.is_none() {
            at(self.claim_at.map(|at| at.max(self.claims.not_before.unwrap_or(at))));
            if self.look && !self.looks.is_running() {
                at(self.looks.not_before);
            }
        }
        at(self.quit_at.map(|at| if self.quit { at + self.queue.settings().lease } else { at }));
        next
    }

    /// Whether a claim is on its way, alone or along with a write.
    fn is_claiming(&self) -> bool {
        self.claims.is_running() || self.claims_along != [false; 2]
    }

    fn free_slots(&self) -> usize {
        self.slots.saturating_sub(self.running.len())
    }

    fn take_hints(&mut self) {
        if self.hints.take_ready() {
            self.claim_at = Some(Instant::now());
        }
        self.look |= self.hints.take_resync();
        let cancels = self.hints.take_cancels();
        if cancels.is_empty() {
            return;
        }
        let grace = self.queue.settings().cancel_grace;
        let asked: Vec<u64> = self
            .running
            .iter()
            .filter(|(_, running)| !running.settled && cancels.contains(&running.lease.id))
            .map(|(key, _)| *key)
            .collect();
        asked.into_iter().for_each(|key| self.adjust(key, |running| running.request_cancel(grace)));
        if self.is_claiming() {
            let room = EARLY.saturating_sub(self.early_cancels.len());
            self.early_cancels.extend(cancels.into_iter().take(room));
        }
    }

    fn renewed(&mut self, answer: RenewAnswer) {
        let renewed = match answer.renewed {
            Ok(renewed) => renewed,
            Err(error) => {
                self.renewals.failed("renew leases", &error);
                self.renew_at = Instant::now();
                return;
            }
        };
        self.renewals.succeeded();
        let settings = self.queue.settings();
        let (lease_until, grace) = (answer.asked_at + settings.lease, settings.cancel_grace);
        for (key, renewed) in answer.keys.into_iter().zip(renewed) {
            self.adjust(key, |running| match renewed {
                Renewed::Kept { cancel_requested } => {
                    running.lease_until = lease_until;
                    if cancel_requested {
                        running.request_cancel(grace);
                    }
                }
                // One whose end has been recorded meanwhile has no lease to lose.
                Renewed::Lost if running.settled || running.decided => {}
                Renewed::Lost => lose(running),
            });
        }
    }

    fn look_at_clock(&mut self) {
        let now = Instant::now();
        while let Some((at, key)) = self.checks.first().copied()
            && at <= now
        {
            self.checks.remove(&(at, key));
            let Some(running) = self.running.get_mut(&key) else {
                continue;
            };
            running.check_at = None;
            if now >= running.lease_until && !running.decided {
                lose(running);
            }
            if running.check(now) {
                self.give_up(key);
            }
            self.adjust(key, |_| ());
        }
        if !self.quit && self.quit_at.is_some_and(|quit_at| now >= quit_at) {
            self.quit();
        }
    }

    /// Changes an attempt, then puts it where it belongs: back into the timers, or out when nothing is left to do.
    fn adjust(&mut self, key: u64, change: impl FnOnce(&mut Running)) {
        let Some(running) = self.running.get_mut(&key) else {
            return;
        };
        change(running);
        let next = running.next_check();
        let last = std::mem::replace(&mut running.check_at, next);
        if next != last {
            last.map(|at| self.checks.remove(&(at, key)));
            next.map(|at| self.checks.insert((at, key)));
        }
        if running.ended && running.settled {
            if running.leaked {
                self.queue.gauges().returned();
            }
            self.running.remove(&key);
        }
    }

    fn begin_stop(&mut self) {
        let grace = self.stop.grace.get().copied().unwrap_or_else(|| self.queue.settings().grace());
        self.quit_at = Some(Instant::now() + grace);
        self.running.values_mut().filter(|running| !running.decided).for_each(Running::shut_down);
    }

    /// The grace is over: what still runs is dropped and given back.
    fn quit(&mut self) {
        self.quit = true;
        let left: Vec<u64> = self.running.iter().filter(|(_, running)| !running.decided).map(|(key, _)| *key).collect();
        for key in left {
            if let Some(running) = self.running.get_mut(&key) {
                running.drop_handler();
            }
            self.decide(key, Ending::Dropped);
        }
    }
}

/// Also when a runtime is torn down around it.
impl Drop for Actor {
    fn drop(&mut self) {
        self.queue.worker_stopped(self.card.id);
        let gauges = self.queue.gauges();
        gauges.worker_stopped(self.slots);
        self.running.values().filter(|running| running.leaked).for_each(|_| gauges.returned());
    }
}

fn lose(running: &mut Running) {
    tracing::warn!(job_id = %running.lease.id, lease = running.lease.lease, "the lease was lost; the handler is stopped");
    running.lose_lease();
}

fn event(running: &Running, kind: EventKind, failure: Option<crate::job::Failure>) -> JobEvent {
    JobEvent {
        job_id: running.lease.id,
        job_type: running.job_type.clone(),
        owner: running.owner.clone(),
        queue: running.queue.clone(),
        kind,
        attempt: running.attempt,
        failure: failure.map(Arc::new),
    }
}
