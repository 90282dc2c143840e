//! `queue_retry`: runs an ended job again.

use async_trait::async_trait;
use rmcp::model::JsonObject;
use serde_json::json;

use crate::{
    mcp::{
        answer,
        params::{Params, job_id},
        schemas,
        tool::{Call, Effect, Names, QueueTool, Spec},
    },
    queue::{Queue, QueueError},
};

pub(super) struct Retry;

#[async_trait]
impl QueueTool for Retry {
    fn name(&self) -> &'static str {
        "retry"
    }

    fn spec(&self, _: &Queue, _: &Names) -> Spec {
        Spec {
            title: "Retry job",
            description:
                "Run a failed, timed-out or cancelled background job again, with the same arguments and the same \
                          job_id. Its attempts are counted from the start."
                    .to_owned(),
            input: json!({ "job_id": schemas::job_id() }),
            required: &["job_id"],
            output: schemas::job_output(json!({})),
            effect: Effect::Adds,
            definitions: None,
        }
    }

    async fn call(&self, mut call: Call<'_>) -> Result<JsonObject, QueueError> {
        let mut params = Params::new(std::mem::take(&mut call.arguments), &["job_id"]);
        let id = params.required_text("job_id");
        params.finish()?;
        let record = call.queue.replay(job_id(&id)?).await?;
        Ok(answer::job(&call.queue, &record).await)
    }
}
