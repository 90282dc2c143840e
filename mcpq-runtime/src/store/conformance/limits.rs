//! Limits of a type across all workers of a store.

use super::calls::*;

/// Serves everything, the type `limited` under these limits.
fn limited(concurrency: Option<u32>, rate: Option<RateLimit>) -> Selection {
    Selection { types: vec![ClaimType { name: "limited".into(), concurrency, rate }], ..everything() }
}

pub async fn a_concurrency_limit_holds_across_workers_and_blocks_nobody(store: Arc<dyn Store>) {
    for _ in 0..4 {
        insert(&*store, job_with("limited", |job| job.priority = Priority::Critical)).await;
    }
    insert(&*store, job_with("limited", |job| job.queue = "side".into())).await;
    let free = insert(&*store, job_with("free", |job| job.priority = Priority::Low)).await;
    let selection = || limited(Some(2), None);
    let first = claim_of(&*store, selection(), 1, MINUTE).await;
    let second = claim_of(&*store, selection(), 10, MINUTE).await;
    assert_eq!((first.len(), second.len()), (1, 2), "one more of the limited, and the free one behind them");
    assert_eq!(second[1].record.id, free);
    assert!(claim_of(&*store, selection(), 10, MINUTE).await.is_empty());
    assert_eq!(store.next_due(&selection()).await.unwrap(), None, "time alone makes no room");
    finish(&*store, lease_of(&first[0]), completed()).await;
    assert_eq!(claim_of(&*store, selection(), 10, MINUTE).await.len(), 1);
}

pub async fn a_rate_limit_holds_and_refills(store: Arc<dyn Store>) {
    let rate = RateLimit { count: 2, per: MINUTE };
    let selection = || limited(None, Some(rate));
    for _ in 0..5 {
        insert(&*store, new_job("limited")).await;
    }
    let claimed = claim_of(&*store, selection(), 10, MINUTE).await;
    assert_eq!(claimed.len(), 2);
    for claimed in &claimed {
        finish(&*store, lease_of(claimed), completed()).await;
    }
    assert!(claim_of(&*store, selection(), 10, MINUTE).await.is_empty(), "starts are counted, not what runs");
    let due = store.next_due(&selection()).await.unwrap().unwrap();
    assert!(due > Duration::from_secs(20) && due <= Duration::from_secs(31), "{due:?}");
    insert(&*store, new_job("free")).await;
    assert_eq!(claim_of(&*store, selection(), 10, MINUTE).await.len(), 1, "nobody else is held up");

    let quick = |kind: &str| {
        let rate = RateLimit { count: 1, per: MOMENT };
        let types = vec![ClaimType { name: kind.into(), concurrency: None, rate: Some(rate) }];
        Selection { queues: Vec::new(), types, any_type: false }
    };
    for _ in 0..3 {
        insert(&*store, new_job("quick")).await;
    }
    let next = || async { claim_of(&*store, quick("quick"), 10, MINUTE).await.pop() };
    for _ in 0..3 {
        eventually("the next start", next).await;
    }
    assert_eq!(store.next_due(&quick("quick")).await.unwrap(), None);
}

pub async fn a_place_under_a_limit_is_free_again_however_the_attempt_ends(store: Arc<dyn Store>) {
    for way in ["finish", "retry", "release", "rescue", "park"] {
        let selection = || limited(Some(1), None);
        let first = insert(&*store, new_job("limited")).await;
        let second = insert(&*store, job_with("limited", |job| job.priority = Priority::Low)).await;
        let lease = if way == "rescue" { MOMENT } else { MINUTE };
        let claimed = claim_of(&*store, selection(), 10, lease).await;
        assert_eq!(claimed.len(), 1, "{way}");
        let held = lease_of(&claimed[0]);
        match way {
            "finish" => drop(finish(&*store, held, completed()).await),
            "retry" => drop(finish(&*store, held, retry(MINUTE)).await),
            "release" => drop(store.release(&[held]).await.unwrap()),
            "rescue" => drop(rescued(&*store, 9).await),
            _ => {
                let questions = vec![("q".into(), json("1"))];
                store.park(Park { lease: held, questions, expires_in: MINUTE }).await.unwrap();
            }
        }
        let claimed = claim_of(&*store, selection(), 10, MINUTE).await;
        assert_eq!(claimed.len(), 1, "{way}");
        finish(&*store, lease_of(&claimed[0]), completed()).await;
        for id in [first, second] {
            store.request_cancel(&Scope::All, id).await.unwrap();
        }
        let page = Page { limit: 100, cursor: None, offset: 0 };
        let left = ListFilter { status: Some(Status::Running), ..ListFilter::default() };
        assert_eq!(store.list(&Scope::All, &left, &page).await.unwrap().total, 0, "{way}");
    }
}
