//! What a tool of the queue is.

use async_trait::async_trait;
use rmcp::model::JsonObject;
use serde_json::Value;
use tokio::time::Instant;

use super::Caller;
use crate::{
    job::{JobId, JobRecord, Status},
    queue::{Queue, QueueError},
};

/// What a tool is, apart from its name's prefix.
#[derive(Debug)]
pub(super) struct Spec {
    pub(super) title: &'static str,
    pub(super) description: String,
    /// The properties of its input, and which are required.
    pub(super) input: Value,
    pub(super) required: &'static [&'static str],
    pub(super) output: Value,
    pub(super) effect: Effect,
    /// Schemas that the input refers to.
    pub(super) definitions: Option<Value>,
}

/// What a call does to the world, for hosts that ask before they call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Reads,
    Adds,
    Ends,
}

/// A tool of the queue. A new one is a file in `tools` and a line in its list.
#[async_trait]
pub(super) trait QueueTool: Send + Sync {
    /// The name after the prefix.
    fn name(&self) -> &'static str;

    /// Its definition, for the queue and the names of its tools.
    fn spec(&self, queue: &Queue, names: &Names) -> Spec;

    /// Does it.
    async fn call(&self, call: Call<'_>) -> Result<JsonObject, QueueError>;
}

/// How the tools of this queue are named.
#[derive(Clone, Debug)]
pub(super) struct Names(pub(super) String);

impl Names {
    pub(super) fn of(&self, name: &str) -> String {
        format!("{}_{name}", self.0)
    }
}

/// One call of a tool.
pub(super) struct Call<'a> {
    /// Acts for the caller.
    pub(super) queue: Queue,
    pub(super) names: &'a Names,
    pub(super) arguments: JsonObject,
    pub(super) caller: &'a Caller,
}

impl Call<'_> {
    /// Waits for the job's end, telling the caller of progress on the way. Never fails for the wait's own sake: when the
    /// time is up, the caller has gone or the process stops, the job is answered as it is.
    pub(super) async fn wait(&self, id: JobId, wait: std::time::Duration) -> Result<JobRecord, QueueError> {
        let mut record = self.queue.status(id).await?;
        if wait.is_zero() || record.status.is_final() {
            return Ok(record);
        }
        let deadline = Instant::now() + wait;
        let mut watch = self.queue.watch(id);
        loop {
            self.caller.tell(&record).await;
            let changed = tokio::select! {
                changed = watch.changed_by(&record, deadline) => changed?,
                () = self.caller.gone.cancelled() => return Ok(record),
            };
            let over = changed.status == record.status
                && changed.lease == record.lease
                && changed.progress == record.progress
                && changed.progress_message == record.progress_message;
            record = changed;
            if over || record.status.is_final() || record.status == Status::InputRequired {
                self.caller.tell(&record).await;
                return Ok(record);
            }
        }
    }
}
