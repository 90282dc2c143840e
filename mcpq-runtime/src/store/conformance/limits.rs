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

pub async fn each_type_has_its_own_limit(store: Arc<dyn Store>) {
    for n in 0..12 {
        insert(&*store, new_job(["one", "two", "free"][n % 3])).await;
    }
    let limit = |name: &str, concurrency| ClaimType { name: name.into(), concurrency: Some(concurrency), rate: None };
    let selection = || Selection { types: vec![limit("one", 1), limit("two", 2)], ..everything() };
    let claimed = claim_of(&*store, selection(), 100, MINUTE).await;
    let of = |name: &str| claimed.iter().filter(|claimed| *claimed.record.job_type == *name).count();
    assert_eq!((of("one"), of("two"), of("free")), (1, 2, 4));
}

pub async fn a_limit_below_what_runs_already_starts_nothing(store: Arc<dyn Store>) {
    for _ in 0..4 {
        insert(&*store, new_job("limited")).await;
    }
    let running = claim_of(&*store, limited(Some(3), None), 10, MINUTE).await;
    assert_eq!(running.len(), 3);
    for lease in running.iter().map(lease_of).take(2) {
        assert!(claim_of(&*store, limited(Some(1), None), 10, MINUTE).await.is_empty());
        finish(&*store, lease, completed()).await;
    }
    assert!(claim_of(&*store, limited(Some(1), None), 10, MINUTE).await.is_empty(), "one runs still");
    assert!(claim_of(&*store, limited(Some(0), None), 10, MINUTE).await.is_empty());
    assert_eq!(claim_of(&*store, limited(Some(2), None), 10, MINUTE).await.len(), 1);
}

pub async fn a_retry_and_a_release_cost_another_start(store: Arc<dyn Store>) {
    let rate = RateLimit { count: 3, per: 60 * MINUTE };
    insert(&*store, new_job("limited")).await;
    let start = async || claim_of(&*store, limited(None, Some(rate)), 10, MINUTE).await.pop();
    finish(&*store, lease_of(&start().await.unwrap()), retry(Duration::ZERO)).await;
    release(&*store, lease_of(&start().await.unwrap())).await;
    finish(&*store, lease_of(&start().await.unwrap()), retry(Duration::ZERO)).await;
    assert!(start().await.is_none(), "three starts are three");
    let due = store.next_due(&limited(None, Some(rate))).await.unwrap().unwrap();
    assert!(due > 19 * MINUTE && due <= 20 * MINUTE, "{due:?}");
}

pub async fn both_limits_hold_together(store: Arc<dyn Store>) {
    let rate = RateLimit { count: 3, per: 60 * MINUTE };
    for _ in 0..6 {
        insert(&*store, new_job("limited")).await;
    }
    let selection = || limited(Some(2), Some(rate));
    let first = claim_of(&*store, selection(), 10, MINUTE).await;
    assert_eq!(first.len(), 2, "two run");
    for claimed in &first {
        finish(&*store, lease_of(claimed), completed()).await;
    }
    assert_eq!(claim_of(&*store, selection(), 10, MINUTE).await.len(), 1, "the third start of the hour");
    assert!(claim_of(&*store, selection(), 10, MINUTE).await.is_empty());
}
