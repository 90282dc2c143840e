//! Random histories of the memory store, compared with a model that looks at every job each time.

mod model;
mod steps;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use mcpq::{
    JobId, Payload, ProgressUpdate, Scope, Status,
    store::{
        Bound, ClaimRequest, ClaimType, Finish, InsertReply, Inserted, LeaseRef, ListFilter, Page, ProgressWrite,
        Removed, Renewed, Replayed, Selection, Settled, Store, WorkerId, memory::MemoryStore,
    },
};
use proptest::prelude::*;

use model::{Add, Model, Standing};
use steps::{End, Step, steps};

/// Most jobs that may wait: few enough to be reached.
const BOUND: Bound = Bound { max_pending: 8 };

const LEASE: Duration = Duration::from_millis(300);

const MAX_CRASHES: u32 = 2;

const TYPES: [&str; 3] = ["plain", "unique", "kept"];

const QUEUES: [&str; 2] = ["default", "side"];

const OWNERS: [&str; 2] = ["ada", "bob"];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_memory_store_is_what_the_model_is(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let mut world = World { store: MemoryStore::new(), model: Model::default(), leases: Vec::new() };
            for step in steps {
                world.take(step).await;
                world.compare().await;
            }
        });
    }
}

struct World {
    store: MemoryStore,
    model: Model,
    /// Every lease that was ever handed out.
    leases: Vec<LeaseRef>,
}

impl World {
    async fn take(&mut self, step: Step) {
        match step {
            Step::Insert(adds) => self.insert(adds).await,
            Step::Claim { types, queue, max } => self.claim(types, queue, max).await,
            Step::Finish { pick, end } => self.finish(pick, end).await,
            Step::Release(pick) => {
                if let Some(lease) = self.lease(pick) {
                    let expected = settled(self.model.release(lease));
                    assert_eq!(self.store.release(&[lease]).await.unwrap(), [expected]);
                }
            }
            Step::Renew(pick) => {
                if let Some(lease) = self.lease(pick) {
                    let expected = match self.model.renew(lease, LEASE) {
                        Some(cancel_requested) => Renewed::Kept { cancel_requested },
                        None => Renewed::Lost,
                    };
                    assert_eq!(self.store.renew(&[lease], LEASE).await.unwrap(), [expected]);
                }
            }
            Step::Progress { pick, percent } => {
                if let Some(lease) = self.lease(pick) {
                    let update = ProgressUpdate { fraction: f64::from(percent) / 100.0, message: None };
                    let expected = self.model.progress(lease, update.fraction);
                    assert_eq!(self.store.progress(vec![ProgressWrite { lease, update }]).await.unwrap(), [expected]);
                }
            }
            Step::Cancel { pick, owner } => {
                let Some(id) = self.job(pick) else { return };
                let expected = self.model.cancel(id, OWNERS[owner]);
                let record = self.store.request_cancel(&scope(owner), id).await.unwrap();
                assert_eq!(record.map(|reply| reply.record.status), expected);
            }
            Step::Replay { pick, owner } => self.replay(pick, owner).await,
            Step::Remove { pick, owner } => {
                let Some(id) = self.job(pick) else { return };
                let expected = match self.model.remove(id, OWNERS[owner]) {
                    None => Removed::NotFound,
                    Some(None) => Removed::Done,
                    Some(Some(status)) => Removed::NotEnded(status),
                };
                assert_eq!(self.store.remove(&scope(owner), id).await.unwrap(), expected);
            }
            Step::Wait(millis) => {
                tokio::time::advance(Duration::from_millis(millis)).await;
                self.model.now += Duration::from_millis(millis);
            }
            Step::Rescue => {
                let rescued = self.store.rescue(MAX_CRASHES, 1000).await.unwrap();
                let mut ids: Vec<JobId> = rescued.iter().map(|rescued| rescued.record.id).collect();
                let mut expected = self.model.rescue(MAX_CRASHES);
                ids.sort();
                expected.sort();
                assert_eq!(ids, expected);
            }
            Step::Prune => assert_eq!(self.store.prune(1000).await.unwrap(), self.model.prune()),
        }
    }

    async fn insert(&mut self, adds: Vec<Add>) {
        let jobs: Vec<_> = adds.iter().map(Add::new_job).collect();
        let ids: Vec<JobId> = jobs.iter().map(|job| job.id).collect();
        let expected = self.model.insert(&adds, &ids, BOUND.max_pending);
        let reply = self.store.insert(jobs, BOUND).await.unwrap();
        match (reply, expected) {
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
    }

    async fn claim(&mut self, types: Vec<usize>, queue: Option<usize>, max: usize) {
        let claim_type = |index: &usize| ClaimType { name: TYPES[*index].into(), concurrency: None, rate: None };
        let selection = Selection {
            queues: queue.map(|queue| QUEUES[queue].into()).into_iter().collect(),
            any_type: types.len() == TYPES.len(),
            types: types.iter().map(claim_type).collect(),
        };
        let due = self.model.next_due(&types, queue);
        assert_eq!(self.store.next_due(&selection).await.unwrap(), due, "when the next is due");
        let request = ClaimRequest { worker: WorkerId::new(), selection: Arc::new(selection), max, lease: LEASE };
        let claimed = self.store.claim(&request).await.unwrap();
        let leases: Vec<LeaseRef> =
            claimed.iter().map(|claimed| LeaseRef { id: claimed.record.id, lease: claimed.record.lease }).collect();
        assert_eq!(leases, self.model.claim(&types, queue, max, LEASE), "what is claimed, and in which order");
        self.leases.extend(leases);
    }

    async fn finish(&mut self, pick: prop::sample::Index, end: End) {
        let Some(lease) = self.lease(pick) else { return };
        let expected = settled(self.model.finish(lease, end));
        let finish = Finish { lease, outcome: end.outcome(), progress: ProgressUpdate::default() };
        assert_eq!(self.store.finish(vec![finish]).await.unwrap(), [expected], "{end:?} of {lease:?}");
    }

    async fn replay(&mut self, pick: prop::sample::Index, owner: usize) {
        let Some(id) = self.job(pick) else { return };
        let expected = self.model.replay(id, OWNERS[owner], BOUND.max_pending);
        let told = match self.store.replay(&scope(owner), id, BOUND).await.unwrap() {
            Replayed::Done(record) => {
                assert_eq!((record.attempts, record.crashes, record.progress), (0, 0, 0.0));
                model::Replay::Done
            }
            Replayed::NotReplayable(status) => model::Replay::Status(status),
            Replayed::Duplicate(live) => model::Replay::Equal(live),
            Replayed::Full(_) => model::Replay::Full,
            Replayed::NotFound => model::Replay::NotFound,
        };
        assert_eq!(told, expected);
    }

    /// Compares all that can be read.
    async fn compare(&self) {
        for job in &self.model.jobs {
            let (record, result) = self.store.get_result(&Scope::All, job.id).await.unwrap().expect("it is stored");
            assert_eq!(
                (record.status, record.attempts, record.crashes, record.lease, record.cancel_requested),
                (job.status, job.attempts, job.crashes, job.lease, job.cancel_requested),
                "{job:?}"
            );
            assert_eq!(record.progress, job.progress, "{job:?}");
            assert_eq!(result.is_some(), job.status == Status::Completed, "a result and nothing else: {job:?}");
            assert_eq!(record.finished_at.is_some(), job.status.is_final(), "{job:?}");
            assert_eq!(record.failure.is_some(), job.has_failure, "{job:?}");
        }
        for (index, scope) in [Scope::All, scope(0), scope(1)].into_iter().enumerate() {
            let mine = |job: &&model::Job| index == 0 || job.owner == OWNERS[index - 1];
            let expected: Vec<JobId> = self.model.jobs.iter().rev().filter(mine).map(|job| job.id).collect();
            let page = Page { limit: 3, cursor: None, offset: 1 };
            let listing = self.store.list(&scope, &ListFilter::default(), &page).await.unwrap();
            let shown: Vec<JobId> = listing.jobs.iter().map(|record| record.id).collect();
            assert_eq!((listing.total, shown), (expected.len(), expected.into_iter().skip(1).take(3).collect()));

            let mut counted: BTreeMap<(String, Status), usize> = BTreeMap::new();
            for mut counts in self.store.counts(&scope).await.unwrap() {
                for status in Status::ALL {
                    counted.insert((counts.queue.to_string(), status), *counts.of(status));
                }
            }
            counted.retain(|_, count| *count > 0);
            let mut expected = BTreeMap::new();
            for job in self.model.jobs.iter().filter(mine) {
                *expected.entry((job.queue.to_owned(), job.status)).or_default() += 1;
            }
            assert_eq!(counted, expected);
        }
    }

    fn lease(&self, pick: prop::sample::Index) -> Option<LeaseRef> {
        (!self.leases.is_empty()).then(|| *pick.get(&self.leases))
    }

    fn job(&self, pick: prop::sample::Index) -> Option<JobId> {
        (!self.model.jobs.is_empty()).then(|| pick.get(&self.model.jobs).id)
    }
}

fn scope(owner: usize) -> Scope {
    Scope::Owner(mcpq::Owner::new(OWNERS[owner]))
}

fn settled(status: Option<Status>) -> Settled {
    status.map_or(Settled::Stale, Settled::Accepted)
}

fn payload(text: &str) -> Payload {
    Payload::from_json_bytes(text.as_bytes())
}
