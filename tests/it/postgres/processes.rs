//! Real processes on one database, killed, frozen and stopped at random.

use std::time::Duration;

use serde_json::json;

use crate::{
    faults::{
        machine::{Machine, until},
        round,
    },
    servers::postgres::{new_schema, shared_url},
};

fn machine() -> Machine {
    Machine::new().on(format!("{}?schema={}", shared_url(), new_schema()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_share_their_jobs_through_the_database() {
    let machine = machine();
    let args = json!({ "a": 1, "b": 2 }).to_string();
    let (code, submitted) = machine.ask(&["submit", "add", "--args", &args]).await;
    assert_eq!(code, 0, "{submitted}");
    let id = submitted["job_id"].as_str().unwrap();
    let (_, listed) = machine.ask(&["list"]).await;
    assert_eq!((&listed["jobs"][0]["job_id"], &listed["jobs"][0]["status"]), (&json!(id), &json!("pending")));
    let mut worker = machine.worker();
    let status = until("it is run", async || {
        let (_, status) = machine.ask(&["status", id]).await;
        (status["status"] == "completed").then_some(status)
    })
    .await;
    assert_eq!(status["attempts"], 1);
    assert_eq!(machine.ask(&["result", id]).await.1["result"], 3);
    assert_eq!(worker.stop().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promises_hold_under_random_kills_freezes_and_stops() {
    let seed = std::env::var("MCPQ_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| fastrand::u64(..1_000_000_000));
    if let Err(violation) = round::run_on(machine(), seed, Duration::from_secs(8)).await {
        panic!("MCPQ_SEED={seed} breaks a promise: {:#}, files in {:?}", violation.what, violation.files);
    }
}
