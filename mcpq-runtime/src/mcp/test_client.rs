//! Calls the queue's tools inside a test, as an agent would.

use std::{sync::Arc, time::Duration};

use rmcp::model::{CallToolResult, JsonObject};
use serde_json::{Value, json};

use super::{Caller, Toolset};
use crate::{
    job::Owner,
    queue::{Queue, QueueBuilder},
    registry::BuildError,
    worker::{StartError, WorkerHandle},
};

/// Why a test client could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TestClientError {
    /// The queue is not well defined.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The worker could not start.
    #[error(transparent)]
    Start(#[from] StartError),
}

/// A queue with a worker, and an agent's view of it: calls go through the tools, answers are JSON.
///
/// Claims and timers run on the test's own runtime, so that `#[tokio::test(start_paused = true)]` skips delays,
/// backoffs and timeouts.
///
/// ```
/// use mcpq_runtime::{JobCall, Queue, TestClient};
/// use serde_json::json;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let double = |mut call: JobCall| async move { Ok(json!(call.arg::<i64>("n")? * 2)) };
/// let client = TestClient::start(Queue::builder().job_fn("double", json!({ "type": "object" }), double)).await?;
///
/// let job = client.run("double", json!({ "n": 21 })).await;
/// assert_eq!(job["status"], "completed");
/// assert_eq!(job["result"], 42);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct TestClient {
    queue: Queue,
    toolset: Arc<Toolset>,
    worker: Option<WorkerHandle>,
    owner: Owner,
}

impl TestClient {
    /// Builds the queue and starts a worker.
    ///
    /// # Errors
    /// When the queue is not well defined.
    pub async fn start(builder: QueueBuilder) -> Result<Self, TestClientError> {
        let queue = builder.build().await?;
        let worker = queue.worker().own_thread(false).start()?;
        Ok(Self { worker: Some(worker), ..Self::without_worker(queue) })
    }

    /// A client of a queue that runs elsewhere, or not at all.
    pub fn without_worker(queue: Queue) -> Self {
        let toolset = Arc::new(Toolset::new(queue.clone()));
        Self { queue, toolset, worker: None, owner: Owner::local() }
    }

    /// A client of the same queue for another owner. It holds no worker.
    pub fn as_owner(&self, owner: impl Into<Owner>) -> Self {
        let (queue, toolset) = (self.queue.clone(), self.toolset.clone());
        Self { queue, toolset, worker: None, owner: owner.into() }
    }

    /// The queue behind the tools.
    pub fn queue(&self) -> &Queue {
        &self.queue
    }

    /// Calls a tool by its full name and returns the answer, or the error as `{"error": {..}}`.
    pub async fn call(&self, tool: &str, arguments: Value) -> Value {
        json_of(self.call_raw(tool, arguments).await)
    }

    /// Calls a tool and returns the protocol's result. Arguments that are no object are sent as none.
    pub async fn call_raw(&self, tool: &str, arguments: Value) -> CallToolResult {
        let arguments: JsonObject = serde_json::from_value(arguments).unwrap_or_default();
        let caller = Caller::local(self.owner.clone());
        self.toolset.call(tool, arguments, &caller).await
    }

    /// Submits a job and returns the answer.
    pub async fn submit(&self, job_type: &str, args: Value) -> Value {
        self.call(&self.name("submit"), json!({ "job_type": job_type, "args": args })).await
    }

    /// Submits a job, waits for its end however long that takes, and returns the answer with its result or error.
    pub async fn run(&self, job_type: &str, args: Value) -> Value {
        let submitted = self.submit(job_type, args).await;
        match submitted["job_id"].as_str() {
            Some(id) => self.ended(id).await,
            None => submitted,
        }
    }

    /// Waits for a job's end however long that takes, and returns the answer of `queue_result`.
    pub async fn ended(&self, job_id: &str) -> Value {
        let wait = self.queue.settings().max_wait.as_secs_f64();
        loop {
            let answer = self.call(&self.name("result"), json!({ "job_id": job_id, "wait_seconds": wait })).await;
            let going_on = ["pending", "running"].iter().any(|status| answer["status"] == *status);
            if !going_on {
                return answer;
            }
        }
    }

    /// Stops the worker; running jobs go back to pending after `grace`.
    pub async fn stop(mut self, grace: Duration) {
        if let Some(worker) = self.worker.take() {
            worker.stop_within(grace).await;
        }
    }

    fn name(&self, tool: &str) -> String {
        self.toolset.names().of(tool)
    }
}

fn json_of(result: CallToolResult) -> Value {
    if let Some(structured) = result.structured_content {
        return structured;
    }
    let text = result.content.first().and_then(|content| content.as_text()).map(|text| text.text.as_str());
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Value::Null)
}
