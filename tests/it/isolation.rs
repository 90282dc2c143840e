//! Another owner's job answers exactly like one that does not exist.

use mcpq::{JobId, OptionalTool, Owner, Status, TestClient};
use serde_json::{Value, json};

use crate::support::{builder, echo, job};

async fn clients() -> (TestClient, TestClient) {
    let fails = job("fails", |_| async { Err(mcpq::JobError::fatal("boom")) });
    let builder = builder().job(echo()).job(fails).enable_tool(OptionalTool::Retry).enable_tool(OptionalTool::Remove);
    let ada = TestClient::start(builder.enable_tool(OptionalTool::Stats)).await.unwrap().as_owner("ada");
    let eve = ada.as_owner("eve");
    (ada, eve)
}

/// Takes the id out of an answer, so that answers about two ids can be compared.
fn without(answer: Value, id: &str) -> String {
    answer.to_string().replace(id, "<id>")
}

#[tokio::test(start_paused = true)]
async fn no_tool_tells_another_owners_job_from_none() {
    let (ada, eve) = clients().await;
    let failed = ada.run("fails", json!({})).await;
    let delayed = json!({ "job_type": "echo", "args": {}, "delay_seconds": 3600 });
    let delayed = ada.call("queue_submit", delayed).await;
    let nobodys = JobId::new().to_string();
    for job in [failed, delayed] {
        let id = job["job_id"].as_str().unwrap();
        let before = ada.call("queue_status", json!({ "job_id": id })).await;
        for tool in ["queue_status", "queue_result", "queue_cancel", "queue_retry", "queue_remove"] {
            let theirs = without(eve.call(tool, json!({ "job_id": id })).await, id);
            let none = without(eve.call(tool, json!({ "job_id": nobodys })).await, &nobodys);
            assert_eq!(theirs, none, "{tool}");
            assert!(theirs.contains("JOB_NOT_FOUND"), "{tool}: {theirs}");
        }
        for tool in ["queue_status", "queue_result"] {
            let waits = json!({ "job_id": id, "wait_seconds": 5 });
            assert_eq!(eve.call(tool, waits).await["error"]["code"], "JOB_NOT_FOUND");
        }
        let after = ada.call("queue_status", json!({ "job_id": id })).await;
        assert_eq!((&before["status"], &after["cancel_requested"]), (&after["status"], &Value::Null));
    }
}

#[tokio::test(start_paused = true)]
async fn listings_and_counts_show_only_the_callers_jobs() {
    let (ada, eve) = clients().await;
    for _ in 0..3 {
        ada.run("fails", json!({})).await;
    }
    eve.run("echo", json!({})).await;
    for (client, total, dead) in [(&ada, 3, 3), (&eve, 1, 0)] {
        let listed = client.call("queue_list", json!({})).await;
        assert_eq!((&listed["total"], listed["jobs"].as_array().unwrap().len()), (&json!(total), total));
        let stats = client.call("queue_stats", json!({})).await;
        assert_eq!(stats["dead"], dead);
        let shown: u64 =
            stats["queues"].as_array().unwrap().iter().filter_map(|queue| queue["completed"].as_u64()).sum();
        assert_eq!(shown, total as u64 - dead);
    }
    let nobody = ada.as_owner("nobody");
    assert_eq!(nobody.call("queue_list", json!({})).await["total"], 0);
    assert_eq!(nobody.call("queue_stats", json!({})).await["queues"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn the_operator_sees_and_touches_all() {
    let (ada, eve) = clients().await;
    let mut ids = Vec::new();
    for client in [&ada, &eve] {
        ids.push(client.run("fails", json!({})).await["job_id"].as_str().unwrap().parse::<JobId>().unwrap());
    }
    let operator = ada.queue().operator();
    let page = mcpq::store::Page { limit: 10, cursor: None, offset: 0 };
    let listing = operator.list(&mcpq::store::ListFilter::default(), &page).await.unwrap();
    let owners: Vec<&str> = listing.jobs.iter().map(|record| record.owner.as_str()).collect();
    assert_eq!((owners, listing.total), (vec!["eve", "ada"], 2));
    assert_eq!(operator.stats().await.unwrap().dead, 2);
    for id in ids {
        assert_eq!(operator.status(id).await.unwrap().status, Status::Failed);
        assert_eq!(operator.replay(id).await.unwrap().status, Status::Pending);
        operator.job(id).wait().await.unwrap();
        operator.remove(id).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_queue_acts_for_the_local_owner_unless_told_otherwise() {
    let queue = builder().job(echo()).build().await.unwrap();
    for (handle, owner) in [(queue.clone(), "local"), (queue.as_owner("ada"), "ada"), (queue.operator(), "local")] {
        let job = crate::support::submit(&handle, "echo").await;
        assert_eq!(queue.operator().status(job.id()).await.unwrap().owner, Owner::new(owner));
    }
}
