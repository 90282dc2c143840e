//! Which workers live is known to all.

use super::calls::*;
use crate::store::{LiveWorker, WorkerId};

fn worker(types: &[&str]) -> LiveWorker {
    LiveWorker::here(WorkerId::new(), &serving(types), 4)
}

async fn ids(store: &dyn Store) -> Vec<WorkerId> {
    let mut ids: Vec<_> = store.workers().await.unwrap().into_iter().map(|worker| worker.id).collect();
    ids.sort_by_key(|id| *id.as_uuid());
    ids
}

pub async fn a_worker_is_known_as_long_as_its_heartbeats_come(store: Arc<dyn Store>) {
    let (one, other) = (worker(&["a"]), worker(&["b", "c"]));
    store.heartbeat(&one, MINUTE).await.unwrap();
    store.heartbeat(&other, Duration::from_millis(80)).await.unwrap();
    eventually("a worker whose heartbeats stay away is forgotten", || async {
        (ids(&*store).await == [one.id]).then_some(())
    })
    .await;
    store.heartbeat(&other, MINUTE).await.unwrap();
    assert_eq!(ids(&*store).await, [one.id, other.id]);
    let known = store.workers().await.unwrap();
    assert!(known.contains(&one) && known.contains(&other), "{known:?}");
}

pub async fn a_heartbeat_prolongs_and_tells_anew_what_is_served(store: Arc<dyn Store>) {
    let mut one = worker(&["a"]);
    store.heartbeat(&one, Duration::from_millis(50)).await.unwrap();
    one.any_type = true;
    one.queues = vec!["reports".into()];
    store.heartbeat(&one, MINUTE).await.unwrap();
    pass(&*store, Duration::from_millis(100)).await;
    assert_eq!(store.workers().await.unwrap(), [one]);
}

pub async fn a_worker_that_stops_is_forgotten_at_once(store: Arc<dyn Store>) {
    let (one, other) = (worker(&["a"]), worker(&["a"]));
    for worker in [&one, &other] {
        store.heartbeat(worker, MINUTE).await.unwrap();
    }
    store.heartbeat(&one, Duration::ZERO).await.unwrap();
    store.heartbeat(&worker(&["a"]), Duration::ZERO).await.unwrap();
    assert_eq!(ids(&*store).await, [other.id]);
}
