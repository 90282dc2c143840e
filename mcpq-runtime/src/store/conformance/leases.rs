//! Leases: who may write, and what becomes of a job whose worker is gone.

use super::calls::*;

pub async fn f01_an_expired_lease_is_rescued_with_the_attempt_given_back(store: Arc<dyn Store>) {
    let id = insert(&*store, new_job("a")).await;
    let dead = claim_for_a_moment(&*store).await;
    let record = rescued(&*store, 3).await;
    assert_eq!((record.id, record.status), (id, Status::Pending));
    assert_eq!((record.attempts, record.crashes, record.lease), (0, 1, 1));
    assert_eq!(record.history.last().unwrap().end, AttemptEnd::LeaseLost);
    let claimed = claim_one(&*store).await;
    assert_eq!((claimed.record.attempts, claimed.record.crashes, claimed.record.lease), (1, 1, 2));
    assert!(lease_of(&claimed).lease > dead.lease);
}

pub async fn a_renewed_lease_is_not_rescued(store: Arc<dyn Store>) {
    insert(&*store, new_job("a")).await;
    insert(&*store, new_job("a")).await;
    let kept = claim_for_a_moment(&*store).await;
    let renewed = store.renew(&[kept], MINUTE).await.unwrap();
    assert_eq!(renewed, [Renewed::Kept { cancel_requested: false }]);
    let lost = claim_for_a_moment(&*store).await;
    assert_eq!(rescued(&*store, 3).await.id, lost.id, "the other one only");
    assert_eq!(status(&*store, kept.id).await, Status::Running);
    let renewed = store.renew(&[lost, kept], MINUTE).await.unwrap();
    assert_eq!(renewed, [Renewed::Lost, Renewed::Kept { cancel_requested: false }], "in the order asked");
}

pub async fn f32_a_job_whose_workers_die_too_often_fails(store: Arc<dyn Store>) {
    let id = insert(&*store, new_job("a")).await;
    for crash in 1..=2 {
        claim_for_a_moment(&*store).await;
        let record = rescued(&*store, 3).await;
        assert_eq!((record.status, record.crashes, record.attempts), (Status::Pending, crash, 0));
    }
    claim_for_a_moment(&*store).await;
    let record = rescued(&*store, 3).await;
    assert_eq!((record.status, record.crashes), (Status::Failed, 3));
    assert_eq!(record.failure.unwrap().code, ErrorCode::WorkerLost);
    assert!(record.finished_at.is_some() && record.expires_at.is_some());
    assert!(record.history.iter().all(|attempt| attempt.end == AttemptEnd::LeaseLost));
    assert!(claim_of(&*store, everything(), 10, MINUTE).await.is_empty());
    assert_eq!(status(&*store, id).await, Status::Failed);
}

pub async fn f10_nothing_of_a_lost_lease_is_accepted(store: Arc<dyn Store>) {
    let id = insert(&*store, new_job("a")).await;
    let zombie = claim_for_a_moment(&*store).await;
    rescued(&*store, 9).await;
    for claimed_again in [false, true] {
        if claimed_again {
            claim_one(&*store).await;
        }
        let before = get(&*store, id).await;
        for outcome in [completed(), failed(), Outcome::Cancelled, retry(MINUTE), Outcome::Timeout(failure("late"))] {
            assert_eq!(finish(&*store, zombie, outcome).await, Settled::Stale);
        }
        let update = ProgressUpdate { fraction: 0.9, message: Some("I live".into()) };
        assert_eq!(store.progress(vec![ProgressWrite { lease: zombie, update }]).await.unwrap(), [false]);
        assert_eq!(store.renew(&[zombie], MINUTE).await.unwrap(), [Renewed::Lost]);
        assert_eq!(store.release(&[zombie]).await.unwrap(), [Settled::Stale]);
        assert_eq!(store.journal(zombie).await.unwrap(), None);
        assert_eq!(store.journal_write(zombie, "k", json("1")).await.unwrap(), JournalWrite::Stale);
        let park = Park { lease: zombie, questions: vec![("q".into(), json("1"))], expires_in: MINUTE };
        assert_eq!(store.park(park).await.unwrap(), Settled::Stale);

        let after = get(&*store, id).await;
        assert_eq!((after.status, after.lease, after.attempts), (before.status, before.lease, before.attempts));
        assert_eq!((after.progress, &after.progress_message), (0.0, &None));
        assert_eq!(after.history, before.history);
    }
}

pub async fn a_lease_that_expired_unnoticed_still_counts(store: Arc<dyn Store>) {
    let id = insert(&*store, new_job("a")).await;
    let late = claim_for_a_moment(&*store).await;
    pass(&*store, MOMENT).await;
    assert_eq!(finish(&*store, late, completed()).await, Settled::Accepted(Status::Completed));
    assert!(store.rescue(3, 10).await.unwrap().is_empty());
    assert_eq!(get(&*store, id).await.crashes, 0);
}

pub async fn f06_a_finish_can_be_repeated(store: Arc<dyn Store>) {
    let outcomes: [(fn() -> Outcome, Status); 4] = [
        (completed, Status::Completed),
        (failed, Status::Failed),
        (|| Outcome::Cancelled, Status::Cancelled),
        (|| retry(MINUTE), Status::Pending),
    ];
    for (outcome, expected) in outcomes {
        let id = insert(&*store, new_job("a")).await;
        let lease = lease_of(&claim_one(&*store).await);
        assert_eq!(finish(&*store, lease, outcome()).await, Settled::Accepted(expected));
        let first = get(&*store, id).await;
        assert_eq!(finish(&*store, lease, outcome()).await, Settled::Accepted(expected), "its answer was lost");
        let again = get(&*store, id).await;
        assert_eq!((again.history.len(), again.finished_at), (first.history.len(), first.finished_at));
    }
}

pub async fn f06_a_repeated_finish_is_answered_as_the_first_time(store: Arc<dyn Store>) {
    let id = insert(&*store, new_job("a")).await;
    let lease = lease_of(&claim_one(&*store).await);
    finish(&*store, lease, retry(Duration::ZERO)).await;
    for _ in 0..2 {
        assert_eq!(finish(&*store, lease, retry(Duration::ZERO)).await, Settled::Accepted(Status::Pending));
        if status(&*store, id).await == Status::Pending {
            claim_one(&*store).await;
        }
    }
    store.request_cancel(&Scope::All, id).await.unwrap();
    let second = LeaseRef { id, lease: 2 };
    assert_eq!(finish(&*store, second, retry(Duration::ZERO)).await, Settled::Accepted(Status::Cancelled));
    assert_eq!(finish(&*store, second, retry(Duration::ZERO)).await, Settled::Accepted(Status::Cancelled));
    assert_eq!(finish(&*store, lease, retry(Duration::ZERO)).await, Settled::Stale, "a later end has been recorded");
}

pub async fn f06_a_finish_of_another_kind_is_no_repetition(store: Arc<dyn Store>) {
    let id = insert(&*store, new_job("a")).await;
    let lease = lease_of(&claim_one(&*store).await);
    finish(&*store, lease, completed()).await;
    assert_eq!(finish(&*store, lease, failed()).await, Settled::Stale);
    let (record, result) = store.get_result(&Scope::All, id).await.unwrap().unwrap();
    assert_eq!((record.status, result), (Status::Completed, Some(json("42"))));
}

pub async fn f37_a_release_is_uncharged(store: Arc<dyn Store>) {
    let id = insert(&*store, new_job("a")).await;
    let lease = lease_of(&claim_one(&*store).await);
    assert_eq!(store.release(&[lease]).await.unwrap(), [Settled::Accepted(Status::Pending)]);
    let record = get(&*store, id).await;
    assert_eq!((record.attempts, record.crashes, record.run_at), (0, 0, None));
    assert_eq!(record.history.last().unwrap().end, AttemptEnd::Released);
    let claimed = claim_one(&*store).await;
    assert_eq!((claimed.record.attempts, claimed.record.lease), (1, 2));
}

pub async fn f23_a_cancel_comes_back_with_the_renewal(store: Arc<dyn Store>) {
    let id = insert(&*store, new_job("a")).await;
    let lease = lease_of(&claim_one(&*store).await);
    let record = store.request_cancel(&Scope::All, id).await.unwrap().unwrap().record;
    assert!(record.status == Status::Running && record.cancel_requested);
    assert_eq!(store.renew(&[lease], MINUTE).await.unwrap(), [Renewed::Kept { cancel_requested: true }]);
}

pub async fn release_retry_and_rescue_of_a_cancelled_job_end_it(store: Arc<dyn Store>) {
    for way in ["release", "retry", "rescue"] {
        let id = insert(&*store, new_job("a")).await;
        let lease = claim_for_a_moment(&*store).await;
        store.request_cancel(&Scope::All, id).await.unwrap();
        match way {
            "release" => assert_eq!(store.release(&[lease]).await.unwrap(), [Settled::Accepted(Status::Cancelled)]),
            "retry" => assert_eq!(finish(&*store, lease, retry(MINUTE)).await, Settled::Accepted(Status::Cancelled)),
            _ => assert_eq!(rescued(&*store, 1).await.status, Status::Cancelled, "also at the last crash"),
        }
        let record = get(&*store, id).await;
        assert_eq!((record.status, record.failure.is_none()), (Status::Cancelled, true), "{way}");
        assert!(record.finished_at.is_some() && record.run_at.is_none() && record.expires_at.is_some(), "{way}");
    }
}

pub async fn f41_rescues_come_in_pages(store: Arc<dyn Store>) {
    for _ in 0..5 {
        insert(&*store, new_job("a")).await;
        claim_for_a_moment(&*store).await;
    }
    pass(&*store, MOMENT).await;
    let mut pages = Vec::new();
    for _ in 0..4 {
        pages.push(store.rescue(3, 2).await.unwrap().len());
    }
    assert_eq!(pages, [2, 2, 1, 0]);
    assert_eq!(claim_of(&*store, everything(), 10, MINUTE).await.len(), 5);
}

pub async fn f10_a_zombie_changes_nothing_of_what_its_successor_did(store: Arc<dyn Store>) {
    let id = insert(&*store, new_job("a")).await;
    let zombie = claim_for_a_moment(&*store).await;
    rescued(&*store, 9).await;
    let heir = claim_for_a_moment(&*store).await;
    // A zombie's renewal must not prolong its successor's lease.
    assert_eq!(store.renew(&[zombie], MINUTE).await.unwrap(), [Renewed::Lost]);
    rescued(&*store, 9).await;
    let last = lease_one(&*store).await;
    finish(&*store, last, completed()).await;
    let before = format!("{:?}", store.get_result(&Scope::All, id).await.unwrap());
    for lost in [zombie, heir] {
        for outcome in [completed(), failed(), timed_out(), Outcome::Cancelled, retry(Duration::ZERO)] {
            assert_eq!(finish(&*store, lost, outcome).await, Settled::Stale);
        }
        assert_eq!(release(&*store, lost).await, Settled::Stale);
        assert_eq!(store.park(park_of(lost, &["q"])).await.unwrap(), Settled::Stale);
    }
    assert_eq!(format!("{:?}", store.get_result(&Scope::All, id).await.unwrap()), before);
}

pub async fn every_write_of_a_batch_stands_for_itself(store: Arc<dyn Store>) {
    insert_all(&*store, (0..4).map(|_| new_job("a")).collect()).await;
    let claimed = claim_of(&*store, everything(), 4, MINUTE).await;
    let leases: Vec<LeaseRef> = claimed.iter().map(lease_of).collect();
    let stale = LeaseRef { lease: 7, ..leases[1] };
    let fraction = |lease, fraction| ProgressWrite { lease, update: ProgressUpdate { fraction, message: None } };
    let writes = vec![fraction(leases[0], 0.2), fraction(stale, 0.9), fraction(leases[0], 0.4)];
    assert_eq!(store.progress(writes).await.unwrap(), [true, false, true]);
    assert_eq!((get(&*store, leases[0].id).await.progress, get(&*store, leases[1].id).await.progress), (0.4, 0.0));
    let renewed = store.renew(&[leases[0], stale, leases[0], leases[3]], MINUTE).await.unwrap();
    let kept = Renewed::Kept { cancel_requested: false };
    assert_eq!(renewed, [kept, Renewed::Lost, kept, kept]);

    let accepted = Settled::Accepted;
    let finishes = vec![
        finish_of(leases[0], completed()),
        finish_of(stale, completed()),
        finish_of(leases[0], completed()),
        finish_of(leases[0], failed()),
        finish_of(leases[1], retry(Duration::ZERO)),
        finish_of(leases[2], failed()),
    ];
    let expected = [
        accepted(Status::Completed),
        Settled::Stale,
        accepted(Status::Completed),
        Settled::Stale,
        accepted(Status::Pending),
        accepted(Status::Failed),
    ];
    assert_eq!(store.finish(finishes).await.unwrap(), expected, "in the order given");
    let released = store.release(&[leases[3], stale, leases[3]]).await.unwrap();
    assert_eq!(released, [accepted(Status::Pending), Settled::Stale, Settled::Stale]);
}

pub async fn f06_a_repeated_finish_changes_nothing(store: Arc<dyn Store>) {
    let id = insert(&*store, new_job("a")).await;
    let lease = lease_one(&*store).await;
    let first = Finish {
        progress: ProgressUpdate { fraction: 0.3, message: Some("done".into()) },
        ..finish_of(lease, completed())
    };
    store.finish(vec![first]).await.unwrap();
    let before = format!("{:?}", store.get_result(&Scope::All, id).await.unwrap());
    pass(&*store, Duration::from_millis(5)).await;
    let other = Outcome::Completed(json("\"another\""));
    finish(&*store, lease, other).await;
    let (record, result) = store.get_result(&Scope::All, id).await.unwrap().unwrap();
    assert_eq!(result, Some(json("42")), "the first result stays");
    assert_eq!(format!("{:?}", Some((record, result))), before);
    cancel(&*store, id).await;
    assert_eq!(format!("{:?}", store.get_result(&Scope::All, id).await.unwrap()), before, "final is final");
}

pub async fn f04_a_job_that_never_began_counts_as_a_crash_and_no_failure(store: Arc<dyn Store>) {
    insert(&*store, job_with("a", |job| job.max_attempts = 1)).await;
    claim_for_a_moment(&*store).await;
    let record = rescued(&*store, 2).await;
    assert_eq!((record.status, record.attempts, record.crashes), (Status::Pending, 0, 1), "its one attempt is left");
    assert!(record.failure.is_none() && record.history[0].failure.is_none());
    assert_eq!(claim_one(&*store).await.record.attempts, 1);
}

pub async fn crashes_and_attempts_are_counted_apart(store: Arc<dyn Store>) {
    let id = insert(&*store, job_with("a", |job| job.max_attempts = 9)).await;
    for (attempts, crashes) in [(1, 1), (2, 2), (3, 3)] {
        claim_for_a_moment(&*store).await;
        rescued(&*store, 9).await;
        finish(&*store, lease_one(&*store).await, retry(Duration::ZERO)).await;
        let record = get(&*store, id).await;
        assert_eq!((record.attempts, record.crashes, record.lease), (attempts, crashes, 2 * u64::from(crashes)));
    }
    claim_for_a_moment(&*store).await;
    let record = rescued(&*store, 4).await;
    assert_eq!((record.status, record.attempts, record.crashes), (Status::Failed, 3, 4), "too many in its whole life");
}
