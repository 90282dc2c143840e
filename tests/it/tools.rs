//! The queue tools, called as an agent calls them.

mod catalogue;
mod parameters;
mod refusals;
mod waiting;

use std::{collections::HashMap, time::Duration};

use mcpq::{JobOptions, OptionalTool, QueueBuilder, TestClient, prelude::*};
use serde_json::{Value, json};

use crate::support::{builder, echo, job, options};

#[derive(Serialize, Deserialize, JsonSchema)]
struct Period {
    /// First year.
    from: u16,
    to: Option<u16>,
}

/// Counts the words of a text.
#[mcp_job(max_retries = 3, timeout = 60)]
async fn count_words(
    /// The text.
    #[arg(length(1..=1000))]
    text: String,
    #[arg(default = 4, range(1..=12))] quarters: u32,
    period: Option<Period>,
    #[arg(pattern = "^[a-z]{2}$")] language: Option<String>,
) -> usize {
    let _ = (quarters, period.map(|period| (period.from, period.to)), language);
    text.split_whitespace().count()
}

fn retried() -> JobOptions {
    options(|o| (o.max_retries, o.backoff_base) = (1, 100.0))
}

/// Jobs that end in every way.
fn jobs() -> QueueBuilder {
    builder()
        .job(count_words::JOB)
        .job(echo())
        .job(job("fails", |_| async { Err(JobError::fatal("boom")) }))
        .job(job("fails_first", |_| async { Err(JobError::retry("boom")) }).options(retried()))
        .job(job("stops", |_| async { Err(JobError::cancelled()) }))
        .job(job("hangs", |_| std::future::pending()).options(options(|o| o.timeout = Some(Duration::from_secs(100)))))
        .job(job("steps", |call| async move {
            for n in 1..=4 {
                call.progress().report(n, 4).message(format!("step {n}"));
                tokio::time::sleep(Duration::from_secs(5)).await;
            }
            Ok(json!({ "steps": 4 }))
        }))
        .queues(["reports"])
        .enable_tool(OptionalTool::Retry)
        .enable_tool(OptionalTool::Remove)
        .enable_tool(OptionalTool::Stats)
}

/// An agent that checks the form of every answer.
struct Agent {
    client: TestClient,
    outputs: HashMap<String, jsonschema::Validator>,
}

impl Agent {
    async fn new() -> Self {
        Self::of(TestClient::start(jobs()).await.unwrap())
    }

    fn of(client: TestClient) -> Self {
        let validator = |schema: &rmcp::model::JsonObject| {
            jsonschema::validator_for(&Value::Object(schema.clone())).expect("an output schema is a schema")
        };
        let tools = client.queue().tools();
        let outputs = tools.iter().map(|tool| (tool.name.to_string(), validator(tool.output_schema.as_ref().unwrap())));
        Self { outputs: outputs.collect(), client }
    }

    async fn call(&self, tool: &str, arguments: Value) -> Value {
        let answer = self.client.call_raw(tool, arguments).await;
        assert_eq!(answer.content.len(), 1);
        let text = &answer.content[0].as_text().expect("a text").text;
        let said: Value = serde_json::from_str(text).expect("the text is JSON");
        if answer.is_error == Some(true) {
            assert_eq!(answer.structured_content, None, "clients check structured content even of errors");
            let error = &said["error"];
            assert!(error["code"].is_string() && error["message"].is_string() && error["retryable"].is_boolean());
        } else {
            let structured = answer.structured_content.expect("structured content");
            assert_eq!(said, structured, "the text says the same");
            if let Err(error) = self.outputs[tool].validate(&structured) {
                panic!("{tool} answers {structured}, which does not fit its own schema: {error}");
            }
        }
        said
    }

    async fn submit(&self, job_type: &str, arguments: Value) -> Value {
        self.call("queue_submit", json!({ "job_type": job_type, "args": arguments })).await
    }

    /// Calls a tool about a job.
    async fn about(&self, tool: &str, job: &Value) -> Value {
        self.call(tool, json!({ "job_id": job["job_id"] })).await
    }

    /// The code, and the pointers with what is said of them, of a refusal.
    async fn refused(&self, tool: &str, arguments: Value) -> (String, HashMap<String, String>) {
        let answer = self.call(tool, arguments.clone()).await;
        let error = &answer["error"];
        let code = error["code"].as_str().unwrap_or_else(|| panic!("{arguments} is taken: {answer}"));
        let faults = error["details"]["faults"].as_array().into_iter().flatten();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (code.to_owned(), faults.map(|fault| (text(&fault["pointer"]), text(&fault["message"]))).collect())
    }

    async fn total(&self) -> u64 {
        self.call("queue_list", json!({})).await["total"].as_u64().unwrap()
    }
}
