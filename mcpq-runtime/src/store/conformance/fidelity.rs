//! What comes out is what went in: bytes, texts, numbers and times.

use super::calls::*;

/// Documents that whoever parses and writes them again would change.
const DOCUMENTS: [&str; 9] = [
    " { \"b\" :1.50,\t\"a\": 1e2 ,\r\n \"b\": -0.0 }\n",
    r#"{"z":1,"a":{"y":[ ],"x":null}}"#,
    r#""a \u0041 \/ \ud83d\ude00 😀 ä ﷽ \u0000""#,
    "[123456789012345678901234567890, 0.1000, 1E400, 9007199254740993]",
    "null",
    "\"\"",
    "0",
    "{}",
    "\"it's 100% \\\\ _ `--; $1 ? {} %s\"",
];

/// Texts that a careless statement or key would not survive.
const TEXTS: [&str; 7] = ["it's", "100%", "a_b", "a:b{c}", "Größe 😀", "\\ \" ; --", " two  words "];

fn mebibyte() -> Payload {
    let mut text: String = (0..1 << 17).map(|n| char::from(b'a' + (n % 23) as u8)).collect::<String>().repeat(8);
    text.insert(0, '"');
    text.replace_range(text.len() - 1.., "\"");
    json(&text)
}

/// Has a job whose payloads are this one everywhere, through all its ends.
async fn travels(store: &dyn Store, payload: Payload) {
    let id = insert(store, job_with("a", |job| job.args = payload.clone())).await;
    let first = claim_one(store).await;
    assert!(first.args == payload, "arguments");
    let lease = lease_of(&first);
    assert_eq!(store.journal_write(lease, "step", payload.clone()).await.unwrap(), JournalWrite::Stored);
    assert_eq!(
        store.journal_write(lease, "step", json("1")).await.unwrap(),
        JournalWrite::Exists(payload.clone()),
        "a stored value"
    );
    let questions = vec![("q".to_owned(), payload.clone())];
    store.park(Park { lease, questions, expires_in: MINUTE }).await.unwrap();
    store.answer(&Scope::All, id, vec![("q".to_owned(), payload.clone())]).await.unwrap();
    let second = claim_one(store).await;
    assert!(second.args == payload, "arguments of the second attempt");
    let journal = store.journal(lease_of(&second)).await.unwrap().unwrap();
    let value = Some(payload.clone());
    assert_eq!((&journal[0].value, &journal[1].question, &journal[1].value), (&value, &value, &value));
    finish(store, lease_of(&second), Outcome::Completed(payload.clone())).await;
    let (_, result) = store.get_result(&Scope::All, id).await.unwrap().unwrap();
    assert!(result == value, "the result");
}

pub async fn payloads_come_back_byte_for_byte(store: Arc<dyn Store>) {
    for document in DOCUMENTS {
        travels(&*store, json(document)).await;
    }
}

pub async fn a_payload_may_hold_a_mebibyte(store: Arc<dyn Store>) {
    travels(&*store, mebibyte()).await;
}

pub async fn f31_the_fingerprint_of_the_schema_comes_back_with_every_claim(store: Arc<dyn Store>) {
    for schema in [0, 1, u64::from(u32::MAX), i64::MAX as u64, 1 << 63, u64::MAX - 1, u64::MAX] {
        insert(&*store, job_with("a", |job| job.schema = schema)).await;
        let first = claim_one(&*store).await;
        assert_eq!(first.schema, schema);
        finish(&*store, lease_of(&first), retry(Duration::ZERO)).await;
        let second = claim_one(&*store).await;
        assert_eq!(second.schema, schema, "after a retry");
        finish(&*store, lease_of(&second), failed()).await;
        store.replay(&Scope::All, second.record.id, ROOM).await.unwrap();
        let third = claim_one(&*store).await;
        assert_eq!(third.schema, schema, "after a replay");
        finish(&*store, lease_of(&third), completed()).await;
    }
}

pub async fn every_error_code_comes_back(store: Arc<dyn Store>) {
    let codes = [
        ErrorCode::HandlerError,
        ErrorCode::Panic,
        ErrorCode::Timeout,
        ErrorCode::WorkerLost,
        ErrorCode::ResultTooLarge,
        ErrorCode::ResultNotJson,
        ErrorCode::ArgumentsChanged,
        ErrorCode::InputExpired,
    ];
    for code in codes {
        let of = |message: &str| Failure::new(code, message);
        let again =
            Outcome::Retry { after: MINUTE, attempt: of("one"), end: AttemptEnd::Timeout, failure: of("shown") };
        for (outcome, shown, told) in [
            (Outcome::Failed(of("one")), "one", AttemptEnd::Failed),
            (Outcome::Timeout(of("one")), "one", AttemptEnd::Timeout),
            (again, "shown", AttemptEnd::Timeout),
        ] {
            let id = ended(&*store, new_job("a"), outcome).await;
            let record = get(&*store, id).await;
            assert_eq!(record.failure.as_deref(), Some(&of(shown)));
            assert_eq!((record.history[0].failure.as_deref(), record.history[0].end), (Some(&of("one")), told));
            cancel(&*store, id).await;
        }
    }
}

pub async fn texts_of_all_kinds_come_back(store: Arc<dyn Store>) {
    for text in TEXTS {
        let id = JobId::new();
        let job = job_with(text, |job| {
            (job.id, job.owner, job.queue) = (id, Owner::new(text), text.into());
            (job.idempotency_key, job.args_hash) = (Some(text.into()), Some([7; 32]));
        });
        insert(&*store, job.clone()).await;
        assert_eq!(existing(insert_one(&*store, NewJob { id: JobId::new(), ..job }).await), id, "found by its key");
        let selection = Selection { queues: vec![text.into()], ..serving(&[text]) };
        let claimed = claim_of(&*store, selection, 10, MINUTE).await;
        let record = &claimed[0].record;
        assert_eq!((&*record.job_type, record.owner.as_str(), &*record.queue), (text, text, text));
        assert_eq!(record.idempotency_key.as_deref(), Some(text));
        let lease = lease_of(&claimed[0]);
        assert_eq!(store.journal_write(lease, text, json("1")).await.unwrap(), JournalWrite::Stored);
        assert_eq!(&*store.journal(lease).await.unwrap().unwrap()[0].key, text);
        let progress = ProgressUpdate { fraction: 0.5, message: Some(text.into()) };
        store.finish(vec![Finish { lease, outcome: Outcome::Failed(failure(text)), progress }]).await.unwrap();
        let filter =
            ListFilter { job_type: Some(text.to_owned()), queue: Some(text.to_owned()), ..ListFilter::default() };
        let listing = store.list(&Scope::Owner(Owner::new(text)), &filter, &page(10, 0)).await.unwrap();
        assert_eq!(listing.total, 1, "{text}");
        let record = &listing.jobs[0];
        assert_eq!(
            (&record.failure.as_ref().unwrap().message[..], record.progress_message.as_deref()),
            (text, Some(text))
        );
        assert_eq!(store.counts(&Scope::Owner(Owner::new(text))).await.unwrap()[0].failed, 1);
    }
    assert_eq!(total(&*store).await, TEXTS.len());
}

pub async fn whatever_a_handler_says_can_be_stored(store: Arc<dyn Store>) {
    let long = "long ".repeat(50_000);
    for message in ["a\0b", "\u{feff}\u{202e}\u{1}", "", &long] {
        let id = insert(&*store, new_job("a")).await;
        let lease = lease_one(&*store).await;
        let progress = ProgressUpdate { fraction: 0.5, message: Some(message.into()) };
        let finish = Finish { lease, outcome: Outcome::Failed(failure(message)), progress };
        assert_eq!(store.finish(vec![finish]).await.unwrap(), [Settled::Accepted(Status::Failed)], "{message:.9}");
        let shown = get(&*store, id).await.failure.unwrap().message.clone();
        // A store that cannot keep a zero may write something else in its place.
        assert!(shown == message || (message.contains('\0') && shown.starts_with('a')), "{shown:.9}");
    }
}

pub async fn what_is_asked_for_a_job_is_on_its_record(store: Arc<dyn Store>) {
    let batch = JobId::new();
    for (priority, index) in Priority::ALL.into_iter().zip([0, 1, 77, u32::MAX]) {
        let job = job_with("a", |job| {
            (job.priority, job.batch, job.max_attempts) = (priority, Some((batch, index)), index.max(1));
            job.timeout = Duration::from_millis(1234);
        });
        let id = insert(&*store, job).await;
        let claimed = claim_one(&*store).await.record;
        let listing = store.list(&Scope::All, &ListFilter::default(), &page(1, 0)).await.unwrap();
        for record in [&claimed, &get(&*store, id).await, &listing.jobs[0]] {
            assert_eq!((record.id, record.priority, record.batch), (id, priority, Some((batch, index))));
            assert_eq!((record.max_attempts, record.timeout), (index.max(1), Duration::from_millis(1234)));
        }
    }
}

pub async fn progress_comes_back_to_the_last_digit(store: Arc<dyn Store>) {
    let id = insert(&*store, new_job("a")).await;
    let lease = lease_one(&*store).await;
    for fraction in [f64::MIN_POSITIVE, 0.1 + 0.2, 1.0 / 3.0 + 0.1, 0.999_999_999_999_999_9] {
        let update = ProgressUpdate { fraction, message: None };
        assert_eq!(store.progress(vec![ProgressWrite { lease, update }]).await.unwrap(), [true]);
        assert_eq!(get(&*store, id).await.progress, fraction);
    }
}

pub async fn f13_all_times_of_a_job_come_from_one_clock(store: Arc<dyn Store>) {
    let millis = |time: chrono::DateTime<chrono::Utc>| time.timestamp_millis();
    let delayed = get(&*store, insert(&*store, job_with("later", |job| job.run_at = RunAt::After(MINUTE))).await).await;
    let waits = millis(delayed.run_at.unwrap()) - millis(delayed.created_at);
    assert!((59_990..=60_010).contains(&waits), "{waits} ms instead of a minute");

    let id = insert(&*store, new_job("a")).await;
    let began = chrono::Utc::now();
    pass(&*store, MOMENT).await;
    let first = lease_of(&claim_of(&*store, serving(&["a"]), 1, MINUTE).await[0]);
    pass(&*store, MOMENT).await;
    finish(&*store, first, retry(Duration::ZERO)).await;
    let second = claim_of(&*store, serving(&["a"]), 1, MINUTE).await.remove(0);
    finish(&*store, lease_of(&second), completed()).await;
    let record = get(&*store, id).await;
    let [one, two] = &*record.history else { panic!("two attempts") };
    assert_eq!(record.started_at.map(millis), Some(millis(two.started_at)), "the last start");
    let times = [record.created_at, one.started_at, one.ended_at, two.started_at, two.ended_at];
    assert!(times.windows(2).all(|pair| pair[0] <= pair[1]), "{times:?}");
    // On a paused clock nobody's calendar moves.
    if millis(chrono::Utc::now()) - millis(began) >= 2 * MOMENT.as_millis() as i64 {
        assert!(millis(one.started_at) - millis(record.created_at) >= 25, "{times:?}");
        assert!(millis(one.ended_at) - millis(one.started_at) >= 25, "{times:?}");
    }
    assert!((millis(record.finished_at.unwrap()) - millis(two.ended_at)).abs() <= 5, "the job ended with its attempt");
    let kept = millis(record.expires_at.unwrap()) - millis(record.finished_at.unwrap());
    assert!((59_990..=60_010).contains(&kept), "{kept} ms instead of a minute");
}

pub async fn the_history_tells_every_attempt(store: Arc<dyn Store>) {
    let id = insert(&*store, new_job("a")).await;
    finish(&*store, lease_one(&*store).await, retry(Duration::ZERO)).await;
    release(&*store, lease_one(&*store).await).await;
    claim_for_a_moment(&*store).await;
    rescued(&*store, 9).await;
    store.park(park_of(lease_one(&*store).await, &["q"])).await.unwrap();
    store.answer(&Scope::All, id, vec![("q".to_owned(), json("1"))]).await.unwrap();
    finish(&*store, lease_one(&*store).await, completed()).await;
    let record = get(&*store, id).await;
    assert_eq!((record.attempts, record.crashes, record.lease), (2, 1, 5), "the first and the last count");
    let ends: Vec<_> = record.history.iter().map(|attempt| (attempt.lease, attempt.end)).collect();
    let expected = [
        (1, AttemptEnd::Failed),
        (2, AttemptEnd::Released),
        (3, AttemptEnd::LeaseLost),
        (4, AttemptEnd::Parked),
        (5, AttemptEnd::Completed),
    ];
    assert_eq!(ends, expected);
    let failures: Vec<bool> = record.history.iter().map(|attempt| attempt.failure.is_some()).collect();
    assert_eq!(failures, [true, false, false, false, false]);
}

pub async fn a_long_history_is_cut_at_its_old_end(store: Arc<dyn Store>) {
    insert(&*store, new_job("a")).await;
    for _ in 0..150 {
        release(&*store, lease_one(&*store).await).await;
    }
    let claimed = claim_one(&*store).await;
    let leases: Vec<u64> = claimed.record.history.iter().map(|attempt| attempt.lease).collect();
    assert!((10..=150).contains(&leases.len()), "{}", leases.len());
    assert_eq!(leases, (151 - leases.len() as u64..=150).collect::<Vec<_>>());
    assert_eq!((claimed.record.attempts, claimed.record.lease), (1, 151));
}
