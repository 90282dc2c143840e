//! Another owner's job answers exactly like one that does not exist, in every method and status.

use super::calls::*;

fn ada() -> Scope {
    Scope::Owner(Owner::new("ada"))
}

/// Asks everything of a job from outside, and hears what is heard of one that does not exist.
async fn is_not_there(store: &dyn Store, scope: &Scope, id: JobId) {
    assert!(store.get(scope, id).await.unwrap().is_none());
    assert!(store.get_result(scope, id).await.unwrap().is_none());
    assert!(store.request_cancel(scope, id).await.unwrap().is_none());
    assert!(matches!(store.replay(scope, id, ROOM).await.unwrap(), Replayed::NotFound));
    assert_eq!(store.remove(scope, id).await.unwrap(), Removed::NotFound);
    assert_eq!(store.answer(scope, id, vec![("q".to_owned(), json("1"))]).await.unwrap(), None);
    for status in Status::ALL.map(Some).into_iter().chain([None]) {
        let filter = ListFilter { status, ..ListFilter::default() };
        let listing = store.list(scope, &filter, &page(100, 0)).await.unwrap();
        assert!(listing.jobs.iter().all(|record| record.id != id) && listing.total == listing.jobs.len());
    }
}

pub async fn a_foreign_job_is_not_there_whatever_is_asked_of_it(store: Arc<dyn Store>) {
    let mine = || job_with("a", |job| job.owner = Owner::new("bob"));
    let mut jobs = Vec::new();
    for outcome in [completed(), failed(), timed_out(), Outcome::Cancelled, retry(MINUTE)] {
        jobs.push(ended(&*store, mine(), outcome).await);
    }
    let parked = insert(&*store, mine()).await;
    store.park(park_of(lease_one(&*store).await, &["q"])).await.unwrap();
    let running = insert(&*store, mine()).await;
    claim_one(&*store).await;
    jobs.extend([parked, running, insert(&*store, mine()).await]);
    let mut before = Vec::new();
    for id in &jobs {
        before.push(format!("{:?}", get(&*store, *id).await));
    }
    for id in jobs.iter().copied().chain([JobId::new()]) {
        is_not_there(&*store, &ada(), id).await;
    }
    assert!(store.counts(&ada()).await.unwrap().is_empty());
    for (id, before) in jobs.iter().zip(before) {
        assert_eq!(format!("{:?}", get(&*store, *id).await), before, "nothing has changed");
    }
}

pub async fn an_owner_and_the_operator_can_do_all(store: Arc<dyn Store>) {
    for scope in [ada(), Scope::All] {
        let id = ended(&*store, job_with("a", |job| job.owner = Owner::new("ada")), failed()).await;
        assert!(store.get(&scope, id).await.unwrap().is_some());
        assert!(store.get_result(&scope, id).await.unwrap().is_some());
        assert!(matches!(store.replay(&scope, id, ROOM).await.unwrap(), Replayed::Done(_)));
        store.park(park_of(lease_one(&*store).await, &["q"])).await.unwrap();
        let answered = store.answer(&scope, id, vec![("q".to_owned(), json("1"))]).await.unwrap().unwrap();
        assert_eq!(answered.status, Status::Pending);
        assert!(store.request_cancel(&scope, id).await.unwrap().unwrap().ended);
        assert_eq!(store.list(&scope, &ListFilter::default(), &page(10, 0)).await.unwrap().total, 1);
        assert_eq!(store.counts(&scope).await.unwrap()[0].cancelled, 1);
        assert_eq!(store.remove(&scope, id).await.unwrap(), Removed::Done);
    }
}

pub async fn keys_and_uniqueness_never_name_a_foreign_job(store: Arc<dyn Store>) {
    let of = |name: &str, mut job: NewJob| {
        job.owner = Owner::new(name);
        job
    };
    for name in ["ada", "bob", "local", ""] {
        for job in [keyed("a", "k", 1), unique(Unique::Live, 2), unique(Unique::Kept, 3)] {
            let job = NewJob { job_type: format!("{:?}", job.unique).into(), ..of(name, job) };
            let id = insert(&*store, job.clone()).await;
            let again = NewJob { id: JobId::new(), ..job };
            assert_eq!(existing(insert_one(&*store, again).await), id, "{name:?}");
        }
    }
    assert_eq!(total(&*store).await, 12);
}

pub async fn others_show_in_totals_alone(store: Arc<dyn Store>) {
    for name in ["ada", "bob", "bob"] {
        insert(&*store, job_with("a", |job| job.owner = Owner::new(name))).await;
    }
    let refused = store.insert(vec![new_job("a")], Bound { max_pending: 3 }).await.unwrap();
    assert!(matches!(refused, InsertReply::Full(depth) if depth == Depth { waiting: 3, running: 0 }), "{refused:?}");
    let claimed = claim_of(&*store, everything(), 10, MINUTE).await;
    assert_eq!(claimed.len(), 3, "workers serve all owners");
}
