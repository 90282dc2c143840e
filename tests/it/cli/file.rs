//! The file that a server keeps its jobs in unless told otherwise, shared by all processes of that server.

use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

use super::{PATIENCE, Process, Ran, command, finish};

/// The test server with its data in this folder, and no store named.
async fn run(data: &TempDir, args: &[&str]) -> Ran {
    let mut command = command(args);
    command.env_remove("MCPQ_STORE").env("XDG_DATA_HOME", data.path());
    finish(command).await
}

fn start(data: &TempDir, args: &[&str]) -> Process {
    let mut command = command(args);
    command.env_remove("MCPQ_STORE").env("XDG_DATA_HOME", data.path());
    Process::spawn(command)
}

/// Asks for a job until it has ended.
async fn ended(data: &TempDir, id: &str) -> serde_json::Value {
    let deadline = std::time::Instant::now() + PATIENCE;
    loop {
        let job = run(data, &["status", id, "--json"]).await.json();
        if job["finished_at"].is_string() {
            return job;
        }
        assert!(std::time::Instant::now() < deadline, "{job}");
    }
}

#[tokio::test]
async fn it_lies_in_the_users_data_directory_and_is_named_on_standard_error() {
    let data = tempfile::tempdir().unwrap();
    let ran = run(&data, &["submit", "add", "--args", r#"{"a": 40, "b": 2}"#, "--wait"]).await;
    assert_eq!((ran.code, ran.out.trim()), (0, "42"));
    let path = data.path().join("mcpq/test-server.db");
    assert!(ran.err.contains(&format!("jobs are kept in {}", path.display())), "{ran:?}");
    assert_private(&path);
    let listed = run(&data, &["list", "--json"]).await;
    assert_eq!(listed.json()["total"], 1, "another process sees the job");
    assert_eq!(listed.json()["jobs"][0]["status"], "completed");
}

#[cfg(unix)]
fn assert_private(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "its owner's alone: {mode:o}");
}

#[tokio::test]
async fn a_schema_is_shown_without_a_file() {
    let data = tempfile::tempdir().unwrap();
    assert_eq!(run(&data, &["schema"]).await.code, 0);
    assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn what_one_process_submits_another_runs_and_a_third_reads() {
    let data = tempfile::tempdir().unwrap();
    let submitted = run(&data, &["submit", "add", "--args", r#"{"a": 1, "b": 2}"#]).await;
    assert_eq!(submitted.code, 0);
    assert!(submitted.err.contains("no worker runs it now: start one with `") && !submitted.err.contains("WARN"));
    let id = submitted.out.trim().to_owned();
    assert_eq!(run(&data, &["status", &id, "--json"]).await.json()["status"], "pending");
    let mut worker = start(&data, &["worker"]);
    assert_eq!(ended(&data, &id).await["status"], "completed");
    assert_eq!(run(&data, &["result", &id]).await.out.trim(), "3");
    let served = run(&data, &["submit", "add", "--args", r#"{"a": 1, "b": 2}"#]).await;
    assert!(served.code == 0 && !served.err.contains("no worker"), "{served:?}");
    worker.signal("TERM").await;
    assert_eq!(worker.end().await.0, 0);
}

#[tokio::test]
async fn a_worker_runs_the_job_types_that_it_was_started_for_and_no_others() {
    let data = tempfile::tempdir().unwrap();
    let submit = async |job_type: &str, args: &str| {
        run(&data, &["submit", job_type, "--args", args]).await.out.trim().to_owned()
    };
    let other = submit("in_order", "{}").await;
    let mut worker = start(&data, &["worker", "--job-types", "add,steps"]);
    let served = submit("add", r#"{"a": 1, "b": 2}"#).await;
    assert_eq!(ended(&data, &served).await["status"], "completed");
    let left = run(&data, &["status", &other, "--json"]).await.json();
    assert_eq!((&left["status"], &left["attempts"]), (&json!("pending"), &json!(0)), "it came first");
    worker.signal("TERM").await;
    assert_eq!(worker.end().await.0, 0);
    let mut all = start(&data, &["worker"]);
    assert_eq!(ended(&data, &other).await["status"], "completed");
    all.signal("TERM").await;
    assert_eq!(all.end().await.0, 0);
}

#[tokio::test]
async fn a_cancel_reaches_the_process_that_runs_the_job() {
    let data = tempfile::tempdir().unwrap();
    let mut worker = start(&data, &["worker"]);
    let id = run(&data, &["submit", "until_cancelled"]).await.out.trim().to_owned();
    loop {
        if run(&data, &["status", &id, "--json"]).await.json()["progress"] != json!(0.0) {
            break;
        }
    }
    let began = std::time::Instant::now();
    let cancelled = run(&data, &["cancel", &id, "--json"]).await;
    assert_eq!(cancelled.json()["status"], "cancelled", "{cancelled:?}");
    // A renewal, which would bring the request too, is ten seconds away.
    assert!(began.elapsed().as_secs() < 8, "{:?}", began.elapsed());
    worker.signal("TERM").await;
    worker.end().await;
}

#[tokio::test]
async fn a_result_is_printed_in_the_order_in_which_the_job_wrote_it() {
    let data = tempfile::tempdir().unwrap();
    let ran = run(&data, &["submit", "in_order", "--wait"]).await;
    assert_eq!(ran.out, "{\n  \"zebra\": 1,\n  \"apple\": 2\n}\n", "{ran:?}");
}
