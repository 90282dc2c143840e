//! `queue_result`: what came of a job.

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

pub(super) struct ResultOf;

#[async_trait]
impl QueueTool for ResultOf {
    fn name(&self) -> &'static str {
        "result"
    }

    fn spec(&self, queue: &Queue, _: &Names) -> Spec {
        Spec {
            title: "Job result",
            description: "Get the result of a background job. For a job that has ended, the answer holds `result` \
                          (completed) or `error` and `error_code` (failed, timeout). For one that has not, it holds the \
                          status and how far it is; set `wait_seconds` to wait for the end in the same call."
                .to_owned(),
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
        if let Some(wait) = wait {
            call.wait(id, wait).await?;
        }
        let (record, result) = call.queue.result(id).await?;
        let mut view = answer::job(&call.queue, &record).await;
        answer::with_result(&mut view, &record, result.as_ref());
        if !record.status.is_final() && !view.contains_key("message") {
            let message = match record.status {
                Status::InputRequired => "Job waits for an answer to its question.".to_owned(),
                _ => format!(
                    "Job is still in progress. Call {} again with wait_seconds, or after poll_after_ms.",
                    call.names.of("result")
                ),
            };
            view.insert("message".to_owned(), message.into());
        }
        Ok(view)
    }
}
