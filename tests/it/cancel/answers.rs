//! What `queue_cancel` answers.

use std::{sync::Arc, time::Duration};

use mcpq::{JobError, TestClient};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::support::{builder, echo, job};

async fn client() -> (TestClient, Arc<Notify>) {
    let running = Arc::new(Notify::new());
    let runs = running.clone();
    let obeys = job("obeys", move |call| {
        let runs = runs.clone();
        async move {
            runs.notify_one();
            call.cancel_token().cancelled().await;
            Err(JobError::cancelled())
        }
    });
    let runs = running.clone();
    let finishes = job("finishes", move |call| {
        let runs = runs.clone();
        async move {
            runs.notify_one();
            call.cancel_token().cancelled().await;
            Ok(json!("done"))
        }
    });
    let runs = running.clone();
    let slow = job("slow", move |call| {
        let runs = runs.clone();
        async move {
            runs.notify_one();
            call.cancel_token().cancelled().await;
            tokio::time::sleep(Duration::from_secs(4)).await;
            Ok(json!("late"))
        }
    });
    let builder = builder().job(echo()).job(obeys).job(finishes).job(slow);
    (TestClient::start(builder).await.unwrap(), running)
}

async fn cancel(client: &TestClient, job: &Value) -> Value {
    client.call("queue_cancel", json!({ "job_id": job["job_id"] })).await
}

#[tokio::test(start_paused = true)]
async fn the_answer_tells_the_true_status() {
    let (client, running) = client().await;

    let job = client.submit("obeys", json!({})).await;
    running.notified().await;
    let answer = cancel(&client, &job).await;
    assert_eq!((&answer["status"], &answer["message"]), (&json!("cancelled"), &Value::Null), "{answer}");

    let job = client.submit("finishes", json!({})).await;
    running.notified().await;
    let answer = cancel(&client, &job).await;
    assert_eq!(answer["status"], "completed", "{answer}");
    assert_eq!(answer["message"], "Job finished before it could be cancelled.");

    let job = client.submit("slow", json!({})).await;
    running.notified().await;
    let answer = cancel(&client, &job).await;
    assert_eq!((&answer["status"], &answer["cancel_requested"]), (&json!("running"), &json!(true)), "{answer}");
    assert!(answer["message"].as_str().unwrap().contains("queue_status"), "{answer}");
    assert_eq!(client.ended(job["job_id"].as_str().unwrap()).await["status"], "completed");

    let job = client.run("echo", json!({})).await;
    let answer = cancel(&client, &job).await;
    assert_eq!((&answer["status"], &answer["cancel_requested"]), (&json!("completed"), &Value::Null), "{answer}");
    assert_eq!(answer["message"], "Job already finished.");
}
