//! How jobs end, and how they are forgotten.

use super::calls::*;

fn keeping(result: Option<Duration>, failure: Option<Duration>) -> NewJob {
    job_with("a", |job| job.keeping = Keeping { result, failure })
}

pub async fn every_outcome_is_recorded_with_its_attempt(store: Arc<dyn Store>) {
    let outcomes = [
        (completed(), Status::Completed, AttemptEnd::Completed),
        (failed(), Status::Failed, AttemptEnd::Failed),
        (timed_out(), Status::Timeout, AttemptEnd::Timeout),
        (Outcome::Cancelled, Status::Cancelled, AttemptEnd::Cancelled),
    ];
    for (outcome, status, end) in outcomes {
        let id = ended(&*store, new_job("a"), outcome).await;
        let (record, result) = store.get_result(&Scope::All, id).await.unwrap().unwrap();
        assert_eq!((record.status, record.attempts, record.lease), (status, 1, 1));
        assert_eq!(result, (status == Status::Completed).then(|| json("42")));
        assert_eq!(record.failure.is_some(), matches!(status, Status::Failed | Status::Timeout));
        let attempt = record.history.last().unwrap();
        assert_eq!((attempt.lease, attempt.end, &attempt.failure), (1, end, &record.failure));
        let kept = record.expires_at.unwrap() - record.finished_at.unwrap();
        assert!((59..=61).contains(&kept.num_seconds()), "{kept}");
    }
}

pub async fn f38_a_retry_waits_and_shows_its_failure(store: Arc<dyn Store>) {
    let id = ended(&*store, new_job("a"), retry(MOMENT)).await;
    let record = get(&*store, id).await;
    assert_eq!((record.status, record.attempts), (Status::Pending, 1));
    assert_eq!(record.failure.unwrap().message, "boom, again soon");
    assert_eq!(record.history.last().unwrap().failure.as_ref().unwrap().message, "boom");
    assert!(record.run_at.is_some() && record.finished_at.is_none());
    let due = || async { claim_of(&*store, everything(), 1, MINUTE).await.pop() };
    let claimed = eventually("the retry is due", due).await;
    assert_eq!((claimed.record.attempts, claimed.record.lease), (2, 2));
}

pub async fn progress_only_grows_and_a_completed_job_is_whole(store: Arc<dyn Store>) {
    let id = insert(&*store, new_job("a")).await;
    let lease = lease_of(&claim_one(&*store).await);
    let write = |fraction, message: Option<&str>| ProgressWrite {
        lease,
        update: ProgressUpdate { fraction, message: message.map(Into::into) },
    };
    assert_eq!(store.progress(vec![write(0.5, Some("half"))]).await.unwrap(), [true]);
    store.progress(vec![write(0.2, None)]).await.unwrap();
    let record = get(&*store, id).await;
    assert_eq!((record.progress, record.progress_message.as_deref()), (0.5, Some("half")));
    let progress = ProgressUpdate { fraction: 0.7, message: Some("nearly".into()) };
    store.finish(vec![Finish { lease, outcome: completed(), progress }]).await.unwrap();
    let record = get(&*store, id).await;
    assert_eq!((record.progress, record.progress_message.as_deref()), (1.0, Some("nearly")));
}

pub async fn a_cancel_ends_what_does_not_run_and_is_noted_for_what_does(store: Arc<dyn Store>) {
    let delayed = insert(&*store, job_with("a", |job| job.run_at = RunAt::After(MINUTE))).await;
    let record = store.request_cancel(&Scope::All, delayed).await.unwrap().unwrap().record;
    assert_eq!((record.status, record.run_at), (Status::Cancelled, None));

    let running = insert(&*store, new_job("a")).await;
    let lease = lease_of(&claim_one(&*store).await);
    let record = store.request_cancel(&Scope::All, running).await.unwrap().unwrap().record;
    assert!(record.status == Status::Running && record.cancel_requested);
    finish(&*store, lease, completed()).await;
    let record = store.request_cancel(&Scope::All, running).await.unwrap().unwrap().record;
    assert_eq!(record.status, Status::Completed, "what has ended stays as it is");
    assert!(store.request_cancel(&Scope::All, JobId::new()).await.unwrap().is_none());
}

pub async fn only_ended_jobs_can_be_removed(store: Arc<dyn Store>) {
    let id = insert(&*store, new_job("a")).await;
    assert_eq!(store.remove(&Scope::All, id).await.unwrap(), Removed::NotEnded(Status::Pending));
    let lease = lease_of(&claim_one(&*store).await);
    assert_eq!(store.remove(&Scope::All, id).await.unwrap(), Removed::NotEnded(Status::Running));
    finish(&*store, lease, completed()).await;
    assert_eq!(store.remove(&Scope::All, id).await.unwrap(), Removed::Done);
    assert_eq!(store.remove(&Scope::All, id).await.unwrap(), Removed::NotFound);
    assert!(store.get_result(&Scope::All, id).await.unwrap().is_none());
    assert_eq!(finish(&*store, lease, completed()).await, Settled::Stale);
}

pub async fn jobs_are_pruned_when_their_keeping_is_over(store: Arc<dyn Store>) {
    let short = Some(MOMENT);
    let gone = [
        ended(&*store, keeping(short, None), completed()).await,
        ended(&*store, keeping(short, None), Outcome::Cancelled).await,
        ended(&*store, keeping(None, short), failed()).await,
        ended(&*store, keeping(None, short), timed_out()).await,
    ];
    let kept = [
        ended(&*store, keeping(None, short), completed()).await,
        ended(&*store, keeping(short, Some(MINUTE)), failed()).await,
    ];
    let running = insert(&*store, keeping(short, short)).await;
    claim_one(&*store).await;
    let waiting = insert(&*store, keeping(short, short)).await;
    pass(&*store, MOMENT).await;
    assert_eq!(store.prune(100).await.unwrap(), gone.len());
    assert_eq!(store.prune(100).await.unwrap(), 0);
    for id in gone {
        assert!(store.get(&Scope::All, id).await.unwrap().is_none());
    }
    for id in kept.into_iter().chain([running, waiting]) {
        assert!(store.get(&Scope::All, id).await.unwrap().is_some());
    }
}

pub async fn jobs_kept_for_ever_are_not_pruned(store: Arc<dyn Store>) {
    let id = ended(&*store, keeping(None, None), completed()).await;
    let centuries = Some(Duration::from_secs(1 << 40));
    let other = ended(&*store, keeping(centuries, centuries), completed()).await;
    pass(&*store, MOMENT).await;
    assert_eq!(store.prune(100).await.unwrap(), 0);
    assert_eq!(get(&*store, id).await.expires_at, None);
    assert_eq!(get(&*store, other).await.status, Status::Completed);
}

pub async fn f41_prunes_come_in_pages(store: Arc<dyn Store>) {
    for _ in 0..5 {
        ended(&*store, keeping(Some(MOMENT), None), completed()).await;
    }
    pass(&*store, MOMENT).await;
    let mut pages = Vec::new();
    for _ in 0..4 {
        pages.push(store.prune(2).await.unwrap());
    }
    assert_eq!(pages, [2, 2, 1, 0]);
}

pub async fn f22_a_cancel_in_backoff_ends_the_job_unstarted(store: Arc<dyn Store>) {
    for after in [MINUTE, Duration::ZERO] {
        let id = ended(&*store, new_job("a"), retry(after)).await;
        let reply = cancel(&*store, id).await;
        assert_eq!((reply.ended, reply.record.status, reply.record.run_at), (true, Status::Cancelled, None));
        assert!(reply.record.failure.is_none() && reply.record.finished_at.is_some());
        assert_eq!(reply.record.history.len(), 1, "no attempt was made");
        assert_eq!(store.next_due(&everything()).await.unwrap(), None);
        nothing_is_due(&*store).await;
    }
}

pub async fn only_the_request_that_ends_a_job_says_so(store: Arc<dyn Store>) {
    let waiting = insert(&*store, new_job("a")).await;
    assert_eq!([cancel(&*store, waiting).await.ended, cancel(&*store, waiting).await.ended], [true, false]);
    let running = insert(&*store, new_job("a")).await;
    let lease = lease_one(&*store).await;
    for _ in 0..2 {
        let reply = cancel(&*store, running).await;
        assert!(!reply.ended && reply.record.status == Status::Running && reply.record.cancel_requested);
    }
    finish(&*store, lease, Outcome::Cancelled).await;
    let reply = cancel(&*store, running).await;
    assert_eq!((reply.ended, reply.record.status), (false, Status::Cancelled));
}

pub async fn f19_an_end_that_beats_a_cancel_stands(store: Arc<dyn Store>) {
    for (outcome, expected) in
        [(completed(), Status::Completed), (failed(), Status::Failed), (timed_out(), Status::Timeout)]
    {
        let id = insert(&*store, new_job("a")).await;
        let lease = lease_one(&*store).await;
        cancel(&*store, id).await;
        assert_eq!(finish(&*store, lease, outcome).await, Settled::Accepted(expected), "although it was asked for");
        let (record, result) = store.get_result(&Scope::All, id).await.unwrap().unwrap();
        assert_eq!((record.status, result.is_some()), (expected, expected == Status::Completed));
    }
}

pub async fn a_failed_job_keeps_the_progress_it_had(store: Arc<dyn Store>) {
    let id = insert(&*store, new_job("a")).await;
    let progress = ProgressUpdate { fraction: 0.6, message: Some("at six".into()) };
    let lease = lease_one(&*store).await;
    store.finish(vec![Finish { lease, outcome: retry(Duration::ZERO), progress }]).await.unwrap();
    let record = claim_one(&*store).await.record;
    assert_eq!((record.progress, record.progress_message.as_deref()), (0.6, Some("at six")));
    let progress = ProgressUpdate { fraction: 0.1, message: None };
    let lease = LeaseRef { id, lease: 2 };
    store.finish(vec![Finish { lease, outcome: failed(), progress }]).await.unwrap();
    let record = get(&*store, id).await;
    assert_eq!((record.progress, record.progress_message.as_deref()), (0.6, Some("at six")), "it never goes back");
}

pub async fn f40_what_is_pruned_frees_all_that_named_it(store: Arc<dyn Store>) {
    let batch = Some((JobId::new(), 0));
    let short = Keeping { result: Some(MOMENT), failure: Some(MOMENT) };
    let job = NewJob { keeping: short, batch, unique: Some(Unique::Kept), ..keyed("a", "k", 1) };
    let id = ended(&*store, job.clone(), failed()).await;
    pass(&*store, MOMENT).await;
    assert_eq!(store.prune(10).await.unwrap(), 1);
    assert!(store.get(&Scope::All, id).await.unwrap().is_none());
    let members = ListFilter { batch: batch.map(|batch| batch.0), ..ListFilter::default() };
    assert_eq!(store.list(&Scope::All, &members, &page(10, 0)).await.unwrap().total, 0);
    assert!(store.counts(&Scope::All).await.unwrap().iter().all(|counts| counts.failed == 0));
    assert!(matches!(store.replay(&Scope::All, id, ROOM).await.unwrap(), Replayed::NotFound));
    insert(&*store, NewJob { id: JobId::new(), ..job }).await;
}
