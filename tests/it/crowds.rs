//! What others write to a shared store costs a process little, however many of its own wait.

use std::{sync::Arc, time::Instant};

use mcpq::{Queue, QueueBuilder, store::sqlite::SqliteStore};
use serde_json::json;

use crate::{
    stores::file,
    support::{Faulty, Op, builder, echo, eventually, job, submit},
};

/// Writes so many times, each time after the other handle had a chance to hear of the last one.
const WRITES: usize = 100;

/// Two handles of one file, the calls of the first of which are counted.
async fn two(first: impl FnOnce(QueueBuilder) -> QueueBuilder) -> (Queue, Faulty, Queue) {
    let file = file();
    let open = || async { SqliteStore::open(&file).await.unwrap() };
    let counted = Faulty::new(Arc::new(open().await));
    let jobs = || builder().job(echo()).job(job("other", |_| async { Ok(json!(null)) }));
    let one = first(jobs()).store_arc(Arc::new(counted.clone())).build().await.unwrap();
    let other = jobs().submit_only().store(open().await).build().await.unwrap();
    (one, counted, other)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waits_share_what_they_ask_for_when_others_write() {
    const WAITS: usize = 500;
    let (one, counted, other) = two(QueueBuilder::submit_only).await;
    let mut waits = Vec::new();
    for _ in 0..WAITS {
        let handle = submit(&one, "echo").await;
        waits.push(tokio::spawn(async move { handle.wait().await }));
    }
    eventually("all have looked", || async { (counted.calls(Op::Get) >= WAITS).then_some(()) }).await;
    let (before, began) = (counted.calls(Op::Get), Instant::now());
    for _ in 0..WRITES {
        let looks = counted.calls(Op::Get);
        submit(&other, "echo").await;
        // A look comes within a moment of a write, so that writes and looks take turns.
        eventually("some look", || async { (counted.calls(Op::Get) > looks).then_some(()) }).await;
    }
    let (looks, millis) = (counted.calls(Op::Get) - before, began.elapsed().as_millis() as usize);
    // Each write alone would have made each wait look.
    assert!(looks <= WAITS * 2 + millis * 3 / 2, "{looks} looks in {millis} ms");
    for wait in waits {
        wait.abort();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_of_another_type_does_not_claim_when_others_write() {
    let (one, counted, other) = two(|builder| builder).await;
    let worker = one.worker().job_types(["other"]).start().unwrap();
    eventually("it has claimed", || async { (counted.calls(Op::Claim) > 0).then_some(()) }).await;
    let (claims, began) = (counted.calls(Op::Claim), Instant::now());
    for _ in 0..WRITES {
        let looks = counted.calls(Op::NextDue);
        submit(&other, "echo").await;
        eventually("it looks", || async { (counted.calls(Op::NextDue) > looks).then_some(()) }).await;
    }
    let claims = counted.calls(Op::Claim) - claims;
    // One now and then, in case a hint was lost.
    assert!(claims <= 2 + began.elapsed().as_secs() as usize, "{claims} claims for nothing");
    submit(&other, "other").await.wait().await.unwrap();
    worker.stop().await;
}
