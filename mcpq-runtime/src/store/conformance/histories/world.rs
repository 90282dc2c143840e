//! A store and its model, side by side.

use std::collections::BTreeMap;

use super::{
    BOUND, KEYS, MAX_CRASHES, MOST_RUNNING, MOST_STARTS, Model, OWNERS, QUEUES, Step, TYPES,
    job::{Job, Note, number},
    model::{Due, LIMITED, RATED, Replay, Standing},
    step::{Add, End, Span},
};
use crate::store::conformance::calls::*;

pub(super) struct World {
    store: Arc<dyn Store>,
    model: Model,
    /// Every lease that was ever handed out.
    leases: Vec<LeaseRef>,
    /// What was inserted, to be inserted again.
    inserted: Vec<NewJob>,
    /// The name of the type under a limit of starts: a store remembers those of an earlier history.
    rated: Arc<str>,
}

impl World {
    pub(super) fn new(store: Arc<dyn Store>, seed: u64) -> Self {
        let rated = format!("rated-{seed:x}").into();
        Self { store, model: Model::default(), leases: Vec::new(), inserted: Vec::new(), rated }
    }

    pub(super) async fn take(&mut self, step: Step) {
        match step {
            Step::Insert(adds) => self.insert(adds).await,
            Step::InsertAgain(pick) => {
                let stored = |job: &&NewJob| self.model.jobs.iter().any(|known| known.id == job.id);
                let again: Vec<&NewJob> = self.inserted.iter().filter(stored).collect();
                if let Some(job) = picked(&again, pick) {
                    assert!(matches!(insert_one(&*self.store, (*job).clone()).await, Inserted::Created));
                }
            }
            Step::Claim { finishes, types, queue, max, lease } => self.claim(finishes, types, queue, max, lease).await,
            Step::Finish(picks) => self.finish(picks).await,
            Step::Release(picks) => {
                self.tick().await;
                let leases = self.leases_of(&picks);
                let expected: Vec<Settled> = leases.iter().map(|lease| self.model.release(*lease)).collect();
                assert_eq!(self.store.release(&leases).await.unwrap(), expected);
            }
            Step::Renew(picks, span) => {
                let leases = self.leases_of(&picks);
                let expected: Vec<Renewed> = leases.iter().map(|lease| self.model.renew(*lease, span)).collect();
                assert_eq!(self.store.renew(&leases, span.duration()).await.unwrap(), expected);
            }
            Step::Progress(picks) => {
                let writes = picks.iter().filter_map(|(pick, percent)| {
                    let update = ProgressUpdate { fraction: f64::from(*percent) / 100.0, message: None };
                    Some(ProgressWrite { lease: *picked(&self.leases, *pick)?, update })
                });
                let writes: Vec<ProgressWrite> = writes.collect();
                let held = writes.iter().map(|write| self.model.progress(write.lease, write.update.fraction));
                let expected: Vec<bool> = held.collect();
                assert_eq!(self.store.progress(writes).await.unwrap(), expected);
            }
            Step::Cancel { pick, foreign } => {
                let Some((id, owner)) = self.job(pick, foreign) else { return };
                let expected = self.model.cancel(id, owner);
                let reply = self.store.request_cancel(&scope(owner), id).await.unwrap();
                assert_eq!(reply.map(|reply| (reply.record.status, reply.ended)), expected);
            }
            Step::Replay { pick, foreign } => self.replay(pick, foreign).await,
            Step::Remove { pick, foreign } => {
                let Some((id, owner)) = self.job(pick, foreign) else { return };
                let expected = self.model.remove(id, owner);
                assert_eq!(self.store.remove(&scope(owner), id).await.unwrap(), expected);
            }
            Step::Park { pick, keys, expires } => {
                self.tick().await;
                let Some(lease) = picked(&self.leases, pick).copied() else { return };
                let expected = self.model.park(lease, &keys, expires);
                let questions = keys.iter().map(|key| (KEYS[*key].to_owned(), json("\"?\""))).collect();
                let park = Park { lease, questions, expires_in: expires.duration() };
                assert_eq!(self.store.park(park).await.unwrap(), expected);
            }
            Step::Answer { pick, foreign, answers } => {
                self.tick().await;
                let Some((id, owner)) = self.job(pick, foreign) else { return };
                let expected = self.model.answer(id, owner, &answers);
                let answers = answers.iter().map(|(key, value)| (KEYS[*key].to_owned(), number(*value))).collect();
                let answered = self.store.answer(&scope(owner), id, answers).await.unwrap();
                assert_eq!(answered.map(|answered| (answered.accepted, answered.status)), expected);
            }
            Step::JournalWrite { pick, key, value } => {
                let Some(lease) = picked(&self.leases, pick).copied() else { return };
                let expected = self.model.journal_write(lease, key, value);
                assert_eq!(self.store.journal_write(lease, KEYS[key], number(value)).await.unwrap(), expected);
            }
            Step::Journal(pick) => self.journal(pick).await,
            Step::Rescue(limit) => self.rescue(limit).await,
            Step::Prune(limit) => self.prune(limit).await,
        }
    }

    /// What is called short is over after this, and what comes next comes later, at the store's clock too.
    async fn tick(&mut self) {
        tokio::time::sleep(Duration::from_millis(3)).await;
        self.model.tick();
    }

    async fn insert(&mut self, adds: Vec<Add>) {
        let jobs: Vec<NewJob> = adds.iter().map(|add| self.new_job(add)).collect();
        let named: Vec<(JobId, Add)> = jobs.iter().map(|job| job.id).zip(adds).collect();
        let expected = self.model.insert(&named, BOUND.max_pending);
        self.inserted.extend(jobs.iter().cloned());
        match (self.store.insert(jobs, BOUND).await.unwrap(), expected) {
            (InsertReply::Full(depth), None) => {
                assert_eq!((depth.waiting, depth.running), (self.model.waiting(), self.model.running()));
            }
            (InsertReply::Done(replies), Some(expected)) => {
                let told = replies.iter().map(|reply| match reply {
                    Inserted::Created => Standing::New,
                    Inserted::Existing(record) => Standing::Same(record.id),
                    Inserted::Conflict(id) => Standing::Conflict(*id),
                });
                assert_eq!(told.collect::<Vec<_>>(), expected);
            }
            (reply, expected) => panic!("{reply:?} where the model says {expected:?}"),
        }
        self.tick().await;
    }

    async fn claim(
        &mut self,
        picks: Vec<(usize, End)>,
        types: Vec<usize>,
        queue: Option<usize>,
        max: usize,
        lease: Span,
    ) {
        let limits = |kind: &usize| {
            let rate = RateLimit { count: MOST_STARTS as u32, per: 1000 * MINUTE };
            ClaimType {
                name: self.name(*kind),
                concurrency: (*kind == LIMITED).then_some(MOST_RUNNING as u32),
                rate: (*kind == RATED).then_some(rate),
            }
        };
        let selection = Arc::new(Selection {
            queues: queue.map(|queue| QUEUES[queue].into()).into_iter().collect(),
            any_type: types.len() == TYPES.len(),
            types: types.iter().map(limits).collect(),
        });
        let due = match self.store.next_due(&selection).await.unwrap() {
            None => Due::Never,
            Some(Duration::ZERO) => Due::Now,
            Some(_) => Due::Later,
        };
        assert_eq!(due, self.model.next_due(&types, queue), "when the next is due");
        let request = ClaimRequest { worker: WorkerId::new(), selection, max, lease: lease.duration() };
        let claimed = if picks.is_empty() {
            self.store.claim(&request).await.unwrap()
        } else {
            self.tick().await;
            // Whether a moment passes between the two halves is the store's affair.
            let at_once = |end| if matches!(end, End::Retry(_)) { End::Retry(None) } else { end };
            let (finishes, expected) = self.ends(picks.into_iter().map(|(pick, end)| (pick, at_once(end))));
            let (settled, claimed) = self.store.finish_and_claim(finishes, &request).await.unwrap();
            assert_eq!(settled, expected);
            claimed
        };
        let leases: Vec<LeaseRef> = claimed.iter().map(lease_of).collect();
        assert_eq!(leases, self.model.claim(&types, queue, max, lease), "what is claimed, and in which order");
        self.leases.extend(leases);
    }

    async fn finish(&mut self, picks: Vec<(usize, End)>) {
        self.tick().await;
        let (finishes, expected) = self.ends(picks);
        assert_eq!(self.store.finish(finishes).await.unwrap(), expected);
        self.tick().await;
    }

    /// What is to be recorded, and what the model says to it.
    fn ends(&mut self, picks: impl IntoIterator<Item = (usize, End)>) -> (Vec<Finish>, Vec<Settled>) {
        let (mut finishes, mut expected) = (Vec::new(), Vec::new());
        for (pick, end) in picks {
            let Some(lease) = picked(&self.leases, pick).copied() else { continue };
            if !self.model.is_unclear(lease, end) {
                expected.push(self.model.finish(lease, end));
                finishes.push(finish_of(lease, end.outcome()));
            }
        }
        (finishes, expected)
    }

    async fn replay(&mut self, pick: usize, foreign: bool) {
        self.tick().await;
        let Some((id, owner)) = self.job(pick, foreign) else { return };
        let expected = self.model.replay(id, owner, BOUND.max_pending);
        let told = match self.store.replay(&scope(owner), id, BOUND).await.unwrap() {
            Replayed::Done(_) => Replay::Done,
            Replayed::NotReplayable(status) => Replay::Status(status),
            Replayed::Duplicate(live) => Replay::Equal(live),
            Replayed::Full(_) => Replay::Full,
            Replayed::NotFound => Replay::NotFound,
        };
        assert_eq!(told, expected);
    }

    async fn journal(&mut self, pick: usize) {
        let Some(lease) = picked(&self.leases, pick).copied() else { return };
        let expected = self.model.journal(lease).map(|notes| {
            let entry = |note: &Note| (KEYS[note.key].to_owned(), note.is_question, note.value.map(number));
            notes.iter().map(entry).collect::<Vec<_>>()
        });
        let journal = self.store.journal(lease).await.unwrap().map(|entries| {
            let entry = |entry: &JournalEntry| (entry.key.to_string(), entry.question.is_some(), entry.value.clone());
            entries.iter().map(entry).collect::<Vec<_>>()
        });
        assert_eq!(journal, expected);
    }

    async fn rescue(&mut self, limit: usize) {
        self.tick().await;
        let lost = self.model.lost();
        let rescued = self.store.rescue(MAX_CRASHES, limit).await.unwrap();
        assert_eq!(rescued.len(), lost.len().min(limit), "of {lost:?}");
        for Rescued { record } in rescued {
            assert!(lost.contains(&record.id), "{record:?} was not lost");
            self.model.rescue(record.id);
        }
    }

    async fn prune(&mut self, limit: usize) {
        self.tick().await;
        let expired = self.model.expired();
        assert_eq!(self.store.prune(limit).await.unwrap(), expired.len().min(limit), "of {expired:?}");
        for id in expired {
            if self.store.get(&Scope::All, id).await.unwrap().is_none() {
                self.model.jobs.retain(|job| job.id != id);
            }
        }
    }

    /// Compares what one listing shows of all jobs.
    pub(super) async fn glance(&self) {
        let listing = self.store.list(&Scope::All, &ListFilter::default(), &page(1000, 0)).await.unwrap();
        let shown: Vec<JobId> = listing.jobs.iter().map(|record| record.id).collect();
        let expected: Vec<JobId> = self.model.jobs.iter().rev().map(|job| job.id).collect();
        assert_eq!((shown, listing.total), (expected, self.model.jobs.len()));
        for (record, job) in listing.jobs.iter().zip(self.model.jobs.iter().rev()) {
            assert_eq!(
                (record.status, record.attempts, record.crashes, record.lease, record.cancel_requested),
                (job.status, job.attempts, job.crashes, job.lease, job.cancel_requested),
                "{job:?}"
            );
            assert_eq!((record.progress, record.failure.is_some()), (job.progress, job.has_failure), "{job:?}");
            assert_eq!(record.run_at.is_some(), job.delayed, "{job:?}");
            assert_eq!(record.finished_at.is_some(), job.status.is_final(), "{job:?}");
            let ends: Vec<_> = record.history.iter().map(|attempt| (attempt.lease, attempt.end)).collect();
            assert_eq!(ends, job.ends, "{job:?}");
        }
    }

    /// Compares all else that can be read.
    pub(super) async fn look(&self) {
        for job in &self.model.jobs {
            let (_, result) = self.store.get_result(&Scope::All, job.id).await.unwrap().expect("it is stored");
            let expected = (job.status == Status::Completed).then(|| json("42"));
            assert_eq!(result, expected, "a result and nothing else: {job:?}");
        }
        for (index, scope) in [Scope::All, scope(0), scope(1)].into_iter().enumerate() {
            let mine = |job: &&Job| index == 0 || job.add.owner == index - 1;
            for (status, queue) in [(None, None), (Some(Status::Pending), None), (None, Some(1))] {
                let matches = |job: &&Job| {
                    status.is_none_or(|status| job.status == status) && queue.is_none_or(|queue| job.add.queue == queue)
                };
                let jobs = self.model.jobs.iter().rev().filter(mine).filter(matches);
                let expected: Vec<JobId> = jobs.map(|job| job.id).collect();
                let queue = queue.map(|queue| QUEUES[queue].to_owned());
                let filter = ListFilter { status, queue, ..ListFilter::default() };
                let listing = self.store.list(&scope, &filter, &page(3, 1)).await.unwrap();
                let shown: Vec<JobId> = listing.jobs.iter().map(|record| record.id).collect();
                assert_eq!(listing.next.is_some(), expected.len() > 4, "{filter:?}");
                assert_eq!((listing.total, &shown[..]), (expected.len(), middle(&expected, 1, 3)));
                if let Some(cursor) = listing.next {
                    let next = Page { limit: 3, cursor: Some(cursor), offset: 0 };
                    let listing = self.store.list(&scope, &filter, &next).await.unwrap();
                    let shown: Vec<JobId> = listing.jobs.iter().map(|record| record.id).collect();
                    assert_eq!((listing.total, &shown[..]), (expected.len(), middle(&expected, 4, 3)));
                }
            }
            let mut counted: BTreeMap<(String, Status), usize> = BTreeMap::new();
            for mut counts in self.store.counts(&scope).await.unwrap() {
                for status in Status::ALL {
                    counted.insert((counts.queue.to_string(), status), *counts.of(status));
                }
            }
            counted.retain(|_, count| *count > 0);
            let mut expected = BTreeMap::new();
            for job in self.model.jobs.iter().filter(mine) {
                *expected.entry((QUEUES[job.add.queue].to_owned(), job.status)).or_default() += 1;
            }
            assert_eq!(counted, expected);
        }
    }

    /// Leaves the store empty.
    pub(super) async fn leave(self) {
        for job in self.model.jobs {
            finish(&*self.store, LeaseRef { id: job.id, lease: job.lease }, Outcome::Cancelled).await;
            self.store.request_cancel(&Scope::All, job.id).await.unwrap();
            assert_eq!(self.store.remove(&Scope::All, job.id).await.unwrap(), Removed::Done);
        }
        assert_eq!(total(&*self.store).await, 0);
        let counts = self.store.counts(&Scope::All).await.unwrap();
        assert!(counts.into_iter().all(|mut counts| Status::ALL.iter().all(|status| *counts.of(*status) == 0)));
    }

    fn new_job(&self, add: &Add) -> NewJob {
        let keep = Some(add.keeping.duration());
        NewJob {
            job_type: self.name(add.kind),
            owner: Owner::new(OWNERS[add.owner]),
            queue: QUEUES[add.queue].into(),
            priority: Priority::ALL[add.priority],
            run_at: add.delay.map_or(RunAt::Now, |delay| RunAt::After(delay.duration())),
            args_hash: Some([add.hash; 32]),
            idempotency_key: add.key.map(|key| KEYS[key].into()),
            unique: add.unique(),
            max_attempts: 100,
            keeping: Keeping { result: keep, failure: keep },
            ..new_job("")
        }
    }

    fn name(&self, kind: usize) -> Arc<str> {
        if kind == RATED { self.rated.clone() } else { TYPES[kind].into() }
    }

    fn leases_of(&self, picks: &[usize]) -> Vec<LeaseRef> {
        picks.iter().filter_map(|pick| picked(&self.leases, *pick).copied()).collect()
    }

    /// A job, and who asks for it.
    fn job(&self, pick: usize, foreign: bool) -> Option<(JobId, usize)> {
        let of_lease = |lease: &LeaseRef| self.model.jobs.iter().find(|job| job.id == lease.id);
        let ran = if pick.is_multiple_of(2) { picked(&self.leases, pick / 2).and_then(of_lease) } else { None };
        let job = ran.or_else(|| picked(&self.model.jobs, pick / 2));
        job.map(|job| (job.id, (job.add.owner + usize::from(foreign)) % OWNERS.len()))
    }
}

/// One of these, counted from the newest: what happens to the newest matters most.
fn picked<T>(all: &[T], pick: usize) -> Option<&T> {
    let reach = if pick.is_multiple_of(3) { all.len() } else { all.len().min(6) };
    all.len().checked_sub(1 + (pick / 3).checked_rem(reach)?).map(|index| &all[index])
}

/// So many of them after the first few.
fn middle<T>(all: &[T], skip: usize, most: usize) -> &[T] {
    &all[skip.min(all.len())..(skip + most).min(all.len())]
}

fn scope(owner: usize) -> Scope {
    Scope::Owner(Owner::new(OWNERS[owner]))
}
