//! What listeners hear.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use mcpq::store::{Park, ProgressWrite, StoreListener};

use super::*;
use crate::support::eventually;

#[derive(Default)]
struct Ear {
    ready: AtomicUsize,
    changed: Mutex<Vec<JobId>>,
    cancels: Mutex<Vec<JobId>>,
}

impl StoreListener for Ear {
    fn ready(&self) {
        self.ready.fetch_add(1, Ordering::SeqCst);
    }

    fn changed(&self, id: JobId) {
        self.changed.lock().unwrap().push(id);
    }

    fn cancel_requested(&self, id: JobId) {
        self.cancels.lock().unwrap().push(id);
    }

    fn resync(&self) {
        self.ready();
    }
}

impl Ear {
    fn at(store: &dyn Store) -> Arc<Self> {
        let ear = Arc::new(Self::default());
        let listener: Arc<dyn StoreListener> = ear.clone();
        store.watch(Arc::downgrade(&listener));
        ear
    }

    /// Does something, after which jobs may be due.
    async fn hears_ready<T>(&self, what: &str, doing: impl Future<Output = T>) -> T {
        let before = self.ready.load(Ordering::SeqCst);
        let done = doing.await;
        eventually(what, || async { (self.ready.load(Ordering::SeqCst) > before).then_some(()) }).await;
        done
    }

    /// Does something that changes the job.
    async fn hears_change<T>(&self, id: JobId, what: &str, doing: impl Future<Output = T>) -> T {
        self.changed.lock().unwrap().clear();
        let done = doing.await;
        eventually(what, || async { self.changed.lock().unwrap().contains(&id).then_some(()) }).await;
        done
    }
}

pub(crate) async fn whatever_makes_a_job_due_is_heard(store: Arc<dyn Store>) {
    let ear = Ear::at(&*store);
    let store = &*store;
    let id = ear.hears_ready("insert", insert(store, new_job("a"))).await;
    let lease = lease_of(&claim_one(store).await);
    ear.hears_ready("retry", finish(store, lease, retry(Duration::ZERO))).await;
    let lease = lease_of(&claim_one(store).await);
    ear.hears_ready("release", store.release(&[lease])).await.unwrap();
    claim_for_a_moment(store).await;
    tokio::time::sleep(MOMENT * 2).await;
    ear.hears_ready("rescue", rescued(store, 9)).await;
    let lease = lease_of(&claim_one(store).await);
    let questions = vec![("q".to_owned(), json("1"))];
    store.park(Park { lease, questions, expires_in: MINUTE }).await.unwrap();
    let answers = vec![("q".to_owned(), json("2"))];
    ear.hears_ready("answer", store.answer(&Scope::All, id, answers)).await.unwrap();
    store.request_cancel(&Scope::All, id).await.unwrap();
    ear.hears_ready("replay", store.replay(&Scope::All, id, ROOM)).await.unwrap();
}

pub(crate) async fn a_place_that_is_free_again_is_heard(store: Arc<dyn Store>) {
    let ear = Ear::at(&*store);
    let limited = || {
        let types = vec![ClaimType { name: "limited".into(), concurrency: Some(1), rate: None }];
        Selection { queues: Vec::new(), types, any_type: false }
    };
    for _ in 0..3 {
        insert(&*store, new_job("limited")).await;
    }
    for way in ["finish", "park"] {
        let held = lease_of(&claim_of(&*store, limited(), 9, MINUTE).await[0]);
        assert!(claim_of(&*store, limited(), 9, MINUTE).await.is_empty(), "it is full, and somebody has seen it");
        let questions = vec![("q".to_owned(), json("1"))];
        let end = async {
            match way {
                "finish" => finish(&*store, held, completed()).await,
                _ => store.park(Park { lease: held, questions, expires_in: MINUTE }).await.unwrap(),
            }
        };
        ear.hears_ready(way, end).await;
    }
}

pub(crate) async fn changes_of_a_job_are_heard(store: Arc<dyn Store>) {
    let ear = Ear::at(&*store);
    let store = &*store;
    let id = insert(store, new_job("a")).await;
    let claimed = ear.hears_change(id, "claim", claim_one(store)).await;
    let lease = lease_of(&claimed);
    let update = ProgressUpdate { fraction: 0.5, message: None };
    ear.hears_change(id, "progress", store.progress(vec![ProgressWrite { lease, update }])).await.unwrap();
    ear.hears_change(id, "cancel", store.request_cancel(&Scope::All, id)).await.unwrap();
    eventually("cancel", || async { ear.cancels.lock().unwrap().contains(&id).then_some(()) }).await;
    ear.hears_change(id, "finish", finish(store, lease, failed())).await;
    ear.hears_change(id, "replay", store.replay(&Scope::All, id, ROOM)).await.unwrap();
    let lease = ear.hears_change(id, "claim", claim_for_a_moment(store)).await;
    ear.hears_change(id, "rescue", rescued(store, 9)).await;
    assert_eq!(lease.id, id);
    ear.hears_change(id, "cancel", store.request_cancel(&Scope::All, id)).await.unwrap();
}

pub(crate) async fn a_listener_that_is_gone_is_not_called(store: Arc<dyn Store>) {
    let ear = Ear::at(&*store);
    drop(ear);
    let other = Ear::at(&*store);
    other.hears_ready("insert", insert(&*store, new_job("a"))).await;
}
