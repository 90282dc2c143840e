//! Old and new versions of a program at once.

use mcpq::{ErrorCode, JobDefinition, Queue, Status};
use serde_json::{Value, json};

use super::{Place, on_every_store};
use crate::support::{builder, echo, job, submit, submit_with, with};

on_every_store! {
    an_older_version_leaves_jobs_that_it_does_not_know,
    a_newer_version_runs_what_an_older_one_submitted,
    an_older_version_is_given_arguments_of_a_newer_one,
}

fn added() -> JobDefinition {
    job("added", |_| async { Ok(json!("new")) })
}

async fn an_older_version_leaves_jobs_that_it_does_not_know(place: Place) {
    let (older, newer) = tokio::join!(place.process([echo()]), place.process([echo(), added()]));
    let old_worker = older.worker().start().unwrap();
    let unknown = submit(&newer, "added").await;
    for _ in 0..3 {
        assert_eq!(submit(&newer, "echo").await.wait().await.unwrap().status, Status::Completed);
    }
    let record = older.status(unknown.id()).await.unwrap();
    assert_eq!((record.status, record.lease), (Status::Pending, 0), "seen by both and claimed by nobody");
    let new_worker = newer.worker().start().unwrap();
    assert_eq!(unknown.wait().await.unwrap().status, Status::Completed);
    assert_eq!(older.result(unknown.id()).await.unwrap().1.unwrap().as_bytes(), b"\"new\"");
    old_worker.stop().await;
    new_worker.stop().await;
}

/// The job `resize`, which takes its size as a text in the first version and as a number in the second.
fn resize(kind: &str) -> JobDefinition {
    let schema = json!({ "type": "object", "properties": { "size": { "type": kind } }, "required": ["size"] });
    JobDefinition::from_fn("resize", "", schema, |mut call| async move {
        let size: Value = call.arg("size")?;
        Ok(size)
    })
}

async fn second(place: &Place) -> Queue {
    let builder = builder().job(resize("integer")).upgrade_args("resize", |mut args| {
        let text = args.get("size").and_then(Value::as_str).ok_or("there is no size")?;
        let size: u32 = text.parse().map_err(|error| format!("{text}: {error}"))?;
        args.insert("size".into(), json!(size));
        Ok(args)
    });
    builder.store_arc(place.store().await).build().await.unwrap()
}

async fn a_newer_version_runs_what_an_older_one_submitted(place: Place) {
    let (first, second) = tokio::join!(place.process([resize("string")]), second(&place));
    let job = submit_with(&first, "resize", json!({ "size": "12" }), with(|_| ())).await;
    let bad = submit_with(&first, "resize", json!({ "size": "wide" }), with(|_| ())).await;
    let worker = second.worker().start().unwrap();
    assert_eq!(job.wait().await.unwrap().status, Status::Completed);
    assert_eq!(first.result(job.id()).await.unwrap().1.unwrap().as_bytes(), b"12");
    let failed = bad.wait().await.unwrap();
    assert_eq!((failed.status, failed.attempts), (Status::Failed, 1));
    assert_eq!(failed.failure.unwrap().code, ErrorCode::ArgumentsChanged);
    worker.stop().await;
}

async fn an_older_version_is_given_arguments_of_a_newer_one(place: Place) {
    let (first, second) = tokio::join!(place.process([resize("string")]), second(&place));
    let job = submit_with(&second, "resize", json!({ "size": 12 }), with(|_| ())).await;
    let worker = first.worker().start().unwrap();
    let failed = job.wait().await.unwrap();
    assert_eq!((failed.status, failed.failure.unwrap().code), (Status::Failed, ErrorCode::ArgumentsChanged));
    worker.stop().await;
    // Nothing is lost by it: once the older version is gone, the newer one is asked again.
    second.replay(job.id()).await.unwrap();
    let worker = second.worker().start().unwrap();
    assert_eq!(job.wait().await.unwrap().status, Status::Completed);
    worker.stop().await;
}
