//! Calls that wait for a job.

use std::time::Duration;

use mcpq::TestClient;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Agent, jobs};

/// Calls and tells how long the answer took, in tenths of a second.
async fn timed(agent: &Agent, tool: &str, arguments: Value) -> (Value, u128) {
    let begun = Instant::now();
    let answer = agent.call(tool, arguments).await;
    (answer, begun.elapsed().as_millis() / 100)
}

#[tokio::test(start_paused = true)]
async fn a_submit_that_waits_answers_with_the_result_when_the_job_ends_in_time() {
    let agent = Agent::new().await;
    let call = |job_type: &str| json!({ "job_type": job_type, "args": { "n": 1 }, "wait_seconds": 30 });
    let (answer, took) = timed(&agent, "queue_submit", call("steps")).await;
    assert_eq!((&answer["status"], &answer["result"], took), (&json!("completed"), &json!({ "steps": 4 }), 200));
    let (answer, took) = timed(&agent, "queue_submit", call("fails")).await;
    assert_eq!((&answer["status"], &answer["error"], took), (&json!("failed"), &json!("boom"), 0));
    assert_eq!(answer["error_code"], "HANDLER_ERROR");
    let (answer, took) = timed(&agent, "queue_submit", call("hangs")).await;
    assert_eq!((&answer["status"], took), (&json!("running"), 300));
    assert!(answer["message"].as_str().unwrap().contains("queue_result"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn status_and_result_wait_for_the_end_and_then_tell_it() {
    let agent = Agent::new().await;
    for tool in ["queue_status", "queue_result"] {
        let job = agent.submit("steps", json!({})).await;
        let call = |seconds: f64| json!({ "job_id": job["job_id"], "wait_seconds": seconds });
        let (answer, took) = timed(&agent, tool, call(2.5)).await;
        assert_eq!((&answer["status"], took), (&json!("running"), 25), "{tool}");
        assert!(answer.get("result").is_none() && answer.get("error").is_none());
        let (answer, took) = timed(&agent, tool, call(45.0)).await;
        assert_eq!((&answer["status"], took), (&json!("completed"), 175), "{tool}");
        assert_eq!(answer["result"], json!({ "steps": 4 }), "{tool}");
        assert_eq!(timed(&agent, tool, call(45.0)).await.1, 0, "it has ended already");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_goes_on_through_a_retry() {
    let agent = Agent::new().await;
    let call = json!({ "job_type": "fails_first", "wait_seconds": 45 });
    let (answer, took) = timed(&agent, "queue_submit", call).await;
    assert_eq!((&answer["status"], took), (&json!("pending"), 450));
    assert!(answer["error"].as_str().unwrap().starts_with("Attempt 1 failed: boom. Retrying in 100s."), "{answer}");
    assert!(answer["run_at"].is_string());
}

#[tokio::test(start_paused = true)]
async fn a_repeated_submit_waits_for_the_job_that_is_there() {
    let agent = Agent::new().await;
    let call = |wait: u32| json!({ "job_type": "steps", "idempotency_key": "k", "wait_seconds": wait });
    let first = agent.call("queue_submit", call(0)).await;
    let (again, took) = timed(&agent, "queue_submit", call(45)).await;
    assert_eq!((&again["job_id"], &again["deduplicated"]), (&first["job_id"], &json!(true)));
    assert_eq!((&again["result"], took), (&json!({ "steps": 4 }), 200));
    let later = agent.call("queue_submit", call(0)).await;
    assert_eq!((&later["status"], &later["result"]), (&json!("completed"), &json!({ "steps": 4 })));
}

#[tokio::test(start_paused = true)]
async fn closing_the_queue_ends_every_wait_with_the_true_status() {
    let agent = Agent::new().await;
    let job = agent.submit("hangs", json!({})).await;
    let wait = |tool| timed(&agent, tool, json!({ "job_id": job["job_id"], "wait_seconds": 45 }));
    let close = async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        agent.client.queue().close();
    };
    let ((status, first), (result, second), ()) = tokio::join!(wait("queue_status"), wait("queue_result"), close);
    assert_eq!((&status["status"], &result["status"]), (&json!("running"), &json!("running")));
    assert_eq!((first, second), (30, 30));
    assert_eq!(wait("queue_status").await.1, 0, "nobody waits any more");
    assert_eq!(agent.submit("echo", json!({})).await["status"], "pending", "submits go on to work");
}

#[tokio::test(start_paused = true)]
async fn the_longest_wait_is_the_settings() {
    let builder = jobs().max_wait(Duration::from_secs(10));
    let agent = Agent::of(TestClient::start(builder).await.unwrap());
    let call = |wait: u32| json!({ "job_type": "hangs", "wait_seconds": wait });
    assert_eq!(timed(&agent, "queue_submit", call(10)).await.1, 100);
    let (_, faults) = agent.refused("queue_submit", call(11)).await;
    assert!(faults["/wait_seconds"].contains("0 to 10"), "{faults:?}");
    let tools = agent.client.queue().tools();
    let submit = tools.iter().find(|tool| tool.name == "queue_submit").unwrap();
    assert_eq!(submit.input_schema["properties"]["wait_seconds"]["maximum"], 10);
}

#[tokio::test(start_paused = true)]
async fn many_waits_for_one_job_all_end() {
    let agent = Agent::new().await;
    let job = agent.submit("steps", json!({})).await;
    let waits = (0..100).map(|_| agent.call("queue_result", json!({ "job_id": job["job_id"], "wait_seconds": 45 })));
    for answer in futures::future::join_all(waits).await {
        assert_eq!(answer["result"], json!({ "steps": 4 }));
    }
}
