//! The same request is the same job.

use std::{collections::HashSet, sync::Arc};

use mcpq::{JobError, JobId, Queue, QueueError, SubmitOptions, TestClient, prelude::*};
use serde_json::{Value, json};
use tokio::sync::Barrier;

use crate::support::{args, builder, echo, job, started, with};

fn key(key: &str) -> SubmitOptions {
    with(|o| o.idempotency_key = Some(key.to_owned()))
}

async fn submit(queue: &Queue, job_type: &str, arguments: Value) -> (JobId, bool) {
    let submitted = queue.submit_json(job_type, args(arguments), key("k")).await.unwrap();
    (submitted.id, submitted.existing.is_some())
}

#[tokio::test(start_paused = true)]
async fn the_same_key_gives_the_same_job_whatever_has_become_of_it() {
    let fails = job("fails", |_| async { Err(JobError::fatal("boom")) });
    let (queue, _worker) = started(builder().job(echo()).job(fails)).await;
    for job_type in ["echo", "fails"] {
        let (id, existed) = submit(&queue, job_type, json!({ "n": 1 })).await;
        assert!(!existed);
        assert_eq!(submit(&queue, job_type, json!({ "n": 1 })).await, (id, true));
        queue.job(id).wait().await.unwrap();
        assert_eq!(submit(&queue, job_type, json!({ "n": 1 })).await, (id, true));
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_key_with_other_arguments_is_a_conflict_that_names_the_job() {
    let client = TestClient::start(builder().job(echo())).await.unwrap();
    let submit = async |n| {
        let call = json!({ "job_type": "echo", "args": { "n": n }, "idempotency_key": "k" });
        client.call("queue_submit", call).await
    };
    let first = submit(1).await;
    assert_eq!(first["deduplicated"], Value::Null);
    let repeated = submit(1).await;
    assert_eq!((&repeated["job_id"], &repeated["deduplicated"]), (&first["job_id"], &json!(true)));
    let conflict = submit(2).await;
    assert_eq!(conflict["error"]["code"], "IDEMPOTENCY_CONFLICT");
    assert_eq!(conflict["error"]["details"]["job_id"], first["job_id"]);
    assert_eq!(conflict["error"]["retryable"], false);
    let listed = client.call("queue_list", json!({})).await;
    assert_eq!(listed["total"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_racing_submits_make_one_job() {
    let (queue, _worker) = started(builder().job(echo()).max_pending(1)).await;
    let barrier = Arc::new(Barrier::new(50));
    let racers = (0..50).map(|_| {
        let (queue, barrier) = (queue.clone(), barrier.clone());
        tokio::spawn(async move {
            barrier.wait().await;
            submit(&queue, "echo", json!({ "n": 1 })).await
        })
    });
    let answers: Vec<(JobId, bool)> = futures::future::join_all(racers).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers.iter().map(|(id, _)| *id).collect::<HashSet<_>>().len(), 1);
    assert_eq!(answers.iter().filter(|(_, existed)| !existed).count(), 1, "one of them made it");
}

#[tokio::test(start_paused = true)]
async fn a_key_is_free_when_its_job_is_forgotten() {
    let (queue, _worker) = started(builder().job(echo())).await;
    let (id, _) = submit(&queue, "echo", json!({ "n": 1 })).await;
    queue.job(id).wait().await.unwrap();
    queue.remove(id).await.unwrap();
    let (other, existed) = submit(&queue, "echo", json!({ "n": 2 })).await;
    assert!(other != id && !existed);
}

#[tokio::test(start_paused = true)]
async fn a_key_belongs_to_its_owner_and_its_job_type() {
    let queue = builder().job(echo()).job(job("other", |_| async { Ok(json!(null)) })).build().await.unwrap();
    let (mine, _) = submit(&queue, "echo", json!({ "n": 1 })).await;
    assert!(!submit(&queue, "other", json!({ "n": 2 })).await.1);
    let (theirs, existed) = submit(&queue.as_owner("ada"), "echo", json!({ "n": 3 })).await;
    assert!(theirs != mine && !existed);
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Window {
    rows: u32,
    #[serde(default)]
    note: Option<String>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Tree {
    weight: u32,
    branches: Vec<Tree>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
enum Shape {
    Circle { radius: u32 },
    Square(u8),
}

/// Takes arguments whose schemas refer and choose.
#[mcp_job]
async fn deep_kinds(tree: Tree, shape: Shape, shapes: Option<Vec<Shape>>) -> u32 {
    let radius = |shape: &Shape| match shape {
        Shape::Circle { radius } => *radius,
        Shape::Square(side) => (*side).into(),
    };
    let others: u32 = shapes.iter().flatten().map(radius).sum();
    tree.weight + tree.branches[0].weight + radius(&shape) + others
}

#[tokio::test(start_paused = true)]
async fn whole_floats_are_integers_wherever_the_schema_wants_one() {
    let (queue, _worker) = started(builder().job(deep_kinds::JOB)).await;
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let whole = r#"{"tree": {"weight": 1, "branches": [{"weight": 2, "branches": []}]},
                    "shape": {"Circle": {"radius": 3}}, "shapes": [{"Square": 4}]}"#;
    let floats = r#"{"tree": {"weight": 1.0, "branches": [{"weight": 2.0, "branches": []}]},
                     "shape": {"Circle": {"radius": 3.0}}, "shapes": [{"Square": 4.0}]}"#;
    let (id, _) = submit(&queue, "deep_kinds", read(whole)).await;
    assert_eq!(submit(&queue, "deep_kinds", read(floats)).await, (id, true));
    assert_eq!(queue.job(id).result().await.unwrap(), json!(10));
}

/// Takes arguments of many kinds.
#[mcp_job]
async fn many_kinds(
    count: u32,
    ratio: f64,
    #[arg(default = 4)] quarters: u32,
    note: Option<String>,
    window: Option<Window>,
    windows: Vec<Window>,
) -> Value {
    json!([count, ratio, quarters, note, window.map(|window| window.rows), windows.len()])
}

#[tokio::test(start_paused = true)]
async fn arguments_that_mean_the_same_are_the_same() {
    let (queue, _worker) = started(builder().job(many_kinds::JOB)).await;
    let plain = r#"{"count": 3, "ratio": 0.5, "windows": [{"rows": 1}], "window": {"rows": 2}}"#;
    let same = [
        r#"{"windows": [{"rows": 1}], "window": {"rows": 2}, "ratio": 0.5, "count": 3}"#,
        r#"{"count": 3.0, "ratio": 5e-1, "windows": [{"rows": 1.0}], "window": {"rows": 2.0}}"#,
        r#"{"count": 3, "ratio": 0.5, "windows": [{"rows": 1}], "window": {"rows": 2}, "note": null}"#,
        r#"{"count": 3, "ratio": 0.5, "windows": [{"rows": 1}], "window": {"rows": 2}, "quarters": 4}"#,
        r#"{"count": 3, "ratio": 0.5, "windows": [{"rows": 1}], "window": {"rows": 2}, "quarters": 4.0}"#,
    ];
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let (id, _) = submit(&queue, "many_kinds", read(plain)).await;
    for other in same {
        assert_eq!(submit(&queue, "many_kinds", read(other)).await, (id, true), "{other}");
    }
    assert_eq!(queue.job(id).result().await.unwrap(), json!([3, 0.5, 4, null, 2, 1]));
    let differ = [
        r#"{"count": 4, "ratio": 0.5, "windows": [{"rows": 1}], "window": {"rows": 2}}"#,
        r#"{"count": 3, "ratio": 0.5, "windows": [{"rows": 1}], "window": {"rows": 2}, "note": ""}"#,
        r#"{"count": 3, "ratio": 0.5, "windows": [{"rows": 1}]}"#,
        r#"{"count": 3, "ratio": 0.5, "windows": [{"rows": 1}, {"rows": 1}], "window": {"rows": 2}}"#,
    ];
    for other in differ {
        let error = queue.submit_json("many_kinds", args(read(other)), key("k")).await.unwrap_err();
        assert!(matches!(error, QueueError::IdempotencyConflict { existing } if existing == id), "{other}: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_has_a_length() {
    let queue = builder().job(echo()).build().await.unwrap();
    for (length, code) in [(0, Some("VALIDATION_ERROR")), (1, None), (200, None), (201, Some("VALIDATION_ERROR"))] {
        let reply = queue.submit_json("echo", args(json!({})), key(&"k".repeat(length))).await;
        assert_eq!(reply.err().map(|error| error.code()), code, "{length}");
    }
}
