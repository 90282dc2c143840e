//! MCP over standard input and output, by a program that a host starts.

use std::{process::Stdio, time::Duration};

use rmcp::{ServiceExt, transport::TokioChildProcess};
use serde_json::{Value, json};

use super::{PATIENCE, Process, command, is_unfinished};

/// Official clients kill a server that has not ended so long after its input.
const KILLED_AFTER: Duration = Duration::from_secs(2);

async fn opened(args: &[&str]) -> Process {
    let mut process = Process::start(args);
    let client = json!({ "name": "test", "version": "1" });
    let params = json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client });
    process.send(json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params })).await;
    process.answer().await;
    process.send(json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).await;
    process
}

fn submit(id: u32, arguments: Value) -> Value {
    let params = json!({ "name": "queue_submit", "arguments": arguments });
    json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params })
}

#[tokio::test]
async fn a_client_finds_the_server_and_its_tools() {
    let child = TokioChildProcess::builder(command(&[])).stderr(Stdio::null()).spawn().unwrap().0;
    let client = tokio::time::timeout(PATIENCE, ().serve(child)).await.unwrap().unwrap();
    let info = client.peer_info().unwrap();
    let server = info.server_info.clone().unwrap();
    assert_eq!((server.name.as_str(), server.version.as_str()), ("test-server", "1.2.3"));
    assert!(info.instructions.as_ref().unwrap().starts_with("A server for tests."));
    let tools = client.list_all_tools().await.unwrap();
    assert!(tools.iter().any(|tool| tool.name == "queue_submit"));
    client.cancel().await.unwrap();
}

#[tokio::test]
async fn jobs_run_and_logs_stay_off_standard_output() {
    let mut process = opened(&["--log", "trace"]).await;
    process.send(submit(1, json!({ "job_type": "add", "args": { "a": 1, "b": 2 }, "wait_seconds": 30 }))).await;
    let answer = process.answer().await;
    assert_eq!(answer["result"]["structuredContent"]["result"], 3);
    process.says("adding").await;
}

#[tokio::test]
async fn the_end_of_input_ends_the_server_before_it_is_killed() {
    let mut process = opened(&[]).await;
    process.send(submit(1, json!({ "job_type": "until_cancelled", "wait_seconds": 30 }))).await;
    process.says("until_cancelled has begun").await;
    process.stdin = None;
    let answer = process.answer().await;
    assert!(is_unfinished(&answer["result"]["structuredContent"]), "held calls are answered: {answer}");
    let (code, took) = process.end().await;
    assert_eq!(code, 0);
    assert!(took < KILLED_AFTER, "{took:?}");
}

#[tokio::test]
async fn a_handler_that_cannot_be_stopped_does_not_keep_the_process() {
    let mut process = opened(&[]).await;
    process.send(submit(1, json!({ "job_type": "stuck" }))).await;
    process.says("stuck has begun").await;
    process.stdin = None;
    assert_eq!(process.end().await.0, 0);
}

#[tokio::test]
async fn sigterm_ends_the_server_and_answers_what_is_held() {
    let mut process = opened(&[]).await;
    process.send(submit(1, json!({ "job_type": "until_cancelled", "wait_seconds": 30 }))).await;
    process.says("until_cancelled has begun").await;
    process.signal("TERM").await;
    let answer = process.answer().await;
    assert!(is_unfinished(&answer["result"]["structuredContent"]), "{answer}");
    assert_eq!(process.end().await.0, 0);
}

#[tokio::test]
async fn a_client_that_leaves_without_a_word_is_no_error() {
    let mut process = Process::start(&[]);
    process.stdin = None;
    assert_eq!(process.end().await.0, 0);
    assert_eq!(process.out.next_line().await.unwrap(), None);
}

#[tokio::test]
async fn a_client_that_only_looks_starts_no_worker() {
    for (requests, claims) in [(&["server/discover"][..], false), (&["server/discover", "tools/list"], true)] {
        let mut process = Process::start(&["--log", "debug"]);
        for method in requests {
            process.send(stateless(method)).await;
            assert!(process.answer().await["result"].is_object());
        }
        process.stdin = None;
        let claiming = process.rest().await.iter().any(|line| line.contains("claiming jobs"));
        assert_eq!(claiming, claims, "{requests:?}");
    }
}

/// A request of a client that opens no session.
fn stateless(method: &str) -> Value {
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": { "_meta": meta } })
}
