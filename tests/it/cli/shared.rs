//! Commands on a store that other processes fill.

use serde_json::json;

use super::{Ran, command, finish};

/// The job that has completed, the one that failed, the one that is delayed, and the one that runs.
const DONE: &str = "00000000-0000-7000-8000-000000000001";
const FAILED: &str = "00000000-0000-7000-8000-000000000002";
const DELAYED: &str = "00000000-0000-7000-8000-000000000003";
const RUNNING: &str = "00000000-0000-7000-8000-000000000004";

async fn run(args: &[&str]) -> Ran {
    let mut command = command(args);
    command.env("TEST_SHARED_STORE", "1");
    finish(command).await
}

#[tokio::test]
async fn list_shows_the_jobs_of_all_owners_newest_first() {
    let list = run(&["list"]).await;
    assert_eq!(list.code, 0);
    let lines: Vec<&str> = list.out.lines().collect();
    assert!(lines[0].starts_with("JOB "));
    assert!(lines[1].starts_with(RUNNING) && lines[1].contains("half way"), "{lines:?}");
    assert!(lines[2].starts_with(DELAYED) && lines[2].contains("starts in"));
    assert!(lines[3].starts_with(FAILED) && !lines[3].contains('\u{1b}'), "texts cannot steer the terminal");
    assert!(lines[4].starts_with(DONE) && lines[4].ends_with("ago"));

    let failed = run(&["list", "--status", "failed", "--json"]).await.json();
    assert_eq!((&failed["total"], &failed["jobs"][0]["job_id"]), (&json!(1), &json!(FAILED)));
    let page = run(&["list", "--limit", "3", "--json"]).await.json();
    assert_eq!((&page["total"], page["jobs"].as_array().unwrap().len()), (&json!(4), 3));
    let next = page["next_cursor"].as_str().unwrap();
    let rest = run(&["list", "--cursor", next, "--json"]).await.json();
    assert_eq!(rest["jobs"][0]["job_id"], DONE);
    run(&["list", "--limit", "1000"]).await.refused(&["--limit: it must be 1 to 100"]);
}

#[tokio::test]
async fn status_and_result_tell_of_one_job() {
    let status = run(&["status", RUNNING]).await;
    assert!(status.code == 0 && status.out.contains("50%") && status.out.contains("ann"), "{status:?}");
    assert_eq!(run(&["status", DONE, "--json"]).await.json()["status"], "completed");
    let result = run(&["result", DONE]).await;
    assert_eq!((result.code, result.out.as_str()), (0, "42\n"));
    assert_eq!(run(&["result", DONE, "--json"]).await.json()["result"], 42);
    for (id, text) in [(FAILED, "HANDLER_ERROR"), (RUNNING, "has no result yet")] {
        let none = run(&["result", id]).await;
        assert!(none.code == 1 && none.out.is_empty() && none.err.contains(text), "{none:?}");
    }
    let unknown = run(&["status", "00000000-0000-7000-8000-000000000009", "--json"]).await;
    assert_eq!((unknown.code, unknown.out.as_str()), (1, ""));
    assert!(unknown.err.contains("JOB_NOT_FOUND"));
}

#[tokio::test]
async fn cancel_and_retry_change_what_can_be_changed() {
    for id in [RUNNING, DELAYED] {
        let cancelled = run(&["cancel", id, "--json"]).await;
        assert_eq!((cancelled.code, &cancelled.json()["status"]), (0, &json!("cancelled")));
    }
    let ended = run(&["cancel", DONE]).await;
    assert!(ended.code == 1 && ended.err.contains("completed already"), "{ended:?}");

    let retried = run(&["retry", FAILED]).await;
    assert!(retried.code == 0 && retried.out.contains("pending again"), "{retried:?}");
    let refused = run(&["retry", DONE]).await;
    assert!(refused.code == 1 && refused.err.contains("only a failed"), "{refused:?}");
}

#[tokio::test]
async fn stats_count_the_jobs() {
    let stats = run(&["stats", "--json"]).await.json();
    assert_eq!((&stats["queued"], &stats["running"], &stats["dead"]), (&json!(1), &json!(1), &json!(1)));
    assert!(run(&["stats"]).await.out.contains("default"));
}

#[tokio::test]
async fn watch_follows_jobs_to_their_end() {
    let watched = run(&["watch", DONE, FAILED]).await;
    assert!(
        watched.code == 1 && watched.out.contains("completed") && watched.err.contains("HANDLER_ERROR"),
        "{watched:?}"
    );
    let watched = run(&["watch", DONE, "--json"]).await;
    assert_eq!((watched.code, &watched.json()["jobs"][0]["status"]), (0, &json!("completed")));
}

#[tokio::test]
async fn submit_leaves_the_job_to_others() {
    let submitted = run(&["submit", "add", "--args", r#"{"a": 1, "b": 2}"#]).await;
    assert_eq!((submitted.code, submitted.out.trim().len()), (0, 36), "the id alone: {submitted:?}");
    let waited = run(&["submit", "add", "--args", r#"{"a": 1, "b": 2}"#, "--wait"]).await;
    assert_eq!((waited.code, waited.out.as_str()), (0, "3\n"));
}

#[tokio::test]
async fn a_store_set_in_code_wins_over_the_command_line() {
    let list = run(&["list", "--store", "memory:"]).await;
    assert!(list.code == 0 && list.out.contains(DONE) && list.err.contains("is ignored"), "{list:?}");
}
