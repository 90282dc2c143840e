//! MCP over HTTP, by a program.

use rmcp::{ServiceExt, model::CallToolRequestParams, transport::StreamableHttpClientTransport};
use serde_json::{Value, json};

use super::{Process, is_unfinished, run};

async fn serving(args: &[&str]) -> (Process, String) {
    let mut process = Process::start(&[&["serve", "--http", "127.0.0.1:0"], args].concat());
    let line = process.says("serving MCP at ").await;
    let url = line.split("serving MCP at ").nth(1).unwrap().to_owned();
    (process, url)
}

fn submit(arguments: Value) -> CallToolRequestParams {
    let Value::Object(arguments) = arguments else { panic!("{arguments} is no object") };
    CallToolRequestParams::new("queue_submit").with_arguments(arguments)
}

#[tokio::test]
async fn a_client_runs_a_job() {
    let (_process, url) = serving(&[]).await;
    let client = ().serve(StreamableHttpClientTransport::from_uri(url)).await.unwrap();
    let add = json!({ "job_type": "add", "args": { "a": 1, "b": 2 }, "wait_seconds": 30 });
    let answer = client.call_tool(submit(add)).await.unwrap();
    assert_eq!(answer.structured_content.unwrap()["result"], 3);
    client.cancel().await.unwrap();
}

#[tokio::test]
async fn sigterm_answers_what_is_held_and_ends_the_server() {
    let (mut process, url) = serving(&[]).await;
    let client = ().serve(StreamableHttpClientTransport::from_uri(url)).await.unwrap();
    let peer = client.peer().clone();
    let held = tokio::spawn(async move {
        peer.call_tool(submit(json!({ "job_type": "until_cancelled", "wait_seconds": 45 }))).await
    });
    process.says("until_cancelled has begun").await;
    process.signal("TERM").await;
    let answer = held.await.unwrap().unwrap();
    assert!(is_unfinished(&answer.structured_content.unwrap()));
    assert_eq!(process.end().await.0, 0);
    assert_eq!(process.out.next_line().await.unwrap(), None, "nothing is printed");
}

#[tokio::test]
async fn foreign_hosts_and_origins_are_let_in_by_name_alone() {
    let (_process, url) =
        serving(&["--allowed-host", "jobs.example.com", "--allowed-origin", "https://app.example.com"]).await;
    let status = |host: &'static str, origin: &'static str| {
        let request = reqwest::Client::new().get(&url).header("host", host).header("origin", origin);
        async move { request.send().await.unwrap().status().as_u16() }
    };
    assert_ne!(status("jobs.example.com", "https://app.example.com").await, 403);
    assert_eq!(status("other.example.com", "https://app.example.com").await, 403);
    assert_eq!(status("jobs.example.com", "https://other.example.com").await, 403);
}

#[tokio::test]
async fn an_address_that_is_taken_is_told_in_plain_words() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ran = run(&["serve", "--http", &address]).await;
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains(&format!("error: cannot listen on {address}")) && ran.err.contains("--http"), "{ran:?}");
}
