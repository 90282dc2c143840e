//! The journal: values, questions and answers.

use super::calls::*;

async fn running(store: &dyn Store) -> LeaseRef {
    insert(store, new_job("a")).await;
    lease_of(&claim_one(store).await)
}

fn questions(lease: LeaseRef, keys: &[&str], expires_in: Duration) -> Park {
    let questions = keys.iter().map(|key| ((*key).to_owned(), json(&format!(r#"{{"ask": "{key}"}}"#)))).collect();
    Park { lease, questions, expires_in }
}

async fn park(store: &dyn Store, lease: LeaseRef, keys: &[&str]) -> Settled {
    store.park(questions(lease, keys, MINUTE)).await.unwrap()
}

async fn answer(store: &dyn Store, id: JobId, answers: &[(&str, &str)]) -> Answered {
    let answers = answers.iter().map(|(key, value)| ((*key).to_owned(), json(value))).collect();
    store.answer(&Scope::All, id, answers).await.unwrap().unwrap()
}

pub async fn a_value_is_stored_once_for_the_jobs_life(store: Arc<dyn Store>) {
    let lease = running(&*store).await;
    assert_eq!(store.journal(lease).await.unwrap(), Some(vec![]));
    assert_eq!(store.journal_write(lease, "fetch", json("1")).await.unwrap(), JournalWrite::Stored);
    assert_eq!(store.journal_write(lease, "fetch", json("2")).await.unwrap(), JournalWrite::Exists(json("1")));
    assert_eq!(store.journal_write(lease, "load", json("3")).await.unwrap(), JournalWrite::Stored);
    store.release(&[lease]).await.unwrap();
    let lease = lease_of(&claim_one(&*store).await);
    let journal = store.journal(lease).await.unwrap().unwrap();
    let values: Vec<_> = journal.iter().map(|entry| (&*entry.key, entry.value.clone().unwrap())).collect();
    assert_eq!(values, [("fetch", json("1")), ("load", json("3"))]);
    assert!(journal.iter().all(|entry| entry.question.is_none()));
}

pub async fn a_journal_is_closed_to_a_lost_lease(store: Arc<dyn Store>) {
    let old = running(&*store).await;
    store.release(&[old]).await.unwrap();
    let new = lease_of(&claim_one(&*store).await);
    assert_eq!(store.journal_write(old, "k", json("1")).await.unwrap(), JournalWrite::Stale);
    assert_eq!(store.journal(old).await.unwrap(), None);
    assert_eq!(store.journal(new).await.unwrap(), Some(vec![]));
}

pub async fn a_parked_job_waits_for_all_its_answers(store: Arc<dyn Store>) {
    let lease = running(&*store).await;
    assert_eq!(park(&*store, lease, &["name", "age"]).await, Settled::Accepted(Status::InputRequired));
    assert_eq!(status(&*store, lease.id).await, Status::InputRequired);
    assert!(claim_of(&*store, everything(), 10, MINUTE).await.is_empty());
    assert_eq!(store.remove(&Scope::All, lease.id).await.unwrap(), Removed::NotEnded(Status::InputRequired));

    let answered = answer(&*store, lease.id, &[("name", "\"Ada\""), ("shoe size", "38")]).await;
    assert_eq!(answered, Answered { accepted: vec![true, false], status: Status::InputRequired });
    let answered = answer(&*store, lease.id, &[("age", "36")]).await;
    assert_eq!(answered, Answered { accepted: vec![true], status: Status::Pending });
    let claimed = claim_one(&*store).await;
    assert_eq!((claimed.record.attempts, claimed.record.lease), (1, 2));
    let journal = store.journal(lease_of(&claimed)).await.unwrap().unwrap();
    let entries: Vec<_> = journal.iter().map(|entry| (&*entry.key, entry.value.clone().unwrap())).collect();
    assert_eq!(entries, [("name", json("\"Ada\"")), ("age", json("36"))]);
    assert!(journal.iter().all(|entry| entry.question.is_some()));
}

pub async fn the_first_answer_wins(store: Arc<dyn Store>) {
    let lease = running(&*store).await;
    park(&*store, lease, &["one", "two"]).await;
    let answered = answer(&*store, lease.id, &[("one", "1"), ("one", "2")]).await;
    assert_eq!(answered.accepted, [true, false]);
    assert_eq!(answer(&*store, lease.id, &[("one", "3")]).await.accepted, [false]);
    answer(&*store, lease.id, &[("two", "2")]).await;
    let late = answer(&*store, lease.id, &[("one", "4"), ("two", "4")]).await;
    assert_eq!(late, Answered { accepted: vec![false, false], status: Status::Pending });
    let journal = store.journal(lease_of(&claim_one(&*store).await)).await.unwrap().unwrap();
    assert_eq!(journal[0].value, Some(json("1")));
}

pub async fn an_answered_question_does_not_park_again(store: Arc<dyn Store>) {
    let lease = running(&*store).await;
    park(&*store, lease, &["one"]).await;
    answer(&*store, lease.id, &[("one", "1")]).await;
    let lease = lease_of(&claim_one(&*store).await);
    assert_eq!(park(&*store, lease, &["one"]).await, Settled::Accepted(Status::Pending), "pending at once");
    let lease = lease_of(&claim_one(&*store).await);
    assert_eq!(park(&*store, lease, &["one", "two"]).await, Settled::Accepted(Status::InputRequired));
    assert_eq!(answer(&*store, lease.id, &[("one", "9"), ("two", "2")]).await.accepted, [false, true]);
}

pub async fn a_parked_job_with_a_cancel_request_ends(store: Arc<dyn Store>) {
    let lease = running(&*store).await;
    store.request_cancel(&Scope::All, lease.id).await.unwrap();
    assert_eq!(park(&*store, lease, &["one"]).await, Settled::Accepted(Status::Cancelled));
}

pub async fn a_parked_job_is_cancelled_at_once(store: Arc<dyn Store>) {
    let lease = running(&*store).await;
    park(&*store, lease, &["one"]).await;
    let record = store.request_cancel(&Scope::All, lease.id).await.unwrap().unwrap().record;
    assert_eq!(record.status, Status::Cancelled);
    let late = answer(&*store, lease.id, &[("one", "1")]).await;
    assert_eq!(late, Answered { accepted: vec![false], status: Status::Cancelled });
}

pub async fn a_question_that_nobody_answers_fails_the_job(store: Arc<dyn Store>) {
    let lease = running(&*store).await;
    store.park(questions(lease, &["one"], MOMENT)).await.unwrap();
    let record = rescued(&*store, 3).await;
    assert_eq!((record.status, record.crashes), (Status::Failed, 0));
    assert_eq!(record.failure.unwrap().code, ErrorCode::InputExpired);
}

pub async fn parking_gives_the_attempt_back_and_counts_as_waiting(store: Arc<dyn Store>) {
    let lease = running(&*store).await;
    park(&*store, lease, &["one"]).await;
    let record = get(&*store, lease.id).await;
    assert_eq!((record.attempts, record.crashes), (0, 0));
    assert_eq!(record.history.last().unwrap().end, AttemptEnd::Parked);
    let full = store.insert(vec![new_job("a")], Bound { max_pending: 1 }).await.unwrap();
    assert!(matches!(full, InsertReply::Full(depth) if (depth.waiting, depth.running) == (1, 0)), "{full:?}");
    assert_eq!(store.counts(&Scope::All).await.unwrap()[0].parked, 1);
    assert_eq!(finish(&*store, lease, completed()).await, Settled::Stale, "the lease has ended");
}

pub async fn answers_from_another_owner_find_nothing(store: Arc<dyn Store>) {
    let lease = running(&*store).await;
    park(&*store, lease, &["one"]).await;
    let foreign = Scope::Owner(Owner::new("somebody else"));
    let answers = vec![("one".to_owned(), json("1"))];
    assert_eq!(store.answer(&foreign, lease.id, answers.clone()).await.unwrap(), None);
    assert_eq!(store.answer(&Scope::All, JobId::new(), answers).await.unwrap(), None);
    assert_eq!(status(&*store, lease.id).await, Status::InputRequired);
}

pub async fn one_key_is_one_entry(store: Arc<dyn Store>) {
    let lease = running(&*store).await;
    park(&*store, lease, &["one", "one"]).await;
    answer(&*store, lease.id, &[("one", "1")]).await;
    let lease = lease_of(&claim_one(&*store).await);
    assert_eq!(store.journal(lease).await.unwrap().unwrap().len(), 1);
    assert_eq!(store.journal_write(lease, "one", json("2")).await.unwrap(), JournalWrite::Exists(json("1")));

    // A question whose job failed unanswered is open still when the job is replayed.
    store.park(questions(lease, &["two"], MOMENT)).await.unwrap();
    rescued(&*store, 3).await;
    store.replay(&Scope::All, lease.id, ROOM).await.unwrap();
    let lease = lease_of(&claim_one(&*store).await);
    assert_eq!(store.journal_write(lease, "two", json("2")).await.unwrap(), JournalWrite::Stored);
    let journal = store.journal(lease).await.unwrap().unwrap();
    assert_eq!(journal.iter().map(|entry| &*entry.key).collect::<Vec<_>>(), ["one", "two"]);
    assert_eq!(journal[1].value, Some(json("2")));
}

pub async fn a_journal_keeps_its_order_across_attempts(store: Arc<dyn Store>) {
    let mut lease = running(&*store).await;
    for n in 0..60 {
        let key = format!("step {}", (n * 7) % 60);
        assert_eq!(store.journal_write(lease, &key, json(&n.to_string())).await.unwrap(), JournalWrite::Stored);
        if n % 20 == 19 {
            release(&*store, lease).await;
            lease = lease_one(&*store).await;
        }
    }
    let journal = store.journal(lease).await.unwrap().unwrap();
    let seen: Vec<_> = journal.iter().map(|entry| (entry.key.to_string(), entry.value.clone().unwrap())).collect();
    let expected: Vec<_> = (0..60).map(|n| (format!("step {}", (n * 7) % 60), json(&n.to_string()))).collect();
    assert_eq!(seen, expected);
}

pub async fn a_job_that_is_not_parked_takes_no_answer(store: Arc<dyn Store>) {
    let lease = running(&*store).await;
    let refused = |status| Answered { accepted: vec![false], status };
    assert_eq!(answer(&*store, lease.id, &[("one", "1")]).await, refused(Status::Running));
    park(&*store, lease, &["one"]).await;
    assert_eq!(answer(&*store, lease.id, &[("two", "1")]).await, refused(Status::InputRequired), "nobody asked that");
    answer(&*store, lease.id, &[("one", "1")]).await;
    assert_eq!(answer(&*store, lease.id, &[("one", "2")]).await, refused(Status::Pending));
    finish(&*store, lease_one(&*store).await, completed()).await;
    assert_eq!(answer(&*store, lease.id, &[("one", "2")]).await, refused(Status::Completed));
}

pub async fn a_stored_value_is_no_question(store: Arc<dyn Store>) {
    let lease = running(&*store).await;
    store.journal_write(lease, "one", json("1")).await.unwrap();
    assert_eq!(park(&*store, lease, &["one"]).await, Settled::Accepted(Status::Pending), "it has a value already");
    let lease = lease_one(&*store).await;
    assert_eq!(park(&*store, lease, &["one", "two"]).await, Settled::Accepted(Status::InputRequired));
    assert_eq!(answer(&*store, lease.id, &[("one", "2"), ("two", "2")]).await.accepted, [false, true]);
    let journal = store.journal(lease_one(&*store).await).await.unwrap().unwrap();
    assert_eq!((journal[0].question.is_none(), &journal[0].value), (true, &Some(json("1"))));
}

pub async fn a_journal_belongs_to_its_job(store: Arc<dyn Store>) {
    let one = running(&*store).await;
    let other = running(&*store).await;
    store.journal_write(one, "step", json("1")).await.unwrap();
    assert_eq!(store.journal_write(other, "step", json("2")).await.unwrap(), JournalWrite::Stored);
    assert_eq!(store.journal(one).await.unwrap().unwrap()[0].value, Some(json("1")));
    assert_eq!(store.journal(other).await.unwrap().unwrap()[0].value, Some(json("2")));
}
