//! Short-lived programs on the file of others: probes, clients that leave, and files that are none of ours.

use std::path::Path;

use futures::future::join_all;
use mcpq::Status;
use serde_json::{Value, json};

use super::{
    machine::{Machine, until},
    promises,
};
use crate::cli::{
    Process,
    stdio::{open, stateless, submit},
};

#[tokio::test]
async fn f49_many_probes_share_the_file_with_a_worker_and_disturb_nothing() {
    let machine = Machine::new().with("TEST_LEASE_MS", 30_000);
    let queue = machine.queue().await;
    let mut worker = machine.worker();
    let mut ids = Vec::new();
    for _ in 0..150 {
        ids.push(machine.submit(&queue, "mark", json!({ "ms": 10 })).await);
    }
    let probes = (0..4).map(|_| {
        let machine = &machine;
        async move {
            for command in ["list", "stats", "schema"] {
                let (code, answer) = machine.ask(&[command]).await;
                assert_eq!(code, 0, "{command}: {answer}");
            }
            let mut probe = Process::spawn(machine.command(&[]));
            probe.send(stateless("server/discover")).await;
            assert!(probe.answer().await["result"].is_object());
            probe.stdin = None;
            assert_eq!(probe.end().await.0, 0);
        }
    });
    join_all(probes).await;
    promises::drained(&queue).await;
    assert_eq!(worker.stop().await, 0);
    let seen = promises::check(&machine, &ids).await.unwrap();
    assert_eq!((seen.jobs, seen.starts, seen.crashes), (150, 150, 0));
}

#[tokio::test]
async fn f49_a_probe_claims_nothing() {
    let machine = Machine::new();
    let queue = machine.queue().await;
    let id = machine.submit(&queue, "mark", json!({})).await;
    let mut probe = Process::spawn(machine.command(&[]));
    for _ in 0..2 {
        probe.send(stateless("server/discover")).await;
        assert!(probe.answer().await["result"].is_object());
    }
    probe.stdin = None;
    assert_eq!(probe.end().await.0, 0);
    for command in [&["list"][..], &["status", &id.to_string()], &["stats"]] {
        assert_eq!(machine.ask(command).await.0, 0);
    }
    let record = queue.status(id).await.unwrap();
    assert_eq!((record.status, record.lease), (Status::Pending, 0));
    assert_eq!(machine.starts().len(), 0);
}

#[tokio::test]
async fn f49_a_process_that_opens_the_file_twice_is_still_seen_to_have_it_open() {
    let machine = Machine::new();
    let is_alone = async || {
        let mut other = machine.command(&[]);
        other.env("TEST_IS_ALONE_ON", machine.file()).status().await.unwrap().code()
    };
    let _queue = machine.queue().await;
    assert_eq!(is_alone().await, Some(0));
    // Whoever closes a file gives up all locks of its process on it, and another program then takes the log away.
    let _second = machine.queue().await;
    assert_eq!(is_alone().await, Some(0));
}

#[tokio::test]
async fn f49_who_only_looks_waits_for_nobody_who_writes() {
    let machine = Machine::new();
    let queue = machine.queue().await;
    let id = machine.submit(&queue, "mark", json!({})).await;
    let sql = machine.sql();
    sql.execute_batch("BEGIN IMMEDIATE").unwrap();
    for command in [&["list"][..], &["status", &id.to_string()], &["stats"]] {
        let (code, answer) = machine.ask(command).await;
        assert_eq!(code, 0, "{command:?}: {answer}");
    }
    sql.execute_batch("ROLLBACK").unwrap();
}

/// What a program says of a file that it cannot use.
async fn refusal(machine: &Machine, file: &Path) -> String {
    let store = format!("sqlite:{}", file.display());
    let (code, out, err) = machine.run(&["list", "--store", &store]).await;
    assert!(code != 0 && out.is_empty() && !err.contains("panicked"), "{code} {out} {err}");
    err
}

#[tokio::test]
async fn f49_files_that_cannot_be_ours_are_refused_with_the_reason() {
    let machine = Machine::new();
    let foreign = machine.place("foreign.db");
    rusqlite::Connection::open(&foreign)
        .unwrap()
        .execute_batch("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)")
        .unwrap();
    let said = refusal(&machine, &foreign).await;
    assert!(said.contains("another program"), "{said}");
    let left: i64 =
        rusqlite::Connection::open(&foreign).unwrap().query_row("SELECT x FROM theirs", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 1);

    let text = machine.place("text.db");
    std::fs::write(&text, "this is no database, it is a text that somebody has written".repeat(100)).unwrap();
    let said = refusal(&machine, &text).await;
    assert!(said.contains("text.db") || said.contains("not a database"), "{said}");

    let folder = machine.place("folder.db");
    std::fs::create_dir(&folder).unwrap();
    let said = refusal(&machine, &folder).await;
    assert!(said.contains("folder.db") && said.contains("directory"), "{said}");

    let below_a_file = text.join("jobs.db");
    let said = refusal(&machine, &below_a_file).await;
    assert!(said.contains("jobs.db") && said.contains("cannot be opened"), "{said}");

    // Nobody may make files there, whoever runs this test.
    let said = refusal(&machine, Path::new("/proc/jobs.db")).await;
    assert!(said.contains("/proc/jobs.db"), "{said}");
}

#[tokio::test]
async fn f50_a_job_outlives_the_client_that_submitted_it() {
    let machine = Machine::new();
    let queue = machine.queue().await;
    let mut ids = Vec::new();
    for leaves in [true, false] {
        let mut server = open(Process::spawn(machine.command(&["--no-worker"]))).await;
        let args = Value::Object(machine.args(json!({})));
        server.send(submit(1, json!({ "job_type": "mark", "args": args }))).await;
        let answer = server.answer().await;
        ids.push(answer["result"]["structuredContent"]["job_id"].as_str().unwrap().parse().unwrap());
        if leaves {
            server.stdin = None;
            assert_eq!(server.end().await.0, 0);
        }
        // Else it is killed in the middle of the session.
    }
    // One that runs in the client's own server goes back when the client leaves.
    let mut server = open(Process::spawn(machine.command(&[]))).await;
    let args = Value::Object(machine.args(json!({ "until": "go" })));
    server.send(submit(1, json!({ "job_type": "hold", "args": args }))).await;
    let answer = server.answer().await;
    let held = answer["result"]["structuredContent"]["job_id"].as_str().unwrap().parse().unwrap();
    ids.push(held);
    machine.started(held, 1).await;
    server.stdin = None;
    assert_eq!(server.end().await.0, 0);
    let record = queue.status(held).await.unwrap();
    assert_eq!((record.status, record.attempts, record.crashes), (Status::Pending, 0, 0));

    machine.make("go");
    let mut worker = machine.worker();
    promises::drained(&queue).await;
    for id in &ids {
        until("it is there", async || queue.status(*id).await.ok().filter(|record| record.status == Status::Completed))
            .await;
        let (code, answer) = machine.ask(&["result", &id.to_string()]).await;
        assert_eq!((code, &answer["status"]), (0, &json!("completed")), "its id stays valid");
    }
    assert_eq!(worker.stop().await, 0);
    promises::check(&machine, &ids).await.unwrap();
}
