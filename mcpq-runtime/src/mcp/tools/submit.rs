//! `queue_submit`: starts a job.

use async_trait::async_trait;
use rmcp::model::JsonObject;
use serde_json::json;

use super::submit_schema;
use crate::{
    job::Priority,
    mcp::{
        answer,
        params::Params,
        schemas,
        tool::{Call, Effect, Names, QueueTool, Spec},
    },
    queue::{Queue, QueueError, SubmitOptions},
};

/// What may be given.
const KNOWN: [&str; 10] = [
    "job_type",
    "args",
    "priority",
    "queue",
    "idempotency_key",
    "delay_seconds",
    "run_at",
    "timeout",
    "max_retries",
    "wait_seconds",
];

/// A year: the longest delay and the longest timeout that can be asked for.
const YEAR: std::time::Duration = std::time::Duration::from_secs(366 * 24 * 3600);

pub(super) struct Submit;

#[async_trait]
impl QueueTool for Submit {
    fn name(&self) -> &'static str {
        "submit"
    }

    fn spec(&self, queue: &Queue, names: &Names) -> Spec {
        let max_wait = queue.settings().max_wait.as_secs();
        let jobs = submit_schema::of_jobs(queue);
        let mut input = schemas::object(json!({
            "job_type": jobs.job_type,
            "args": jobs.args,
            "priority": {
                "type": "string",
                "enum": schemas::priorities(),
                "description": "How urgent it is; the job type's own (usually normal) unless given.",
            },
            "idempotency_key": {
                "type": "string",
                "minLength": 1,
                "maxLength": 200,
                "description": "Repeating a submit with the same key and arguments gives the same job, not a second one.",
            },
            "delay_seconds": { "type": "number", "minimum": 0, "description": "Start no earlier than in this many seconds." },
            "run_at": { "type": "string", "description": "Start no earlier than at this time (RFC 3339); instead of delay_seconds." },
            "timeout": { "type": "number", "exclusiveMinimum": 0, "description": "Seconds an attempt may run; can only lower the job's own." },
            "max_retries": { "type": "integer", "minimum": 0, "description": "Attempts after the first; can only lower the job's own." },
            "wait_seconds": schemas::wait_seconds(max_wait),
        }));
        let queues = queue.registry().queues();
        input.insert(
            "queue".to_owned(),
            json!({ "type": "string", "enum": queues, "description": "The queue to join; the job type's own unless given." }),
        );
        Spec {
            title: "Submit job",
            description: format!(
                "Start a background job. Answers at once with a job_id; the work goes on even if this connection is lost. \
                 Choose `job_type` and pass its arguments in `args`. With `wait_seconds` (up to {max_wait}) a job that ends in \
                 time is answered with its result in this call. Otherwise follow it with {status} or {result} (give them \
                 wait_seconds too), and stop it with {cancel}.",
                status = names.of("status"),
                result = names.of("result"),
                cancel = names.of("cancel"),
            ),
            input: input.into(),
            required: &["job_type"],
            output: schemas::job_output(json!({
                "deduplicated": { "type": "boolean", "description": "This job was there already." },
                "result": schemas::result(),
            })),
            effect: Effect::Adds,
            definitions: jobs.definitions,
        }
    }

    async fn call(&self, mut call: Call<'_>) -> Result<JsonObject, QueueError> {
        let settings = call.queue.settings();
        let mut params = Params::new(std::mem::take(&mut call.arguments), &KNOWN);
        let job_type = params.required_text("job_type");
        let args = params.object("args");
        let options = SubmitOptions {
            priority: params.word::<Priority>("priority", &schemas::priorities()),
            queue: params.text("queue"),
            idempotency_key: params.text("idempotency_key"),
            delay: params.seconds("delay_seconds", YEAR),
            run_at: params.time("run_at"),
            timeout: params.seconds("timeout", YEAR),
            max_retries: params.whole("max_retries", 0, 100).map(|retries| retries as u32),
        };
        let wait = params.seconds("wait_seconds", settings.max_wait).unwrap_or_default();
        params.finish()?;

        let submitted = call.queue.submit_json(&job_type, args, options).await?;
        let deduplicated = submitted.existing.is_some();
        let mut view = if wait.is_zero() && !deduplicated {
            // What is known of a new job without reading it back.
            let mut view = JsonObject::new();
            view.insert("job_id".to_owned(), submitted.id.to_string().into());
            view.insert("job_type".to_owned(), (*submitted.job_type).into());
            view.insert("status".to_owned(), "pending".into());
            if !call.queue.is_served(&submitted.queue, &submitted.job_type).await {
                let message = "The job is stored, but no worker runs such jobs now; it waits until one is started.";
                view.insert("message".to_owned(), message.into());
            }
            view
        } else {
            let record = call.wait(submitted.id, wait).await?;
            let mut view = answer::job(&call.queue, &record).await;
            if record.status.is_final() {
                let (record, result) = call.queue.result(submitted.id).await?;
                answer::with_result(&mut view, &record, result.as_ref());
            } else {
                let message = format!("Not finished yet. Call {} with wait_seconds.", call.names.of("result"));
                view.entry("message").or_insert(message.into());
            }
            view
        };
        if deduplicated {
            view.insert("deduplicated".to_owned(), true.into());
        }
        Ok(view)
    }
}
