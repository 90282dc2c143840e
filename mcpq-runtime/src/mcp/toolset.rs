//! The queue's tools: defined once, called by name.

use std::panic::AssertUnwindSafe;

use async_trait::async_trait;
use futures::FutureExt;
use rmcp::model::{CallToolResult, JsonObject, Tool, ToolAnnotations};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Caller, answer, schemas, tools};
use crate::{
    job::{JobId, JobRecord},
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
pub(super) struct Names(String);

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
                && changed.progress == record.progress
                && changed.progress_message == record.progress_message;
            record = changed;
            if over || record.status.is_final() || record.status == crate::job::Status::InputRequired {
                self.caller.tell(&record).await;
                return Ok(record);
            }
        }
    }
}

struct Entry {
    tool: Box<dyn QueueTool>,
    name: String,
}

/// The tools of one queue.
pub(crate) struct Toolset {
    queue: Queue,
    names: Names,
    entries: Vec<Entry>,
    tools: Vec<Tool>,
}

impl Toolset {
    pub(super) fn new(queue: Queue) -> Self {
        let names = Names(queue.settings().tool_prefix.clone());
        let entries: Vec<Entry> =
            tools::all(&queue).into_iter().map(|tool| Entry { name: names.of(tool.name()), tool }).collect();
        let tools = entries.iter().map(|entry| define(entry, &queue, &names)).collect();
        Self { queue, names, entries, tools }
    }

    pub(crate) fn queue(&self) -> &Queue {
        &self.queue
    }

    pub(crate) fn tools(&self) -> &[Tool] {
        &self.tools
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Tool> {
        self.tools.iter().find(|tool| tool.name == name)
    }

    pub(super) fn names(&self) -> &Names {
        &self.names
    }

    /// Calls a tool. One that is not there is answered as an error that the model can read.
    pub(crate) async fn call(&self, name: &str, arguments: JsonObject, caller: &Caller) -> CallToolResult {
        let Some(entry) = self.entries.iter().find(|entry| entry.name == name) else {
            let known: Vec<&str> = self.entries.iter().map(|entry| entry.name.as_str()).collect();
            let message = format!("there is no tool of that name; the tools are {}", crate::suggest::list(&known));
            return answer::failure(&QueueError::validation("", message));
        };
        let call = Call { queue: self.queue.as_owner(caller.owner.clone()), names: &self.names, arguments, caller };
        // rmcp never answers a request whose handler panics.
        match AssertUnwindSafe(entry.tool.call(call)).catch_unwind().await {
            Ok(Ok(view)) => answer::success(view),
            Ok(Err(error)) => {
                tracing::debug!(tool = name, code = error.code(), "a tool call was refused");
                answer::failure(&error)
            }
            Err(_) => {
                tracing::error!(tool = name, "a tool call panicked");
                answer::failure(&QueueError::Internal)
            }
        }
    }
}

impl std::fmt::Debug for Toolset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.entries.iter().map(|entry| &entry.name)).finish()
    }
}

fn define(entry: &Entry, queue: &Queue, names: &Names) -> Tool {
    let spec = entry.tool.spec(queue, names);
    let mut input = json!({ "type": "object", "properties": spec.input, "additionalProperties": false });
    if !spec.required.is_empty() {
        input["required"] = json!(spec.required);
    }
    if let Some(definitions) = spec.definitions {
        input["$defs"] = definitions;
    }
    let annotations = ToolAnnotations::with_title(spec.title)
        .read_only(spec.effect == Effect::Reads)
        .destructive(spec.effect == Effect::Ends)
        .idempotent(spec.effect != Effect::Adds)
        .open_world(false);
    Tool::new(entry.name.clone(), spec.description, schemas::object(input))
        .with_title(spec.title)
        .with_raw_output_schema(schemas::object(spec.output).into())
        .with_annotations(annotations)
}
