//! What is stored, what stands for it already, and what is refused.

use super::calls::*;

pub async fn f34_the_bound_counts_all_that_waits_and_refuses_whole_batches(store: Arc<dyn Store>) {
    let bound = Bound { max_pending: 3 };
    insert(&*store, new_job("running")).await;
    claim_one(&*store).await;
    insert(&*store, new_job("a")).await;
    insert(&*store, job_with("a", |job| job.run_at = RunAt::After(MINUTE))).await;
    let refused = store.insert(vec![new_job("a"), new_job("a")], bound).await.unwrap();
    assert!(matches!(refused, InsertReply::Full(depth) if depth.waiting == 2 && depth.running == 1), "{refused:?}");
    assert_eq!(total(&*store).await, 3, "all or none");
    assert!(matches!(store.insert(vec![new_job("a")], bound).await.unwrap(), InsertReply::Done(_)));
    assert!(matches!(store.insert(vec![new_job("a")], bound).await.unwrap(), InsertReply::Full(_)));
    assert_eq!(total(&*store).await, 4);
}

pub async fn f17_a_key_gives_the_same_job_in_any_state(store: Arc<dyn Store>) {
    let id = insert(&*store, keyed("a", "k", 1)).await;
    assert_eq!(existing(insert_one(&*store, keyed("a", "k", 1)).await), id);
    let lease = lease_of(&claim_one(&*store).await);
    assert_eq!(existing(insert_one(&*store, keyed("a", "k", 1)).await), id);
    finish(&*store, lease, failed()).await;
    match insert_one(&*store, keyed("a", "k", 1)).await {
        Inserted::Existing(record) => assert_eq!((record.id, record.status), (id, Status::Failed)),
        other => panic!("{other:?}"),
    }
    store.remove(&Scope::All, id).await.unwrap();
    assert_ne!(insert(&*store, keyed("a", "k", 1)).await, id, "the key is free when its job is forgotten");
}

pub async fn f16_a_key_with_other_arguments_is_a_conflict(store: Arc<dyn Store>) {
    let id = insert(&*store, keyed("a", "k", 1)).await;
    let reply = insert_one(&*store, keyed("a", "k", 2)).await;
    assert!(matches!(reply, Inserted::Conflict(known) if known == id), "{reply:?}");
    assert_eq!(total(&*store).await, 1);
}

pub async fn a_key_belongs_to_owner_and_type(store: Arc<dyn Store>) {
    insert(&*store, keyed("a", "k", 1)).await;
    insert(&*store, keyed("b", "k", 2)).await;
    let mut others = keyed("a", "k", 3);
    others.owner = Owner::new("somebody else");
    insert(&*store, others).await;
    assert_eq!(total(&*store).await, 3);
}

pub async fn one_key_twice_in_a_batch_is_one_job(store: Arc<dyn Store>) {
    let first = keyed("a", "k", 1);
    let id = first.id;
    let batch = vec![first, keyed("a", "k", 1), keyed("a", "k", 2)];
    let InsertReply::Done(replies) = store.insert(batch, ROOM).await.unwrap() else { panic!("full") };
    assert!(matches!(replies[0], Inserted::Created));
    assert!(matches!(&replies[1], Inserted::Existing(record) if record.id == id));
    assert!(matches!(replies[2], Inserted::Conflict(known) if known == id));
}

pub async fn f18_a_repeated_key_is_answered_in_a_full_store(store: Arc<dyn Store>) {
    let id = insert(&*store, keyed("a", "k", 1)).await;
    let reply = store.insert(vec![keyed("a", "k", 1)], Bound { max_pending: 1 }).await.unwrap();
    let InsertReply::Done(mut replies) = reply else { panic!("the job is there already, so nothing is added") };
    assert_eq!(existing(replies.remove(0)), id);
}

pub async fn a_live_unique_job_stands_for_its_equals_until_it_ends(store: Arc<dyn Store>) {
    let id = insert(&*store, unique(Unique::Live, 1)).await;
    assert_eq!(existing(insert_one(&*store, unique(Unique::Live, 1)).await), id);
    insert(&*store, job_with("a", |job| (job.unique, job.args_hash) = (Some(Unique::Live), Some([2; 32])))).await;
    let mut others = unique(Unique::Live, 1);
    others.owner = Owner::new("somebody else");
    insert(&*store, others).await;
    let claimed = claim_of(&*store, everything(), 1, MINUTE).await;
    assert_eq!(existing(insert_one(&*store, unique(Unique::Live, 1)).await), id, "while it runs as well");
    finish(&*store, lease_of(&claimed[0]), completed()).await;
    assert_ne!(insert(&*store, unique(Unique::Live, 1)).await, id);
}

pub async fn a_kept_unique_job_stands_for_its_equals_until_it_is_forgotten(store: Arc<dyn Store>) {
    let id = insert(&*store, unique(Unique::Kept, 1)).await;
    let lease = lease_of(&claim_one(&*store).await);
    finish(&*store, lease, completed()).await;
    assert_eq!(existing(insert_one(&*store, unique(Unique::Kept, 1)).await), id);
    store.remove(&Scope::All, id).await.unwrap();
    assert_ne!(insert(&*store, unique(Unique::Kept, 1)).await, id);
}

pub async fn a_key_is_looked_at_before_uniqueness(store: Arc<dyn Store>) {
    let mut first = unique(Unique::Live, 1);
    first.idempotency_key = Some("k".into());
    insert(&*store, first).await;
    let second = insert(&*store, unique(Unique::Live, 2)).await;
    let mut both = unique(Unique::Live, 2);
    both.idempotency_key = Some("k".into());
    assert!(matches!(insert_one(&*store, both).await, Inserted::Conflict(_)));
    let mut other_key = unique(Unique::Live, 2);
    other_key.idempotency_key = Some("l".into());
    assert_eq!(existing(insert_one(&*store, other_key).await), second);
}

pub async fn f34_a_refused_batch_leaves_nothing_behind(store: Arc<dyn Store>) {
    let bound = Bound { max_pending: 1 };
    let batch = job_with("a", |job| job.batch = Some((JobId::new(), 0))).batch;
    let mut first = keyed("a", "k", 1);
    (first.batch, first.unique) = (batch, Some(Unique::Live));
    let refused = store.insert(vec![first, new_job("a")], bound).await.unwrap();
    assert!(matches!(refused, InsertReply::Full(depth) if depth.waiting == 0), "{refused:?}");
    assert_eq!(total(&*store).await, 0);
    assert!(store.counts(&Scope::All).await.unwrap().iter().all(|counts| counts.pending == 0));
    assert!(claim_of(&*store, everything(), 10, MINUTE).await.is_empty());
    insert(&*store, keyed("a", "k", 2)).await;
}

pub async fn f17_a_key_is_taken_in_every_status_until_its_job_is_pruned(store: Arc<dyn Store>) {
    for (n, outcome) in [completed(), failed(), timed_out(), Outcome::Cancelled, retry(MINUTE)].into_iter().enumerate()
    {
        let key = format!("k{n}");
        let id = ended(&*store, keyed("a", &key, 1), outcome).await;
        match insert_one(&*store, keyed("a", &key, 1)).await {
            Inserted::Existing(record) => assert_eq!((record.id, record.status), (id, status(&*store, id).await)),
            other => panic!("{other:?}"),
        }
    }
    let parked = insert(&*store, keyed("a", "parked", 1)).await;
    store.park(park_of(lease_one(&*store).await, &["q"])).await.unwrap();
    assert_eq!(existing(insert_one(&*store, keyed("a", "parked", 1)).await), parked);
    let short = NewJob { keeping: Keeping { result: Some(MOMENT), failure: None }, ..keyed("a", "short", 1) };
    let id = ended(&*store, short.clone(), completed()).await;
    pass(&*store, MOMENT).await;
    assert_eq!(store.prune(10).await.unwrap(), 1);
    assert_ne!(insert(&*store, NewJob { id: JobId::new(), ..short }).await, id);
}

pub async fn f18_a_repeated_insert_is_answered_as_the_first_time(store: Arc<dyn Store>) {
    let batch = vec![new_job("a"), keyed("a", "k", 1), unique(Unique::Kept, 2)];
    for _ in 0..2 {
        assert!(insert_all(&*store, batch.clone()).await.iter().all(|reply| matches!(reply, Inserted::Created)));
    }
    let full = store.insert(batch.clone(), Bound { max_pending: 3 }).await.unwrap();
    assert!(matches!(full, InsertReply::Done(_)), "it needs no room: {full:?}");
    assert_eq!(total(&*store).await, 3);
    finish(&*store, lease_of(&claim_of(&*store, everything(), 1, MINUTE).await[0]), completed()).await;
    assert!(matches!(insert_one(&*store, batch[0].clone()).await, Inserted::Created), "whatever became of it");
    assert_eq!(status(&*store, batch[0].id).await, Status::Completed);
    let more = insert_all(&*store, vec![batch[1].clone(), new_job("a"), batch[2].clone()]).await;
    assert!(more.iter().all(|reply| matches!(reply, Inserted::Created)));
    assert_eq!(total(&*store).await, 4);
}

pub async fn f18_a_repeated_insert_is_never_answered_with_a_successor(store: Arc<dyn Store>) {
    let first = unique(Unique::Live, 1);
    insert(&*store, first.clone()).await;
    finish(&*store, lease_of(&claim_one(&*store).await), completed()).await;
    let second = insert(&*store, unique(Unique::Live, 1)).await;
    assert!(matches!(insert_one(&*store, first.clone()).await, Inserted::Created));
    assert_eq!(existing(insert_one(&*store, unique(Unique::Live, 1)).await), second);
    assert_eq!(total(&*store).await, 2);
}

pub async fn a_batch_may_fill_the_store_to_its_last_place(store: Arc<dyn Store>) {
    let bound = Bound { max_pending: 3 };
    let jobs = || vec![new_job("a"), keyed("a", "k", 1), keyed("a", "k", 1), new_job("a")];
    let reply = store.insert(jobs(), bound).await.unwrap();
    let InsertReply::Done(replies) = reply else { panic!("what stands already needs no room") };
    assert!(matches!(replies[..], [Inserted::Created, Inserted::Created, Inserted::Existing(_), Inserted::Created]));
    claim_of(&*store, everything(), 1, MINUTE).await;
    assert!(
        matches!(store.insert(vec![new_job("a")], bound).await.unwrap(), InsertReply::Done(_)),
        "one place is free"
    );
}
