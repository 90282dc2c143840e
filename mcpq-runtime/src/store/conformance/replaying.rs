//! Running again what has ended.

use super::calls::*;

async fn failed_job(store: &dyn Store, job: NewJob) -> JobId {
    let id = insert(store, job).await;
    let lease = lease_of(&claim_one(store).await);
    finish(store, lease, failed()).await;
    id
}

pub async fn f21_a_replay_starts_anew_under_the_next_lease(store: Arc<dyn Store>) {
    let id = insert(&*store, new_job("a")).await;
    claim_for_a_moment(&*store).await;
    rescued(&*store, 3).await;
    let zombie = lease_of(&claim_one(&*store).await);
    store.request_cancel(&Scope::All, id).await.unwrap();
    finish(&*store, zombie, failed()).await;

    let Replayed::Done(record) = store.replay(&Scope::All, id, ROOM).await.unwrap() else { panic!("refused") };
    assert_eq!((record.status, record.attempts, record.crashes, record.lease), (Status::Pending, 0, 0, 2));
    assert!(record.failure.is_none() && !record.cancel_requested && record.run_at.is_none());
    assert!(record.finished_at.is_none() && record.expires_at.is_none());
    assert_eq!(record.history.len(), 2);
    assert_eq!(finish(&*store, zombie, failed()).await, Settled::Stale, "no repetition any more");
    let claimed = claim_one(&*store).await;
    assert_eq!((claimed.record.attempts, claimed.record.lease), (1, 3));
    assert_eq!(finish(&*store, lease_of(&claimed), completed()).await, Settled::Accepted(Status::Completed));
}

pub async fn only_what_ended_without_a_result_is_replayed(store: Arc<dyn Store>) {
    let refused = async |id| match store.replay(&Scope::All, id, ROOM).await.unwrap() {
        Replayed::NotReplayable(status) => status,
        other => panic!("{other:?}"),
    };
    let id = insert(&*store, new_job("a")).await;
    assert_eq!(refused(id).await, Status::Pending);
    let lease = lease_of(&claim_one(&*store).await);
    assert_eq!(refused(id).await, Status::Running);
    finish(&*store, lease, completed()).await;
    assert_eq!(refused(id).await, Status::Completed);
    assert!(matches!(store.replay(&Scope::All, JobId::new(), ROOM).await.unwrap(), Replayed::NotFound));
    for outcome in [failed(), Outcome::Timeout(failure("late")), Outcome::Cancelled] {
        let id = insert(&*store, new_job("a")).await;
        let lease = lease_of(&claim_one(&*store).await);
        finish(&*store, lease, outcome).await;
        assert!(matches!(store.replay(&Scope::All, id, ROOM).await.unwrap(), Replayed::Done(_)));
        store.request_cancel(&Scope::All, id).await.unwrap();
    }
}

pub async fn a_replay_obeys_the_bound(store: Arc<dyn Store>) {
    let id = failed_job(&*store, new_job("a")).await;
    insert(&*store, new_job("a")).await;
    let refused = store.replay(&Scope::All, id, Bound { max_pending: 1 }).await.unwrap();
    assert!(matches!(refused, Replayed::Full(depth) if depth.waiting == 1), "{refused:?}");
    let record = get(&*store, id).await;
    assert!(record.status == Status::Failed && record.failure.is_some(), "nothing has changed");
    assert!(matches!(store.replay(&Scope::All, id, Bound { max_pending: 2 }).await.unwrap(), Replayed::Done(_)));
}

pub async fn a_replay_obeys_uniqueness(store: Arc<dyn Store>) {
    let unique = || job_with("a", |job| (job.unique, job.args_hash) = (Some(Unique::Live), Some([1; 32])));
    let first = failed_job(&*store, unique()).await;
    let second = insert(&*store, unique()).await;
    let refused = store.replay(&Scope::All, first, ROOM).await.unwrap();
    assert!(matches!(refused, Replayed::Duplicate(live) if live == second), "{refused:?}");
    let lease = lease_of(&claim_one(&*store).await);
    finish(&*store, lease, failed()).await;
    assert!(matches!(store.replay(&Scope::All, first, ROOM).await.unwrap(), Replayed::Done(_)));
    assert!(
        matches!(store.replay(&Scope::All, second, ROOM).await.unwrap(), Replayed::Duplicate(live) if live == first)
    );
    match insert_one(&*store, unique()).await {
        Inserted::Existing(record) => assert_eq!(record.id, first),
        other => panic!("{other:?}"),
    }
    store.remove(&Scope::All, second).await.unwrap();
    assert!(matches!(insert_one(&*store, unique()).await, Inserted::Existing(_)), "the live one still stands");
}

pub async fn a_replayed_job_keeps_its_key_and_its_journal(store: Arc<dyn Store>) {
    let keyed = || job_with("a", |job| (job.idempotency_key, job.args_hash) = (Some("k".into()), Some([1; 32])));
    let id = insert(&*store, keyed()).await;
    let lease = lease_of(&claim_one(&*store).await);
    store.journal_write(lease, "step", json("1")).await.unwrap();
    finish(&*store, lease, failed()).await;
    store.replay(&Scope::All, id, ROOM).await.unwrap();
    assert!(matches!(insert_one(&*store, keyed()).await, Inserted::Existing(record) if record.id == id));
    let lease = lease_of(&claim_one(&*store).await);
    let journal = store.journal(lease).await.unwrap().unwrap();
    assert_eq!((&*journal[0].key, &journal[0].value), ("step", &Some(json("1"))));
}

pub async fn a_replayed_job_queues_behind_those_that_wait(store: Arc<dyn Store>) {
    let first = ended(&*store, new_job("a"), failed()).await;
    let second = insert(&*store, new_job("a")).await;
    pass(&*store, Duration::from_millis(5)).await;
    store.replay(&Scope::All, first, ROOM).await.unwrap();
    let claimed = claim_of(&*store, everything(), 10, MINUTE).await;
    assert_eq!(claimed.iter().map(|claimed| claimed.record.id).collect::<Vec<_>>(), [second, first]);
}

pub async fn a_replayed_job_is_the_same_job(store: Arc<dyn Store>) {
    let batch = Some((JobId::new(), 3));
    let job = job_with("a", |job| {
        (job.batch, job.owner, job.priority) = (batch, Owner::new("ada"), Priority::High);
        (job.args, job.schema, job.max_attempts) = (json("[1 ]"), 9, 5);
    });
    let id = ended(&*store, job, timed_out()).await;
    let before = get(&*store, id).await;
    store.replay(&Scope::All, id, ROOM).await.unwrap();
    let Claimed { record, args, schema } = claim_one(&*store).await;
    assert_eq!((args, schema), (json("[1 ]"), 9));
    assert_eq!((record.batch, record.owner.as_str(), record.priority), (batch, "ada", Priority::High));
    assert_eq!((record.max_attempts, record.created_at, &record.history), (5, before.created_at, &before.history));
    assert_eq!((record.progress, record.progress_message), (0.0, None));
}

pub async fn a_replayed_job_may_crash_as_often_as_a_new_one(store: Arc<dyn Store>) {
    let id = insert(&*store, new_job("a")).await;
    for _ in 0..2 {
        for crash in 1..=2 {
            claim_for_a_moment(&*store).await;
            let record = rescued(&*store, 2).await;
            assert_eq!((record.status.is_final(), record.crashes), (crash == 2, crash));
        }
        assert!(matches!(store.replay(&Scope::All, id, ROOM).await.unwrap(), Replayed::Done(_)));
    }
    assert_eq!(claim_one(&*store).await.record.lease, 5, "the lease keeps growing");
}
