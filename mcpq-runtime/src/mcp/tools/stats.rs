//! `queue_stats`: how full the queue is.

use async_trait::async_trait;
use rmcp::model::JsonObject;
use serde_json::json;

use crate::{
    mcp::{
        params::Params,
        schemas,
        tool::{Call, Effect, Names, QueueTool, Spec},
    },
    queue::{Queue, QueueError},
};

pub(super) struct Stats;

#[async_trait]
impl QueueTool for Stats {
    fn name(&self) -> &'static str {
        "stats"
    }

    fn spec(&self, _: &Queue, _: &Names) -> Spec {
        let count = json!({ "type": "integer" });
        Spec {
            title: "Queue statistics",
            description:
                "See how busy the queue is: your jobs that are queued and running, how many the server can run \
                          at once and hold, and how fast it drains."
                    .to_owned(),
            input: json!({}),
            required: &[],
            output: json!({
                "type": "object",
                "properties": {
                    "queued": count,
                    "running": count,
                    "input_required": count,
                    "dead": { "type": "integer", "description": "Failed and timed-out jobs that are kept." },
                    "capacity": { "type": "integer", "description": "Jobs that the server runs at once." },
                    "leaked": count,
                    "queue_capacity": { "type": "integer", "description": "Most jobs that may wait." },
                    "drain_rate": { "type": "number", "description": "Jobs that end in a second." },
                    "rejections": count,
                    "workers": { "type": "integer", "description": "Workers that live, in all processes." },
                    "unserved": { "type": "boolean", "description": "No worker runs these jobs now." },
                    "unhealthy": { "type": "boolean" },
                    "queues": { "type": "array", "items": { "type": "object" } },
                },
                "required": ["queued", "running", "capacity", "queue_capacity"],
            }),
            effect: Effect::Reads,
            definitions: None,
        }
    }

    async fn call(&self, mut call: Call<'_>) -> Result<JsonObject, QueueError> {
        Params::new(std::mem::take(&mut call.arguments), &[]).finish()?;
        let stats = call.queue.stats().await?;
        Ok(schemas::object(serde_json::to_value(stats).unwrap_or_default()))
    }
}
