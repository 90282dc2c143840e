//! A disk that is full, and a file that somebody else holds locked.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use mcpq::{
    EventKind, JobId, Queue, QueueBuilder, QueueError, Status, SubmitOptions,
    store::{StoreError, sqlite::SqliteOptions, sqlite::SqliteStore},
};
use serde_json::json;
use tokio::sync::Notify;

use super::{machine::Machine, promises};
use crate::support::{Recorder, args, builder, echo, eventually, job, submit};

/// A queue on the machine's file, opened as `set` says, with a job `work` that waits for `go`.
async fn queue(machine: &Machine, set: impl FnOnce(SqliteOptions) -> SqliteOptions) -> (Queue, Recorder, Arc<Notify>) {
    let go = Arc::new(Notify::new());
    let waits = go.clone();
    let work = job("work", move |_| {
        let go = waits.clone();
        async move {
            go.notified().await;
            Ok(json!("done"))
        }
    });
    let store = set(SqliteStore::at(machine.file())).open().await.unwrap();
    let builder: QueueBuilder = builder().job(work).job(echo()).job(job("later", |_| async { Ok(json!(null)) }));
    let (builder, events) = Recorder::on(builder.store(store).lease(Duration::from_secs(20)));
    (builder.build().await.unwrap(), events, go)
}

/// Submits a job of 50 kB that is not due yet.
async fn large(queue: &Queue) -> Result<JobId, QueueError> {
    let mut options = SubmitOptions::default();
    options.delay = Some(Duration::from_secs(3600));
    let text = json!({ "text": "x".repeat(50_000) });
    queue.submit_json("later", args(text), options).await.map(|submitted| submitted.id)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f33_a_full_disk_refuses_submits_lets_running_jobs_end_and_is_forgotten_when_there_is_room() {
    let machine = Machine::new();
    let (queue, events, go) = queue(&machine, |options| options.max_bytes(2 << 20)).await;
    let worker = queue.worker().start().unwrap();
    let running = submit(&queue, "work").await;
    events.heard(running.id(), EventKind::Started, 1).await;
    let mut kept = Vec::new();
    let error = loop {
        match large(&queue).await {
            Ok(id) => kept.push(id),
            Err(error) => break error,
        }
        assert!(kept.len() < 100, "two megabytes hold no more");
    };
    assert!(matches!(&error, QueueError::Store(StoreError::OutOfSpace { .. })), "{error:?}");
    assert!(error.to_string().contains("free some, then try again"), "{error}");
    assert!(kept.len() > 20, "{} jobs of 50 kB", kept.len());
    let stats = queue.stats().await.unwrap();
    assert_eq!((stats.queued, stats.running), (kept.len(), 1), "the refused one has left nothing behind");

    go.notify_one();
    assert_eq!(running.result().await.unwrap(), json!("done"));
    for id in kept.drain(..10) {
        queue.cancel(id).await.unwrap();
        queue.remove(id).await.unwrap();
    }
    for _ in 0..8 {
        kept.push(large(&queue).await.unwrap());
    }
    assert_eq!(submit(&queue, "echo").await.wait().await.unwrap().status, Status::Completed);
    for id in kept {
        assert_eq!(queue.status(id).await.unwrap().status, Status::Pending);
    }
    worker.stop().await;
    promises::is_whole(&machine).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f33_a_locked_file_is_named_as_such_and_is_of_use_when_it_is_free() {
    let machine = Machine::new();
    let (queue, events, go) = queue(&machine, |options| options.busy_timeout(Duration::from_millis(300))).await;
    let worker = queue.worker().start().unwrap();
    let running = submit(&queue, "work").await;
    events.heard(running.id(), EventKind::Started, 1).await;
    let lock = machine.sql();
    lock.execute_batch("BEGIN EXCLUSIVE").unwrap();
    go.notify_one();
    let refused = futures::future::join_all((0..5).map(|_| large(&queue))).await;
    for error in refused.into_iter().map(Result::unwrap_err) {
        assert!(matches!(&error, QueueError::Store(StoreError::Unavailable { .. })), "{error:?}");
        assert!(error.to_string().contains("another program has held the file locked"), "{error}");
    }
    assert_eq!(running.status().await.unwrap().status, Status::Running, "reads go on");
    lock.execute_batch("ROLLBACK").unwrap();
    assert_eq!(running.result().await.unwrap(), json!("done"));
    assert_eq!(running.status().await.unwrap().lease, 1);
    assert_eq!(submit(&queue, "echo").await.wait().await.unwrap().status, Status::Completed);
    assert_eq!(queue.stats().await.unwrap().queued, 0, "what was refused is not there");
    worker.stop().await;
    promises::is_whole(&machine).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f33_a_program_that_lets_go_of_the_file_for_moments_only_keeps_nobody_from_submitting() {
    let machine = Machine::new();
    let (queue, ..) = queue(&machine, |options| options.busy_timeout(Duration::from_secs(3))).await;
    let stop = Arc::new(AtomicBool::new(false));
    let (sql, stopped) = (machine.sql(), stop.clone());
    let busy = std::thread::spawn(move || {
        sql.busy_timeout(Duration::ZERO).unwrap();
        while !stopped.load(Ordering::Relaxed) {
            while sql.execute_batch("BEGIN IMMEDIATE").is_err() {
                std::thread::sleep(Duration::from_micros(100));
            }
            std::thread::sleep(Duration::from_millis(150));
            sql.execute_batch("COMMIT").unwrap();
            std::thread::sleep(Duration::from_millis(3));
        }
    });
    for _ in 0..10 {
        submit(&queue, "echo").await;
    }
    stop.store(true, Ordering::Relaxed);
    busy.join().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f33_of_a_crowd_behind_a_locked_file_nobody_waits_longer_than_one_would() {
    let machine = Machine::new();
    let wait = Duration::from_secs(1);
    let (queue, ..) = queue(&machine, |options| options.busy_timeout(wait)).await;
    let lock = machine.sql();
    lock.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let began = std::time::Instant::now();
    let options = SubmitOptions::default;
    let submits = (0..3_000).map(|_| queue.submit_json("echo", args(json!({})), options()));
    for refused in futures::future::join_all(submits).await {
        assert!(matches!(refused, Err(QueueError::Store(StoreError::Unavailable { .. }))), "{refused:?}");
    }
    // They go in groups, of which there are more than ten.
    assert!(began.elapsed() < wait * 4, "{:?}", began.elapsed());
    lock.execute_batch("ROLLBACK").unwrap();
    assert_eq!(queue.stats().await.unwrap().queued, 0);
    submit(&queue, "echo").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f45_a_read_that_is_kept_open_loses_nothing_and_is_told_of() {
    let machine = Machine::new().with("MCPQ_WORKERS", 2);
    let front = machine.queue().await;
    let reader = machine.sql();
    reader.execute_batch("BEGIN; SELECT count(*) FROM job").unwrap();
    let mut worker = machine.worker();
    let mut ids = Vec::new();
    for _ in 0..200 {
        let submitted = front.submit_json("large", args(json!({ "bytes": 1_000_000 })), SubmitOptions::default()).await;
        ids.push(submitted.unwrap().id);
    }
    for id in &ids {
        assert_eq!(front.job(*id).wait().await.unwrap().status, Status::Completed);
    }
    worker.says("a program keeps a read of the file open").await;
    let log = || std::fs::metadata(format!("{}-wal", machine.file().display())).map_or(0, |log| log.len());
    assert!(log() > 128 << 20);
    reader.execute_batch("COMMIT").unwrap();
    eventually("the log is brought home", || async {
        submit_again(&machine, &front).await;
        (log() < 128 << 20).then_some(())
    })
    .await;
    assert_eq!(worker.stop().await, 0);
}

async fn submit_again(machine: &Machine, front: &Queue) {
    let id = machine.submit(front, "mark", json!({})).await;
    front.job(id).wait().await.unwrap();
}
