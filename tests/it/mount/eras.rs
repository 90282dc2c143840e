//! What a client of either era finds on a server with a queue.

use std::{sync::Arc, time::Duration};

use mcpq::MountError;
use rmcp::model::{
    ClientRequest, ErrorCode, GetPromptRequestParams, PingRequest, ReadResourceRequestParams, ResourceContents,
};
use serde_json::{Value, json};

use super::{Client, ERAS, Era, call, connected, jobs, server::Greeter, started};
use crate::support::{builder, echo, eventually, job};

const FIVE: [&str; 5] = ["queue_cancel", "queue_list", "queue_result", "queue_status", "queue_submit"];

async fn tools(client: &Client) -> Vec<String> {
    let mut names: Vec<String> =
        client.list_all_tools().await.unwrap().into_iter().map(|tool| tool.name.into_owned()).collect();
    names.sort();
    names
}

#[tokio::test(start_paused = true)]
async fn capabilities_and_instructions_are_those_of_both() {
    let (queue, _worker) = started().await;
    for era in ERAS {
        let client = connected(queue.mount(Greeter::new()).unwrap(), era).await;
        let info = client.peer_info().unwrap();
        assert!(info.capabilities.tools.is_some() && info.capabilities.resources.is_some(), "{era:?}");
        assert!(info.capabilities.prompts.is_some(), "theirs stay: {era:?}");
        let instructions = info.instructions.as_ref().unwrap();
        assert!(instructions.starts_with("Greet politely.\n\nLong work runs as background jobs"), "{instructions}");
        assert_eq!(instructions.matches("Long work").count(), 1, "{era:?}: {instructions}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_users_own_tools_resources_and_prompts_still_work() {
    let (queue, _worker) = started().await;
    for era in ERAS {
        let greeter = Greeter::new();
        let reached = greeter.reached.clone();
        let client = connected(queue.mount(greeter).unwrap(), era).await;
        let mut expected = vec!["greet"];
        expected.extend(FIVE);
        assert_eq!(tools(&client).await, expected, "{era:?}");
        assert_eq!(call(&client, "greet", json!({ "name": "Ada" })).await, "Hello Ada");
        let read = client.read_resource(ReadResourceRequestParams::new("greeting:formal")).await.unwrap();
        assert!(matches!(&read.contents[0], ResourceContents::TextResourceContents { text, .. } if text == "Good day"));
        assert_eq!(client.list_all_prompts().await.unwrap()[0].name, "welcome");
        assert_eq!(client.get_prompt(GetPromptRequestParams::new("welcome")).await.unwrap().messages.len(), 1);
        let error = client.call_tool(rmcp::model::CallToolRequestParams::new("nobody")).await.unwrap_err();
        assert!(error.to_string().contains("not found"), "their answer to an unknown tool: {error}");
        if matches!(era, Era::Legacy) {
            client.send_request(ClientRequest::PingRequest(PingRequest::default())).await.unwrap();
            client.notify_roots_list_changed().await.unwrap();
            let all = || async { (reached.lock().unwrap().len() == 3).then_some(()) };
            eventually("ping and notifications are forwarded", all).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_is_submitted_followed_and_cancelled() {
    let (queue, _worker) = started().await;
    for era in ERAS {
        let client = connected(queue.mount(Greeter::new()).unwrap(), era).await;
        let submitted = json!({ "job_type": "echo", "args": { "n": 1 }, "wait_seconds": 5 });
        assert_eq!(call(&client, "queue_submit", submitted).await["result"], json!({ "n": 1 }), "{era:?}");
        let job = call(&client, "queue_submit", json!({ "job_type": "steps", "delay_seconds": 60 })).await;
        let id = json!({ "job_id": job["job_id"] });
        assert_eq!(call(&client, "queue_status", id.clone()).await["status"], "pending");
        assert_eq!(call(&client, "queue_cancel", id.clone()).await["status"], "cancelled");
        assert_eq!(
            call(&client, "queue_list", json!({ "status": "cancelled", "limit": 1 })).await["jobs"][0]["job_id"],
            id["job_id"]
        );
        let refused = call(&client, "queue_submit", json!({ "job_type": "stepz" })).await;
        assert_eq!(refused["error"]["details"]["did_you_mean"], "steps");
    }
}

#[tokio::test(start_paused = true)]
async fn progress_is_told_while_a_call_waits() {
    let (queue, _worker) = started().await;
    for era in ERAS {
        let client = connected(queue.mount(Greeter::new()).unwrap(), era).await;
        let answer = call(&client, "queue_submit", json!({ "job_type": "steps", "wait_seconds": 30 })).await;
        assert_eq!(answer["result"], "four steps", "{era:?}");
        let told = client.service().progress.lock().unwrap().clone();
        let values: Vec<f64> = told.iter().map(|(progress, _)| *progress).collect();
        assert!(values.windows(2).all(|pair| pair[0] < pair[1]), "it only grows: {values:?}");
        for (value, message) in [(0.25, "step 1"), (0.5, "step 2"), (0.75, "step 3")] {
            assert!(told.contains(&(value, Some(message.to_owned()))), "{era:?}: {told:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn job_types_are_resources() {
    let (queue, _worker) = started().await;
    for era in ERAS {
        let client = connected(queue.mount(Greeter::new()).unwrap(), era).await;
        let listed = client.list_all_resources().await.unwrap();
        let uris: Vec<&str> = listed.iter().map(|resource| resource.uri.as_str()).collect();
        assert_eq!(uris, ["greeting:formal", "job-type:echo", "job-type:steps", "job-type:survey"], "{era:?}");
        assert_eq!(listed[2].description.as_deref(), Some("Takes four steps."));
        let templates = client.list_all_resource_templates().await.unwrap();
        assert_eq!(templates[0].uri_template, "job-type:{name}");

        let read = client.read_resource(ReadResourceRequestParams::new("job-type:survey")).await.unwrap();
        let ResourceContents::TextResourceContents { text, mime_type, .. } = &read.contents[0] else { panic!("text") };
        assert_eq!(mime_type.as_deref(), Some("application/json"));
        let described: Value = serde_json::from_str(text).unwrap();
        if matches!(era, Era::Modern) {
            insta::assert_json_snapshot!(described);
        }
        for unknown in ["job-type:nobody", "job-type:", "job-type:steps/x"] {
            let error = client.read_resource(ReadResourceRequestParams::new(unknown)).await.unwrap_err();
            let rmcp::ServiceError::McpError(error) = error else { panic!("{error}") };
            let code =
                if matches!(era, Era::Modern) { ErrorCode::INVALID_PARAMS } else { ErrorCode::RESOURCE_NOT_FOUND };
            assert_eq!((error.code, error.data), (code, Some(json!({ "uri": unknown }))), "{era:?}");
        }
        assert!(client.read_resource(ReadResourceRequestParams::new("greeting:none")).await.is_err());
    }
}

/// Has nothing at all.
#[derive(Clone, Debug)]
struct Bare;

impl rmcp::ServerHandler for Bare {}

#[tokio::test(start_paused = true)]
async fn a_server_without_tools_and_resources_gets_ours() {
    let (queue, _worker) = started().await;
    for era in ERAS {
        let client = connected(queue.mount(Bare).unwrap(), era).await;
        assert_eq!(tools(&client).await, FIVE, "{era:?}");
        assert_eq!(client.list_all_resources().await.unwrap().len(), 3);
        assert_eq!(client.list_all_resource_templates().await.unwrap().len(), 1);
        assert!(client.peer_info().unwrap().instructions.as_ref().unwrap().starts_with("Long work"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_tool_name_that_is_taken_is_an_error_that_says_what_to_do() {
    let queue = builder().job(job("x", |_| async { Ok(json!(null)) })).build().await.unwrap();
    let taken = Greeter::and(queue.tool_router());
    let error = queue.mount(taken.clone()).unwrap_err();
    assert!(matches!(&error, MountError::ToolNameTaken(name) if name == "queue_submit"), "{error}");
    assert!(error.to_string().contains("tool_prefix"), "{error}");
    let other = builder().job(echo()).tool_prefix("jobs").build().await.unwrap();
    other.mount(taken).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_hook_hears_of_every_request_but_the_look_at_the_server() {
    let (queue, _worker) = started().await;
    let requests = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = requests.clone();
    let count = move || counted.load(std::sync::atomic::Ordering::SeqCst);
    let mounted = queue.mount(Greeter::new()).unwrap().on_request(Arc::new(move || {
        requests.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    }));
    let client = connected(mounted, Era::Modern).await;
    assert_eq!(count(), 0, "only server/discover so far");
    call(&client, "greet", json!({ "name": "Ada" })).await;
    call(&client, "queue_list", json!({})).await;
    client.list_all_tools().await.unwrap();
    client.read_resource(ReadResourceRequestParams::new("job-type:echo")).await.unwrap();
    assert_eq!(count(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_goes_away_leaves_its_job_alone() {
    let (queue, _worker) = started().await;
    let client = connected(queue.mount(Greeter::new()).unwrap(), Era::Legacy).await;
    let job = call(&client, "queue_submit", json!({ "job_type": "steps" })).await;
    let id = job["job_id"].as_str().unwrap().parse().unwrap();
    let wait = call(&client, "queue_result", json!({ "job_id": job["job_id"], "wait_seconds": 30 }));
    assert!(tokio::time::timeout(Duration::from_millis(1500), wait).await.is_err());
    client.cancel().await.unwrap();
    assert_eq!(queue.job(id).result().await.unwrap(), json!("four steps"));
}

#[tokio::test(start_paused = true)]
async fn one_mount_serves_many_clients() {
    let queue = jobs().build().await.unwrap();
    let _worker = queue.worker().own_thread(false).start().unwrap();
    let mounted = queue.mount(Greeter::new()).unwrap();
    let (one, two) = (connected(mounted.clone(), Era::Legacy).await, connected(mounted, Era::Modern).await);
    let job = call(&one, "queue_submit", json!({ "job_type": "echo", "args": { "n": 7 }, "wait_seconds": 5 })).await;
    let seen = call(&two, "queue_result", json!({ "job_id": job["job_id"] })).await;
    assert_eq!(seen["result"], json!({ "n": 7 }));
}
