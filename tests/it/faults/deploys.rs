//! Old and new programs on one file.

use std::sync::atomic::{AtomicUsize, Ordering};

use mcpq::{ErrorCode, JobDefinition, Queue, QueueBuilder, Status, store::sqlite::SqliteStore};
use serde_json::{Value, json};

use super::{
    machine::{Machine, until},
    promises,
};
use crate::support::{builder, options, submit_with, with};

#[tokio::test]
async fn f30_a_job_without_a_handler_here_waits_for_a_program_that_has_one() {
    let machine = Machine::new().with("TEST_ONLY_ADD", 1);
    let queue = machine.queue().await;
    let mut older = machine.worker();
    let unknown = machine.submit(&queue, "mark", json!({})).await;
    let args = json!({ "a": 1, "b": 2 }).to_string();
    let (code, known) = machine.ask(&["submit", "add", "--args", &args]).await;
    assert_eq!(code, 0, "{known}");
    let known = known["job_id"].as_str().unwrap().parse().unwrap();
    until("the job that it knows is run", async || {
        queue.status(known).await.ok().filter(|record| record.status == Status::Completed)
    })
    .await;
    let record = queue.status(unknown).await.unwrap();
    assert_eq!((record.status, record.lease), (Status::Pending, 0), "never claimed");
    let (_, answer) = machine.ask(&["status", &unknown.to_string()]).await;
    assert_eq!(answer["status"], "pending", "and seen by a program that does not know it");
    assert_eq!(older.stop().await, 0);

    let newer = machine.without("TEST_ONLY_ADD");
    let mut worker = newer.worker();
    promises::drained(&queue).await;
    assert_eq!(newer.starts_of(unknown), [1]);
    assert_eq!(worker.stop().await, 0);
}

static RUNS: AtomicUsize = AtomicUsize::new(0);

/// The job `resize` of one version of a program.
fn resize(schema: Value) -> JobDefinition {
    let handler = |mut call: mcpq::JobCall| async move {
        RUNS.fetch_add(1, Ordering::SeqCst);
        let size: u32 = call.arg("size")?;
        Ok(json!(size))
    };
    JobDefinition::from_fn("resize", "", schema, handler).options(options(|options| options.max_retries = 5))
}

async fn version(machine: &Machine, builder: QueueBuilder) -> Queue {
    builder.store(SqliteStore::open(machine.file()).await.unwrap()).build().await.unwrap()
}

/// What both versions ask for: `size`, a text until the second one.
fn schema(kind: &str) -> Value {
    json!({ "type": "object", "properties": { "size": { "type": kind } }, "required": ["size"] })
}

#[tokio::test]
async fn f31_arguments_that_no_longer_fit_fail_once_with_the_reason_unless_an_upgrade_mends_them() {
    let machine = Machine::new();
    let old = version(&machine, builder().job(resize(schema("string")))).await;
    let size = |text: &str| json!({ "size": text });
    let stale = submit_with(&old, "resize", size("12"), with(|_| ())).await;
    let new = version(&machine, builder().job(resize(schema("integer")))).await;
    let worker = new.worker().start().unwrap();
    let record = new.job(stale.id()).wait().await.unwrap();
    let failure = record.failure.as_ref().unwrap();
    assert_eq!((record.status, failure.code), (Status::Failed, ErrorCode::ArgumentsChanged));
    assert!(failure.message.contains("size") && failure.message.contains("integer"), "{failure}");
    assert_eq!((record.attempts, record.history.len(), RUNS.load(Ordering::SeqCst)), (1, 1, 0), "{record:?}");
    assert_eq!(new.operator().stats().await.unwrap().dead, 1);
    worker.stop().await;

    let mends = builder().job(resize(schema("integer"))).upgrade_args("resize", |mut args| {
        assert!(!args["size"].to_string().contains("u0000"), "a size with a zero");
        let size: u32 = args["size"].as_str().and_then(|size| size.parse().ok()).ok_or("`size` is no number")?;
        args.insert("size".into(), size.into());
        Ok(args)
    });
    let newest = version(&machine, mends).await;
    let worker = newest.worker().start().unwrap();
    newest.replay(stale.id()).await.unwrap();
    assert_eq!(newest.job(stale.id()).result().await.unwrap(), json!(12));
    let hopeless = submit_with(&old, "resize", size("big"), with(|_| ())).await;
    let record = newest.job(hopeless.id()).wait().await.unwrap();
    let failure = record.failure.as_ref().unwrap();
    assert_eq!((record.status, failure.code, record.attempts), (Status::Failed, ErrorCode::ArgumentsChanged, 1));
    assert!(failure.message.contains("`size` is no number"), "{failure}");
    let breaks = submit_with(&old, "resize", json!({ "size": "no \u{0} size" }), with(|_| ())).await;
    let record = newest.job(breaks.id()).wait().await.unwrap();
    let failure = record.failure.as_ref().unwrap();
    assert_eq!((record.status, failure.code, record.attempts), (Status::Failed, ErrorCode::ArgumentsChanged, 1));
    assert!(failure.message.contains("panicked: a size with a zero"), "{failure}");
    worker.stop().await;
}

#[tokio::test]
async fn f44_a_program_that_is_older_than_the_file_refuses_it_and_leaves_it_alone() {
    let machine = Machine::new();
    let queue = machine.queue().await;
    let id = machine.submit(&queue, "mark", json!({})).await;
    drop(queue);
    let version =
        |sql: &rusqlite::Connection| -> i64 { sql.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap() };
    let sql = machine.sql();
    let known = version(&sql);
    sql.pragma_update(None, "user_version", known + 1).unwrap();
    for command in [&["list"][..], &["worker"], &["submit", "add", "--args", "{}"]] {
        let (code, out, err) = machine.run(command).await;
        assert!(code != 0 && out.is_empty() && err.contains("newer mcpq"), "{command:?}: {code} {err}");
    }
    assert_eq!(version(&sql), known + 1);
    sql.pragma_update(None, "user_version", known).unwrap();
    let queue = machine.queue().await;
    assert_eq!(queue.status(id).await.unwrap().status, Status::Pending);
}
