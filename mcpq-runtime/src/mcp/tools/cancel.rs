//! `queue_cancel`: ends a job.

use async_trait::async_trait;
use rmcp::model::JsonObject;
use serde_json::json;

use crate::{
    job::Status,
    mcp::{
        answer,
        params::{Params, job_id},
        schemas,
        tool::{Call, Effect, Names, QueueTool, Spec},
    },
    queue::{Queue, QueueError},
};

pub(super) struct Cancel;

#[async_trait]
impl QueueTool for Cancel {
    fn name(&self) -> &'static str {
        "cancel"
    }

    fn spec(&self, _: &Queue, names: &Names) -> Spec {
        Spec {
            title: "Cancel job",
            description: format!(
                "Cancel a background job. One that waits is cancelled at once. One that runs is asked to stop, and the \
                 answer tells its true status: `cancelled`, or `running` with `cancel_requested` while it is still \
                 stopping (look again with {}). A job that has ended is left as it is.",
                names.of("status")
            ),
            input: json!({ "job_id": schemas::job_id() }),
            required: &["job_id"],
            output: schemas::job_output(json!({})),
            effect: Effect::Ends,
            definitions: None,
        }
    }

    async fn call(&self, mut call: Call<'_>) -> Result<JsonObject, QueueError> {
        let mut params = Params::new(std::mem::take(&mut call.arguments), &["job_id"]);
        let id = params.required_text("job_id");
        params.finish()?;
        let id = job_id(&id)?;
        let ended = call.queue.status(id).await?.status.is_final();
        let record = call.queue.cancel(id).await?;
        let mut view = answer::job(&call.queue, &record).await;
        let message = match record.status {
            _ if ended => Some("Job already finished.".to_owned()),
            Status::Cancelled => None,
            status if status.is_final() => Some("Job finished before it could be cancelled.".to_owned()),
            _ => Some(format!(
                "Cancellation was requested; the job is still stopping. Call {} to see its end.",
                call.names.of("status")
            )),
        };
        if let Some(message) = message {
            view.insert("message".to_owned(), message.into());
        }
        Ok(view)
    }
}
