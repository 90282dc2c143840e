//! `queue_status`: how far a job is.

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

pub(super) struct Status;

#[async_trait]
impl QueueTool for Status {
    fn name(&self) -> &'static str {
        "status"
    }

    fn spec(&self, queue: &Queue, names: &Names) -> Spec {
        Spec {
            title: "Job status",
            description: format!(
                "Check the status and progress of a background job. Statuses: pending (waits for a worker, its delay or \
                 its next attempt), running, input_required, and the final ones completed, failed, timeout, cancelled. \
                 `progress` is a fraction from 0.0 to 1.0. Set `wait_seconds` to answer as soon as the job ends instead \
                 of polling; when it has ended, the answer holds its result or error as {} does.",
                names.of("result")
            ),
            input: json!({
                "job_id": schemas::job_id(),
                "wait_seconds": schemas::wait_seconds(queue.settings().max_wait.as_secs()),
            }),
            required: &["job_id"],
            output: schemas::job_output(json!({ "result": schemas::result() })),
            effect: Effect::Reads,
            definitions: None,
        }
    }

    async fn call(&self, mut call: Call<'_>) -> Result<JsonObject, QueueError> {
        let mut params = Params::new(std::mem::take(&mut call.arguments), &["job_id", "wait_seconds"]);
        let id = params.required_text("job_id");
        let wait = params.seconds("wait_seconds", call.queue.settings().max_wait);
        params.finish()?;
        let id = job_id(&id)?;
        let record = call.wait(id, wait.unwrap_or_default()).await?;
        let mut view = answer::job(&call.queue, &record).await;
        // A call that waited for the end wants what came of it, without another call.
        if wait.is_some_and(|wait| !wait.is_zero()) && record.status.is_final() {
            let (record, result) = call.queue.result(id).await?;
            answer::with_result(&mut view, &record, result.as_ref());
        }
        Ok(view)
    }
}
