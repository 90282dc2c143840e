//! `submit --wait`: runs a job in the process, with nothing else needed.

use std::process::Stdio;

use serde_json::json;
use tokio::io::AsyncWriteExt;

use super::{PATIENCE, Process, command, run};

#[tokio::test]
async fn the_result_is_all_that_standard_output_has() {
    let ran = run(&["submit", "add", "--args", r#"{"a": 40, "b": 2}"#, "--wait", "--log", "trace"]).await;
    assert_eq!((ran.code, ran.out.as_str()), (0, "42\n"));
    assert!(ran.err.contains("adding"), "logs go to standard error: {ran:?}");
}

#[tokio::test]
async fn with_json_the_answer_is_the_job() {
    let ran = run(&["submit", "add", "--args", r#"{"a": 40, "b": 2}"#, "--wait", "--json"]).await;
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let job = ran.json();
    assert_eq!((&job["status"], &job["result"], &job["job_type"]), (&json!("completed"), &json!(42), &json!("add")));
}

#[tokio::test]
async fn progress_goes_to_standard_error_line_by_line() {
    let ran = run(&["submit", "steps", "--args", r#"{"count": 60, "pause_ms": 25}"#, "--wait"]).await;
    assert_eq!((ran.code, ran.out.as_str()), (0, "60\n"));
    let lines: Vec<&str> = ran.err.lines().collect();
    assert!(lines.iter().any(|line| line.contains("% step ")), "{lines:?}");
    assert!(lines.len() < 20, "60 reports do not make 60 lines: {lines:?}");
}

#[tokio::test]
async fn a_job_without_a_result_ends_with_code_1() {
    let jobs: [(&str, &str, &str, &str); 3] = [
        ("fails", r#"{"message": "out of paper"}"#, "failed", "HANDLER_ERROR: out of paper"),
        ("times_out", "{}", "timeout", "TIMEOUT"),
        ("gives_up", "{}", "cancelled", "was cancelled"),
    ];
    for (name, args, status, text) in jobs {
        let ran = run(&["submit", name, "--args", args, "--wait"]).await;
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{ran:?}");
        assert!(ran.err.lines().any(|line| line.starts_with("error: ") && line.contains(text)), "{ran:?}");
        let ran = run(&["submit", name, "--args", args, "--wait", "--json"]).await;
        assert_eq!((ran.code, &ran.json()["status"]), (1, &json!(status)));
    }
}

#[tokio::test]
async fn an_unknown_type_names_the_one_that_was_meant() {
    run(&["submit", "ad", "--wait"]).await.refused(&["unknown job type `ad`; did you mean `add`?", "schema`"]);
    let error = run(&["submit", "ad", "--wait", "--json"]).await.json_error();
    assert_eq!(error["code"], "UNKNOWN_JOB_TYPE");
    assert_eq!(error["details"]["did_you_mean"], "add");
}

#[tokio::test]
async fn wrong_arguments_are_all_named_and_shown_right() {
    let wrong = ["submit", "add", "--args", r#"{"a": "x", "c": 1}"#, "--wait"];
    run(&wrong).await.refused(&["/a: ", "/b: it is required", "/c: unknown argument", r#"--args '{"a":1,"b":2}'"#]);
    let error = run(&[&wrong[..], &["--json"]].concat()).await.json_error();
    assert_eq!(error["code"], "INVALID_JOB_ARGUMENTS");
    assert_eq!(error["details"]["faults"].as_array().unwrap().len(), 3);

    let options = ["--queue", "slow", "--timeout", "1h", "--max-retries", "9", "--key", ""];
    let ran = run(&[&["submit", "add", "--args", r#"{"a":1,"b":2}"#, "--wait"][..], &options].concat()).await;
    ran.refused(&["--queue: ", "--timeout: ", "--max-retries: ", "--key: "]);
}

#[tokio::test]
async fn arguments_that_are_no_json_object_are_refused() {
    run(&["submit", "add", "--args", "{a: 1}", "--wait"]).await.refused(&["valid JSON", "single quotes"]);
    run(&["submit", "add", "--args", "[1, 2]", "--wait"]).await.refused(&["a JSON object, not a list"]);
    run(&["submit", "add", "--args", "@/no/such/file", "--wait"]).await.refused(&["cannot read the file"]);
}

#[tokio::test]
async fn arguments_come_from_a_file_or_from_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("args.json");
    std::fs::write(&file, r#"{"a": 1, "b": 2}"#).unwrap();
    let from_file = format!("@{}", file.display());
    assert_eq!(run(&["submit", "add", "--args", &from_file, "--wait"]).await.out, "3\n");

    let mut child = command(&["submit", "add", "--args", "-", "--wait"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(br#"{"a": 3, "b": 4}"#).await.unwrap();
    let output = tokio::time::timeout(PATIENCE, child.wait_with_output()).await.unwrap().unwrap();
    assert_eq!(output.stdout, b"7\n");
}

#[tokio::test]
async fn ctrl_c_cancels_the_job() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let mut process = Process::start(&["submit", "until_cancelled", "--wait", "--log", "info"]);
        process.says("until_cancelled has begun").await;
        process.signal(signal).await;
        process.says("was cancelled").await;
        assert_eq!(process.end().await.0, code);
    }
}

#[tokio::test]
async fn a_second_ctrl_c_ends_the_process_at_once() {
    let mut process = Process::start(&["submit", "stuck", "--wait", "--log", "info"]);
    process.says("stuck has begun").await;
    process.signal("INT").await;
    process.says("stopping").await;
    // Repeated, since one that follows the first closely counts as its echo.
    let mut again = tokio::time::interval(std::time::Duration::from_millis(50));
    let killed = async {
        loop {
            tokio::select! {
                status = process.child.wait() => return status.unwrap(),
                _ = again.tick() => {}
            }
            let id = process.child.id().unwrap().to_string();
            let _ = tokio::process::Command::new("kill").args(["-INT", &id]).status().await;
        }
    };
    let status = tokio::time::timeout(PATIENCE, killed).await.unwrap();
    assert_eq!(status.code(), Some(130));
    let rest = process.err.next_line().await.unwrap();
    assert!(!rest.is_some_and(|line| line.contains("was cancelled")), "it did not wait for the job");
}

#[tokio::test]
async fn jobs_that_would_be_lost_are_warned_of() {
    let ran = run(&["submit", "spawns", "--wait"]).await;
    assert_eq!((ran.code, ran.out.as_str()), (0, "null\n"));
    assert!(ran.err.contains("warning: 1 of its jobs has not ended"), "{ran:?}");
}
