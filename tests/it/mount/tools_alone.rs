//! The queue's tools added to a router.

use serde_json::json;

use super::{ERAS, call, connected, server::Greeter, started};

#[tokio::test(start_paused = true)]
async fn the_tools_join_a_router() {
    let (queue, _worker) = started().await;
    for era in ERAS {
        let client = connected(Greeter::and(queue.tool_router()), era).await;
        assert_eq!(client.list_all_tools().await.unwrap().len(), 6, "{era:?}");
        assert_eq!(call(&client, "greet", json!({ "name": "Ada" })).await, "Hello Ada");
        let submitted = json!({ "job_type": "steps", "wait_seconds": 30 });
        assert_eq!(call(&client, "queue_submit", submitted).await["result"], "four steps");
        assert!(!client.service().progress.lock().unwrap().is_empty(), "progress is told here too");
        let refused = call(&client, "queue_status", json!({ "job_id": "x", "y": 1 })).await;
        assert_eq!(refused["error"]["code"], "VALIDATION_ERROR");
        assert!(client.peer_info().unwrap().capabilities.resources.is_none(), "tools alone");
    }
}
