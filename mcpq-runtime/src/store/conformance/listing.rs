//! What listings and counts show.

use super::calls::*;

async fn list(store: &dyn Store, filter: ListFilter, page: Page) -> Listing {
    store.list(&Scope::All, &filter, &page).await.unwrap()
}

fn ids(listing: &Listing) -> Vec<JobId> {
    listing.jobs.iter().map(|record| record.id).collect()
}

async fn inserted(store: &dyn Store, count: usize) -> Vec<JobId> {
    let mut ids = Vec::new();
    for number in 0..count {
        let (job_type, queue) = (["a", "b", "c"][number % 3], ["default", "side"][number % 2]);
        ids.push(insert(store, job_with(job_type, |job| job.queue = queue.into())).await);
    }
    ids.reverse();
    ids
}

pub async fn f48_the_newest_come_first_and_pages_follow_each_other(store: Arc<dyn Store>) {
    let newest_first = inserted(&*store, 10).await;
    claim_of(&*store, everything(), 4, MINUTE).await;
    let all = list(&*store, ListFilter::default(), page(100, 0)).await;
    assert_eq!((ids(&all), all.total, all.next), (newest_first.clone(), 10, None));

    let mut seen = Vec::new();
    let mut next = page(3, 0);
    loop {
        let listing = list(&*store, ListFilter::default(), next).await;
        assert!(listing.jobs.len() <= 3 && listing.total == 10);
        seen.extend(ids(&listing));
        match listing.next {
            Some(cursor) => next = Page { limit: 3, cursor: Some(cursor), offset: 0 },
            None => break,
        }
    }
    assert_eq!(seen, newest_first);
    let skipped = list(&*store, ListFilter::default(), page(3, 4)).await;
    assert_eq!(ids(&skipped), newest_first[4..7]);
    let from_there = Page { limit: 2, cursor: skipped.next, offset: 1 };
    assert_eq!(ids(&list(&*store, ListFilter::default(), from_there).await), newest_first[8..10]);
    assert!(list(&*store, ListFilter::default(), page(3, 50)).await.jobs.is_empty());
    let exact = list(&*store, ListFilter::default(), page(10, 0)).await;
    assert_eq!(exact.next, None, "nothing follows a page that ends with the last job");
}

pub async fn f48_pages_stay_whole_while_jobs_come_and_go(store: Arc<dyn Store>) {
    let before = inserted(&*store, 6).await;
    let first = list(&*store, ListFilter::default(), page(2, 0)).await;
    inserted(&*store, 3).await;
    store.request_cancel(&Scope::All, before[1]).await.unwrap();
    store.remove(&Scope::All, before[1]).await.unwrap();
    let second = list(&*store, ListFilter::default(), Page { limit: 10, cursor: first.next, offset: 0 }).await;
    assert_eq!(ids(&second), before[2..]);
}

pub async fn every_filter_narrows_and_counts(store: Arc<dyn Store>) {
    let newest_first = inserted(&*store, 12).await;
    let cancelled = newest_first[2];
    store.request_cancel(&Scope::All, cancelled).await.unwrap();
    let of_type = ListFilter { job_type: Some("b".into()), ..ListFilter::default() };
    let in_queue = ListFilter { queue: Some("side".into()), ..ListFilter::default() };
    let both = ListFilter { job_type: Some("b".into()), ..in_queue.clone() };
    let ended = ListFilter { status: Some(Status::Cancelled), ..ListFilter::default() };
    let nothing = ListFilter { job_type: Some("z".into()), ..ListFilter::default() };
    for (filter, total) in [(of_type, 4), (in_queue, 6), (both, 2), (ended, 1), (nothing, 0)] {
        let listing = list(&*store, filter.clone(), page(3, 0)).await;
        assert_eq!((listing.total, listing.total_is_minimum), (total, false), "{filter:?}");
        assert_eq!(listing.jobs.len(), total.min(3));
        assert_eq!(listing.next.is_some(), total > 3);
        for record in &listing.jobs {
            assert!(filter.job_type.as_deref().is_none_or(|wanted| *record.job_type == *wanted));
            assert!(filter.queue.as_deref().is_none_or(|wanted| *record.queue == *wanted));
            assert!(filter.status.is_none_or(|wanted| record.status == wanted));
        }
    }
}

pub async fn batches_are_listed(store: Arc<dyn Store>) {
    let (batch, other) = (JobId::new(), JobId::new());
    let mut members = Vec::new();
    for index in 0..5 {
        members.push(insert(&*store, job_with("a", |job| job.batch = Some((batch, index)))).await);
        insert(&*store, job_with("a", |job| job.batch = Some((other, index)))).await;
    }
    members.reverse();
    let filter = ListFilter { batch: Some(batch), ..ListFilter::default() };
    let first = list(&*store, filter.clone(), page(2, 1)).await;
    assert_eq!((ids(&first), first.total), (members[1..3].to_vec(), 5));
    assert_eq!(first.jobs[0].batch, Some((batch, 3)));
    let rest = list(&*store, filter.clone(), Page { limit: 10, cursor: first.next, offset: 0 }).await;
    assert_eq!(ids(&rest), members[3..]);
    let foreign = Scope::Owner(Owner::new("somebody else"));
    let theirs = store.list(&foreign, &filter, &page(10, 0)).await.unwrap();
    assert_eq!((theirs.jobs.len(), theirs.total), (0, 0));
}

pub async fn another_owners_jobs_are_not_there(store: Arc<dyn Store>) {
    let theirs = insert(&*store, job_with("a", |job| job.owner = Owner::new("ada"))).await;
    let mine = insert(&*store, new_job("a")).await;
    for (name, id, foreign) in [("ada", theirs, mine), ("local", mine, theirs)] {
        let scope = Scope::Owner(Owner::new(name));
        let listing = store.list(&scope, &ListFilter::default(), &page(10, 0)).await.unwrap();
        assert_eq!((ids(&listing), listing.total), (vec![id], 1));
        assert_eq!(store.counts(&scope).await.unwrap()[0].pending, 1);
        assert!(store.get(&scope, id).await.unwrap().is_some());
        assert!(store.get(&scope, foreign).await.unwrap().is_none());
        assert!(store.get_result(&scope, foreign).await.unwrap().is_none());
        assert!(store.request_cancel(&scope, foreign).await.unwrap().is_none());
    }
    assert_eq!(list(&*store, ListFilter::default(), page(10, 0)).await.total, 2);
    assert!(store.counts(&Scope::Owner(Owner::new("nobody"))).await.unwrap().is_empty());
}

pub async fn counts_follow_the_jobs(store: Arc<dyn Store>) {
    let ends = [completed(), failed(), Outcome::Timeout(failure("late")), Outcome::Cancelled, retry(MINUTE)];
    for end in ends {
        insert(&*store, new_job("a")).await;
        let lease = lease_of(&claim_one(&*store).await);
        finish(&*store, lease, end).await;
    }
    insert(&*store, new_job("a")).await;
    claim_one(&*store).await;
    insert(&*store, job_with("b", |job| job.queue = "side".into())).await;
    insert(&*store, job_with("c", |job| job.queue = "side".into())).await;
    let expected = [
        QueueCounts {
            queue: "default".into(),
            pending: 1,
            running: 1,
            parked: 0,
            completed: 1,
            failed: 1,
            timeout: 1,
            cancelled: 1,
        },
        QueueCounts { queue: "side".into(), pending: 2, ..QueueCounts::default() },
    ];
    for scope in [Scope::All, Scope::Owner(Owner::local())] {
        let mut counts = store.counts(&scope).await.unwrap();
        counts.sort_by(|a, b| a.queue.cmp(&b.queue));
        assert_eq!(counts, expected);
    }
}

pub async fn f48_filtered_pages_follow_each_other(store: Arc<dyn Store>) {
    let newest_first = inserted(&*store, 30).await;
    for id in newest_first.iter().step_by(4) {
        cancel(&*store, *id).await;
    }
    for status in [Some(Status::Pending), Some(Status::Cancelled), None] {
        for job_type in [Some("b"), None] {
            for queue in [Some("side"), None] {
                let filter = ListFilter {
                    status,
                    job_type: job_type.map(Into::into),
                    queue: queue.map(Into::into),
                    batch: None,
                };
                let all = list(&*store, filter.clone(), page(100, 0)).await;
                let mut seen = Vec::new();
                let mut next = Some(page(2, 0));
                while let Some(page) = next {
                    let listing = list(&*store, filter.clone(), page).await;
                    assert_eq!(listing.total, all.total, "the total does not depend on the page");
                    seen.extend(ids(&listing));
                    next = listing.next.map(|cursor| Page { limit: 2, cursor: Some(cursor), offset: 0 });
                }
                assert_eq!((seen.len(), &seen), (all.total, &ids(&all)), "{filter:?}");
                assert!(seen.is_sorted_by_key(|id| newest_first.iter().position(|known| known == id)));
            }
        }
    }
}

pub async fn a_job_keeps_its_place_whatever_becomes_of_it(store: Arc<dyn Store>) {
    let newest_first = inserted(&*store, 5).await;
    let listed = async || ids(&list(&*store, ListFilter::default(), page(10, 0)).await);
    let claimed = claim_of(&*store, everything(), 3, MINUTE).await;
    assert_eq!(listed().await, newest_first);
    release(&*store, lease_of(&claimed[0])).await;
    finish(&*store, lease_of(&claimed[1]), failed()).await;
    finish(&*store, lease_of(&claimed[2]), retry(MINUTE)).await;
    store.replay(&Scope::All, claimed[1].record.id, ROOM).await.unwrap();
    assert_eq!(listed().await, newest_first);
}
