//! What listeners hear.

use std::sync::Mutex;

use super::calls::*;

/// Hears all that a store tells. A resync stands for anything.
#[derive(Default)]
struct Ear(Mutex<Heard>);

#[derive(Default)]
struct Heard {
    ready: bool,
    changed: Vec<JobId>,
    cancels: Vec<JobId>,
    resync: bool,
}

impl StoreListener for Ear {
    fn ready(&self) {
        self.0.lock().unwrap().ready = true;
    }

    fn changed(&self, id: JobId) {
        self.0.lock().unwrap().changed.push(id);
    }

    fn cancel_requested(&self, id: JobId) {
        self.0.lock().unwrap().cancels.push(id);
    }

    fn resync(&self) {
        self.0.lock().unwrap().resync = true;
    }
}

impl Ear {
    fn at(store: &dyn Store) -> Arc<Self> {
        let ear = Arc::new(Self::default());
        let listener: Arc<dyn StoreListener> = ear.clone();
        store.watch(Arc::downgrade(&listener));
        ear
    }

    /// Does something that is to be heard in this way, within seconds.
    async fn hears<T>(&self, what: &str, way: impl Fn(&Heard) -> bool, doing: impl Future<Output = T>) -> T {
        *self.0.lock().unwrap() = Heard::default();
        let done = doing.await;
        let heard = || async {
            let heard = self.0.lock().unwrap();
            (way(&heard) || heard.resync).then_some(())
        };
        eventually(format!("{what} is heard"), heard).await;
        done
    }

    /// Does something, after which jobs may be due.
    async fn hears_ready<T>(&self, what: &str, doing: impl Future<Output = T>) -> T {
        self.hears(what, |heard| heard.ready, doing).await
    }

    /// Does something that changes the job.
    async fn hears_change<T>(&self, id: JobId, what: &str, doing: impl Future<Output = T>) -> T {
        self.hears(what, |heard| heard.changed.contains(&id), doing).await
    }
}

pub async fn whatever_makes_a_job_due_is_heard(store: Arc<dyn Store>) {
    let ear = Ear::at(&*store);
    let store = &*store;
    let id = ear.hears_ready("insert", insert(store, new_job("a"))).await;
    let lease = lease_of(&claim_one(store).await);
    ear.hears_ready("retry", finish(store, lease, retry(Duration::ZERO))).await;
    let lease = lease_of(&claim_one(store).await);
    ear.hears_ready("release", store.release(&[lease])).await.unwrap();
    claim_for_a_moment(store).await;
    ear.hears_ready("rescue", rescued(store, 9)).await;
    let lease = lease_of(&claim_one(store).await);
    let questions = vec![("q".to_owned(), json("1"))];
    store.park(Park { lease, questions, expires_in: MINUTE }).await.unwrap();
    let answers = vec![("q".to_owned(), json("2"))];
    ear.hears_ready("answer", store.answer(&Scope::All, id, answers)).await.unwrap();
    store.request_cancel(&Scope::All, id).await.unwrap();
    ear.hears_ready("replay", store.replay(&Scope::All, id, ROOM)).await.unwrap();
}

pub async fn a_place_that_is_free_again_is_heard(store: Arc<dyn Store>) {
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

pub async fn an_end_makes_room_for_what_a_claim_has_left(store: Arc<dyn Store>) {
    let ear = Ear::at(&*store);
    let types = vec![ClaimType { name: "limited".into(), concurrency: Some(1), rate: None }];
    let limited = Selection { queues: Vec::new(), types, any_type: false };
    for _ in 0..4 {
        insert(&*store, new_job("limited")).await;
    }
    // The claim that takes the last place is the only one that has seen the others wait.
    for _ in 0..3 {
        let held = lease_of(&claim_of(&*store, limited.clone(), 9, MINUTE).await[0]);
        ear.hears_ready("finish", finish(&*store, held, completed())).await;
    }
}

pub async fn changes_of_a_job_are_heard(store: Arc<dyn Store>) {
    let ear = Ear::at(&*store);
    let store = &*store;
    let id = insert(store, new_job("a")).await;
    let claimed = ear.hears_change(id, "claim", claim_one(store)).await;
    let lease = lease_of(&claimed);
    let update = ProgressUpdate { fraction: 0.5, message: None };
    ear.hears_change(id, "progress", store.progress(vec![ProgressWrite { lease, update }])).await.unwrap();
    let asked = |heard: &Heard| heard.changed.contains(&id) && heard.cancels.contains(&id);
    ear.hears("cancel", asked, store.request_cancel(&Scope::All, id)).await.unwrap();
    ear.hears_change(id, "finish", finish(store, lease, failed())).await;
    ear.hears_change(id, "replay", store.replay(&Scope::All, id, ROOM)).await.unwrap();
    let lease = ear.hears_change(id, "claim", claim_for_a_moment(store)).await;
    ear.hears_change(id, "rescue", rescued(store, 9)).await;
    assert_eq!(lease.id, id);
    ear.hears_change(id, "cancel", store.request_cancel(&Scope::All, id)).await.unwrap();
}

pub async fn a_listener_that_is_gone_is_not_called(store: Arc<dyn Store>) {
    let ear = Ear::at(&*store);
    drop(ear);
    let other = Ear::at(&*store);
    other.hears_ready("insert", insert(&*store, new_job("a"))).await;
}
