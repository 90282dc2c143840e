//! Many who want the same at the same instant: one winner, and everybody is told the truth.

use std::{
    collections::{HashMap, HashSet},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

use super::calls::*;

/// Rounds of a race between two.
const ROUNDS: usize = 24;

pub async fn f12_every_due_job_is_claimed_by_exactly_one_of_many(store: Arc<dyn Store>) {
    let jobs: Vec<NewJob> = (0..200).map(|n| job_with(["a", "b"][n % 2], |_| {})).collect();
    let ids: HashSet<JobId> = jobs.iter().map(|job| job.id).collect();
    insert_all(&*store, jobs).await;
    let claims = together(&store, 16, |store, _| async move {
        let mut mine = Vec::new();
        // A claim may come back empty while others hold the rows; it is over when no job is pending.
        while store.next_due(&everything()).await.unwrap().is_some() {
            mine.extend(claim_of(&*store, everything(), 5, MINUTE).await);
        }
        mine
    });
    let claimed: Vec<Claimed> = claims.await.into_iter().flatten().collect();
    assert_eq!(claimed.len(), 200, "each once");
    assert_eq!(claimed.iter().map(|claimed| claimed.record.id).collect::<HashSet<_>>(), ids);
    assert!(claimed.iter().all(|claimed| (claimed.record.lease, claimed.record.attempts) == (1, 1)));
}

pub async fn f15_racing_submits_with_one_key_make_one_job(store: Arc<dyn Store>) {
    for round in 0..4 {
        let key = format!("k{round}");
        let replies = together(&store, 16, |store, _| {
            let job = keyed("a", &key, 1);
            async move { (job.id, insert_one(&*store, job).await) }
        });
        let replies = replies.await;
        let created: Vec<JobId> =
            replies.iter().filter(|(_, reply)| matches!(reply, Inserted::Created)).map(|(id, _)| *id).collect();
        assert_eq!(created.len(), 1, "one of them made the job");
        let told = replies.into_iter().filter(|(_, reply)| !matches!(reply, Inserted::Created));
        assert!(told.map(|(_, reply)| existing(reply)).all(|id| id == created[0]), "all others got the same");
    }
    assert_eq!(total(&*store).await, 4);
}

pub async fn f15_racing_submits_of_equal_unique_jobs_make_one_job(store: Arc<dyn Store>) {
    for kind in [Unique::Live, Unique::Kept] {
        let hash = if kind == Unique::Live { 1 } else { 2 };
        let replies = together(&store, 16, |store, _| async move { insert_one(&*store, unique(kind, hash)).await });
        let created = replies.await.into_iter().filter(|reply| matches!(reply, Inserted::Created)).count();
        assert_eq!(created, 1, "{kind:?}");
    }
    assert_eq!(total(&*store).await, 2);
}

pub async fn f16_of_racing_submits_with_one_key_and_other_arguments_one_wins(store: Arc<dyn Store>) {
    let replies = together(&store, 16, |store, n| {
        let job = keyed("a", "k", n as u8 % 2);
        async move { (job.id, n % 2, insert_one(&*store, job).await) }
    });
    let replies = replies.await;
    let created = |reply: &&(JobId, usize, Inserted)| matches!(reply.2, Inserted::Created);
    let winners: Vec<_> = replies.iter().filter(created).collect();
    assert_eq!(winners.len(), 1, "{replies:?}");
    let (winner, hash, _) = winners[0];
    for (id, other, reply) in &replies {
        match reply {
            Inserted::Created => assert_eq!(id, winner),
            Inserted::Existing(record) => assert_eq!((record.id, other), (*winner, hash)),
            Inserted::Conflict(known) => assert!(known == winner && other != hash),
        }
    }
}

pub async fn f18_racing_repeats_of_one_submit_store_it_once(store: Arc<dyn Store>) {
    let job = new_job("a");
    let replies = together(&store, 16, |store, _| {
        let job = job.clone();
        async move { insert_one(&*store, job).await }
    });
    assert!(replies.await.iter().all(|reply| matches!(reply, Inserted::Created)), "answered as the first time");
    assert_eq!(total(&*store).await, 1);
    claim_one(&*store).await;
    nothing_is_due(&*store).await;
}

pub async fn f34_racing_submits_never_exceed_the_bound(store: Arc<dyn Store>) {
    let bound = Bound { max_pending: 20 };
    let replies = together(&store, 24, |store, n| async move {
        let jobs: Vec<NewJob> = (0..=n % 3).map(|_| new_job("a")).collect();
        let count = jobs.len();
        match store.insert(jobs, bound).await.unwrap() {
            InsertReply::Done(_) => count,
            InsertReply::Full(depth) => {
                assert!(depth.waiting <= 20 && depth.waiting + count > 20, "refused without need: {depth:?}");
                0
            }
        }
    });
    let stored: usize = replies.await.into_iter().sum();
    assert_eq!(total(&*store).await, stored, "what was refused is not there");
    assert!((18..=20).contains(&stored), "{stored}");
}

pub async fn f34_racing_replays_never_exceed_the_bound(store: Arc<dyn Store>) {
    let jobs: Vec<NewJob> = (0..12).map(|_| new_job("a")).collect();
    let ids: Arc<[JobId]> = jobs.iter().map(|job| job.id).collect();
    insert_all(&*store, jobs).await;
    for id in ids.iter() {
        cancel(&*store, *id).await;
    }
    let replays = together(&store, 12, |store, n| {
        let id = ids[n];
        async move { store.replay(&Scope::All, id, Bound { max_pending: 5 }).await.unwrap() }
    });
    let done = replays.await.into_iter().filter(|reply| matches!(reply, Replayed::Done(_))).count();
    assert_eq!(done, 5);
    assert_eq!(claim_of(&*store, everything(), 100, MINUTE).await.len(), 5);
}

pub async fn f06_racing_repeats_of_one_finish_count_once(store: Arc<dyn Store>) {
    let id = insert(&*store, new_job("a")).await;
    let lease = lease_one(&*store).await;
    let answers = together(&store, 12, |store, _| async move { finish(&*store, lease, retry(MINUTE)).await });
    assert!(answers.await.iter().all(|settled| *settled == Settled::Accepted(Status::Pending)));
    let record = get(&*store, id).await;
    assert_eq!((record.history.len(), record.attempts, record.lease), (1, 1, 1));
}

pub async fn f05_of_racing_outcomes_exactly_one_is_recorded(store: Arc<dyn Store>) {
    for _ in 0..4 {
        let id = insert(&*store, new_job("a")).await;
        let lease = lease_one(&*store).await;
        let answers = together(&store, 4, |store, n| async move {
            let (outcome, status) = match n {
                0 => (completed(), Status::Completed),
                1 => (failed(), Status::Failed),
                2 => (timed_out(), Status::Timeout),
                _ => (Outcome::Cancelled, Status::Cancelled),
            };
            (finish(&*store, lease, outcome).await, status)
        });
        let accepted: Vec<_> = answers.await.into_iter().filter(|(settled, _)| *settled != Settled::Stale).collect();
        assert_eq!(accepted.len(), 1, "{accepted:?}");
        let (settled, status) = accepted[0];
        assert_eq!(settled, Settled::Accepted(status));
        let (record, result) = store.get_result(&Scope::All, id).await.unwrap().unwrap();
        assert_eq!((record.status, result.is_some()), (status, status == Status::Completed));
        assert_eq!(record.history.len(), 1);
    }
}

pub async fn f19_a_cancel_races_an_end_and_both_are_told_who_won(store: Arc<dyn Store>) {
    for round in 0..ROUNDS {
        let id = insert(&*store, new_job("a")).await;
        let lease = lease_one(&*store).await;
        let (here, there) = (store.clone(), store.clone());
        let outcome = if round % 4 < 2 { completed() } else { retry(MINUTE) };
        let completes = matches!(outcome, Outcome::Completed(_));
        let end = async move { finish(&*here, lease, outcome).await };
        let ask = async move { cancel(&*there, id).await };
        let (settled, reply) = race(round, end, ask).await;
        let (record, result) = store.get_result(&Scope::All, id).await.unwrap().unwrap();
        if completes {
            assert_eq!(settled, Settled::Accepted(Status::Completed));
            assert!(record.status == Status::Completed && result.is_some() && !reply.ended);
            assert!([Status::Running, Status::Completed].contains(&reply.record.status));
        } else {
            assert_eq!((record.status, result), (Status::Cancelled, None));
            match settled {
                Settled::Accepted(Status::Pending) => assert!(reply.ended, "the cancel came second and ended it"),
                Settled::Accepted(Status::Cancelled) => assert!(!reply.ended && reply.record.cancel_requested),
                other => panic!("{other:?}"),
            }
        }
        nothing_is_due(&*store).await;
    }
}

pub async fn f20_a_cancel_races_a_claim_and_either_prevents_it_or_is_noted(store: Arc<dyn Store>) {
    for round in 0..ROUNDS {
        let id = insert(&*store, new_job("a")).await;
        let (here, there) = (store.clone(), store.clone());
        let take = async move { claim_of(&*here, everything(), 1, MINUTE).await };
        let ask = async move { cancel(&*there, id).await };
        let (claimed, reply) = race(round, take, ask).await;
        match claimed.first() {
            None => assert!(reply.ended && status(&*store, id).await == Status::Cancelled),
            Some(claimed) => {
                assert!(!reply.ended && reply.record.status == Status::Running);
                let renewed = store.renew(&[lease_of(claimed)], MINUTE).await.unwrap();
                assert_eq!(renewed, [Renewed::Kept { cancel_requested: true }], "its token will be signalled");
                assert_eq!(release(&*store, lease_of(claimed)).await, Settled::Accepted(Status::Cancelled));
            }
        }
    }
}

pub async fn f21_a_cancel_races_a_replay_and_one_order_explains_both(store: Arc<dyn Store>) {
    for round in 0..ROUNDS {
        let id = ended(&*store, new_job("a"), failed()).await;
        let (here, there) = (store.clone(), store.clone());
        let again = async move { here.replay(&Scope::All, id, ROOM).await.unwrap() };
        let ask = async move { cancel(&*there, id).await };
        let (replayed, reply) = race(round, again, ask).await;
        assert!(matches!(replayed, Replayed::Done(_)), "{replayed:?}");
        let record = get(&*store, id).await;
        assert_eq!(record.lease, 1);
        if reply.ended {
            assert_eq!(record.status, Status::Cancelled, "replayed, then cancelled");
        } else {
            assert_eq!((reply.record.status, record.status), (Status::Failed, Status::Pending), "asked for too early");
            assert!(!record.cancel_requested);
            cancel(&*store, id).await;
        }
    }
}

pub async fn f21_of_racing_replays_one_makes_it_pending(store: Arc<dyn Store>) {
    let id = ended(&*store, new_job("a"), failed()).await;
    let replays = together(&store, 12, |store, _| async move { store.replay(&Scope::All, id, ROOM).await.unwrap() });
    let (mut done, mut refused) = (0, 0);
    for reply in replays.await {
        match reply {
            Replayed::Done(_) => done += 1,
            Replayed::NotReplayable(Status::Pending) => refused += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((done, refused), (1, 11));
    assert_eq!(claim_one(&*store).await.record.lease, 2);
}

pub async fn f42_two_sweepers_at_once_charge_one_crash(store: Arc<dyn Store>) {
    let ids: Vec<JobId> = (0..20).map(|_| JobId::new()).collect();
    insert_all(&*store, ids.iter().map(|id| job_with("a", |job| job.id = *id)).collect()).await;
    assert_eq!(claim_of(&*store, everything(), 100, MOMENT).await.len(), 20);
    pass(&*store, MOMENT).await;
    let sweeps = together(&store, 6, |store, _| async move { store.rescue(9, 7).await.unwrap() });
    let mut found: Vec<JobId> = sweeps.await.into_iter().flatten().map(|rescued| rescued.record.id).collect();
    // A sweeper that finds another at work may leave it to that one.
    found.extend(store.rescue(9, 100).await.unwrap().into_iter().map(|rescued| rescued.record.id));
    assert_eq!(found.len(), 20, "each is told once");
    for id in ids {
        let record = get(&*store, id).await;
        assert_eq!((record.status, record.crashes, record.history.len()), (Status::Pending, 1, 1));
    }
}

pub async fn f10_a_late_finish_races_the_rescue_and_one_wins(store: Arc<dyn Store>) {
    for round in 0..ROUNDS {
        let id = insert(&*store, new_job("a")).await;
        let lease = claim_for_a_moment(&*store).await;
        pass(&*store, MOMENT).await;
        let (here, there) = (store.clone(), store.clone());
        let end = async move { finish(&*here, lease, completed()).await };
        let sweep = async move { there.rescue(9, 10).await.unwrap() };
        let (settled, rescued) = race(round, end, sweep).await;
        let record = get(&*store, id).await;
        match settled {
            Settled::Stale => assert_eq!((record.status, record.crashes, rescued.len()), (Status::Pending, 1, 1)),
            _ => assert_eq!((record.status, record.crashes, rescued.len()), (Status::Completed, 0, 0)),
        }
        cancel(&*store, id).await;
    }
}

pub async fn f40_whoever_reads_while_jobs_are_pruned_sees_them_whole_or_not_at_all(store: Arc<dyn Store>) {
    let short = Keeping { result: Some(MOMENT), failure: Some(MOMENT) };
    let jobs: Vec<NewJob> = (0..60).map(|_| job_with("a", |job| job.keeping = short)).collect();
    let ids: Arc<[JobId]> = jobs.iter().map(|job| job.id).collect();
    insert_all(&*store, jobs).await;
    let live: Vec<JobId> = claim_of(&*store, everything(), 10, MINUTE).await.iter().map(|c| c.record.id).collect();
    let claimed = claim_of(&*store, everything(), 100, MINUTE).await;
    let result = json(r#"{"whole": true}"#);
    let finishes =
        claimed.iter().map(|claimed| finish_of(lease_of(claimed), Outcome::Completed(result.clone()))).collect();
    store.finish(finishes).await.unwrap();
    pass(&*store, MOMENT).await;

    let gone = Arc::new(AtomicBool::new(false));
    let readers = together(&store, 5, |store, n| {
        let (ids, gone, result) = (ids.clone(), gone.clone(), result.clone());
        async move {
            if n == 0 {
                while store.prune(7).await.unwrap() > 0 {
                    tokio::task::yield_now().await;
                }
                gone.store(true, Ordering::SeqCst);
                return;
            }
            while !gone.load(Ordering::SeqCst) {
                for id in ids.iter() {
                    match store.get_result(&Scope::All, *id).await.unwrap() {
                        Some((record, known)) if record.status == Status::Completed => {
                            assert_eq!((known.as_ref(), record.progress), (Some(&result), 1.0));
                            assert!(record.history.len() == 1 && record.finished_at.is_some());
                        }
                        Some((record, known)) => assert_eq!((record.status, known), (Status::Running, None)),
                        None => {}
                    }
                }
                let listing = store.list(&Scope::All, &ListFilter::default(), &page(100, 0)).await.unwrap();
                assert!(listing.jobs.iter().all(|record| ids.contains(&record.id)));
                tokio::task::yield_now().await;
            }
        }
    });
    readers.await;
    assert_eq!(total(&*store).await, live.len(), "a live job is never forgotten");
    for id in live {
        assert_eq!(status(&*store, id).await, Status::Running);
    }
}

pub async fn racing_claims_never_exceed_a_concurrency_limit(store: Arc<dyn Store>) {
    insert_all(&*store, (0..40).map(|_| new_job("limited")).collect()).await;
    let (running, done) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let workers = together(&store, 8, |store, _| {
        let (running, done) = (running.clone(), done.clone());
        async move {
            let types = vec![ClaimType { name: "limited".into(), concurrency: Some(3), rate: None }];
            let selection = Selection { queues: Vec::new(), types, any_type: false };
            while done.load(Ordering::SeqCst) < 40 {
                let claimed = claim_of(&*store, selection.clone(), 2, MINUTE).await;
                let now = running.fetch_add(claimed.len(), Ordering::SeqCst) + claimed.len();
                assert!(now <= 3, "{now} run");
                for claimed in &claimed {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    running.fetch_sub(1, Ordering::SeqCst);
                    finish(&*store, lease_of(claimed), completed()).await;
                    done.fetch_add(1, Ordering::SeqCst);
                }
                if claimed.is_empty() {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            }
        }
    });
    workers.await;
}

pub async fn racing_claims_never_exceed_a_rate_limit(store: Arc<dyn Store>) {
    insert_all(&*store, (0..30).map(|_| new_job("limited")).collect()).await;
    let rate = RateLimit { count: 5, per: 60 * MINUTE };
    let claims = together(&store, 12, |store, _| async move {
        let types = vec![ClaimType { name: "limited".into(), concurrency: None, rate: Some(rate) }];
        claim_of(&*store, Selection { queues: Vec::new(), types, any_type: false }, 2, MINUTE).await.len()
    });
    assert_eq!(claims.await.into_iter().sum::<usize>(), 5);
}

pub async fn of_racing_answers_the_first_wins(store: Arc<dyn Store>) {
    for _ in 0..4 {
        insert(&*store, new_job("a")).await;
        let lease = lease_one(&*store).await;
        store.park(park_of(lease, &["one"])).await.unwrap();
        let answers = together(&store, 8, |store, n| async move {
            let answers = vec![("one".to_owned(), json(&n.to_string()))];
            (n, store.answer(&Scope::All, lease.id, answers).await.unwrap().unwrap())
        });
        let accepted = answers.await.into_iter().filter(|(_, answered)| answered.accepted == [true]);
        let accepted: Vec<_> = accepted.collect();
        assert_eq!(accepted.len(), 1, "{accepted:?}");
        let lease = lease_one(&*store).await;
        let journal = store.journal(lease).await.unwrap().unwrap();
        assert_eq!(journal[0].value, Some(json(&accepted[0].0.to_string())));
        finish(&*store, lease, completed()).await;
    }
}

pub async fn of_racing_journal_writes_the_first_stays(store: Arc<dyn Store>) {
    insert(&*store, new_job("a")).await;
    let lease = lease_one(&*store).await;
    let writes = together(&store, 12, |store, n| async move {
        (n, store.journal_write(lease, "step", json(&n.to_string())).await.unwrap())
    });
    let mut told: HashMap<String, usize> = HashMap::new();
    let mut stored = None;
    for (n, write) in writes.await {
        match write {
            JournalWrite::Stored => assert_eq!(stored.replace(json(&n.to_string())), None, "stored twice"),
            JournalWrite::Exists(value) => *told.entry(value.parse::<usize>().unwrap().to_string()).or_default() += 1,
            JournalWrite::Stale => panic!("the lease holds"),
        }
    }
    let journal = store.journal(lease).await.unwrap().unwrap();
    assert_eq!((journal.len(), journal[0].value.clone()), (1, stored));
    assert_eq!(told.into_values().collect::<Vec<_>>(), [11], "all others were told the same");
}
