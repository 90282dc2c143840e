//! The queue's tools: defined once, called by name.

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use rmcp::model::{CallToolResult, JsonObject, Tool, ToolAnnotations};
use serde_json::json;

use super::{
    Caller, answer, schemas,
    tool::{Call, Effect, Names, QueueTool},
    tools,
};
use crate::queue::{Queue, QueueError};

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
