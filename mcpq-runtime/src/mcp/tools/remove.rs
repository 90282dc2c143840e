//! `queue_remove`: forgets an ended job.

use async_trait::async_trait;
use rmcp::model::JsonObject;
use serde_json::json;

use crate::{
    mcp::{
        params::{Params, job_id},
        schemas,
        tool::{Call, Effect, Names, QueueTool, Spec},
    },
    queue::{Queue, QueueError},
};

pub(super) struct Remove;

#[async_trait]
impl QueueTool for Remove {
    fn name(&self) -> &'static str {
        "remove"
    }

    fn spec(&self, _: &Queue, _: &Names) -> Spec {
        Spec {
            title: "Remove job",
            description: "Forget a background job that has ended, with its result, error and idempotency key."
                .to_owned(),
            input: json!({ "job_id": schemas::job_id() }),
            required: &["job_id"],
            output: json!({
                "type": "object",
                "properties": { "job_id": { "type": "string" }, "removed": { "type": "boolean" } },
                "required": ["job_id", "removed"],
            }),
            effect: Effect::Ends,
            definitions: None,
        }
    }

    async fn call(&self, mut call: Call<'_>) -> Result<JsonObject, QueueError> {
        let mut params = Params::new(std::mem::take(&mut call.arguments), &["job_id"]);
        let id = params.required_text("job_id");
        params.finish()?;
        let id = job_id(&id)?;
        call.queue.remove(id).await?;
        Ok(schemas::object(json!({ "job_id": id, "removed": true })))
    }
}
