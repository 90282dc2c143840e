//! Who gets which job.

use std::collections::HashSet;

use super::calls::*;

/// The arguments of all due jobs in the order of a claim.
async fn order(store: &dyn Store) -> Vec<String> {
    let claimed = claim_of(store, everything(), 100, MINUTE).await;
    claimed.iter().map(|claimed| claimed.args.parse().unwrap()).collect()
}

fn named(job_type: &str, name: &str, change: impl FnOnce(&mut NewJob)) -> NewJob {
    job_with(job_type, |job| {
        job.args = json(&format!("{name:?}"));
        change(job);
    })
}

pub async fn priority_then_due_time_then_submission_decides(store: Arc<dyn Store>) {
    let past = |seconds| RunAt::At(chrono::Utc::now() - chrono::TimeDelta::seconds(seconds));
    let jobs = [
        named("b", "low", |job| job.priority = Priority::Low),
        named("a", "normal 1", |_| {}),
        named("b", "normal 2", |job| job.queue = "side".into()),
        named("a", "high 1", |job| job.priority = Priority::High),
        named("c", "critical", |job| job.priority = Priority::Critical),
        named("b", "high 2", |job| (job.priority, job.run_at) = (Priority::High, past(0))),
        named("a", "normal 3", |_| {}),
    ];
    for job in jobs {
        insert(&*store, job).await;
    }
    let due_later = named("c", "normal 4", |job| job.run_at = RunAt::After(MOMENT));
    let due_first = named("a", "normal 5", |job| job.run_at = RunAt::After(MOMENT / 3));
    insert_all(&*store, vec![due_later, due_first]).await;
    pass(&*store, MOMENT).await;
    let expected = ["critical", "high 1", "high 2", "normal 1", "normal 2", "normal 3", "normal 5", "normal 4", "low"];
    assert_eq!(order(&*store).await, expected);
}

pub async fn delayed_jobs_are_not_claimed_before_their_time(store: Arc<dyn Store>) {
    let at = chrono::Utc::now() + chrono::TimeDelta::seconds(60);
    insert(&*store, job_with("a", |job| job.run_at = RunAt::After(MINUTE))).await;
    insert(&*store, job_with("a", |job| job.run_at = RunAt::At(at))).await;
    nothing_is_due(&*store).await;
    let soon = insert(&*store, job_with("a", |job| job.run_at = RunAt::After(MOMENT))).await;
    assert!(get(&*store, soon).await.run_at.is_some());
    let due = || async { claim_of(&*store, everything(), 10, MINUTE).await.pop() };
    let claimed = eventually("the short delay is over", due).await;
    assert_eq!((claimed.record.id, claimed.record.run_at), (soon, None));
}

pub async fn f30_only_the_served_types_and_queues_are_claimed(store: Arc<dyn Store>) {
    insert(&*store, new_job("other")).await;
    insert(&*store, job_with("mine", |job| job.queue = "elsewhere".into())).await;
    let mine = insert(&*store, job_with("mine", |job| job.queue = "here".into())).await;
    let selection = Selection { queues: vec!["here".into(), "there".into()], ..serving(&["mine", "unheard of"]) };
    let claimed = claim_of(&*store, selection, 10, MINUTE).await;
    assert_eq!(claimed.iter().map(|claimed| claimed.record.id).collect::<Vec<_>>(), [mine]);
    assert!(claim_of(&*store, serving(&[]), 10, MINUTE).await.is_empty());
}

pub async fn an_empty_list_of_types_with_any_type_serves_all(store: Arc<dyn Store>) {
    insert(&*store, new_job("one")).await;
    insert(&*store, new_job("two")).await;
    assert_eq!(claim_of(&*store, everything(), 10, MINUTE).await.len(), 2);
}

pub async fn a_long_list_of_types_serves_those_and_no_others(store: Arc<dyn Store>) {
    let names: Vec<String> = (0..40).map(|n| format!("type_{n:02}")).collect();
    insert_all(&*store, names.iter().map(|name| new_job(name)).collect()).await;
    // Behind all others in order, and a name within another's.
    for name in ["type_", "\u{10FFFF}"] {
        insert(&*store, new_job(name)).await;
    }
    let listed: Vec<&str> = names.iter().map(String::as_str).step_by(3).chain(["\u{10FFFF}", "unheard of"]).collect();
    assert_eq!(store.next_due(&serving(&listed)).await.unwrap(), Some(Duration::ZERO));
    let claimed = claim_of(&*store, serving(&listed), 100, MINUTE).await;
    let found: HashSet<&str> = claimed.iter().map(|claimed| &*claimed.record.job_type).collect();
    assert_eq!(found, listed.iter().copied().filter(|name| *name != "unheard of").collect());
    assert_eq!(store.next_due(&serving(&listed)).await.unwrap(), None);
    assert_eq!(claim_of(&*store, everything(), 100, MINUTE).await.len(), 42 - claimed.len());
}

pub async fn a_claim_takes_no_more_than_asked(store: Arc<dyn Store>) {
    for _ in 0..5 {
        insert(&*store, new_job("a")).await;
    }
    assert_eq!(claim_of(&*store, everything(), 2, MINUTE).await.len(), 2);
    assert_eq!(claim_of(&*store, everything(), 10, MINUTE).await.len(), 3);
    assert!(claim_of(&*store, everything(), 10, MINUTE).await.is_empty());
}

pub async fn f12_two_workers_never_get_the_same_job(store: Arc<dyn Store>) {
    for _ in 0..50 {
        insert(&*store, new_job("a")).await;
    }
    let workers = (0..10).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut mine = Vec::new();
            loop {
                let claimed = claim_of(&*store, everything(), 3, MINUTE).await;
                if claimed.is_empty() {
                    return mine;
                }
                mine.extend(claimed.into_iter().map(|claimed| claimed.record.id));
                tokio::task::yield_now().await;
            }
        })
    });
    let all: Vec<JobId> = futures::future::join_all(workers).await.into_iter().flat_map(Result::unwrap).collect();
    assert_eq!(all.len(), 50);
    assert_eq!(all.into_iter().collect::<HashSet<_>>().len(), 50);
}

pub async fn a_claim_hands_out_arguments_and_charges_an_attempt(store: Arc<dyn Store>) {
    let id = insert(&*store, job_with("a", |job| job.args = json(r#"{"n": 1.50}"#))).await;
    let claimed = claim_one(&*store).await;
    assert_eq!(claimed.args.as_bytes(), br#"{"n": 1.50}"#, "to the byte");
    let stored = get(&*store, id).await;
    for record in [&claimed.record, &stored] {
        assert_eq!((record.status, record.attempts, record.lease), (Status::Running, 1, 1));
        assert!(record.started_at.is_some() && record.max_attempts == 3 && record.timeout == MINUTE);
    }
}

pub async fn the_next_due_time_is_told(store: Arc<dyn Store>) {
    assert_eq!(store.next_due(&everything()).await.unwrap(), None);
    insert(&*store, job_with("a", |job| job.run_at = RunAt::After(MINUTE))).await;
    let due = store.next_due(&serving(&["a"])).await.unwrap().unwrap();
    assert!(due <= MINUTE && due > MINUTE / 2, "{due:?}");
    assert_eq!(store.next_due(&serving(&["b"])).await.unwrap(), None);
    let elsewhere = Selection { queues: vec!["elsewhere".into()], ..everything() };
    assert_eq!(store.next_due(&elsewhere).await.unwrap(), None);
    insert(&*store, new_job("a")).await;
    assert_eq!(store.next_due(&serving(&["a"])).await.unwrap(), Some(Duration::ZERO));
    claim_one(&*store).await;
    assert!(store.next_due(&everything()).await.unwrap().unwrap() > MINUTE / 2);
}

pub async fn f02_a_worker_that_asks_again_gets_nothing_that_runs(store: Arc<dyn Store>) {
    let request = ClaimRequest { worker: WorkerId::new(), selection: Arc::new(everything()), max: 10, lease: MINUTE };
    insert(&*store, new_job("a")).await;
    let first = store.claim(&request).await.unwrap();
    assert_eq!(first.len(), 1);
    assert!(store.claim(&request).await.unwrap().is_empty(), "the lease is what owns, not the worker");
    let second = insert(&*store, new_job("a")).await;
    assert_eq!(store.claim(&request).await.unwrap()[0].record.id, second);
    assert_eq!(finish(&*store, lease_of(&first[0]), completed()).await, Settled::Accepted(Status::Completed));
}

pub async fn one_batch_is_claimed_in_its_order(store: Arc<dyn Store>) {
    let jobs: Vec<NewJob> = (0..50).map(|n| named(["a", "b", "c"][n % 3], &format!("{n:02}"), |_| {})).collect();
    insert_all(&*store, jobs).await;
    let expected: Vec<String> = (0..50).map(|n| format!("{n:02}")).collect();
    assert_eq!(order(&*store).await, expected);
}

pub async fn a_type_and_a_queue_must_both_be_served(store: Arc<dyn Store>) {
    for job_type in ["a", "b"] {
        for queue in ["one", "two"] {
            insert(&*store, named(job_type, &format!("{job_type} {queue}"), |job| job.queue = queue.into())).await;
        }
    }
    let told = |claimed: Vec<Claimed>| claimed.iter().map(|c| c.args.parse().unwrap()).collect::<Vec<String>>();
    let one = || Selection { queues: vec!["one".into()], ..everything() };
    assert_eq!(told(claim_of(&*store, Selection { any_type: false, ..one() }, 10, MINUTE).await), [""; 0]);
    let b_in_one = Selection { queues: vec!["one".into()], ..serving(&["b"]) };
    assert_eq!(told(claim_of(&*store, b_in_one, 10, MINUTE).await), ["b one"]);
    assert_eq!(told(claim_of(&*store, one(), 10, MINUTE).await), ["a one"]);
    assert_eq!(told(claim_of(&*store, everything(), 10, MINUTE).await), ["a two", "b two"]);
}

pub async fn an_end_and_a_claim_in_one_step_are_as_one_after_the_other(store: Arc<dyn Store>) {
    let types = vec![ClaimType { name: "limited".into(), concurrency: Some(1), rate: None }];
    let selection = Arc::new(Selection { types, ..everything() });
    let request = |max| ClaimRequest { worker: WorkerId::new(), selection: selection.clone(), max, lease: MINUTE };
    let first = insert(&*store, new_job("limited")).await;
    let second = insert(&*store, new_job("limited")).await;
    let (settled, claimed) = store.finish_and_claim(vec![], &request(9)).await.unwrap();
    assert_eq!((settled.len(), claimed.len(), claimed[0].record.id), (0, 1, first));
    let lease = lease_of(&claimed[0]);
    let stale = LeaseRef { lease: 7, ..lease };

    let ends = || vec![finish_of(stale, failed()), finish_of(lease, completed())];
    let (settled, claimed) = store.finish_and_claim(ends(), &request(9)).await.unwrap();
    assert_eq!(settled, [Settled::Stale, Settled::Accepted(Status::Completed)]);
    assert_eq!(claimed.len(), 1, "the place under the limit is free");
    assert_eq!((claimed[0].record.id, claimed[0].record.lease, claimed[0].record.attempts), (second, 1, 1));
    let (settled, again) = store.finish_and_claim(ends(), &request(9)).await.unwrap();
    assert_eq!(settled, [Settled::Stale, Settled::Accepted(Status::Completed)], "as the first time");
    assert!(again.is_empty());

    let ends = vec![finish_of(lease_of(&claimed[0]), retry(Duration::ZERO))];
    let (settled, claimed) = store.finish_and_claim(ends, &request(9)).await.unwrap();
    assert_eq!(settled, [Settled::Accepted(Status::Pending)]);
    assert_eq!((claimed[0].record.id, claimed[0].record.lease), (second, 2), "what is due at once comes back");
    let ends = vec![finish_of(lease_of(&claimed[0]), failed())];
    insert(&*store, new_job("a")).await;
    let (_, claimed) = store.finish_and_claim(ends, &request(0)).await.unwrap();
    assert!(claimed.is_empty(), "nothing was asked for");
    assert_eq!(get(&*store, second).await.history.len(), 2);
}

pub async fn what_is_given_back_becomes_due_anew(store: Arc<dyn Store>) {
    for way in ["release", "retry", "rescue", "answer"] {
        let first = insert(&*store, new_job("a")).await;
        let lease = if way == "rescue" { claim_for_a_moment(&*store).await } else { lease_one(&*store).await };
        let second = insert(&*store, new_job("a")).await;
        pass(&*store, Duration::from_millis(5)).await;
        match way {
            "release" => drop(release(&*store, lease).await),
            "retry" => drop(finish(&*store, lease, retry(Duration::ZERO)).await),
            "rescue" => drop(rescued(&*store, 9).await),
            _ => {
                store.park(park_of(lease, &["q"])).await.unwrap();
                store.answer(&Scope::All, first, vec![("q".to_owned(), json("1"))]).await.unwrap();
            }
        }
        let claimed = claim_of(&*store, everything(), 10, MINUTE).await;
        let ids: Vec<JobId> = claimed.iter().map(|claimed| claimed.record.id).collect();
        assert_eq!(ids, [second, first], "{way}: it queues behind what has waited longer");
    }
}
