//! Nothing, very much, for ever, and what never was.

use super::calls::*;

/// Beyond what anybody waits for.
const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

pub async fn empty_batches_change_nothing(store: Arc<dyn Store>) {
    let full = Bound { max_pending: 0 };
    assert!(matches!(store.insert(vec![], full).await.unwrap(), InsertReply::Done(replies) if replies.is_empty()));
    insert(&*store, new_job("a")).await;
    assert!(claim_of(&*store, everything(), 0, MINUTE).await.is_empty());
    assert!(store.renew(&[], MINUTE).await.unwrap().is_empty());
    assert!(store.finish(vec![]).await.unwrap().is_empty());
    assert!(store.release(&[]).await.unwrap().is_empty());
    assert!(store.progress(vec![]).await.unwrap().is_empty());
    assert!(store.rescue(3, 0).await.unwrap().is_empty());
    assert_eq!(store.prune(0).await.unwrap(), 0);
    let lease = lease_one(&*store).await;
    assert_eq!((lease.lease, total(&*store).await), (1, 1));

    store.park(park_of(lease, &["q"])).await.unwrap();
    let answered = store.answer(&Scope::All, lease.id, vec![]).await.unwrap().unwrap();
    assert_eq!(answered, Answered { accepted: vec![], status: Status::InputRequired });
    store.answer(&Scope::All, lease.id, vec![("q".to_owned(), json("1"))]).await.unwrap();
    let lease = lease_one(&*store).await;
    assert_eq!(store.park(park_of(lease, &[])).await.unwrap(), Settled::Accepted(Status::Pending), "none is open");
}

pub async fn a_batch_may_hold_thousands(store: Arc<dyn Store>) {
    const MANY: usize = 2500;
    let jobs: Vec<NewJob> = (0..MANY).map(|n| keyed("a", &n.to_string(), 1)).collect();
    let order: Vec<JobId> = jobs.iter().map(|job| job.id).collect();
    assert!(insert_all(&*store, jobs).await.iter().all(|reply| matches!(reply, Inserted::Created)));
    let claimed = claim_of(&*store, everything(), MANY, MINUTE).await;
    let leases: Vec<LeaseRef> = claimed.iter().map(lease_of).collect();
    assert_eq!(leases.iter().map(|lease| lease.id).collect::<Vec<_>>(), order, "in the order of the batch");
    let kept = Renewed::Kept { cancel_requested: false };
    assert_eq!(store.renew(&leases, MINUTE).await.unwrap(), vec![kept; MANY]);
    let write = |lease: &LeaseRef| ProgressWrite {
        lease: *lease,
        update: ProgressUpdate { fraction: 0.5, message: Some("half".into()) },
    };
    assert_eq!(store.progress(leases.iter().map(write).collect()).await.unwrap(), vec![true; MANY]);
    let released = store.release(&leases[MANY / 2..]).await.unwrap();
    assert_eq!(released, vec![Settled::Accepted(Status::Pending); MANY - MANY / 2]);
    let settled = store.finish(leases.iter().map(|lease| finish_of(*lease, completed())).collect()).await.unwrap();
    assert!(settled[..MANY / 2].iter().all(|settled| *settled == Settled::Accepted(Status::Completed)));
    assert!(settled[MANY / 2..].iter().all(|settled| *settled == Settled::Stale), "each by itself");
    let counts = store.counts(&Scope::All).await.unwrap();
    assert_eq!((counts[0].completed, counts[0].pending, counts[0].running), (MANY / 2, MANY - MANY / 2, 0));
}

pub async fn a_claim_may_serve_a_thousand_types_and_queues(store: Arc<dyn Store>) {
    let names: Vec<String> = (0..1000).map(|n| format!("type-{n}")).collect();
    let selection =
        || Selection { queues: names.iter().map(|name| name.as_str().into()).collect(), ..serving(&refs(&names)) };
    insert(&*store, new_job("type-7")).await;
    let id = insert(&*store, job_with("type-999", |job| job.queue = "type-1".into())).await;
    assert_eq!(store.next_due(&selection()).await.unwrap(), Some(Duration::ZERO));
    let claimed = claim_of(&*store, selection(), 10, MINUTE).await;
    assert_eq!(claimed.iter().map(|claimed| claimed.record.id).collect::<Vec<_>>(), [id]);
}

fn refs(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

pub async fn the_longest_durations_are_for_ever(store: Arc<dyn Store>) {
    let longest = Some(Duration::MAX);
    let job = job_with("a", |job| {
        job.timeout = Duration::MAX;
        job.keeping = Keeping { result: longest, failure: longest };
    });
    let id = insert(&*store, job).await;
    let claimed = claim_of(&*store, everything(), 1, Duration::MAX).await;
    assert!(claimed[0].record.timeout >= CENTURY, "{:?}", claimed[0].record.timeout);
    let lease = lease_of(&claimed[0]);
    assert_eq!(store.renew(&[lease], Duration::MAX).await.unwrap(), [Renewed::Kept { cancel_requested: false }]);
    assert!(store.rescue(3, 10).await.unwrap().is_empty());
    store.park(Park { expires_in: Duration::MAX, ..park_of(lease, &["q"]) }).await.unwrap();
    assert!(store.rescue(3, 10).await.unwrap().is_empty());
    store.answer(&Scope::All, id, vec![("q".to_owned(), json("1"))]).await.unwrap();
    finish(&*store, lease_one(&*store).await, retry(Duration::MAX)).await;
    let record = get(&*store, id).await;
    assert!(record.run_at.is_some_and(|at| at - record.created_at > chrono::TimeDelta::days(36_500)));
    nothing_is_due(&*store).await;
    assert!(store.next_due(&everything()).await.unwrap().is_some_and(|due| due >= CENTURY));
    cancel(&*store, id).await;
    pass(&*store, MOMENT).await;
    assert_eq!(store.prune(10).await.unwrap(), 0, "kept as long as there is");
    assert_eq!(status(&*store, id).await, Status::Cancelled);
}

pub async fn a_time_in_the_past_is_now_and_jumps_no_queue(store: Arc<dyn Store>) {
    let (past, future) = (chrono::DateTime::<chrono::Utc>::MIN_UTC, chrono::DateTime::<chrono::Utc>::MAX_UTC);
    let hour = chrono::Utc::now() - chrono::TimeDelta::hours(1);
    let first = insert(&*store, new_job("a")).await;
    pass(&*store, Duration::from_millis(5)).await;
    let mut expected = vec![first];
    for at in [hour, past] {
        expected.push(insert(&*store, job_with("a", |job| job.run_at = RunAt::At(at))).await);
    }
    expected.push(insert(&*store, job_with("a", |job| job.run_at = RunAt::After(Duration::ZERO))).await);
    for id in &expected {
        assert_eq!(get(&*store, *id).await.run_at, None, "it does not wait for a time");
    }
    for run_at in [RunAt::At(future), RunAt::After(Duration::MAX)] {
        insert(&*store, job_with("a", |job| job.run_at = run_at)).await;
    }
    let claimed = claim_of(&*store, everything(), 10, MINUTE).await;
    assert_eq!(claimed.iter().map(|claimed| claimed.record.id).collect::<Vec<_>>(), expected);
}

pub async fn a_lease_that_was_never_given_is_refused_everywhere(store: Arc<dyn Store>) {
    let id = insert(&*store, new_job("a")).await;
    let real = lease_one(&*store).await;
    let unknown = LeaseRef { id: JobId::new(), lease: 1 };
    for lease in [0, 2, u64::MAX].map(|lease| LeaseRef { id, lease }).into_iter().chain([unknown]) {
        for outcome in [completed(), failed(), timed_out(), Outcome::Cancelled, retry(MINUTE)] {
            assert_eq!(finish(&*store, lease, outcome).await, Settled::Stale);
        }
        assert_eq!(store.renew(&[lease], MINUTE).await.unwrap(), [Renewed::Lost]);
        assert_eq!(release(&*store, lease).await, Settled::Stale);
        let update = ProgressUpdate { fraction: 0.9, message: None };
        assert_eq!(store.progress(vec![ProgressWrite { lease, update }]).await.unwrap(), [false]);
        assert_eq!(store.park(park_of(lease, &["q"])).await.unwrap(), Settled::Stale);
        assert_eq!(store.journal(lease).await.unwrap(), None);
        assert_eq!(store.journal_write(lease, "k", json("1")).await.unwrap(), JournalWrite::Stale);
    }
    let record = get(&*store, id).await;
    assert_eq!((record.status, record.progress, record.history.len()), (Status::Running, 0.0, 0));
    assert_eq!(finish(&*store, real, completed()).await, Settled::Accepted(Status::Completed));
}

pub async fn f03_a_claim_whose_caller_goes_away_is_whole_or_nothing(store: Arc<dyn Store>) {
    let jobs: Vec<NewJob> = (0..40).map(|_| new_job("a")).collect();
    let ids: Vec<JobId> = jobs.iter().map(|job| job.id).collect();
    insert_all(&*store, jobs).await;
    for n in 0..12 {
        let store = store.clone();
        let claim = tokio::spawn(async move { claim_of(&*store, everything(), 3, MOMENT).await });
        for _ in 0..n % 4 {
            tokio::task::yield_now().await;
        }
        claim.abort();
        let _ = claim.await;
    }
    pass(&*store, MOMENT).await;
    let mut lost = 0;
    for id in &ids {
        let record = get(&*store, *id).await;
        match record.status {
            Status::Pending => assert_eq!((record.attempts, record.lease, record.started_at), (0, 0, None)),
            Status::Running => assert_eq!((record.attempts, record.lease, record.started_at.is_some()), (1, 1, true)),
            other => panic!("{other}"),
        }
        lost += usize::from(record.status == Status::Running);
    }
    assert_eq!(store.rescue(9, 100).await.unwrap().len(), lost, "nobody knows of them, so they are rescued");
    let claimed = claim_of(&*store, everything(), 100, MINUTE).await;
    assert_eq!(claimed.len(), 40);
    assert!(claimed.iter().all(|claimed| claimed.record.attempts == 1));
}

pub async fn f18_an_insert_whose_caller_goes_away_is_whole_or_nothing(store: Arc<dyn Store>) {
    for n in 0..12 {
        let batch = JobId::new();
        let jobs: Vec<NewJob> = (0..10).map(|index| job_with("a", |job| job.batch = Some((batch, index)))).collect();
        let (here, again) = (store.clone(), jobs.clone());
        let call = tokio::spawn(async move { insert_all(&*here, jobs).await });
        for _ in 0..n % 4 {
            tokio::task::yield_now().await;
        }
        call.abort();
        let _ = call.await;
        let members = ListFilter { batch: Some(batch), ..ListFilter::default() };
        let listing = store.list(&Scope::All, &members, &page(100, 0)).await.unwrap();
        assert!([0, 10].contains(&listing.total), "{} of 10", listing.total);
        assert!(insert_all(&*store, again).await.iter().all(|reply| matches!(reply, Inserted::Created)));
        assert_eq!(store.list(&Scope::All, &members, &page(100, 0)).await.unwrap().total, 10, "sent once more");
    }
}
