//! What each tool takes and answers.

use std::time::Duration;

use mcpq::TestClient;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Agent, jobs};

#[tokio::test(start_paused = true)]
async fn every_status_is_answered_in_the_form_the_tools_promise() {
    let agent = Agent::new().await;
    let ends = [
        ("echo", "completed"),
        ("fails", "failed"),
        ("stops", "cancelled"),
        ("hangs", "timeout"),
        ("fails_first", "failed"),
        ("steps", "completed"),
    ];
    for (job_type, end) in ends {
        let job = agent.submit(job_type, json!({ "x": 1 })).await;
        assert_eq!((&job["status"], &job["job_type"]), (&json!("pending"), &json!(job_type)));
        let mut seen = job["status"].clone();
        for _ in 0..200 {
            let status = agent.about("queue_status", &job).await;
            agent.about("queue_result", &job).await;
            seen = status["status"].clone();
            if seen == end {
                break;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        assert_eq!(seen, end, "{job_type}");
        let result = agent.about("queue_result", &job).await;
        assert_eq!(result.get("result").is_some(), end == "completed", "{result}");
        assert_eq!(result.get("error").is_some(), matches!(end, "failed" | "timeout"), "{result}");
        assert_eq!(result.get("error").is_some(), result.get("error_code").is_some());
        assert!(result["poll_after_ms"].is_null() && result["estimated_seconds"].is_null(), "it has ended: {result}");
        agent.about("queue_cancel", &job).await;
    }
    let listed = agent.call("queue_list", json!({})).await;
    assert_eq!(listed["total"], ends.len());
    agent.call("queue_stats", json!({})).await;
}

#[tokio::test(start_paused = true)]
async fn a_running_job_shows_how_far_it_is_and_when_to_ask_again() {
    let agent = Agent::new().await;
    let job = agent.submit("steps", json!({})).await;
    tokio::time::sleep(Duration::from_secs(7)).await;
    let status = agent.about("queue_status", &job).await;
    assert_eq!((&status["status"], &status["progress"]), (&json!("running"), &json!(0.5)), "{status}");
    assert_eq!((&status["progress_message"], &status["attempts"]), (&json!("step 2"), &json!(1)));
    assert!(status["poll_after_ms"].as_u64().unwrap() >= 250);
    let result = agent.about("queue_result", &job).await;
    assert!(result["message"].as_str().unwrap().contains("still in progress"), "{result}");
}

#[tokio::test(start_paused = true)]
async fn a_submit_takes_priority_queue_times_and_limits() {
    let agent = Agent::of(TestClient::without_worker(jobs().build().await.unwrap()));
    let submitted = json!({
        "job_type": "count_words",
        "args": { "text": "a b c" },
        "priority": "high",
        "queue": "reports",
        "idempotency_key": "today",
        "delay_seconds": 12.5,
        "timeout": 2.5,
        "max_retries": 1,
        "wait_seconds": 0,
    });
    let job = agent.call("queue_submit", submitted).await;
    let status = agent.about("queue_status", &job).await;
    assert_eq!((&status["priority"], &status["max_attempts"]), (&json!("high"), &json!(2)), "{status}");
    assert!(status["run_at"].is_string());
    let id = job["job_id"].as_str().unwrap().parse().unwrap();
    let record = agent.client.queue().status(id).await.unwrap();
    assert_eq!((&*record.queue, record.timeout), ("reports", Duration::from_millis(2500)));
    assert_eq!(record.idempotency_key.as_deref(), Some("today"));

    let at = (chrono::Utc::now() + chrono::TimeDelta::hours(3)).to_rfc3339();
    let job = agent.call("queue_submit", json!({ "job_type": "echo", "run_at": at, "args": null })).await;
    let status = agent.about("queue_status", &job).await;
    assert!(status["poll_after_ms"].as_u64().unwrap() > 3 * 3_600_000 - 10_000, "no sooner than it is due: {status}");
}

#[tokio::test(start_paused = true)]
async fn nulls_count_as_absent() {
    let agent = Agent::of(TestClient::without_worker(jobs().build().await.unwrap()));
    let nulls = json!({
        "job_type": "echo", "args": null, "priority": null, "queue": null, "idempotency_key": null,
        "delay_seconds": null, "run_at": null, "timeout": null, "max_retries": null, "wait_seconds": null,
    });
    let job = agent.call("queue_submit", nulls).await;
    assert_eq!(job["status"], "pending");
    agent.call("queue_status", json!({ "job_id": job["job_id"], "wait_seconds": null })).await;
    let nulls = json!({ "status": null, "job_type": null, "queue": null, "batch_id": null, "limit": null, "cursor": null,
                        "offset": null });
    assert_eq!(agent.call("queue_list", nulls).await["total"], 1);
}

#[tokio::test(start_paused = true)]
async fn a_list_is_filtered_and_paged() {
    let agent = Agent::new().await;
    for job_type in ["echo", "fails", "echo", "echo", "stops", "echo"] {
        let job = agent.submit(job_type, json!({})).await;
        agent.call("queue_status", json!({ "job_id": job["job_id"], "wait_seconds": 5 })).await;
    }
    let total = async |filter: Value| agent.call("queue_list", filter).await["total"].clone();
    assert_eq!(total(json!({ "job_type": "echo" })).await, 4);
    assert_eq!(total(json!({ "status": "failed" })).await, 1);
    assert_eq!(total(json!({ "status": "cancelled", "job_type": "stops", "queue": "default" })).await, 1);
    assert_eq!(total(json!({ "queue": "reports" })).await, 0);
    assert_eq!(total(json!({ "job_type": "unheard_of" })).await, 0);
    let first = agent.call("queue_list", json!({ "limit": 4 })).await;
    let newest = first["jobs"].as_array().unwrap();
    assert_eq!((newest.len(), &newest[1]["job_type"]), (4, &json!("stops")));
    let rest = agent.call("queue_list", json!({ "limit": 4, "cursor": first["next_cursor"] })).await;
    assert_eq!((rest["jobs"].as_array().unwrap().len(), &rest["total"]), (2, &json!(6)));
    assert_eq!(rest["next_cursor"], Value::Null);
    let skipped = agent.call("queue_list", json!({ "limit": 2.0, "offset": 4 })).await;
    assert_eq!(skipped["jobs"], rest["jobs"]);
}

#[tokio::test(start_paused = true)]
async fn optional_tools_retry_remove_and_count() {
    let agent = Agent::new().await;
    let failed = agent.submit("fails", json!({})).await;
    let wait = async |job: &Value| {
        agent.call("queue_result", json!({ "job_id": job["job_id"], "wait_seconds": 5 })).await["status"].clone()
    };
    assert_eq!(wait(&failed).await, "failed");
    assert_eq!(agent.call("queue_stats", json!({})).await["dead"], 1);
    let again = agent.about("queue_retry", &failed).await;
    assert_eq!((&again["status"], &again["attempts"]), (&json!("pending"), &json!(0)));
    let (code, _) = agent.refused("queue_remove", json!({ "job_id": failed["job_id"] })).await;
    assert_eq!(code, "VALIDATION_ERROR", "it has not ended");
    assert_eq!(wait(&failed).await, "failed");
    assert_eq!(agent.about("queue_remove", &failed).await, json!({ "job_id": failed["job_id"], "removed": true }));
    assert_eq!(agent.about("queue_status", &failed).await["error"]["code"], "JOB_NOT_FOUND");

    let done = agent.submit("echo", json!({})).await;
    wait(&done).await;
    assert_eq!(agent.about("queue_retry", &done).await["error"]["code"], "NOT_RETRYABLE");
}

#[tokio::test(start_paused = true)]
async fn a_queue_without_a_worker_says_so() {
    let agent = Agent::of(TestClient::without_worker(jobs().build().await.unwrap()));
    let job = agent.submit("echo", json!({})).await;
    assert!(job["message"].as_str().unwrap().contains("no worker"), "{job}");
    let begun = Instant::now();
    let waited = agent.call("queue_status", json!({ "job_id": job["job_id"], "wait_seconds": 1 })).await;
    assert!(waited["message"].as_str().unwrap().contains("No worker"), "{waited}");
    assert_eq!(begun.elapsed().as_secs(), 1);
    let stats = agent.call("queue_stats", json!({})).await;
    assert_eq!((&stats["unserved"], &stats["capacity"], &stats["queued"]), (&json!(true), &json!(0), &json!(1)));
}
