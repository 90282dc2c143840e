//! The schemas of the tools' inputs and outputs, as far as several share them.

use rmcp::model::JsonObject;
use serde_json::{Map, Value, json};

use crate::job::{Priority, Status};

/// The object inside a value that is one.
pub(super) fn object(value: Value) -> JsonObject {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

pub(super) fn priorities() -> Vec<&'static str> {
    Priority::ALL.iter().map(|priority| priority.as_str()).collect()
}

pub(super) fn statuses() -> Vec<&'static str> {
    Status::ALL.iter().map(|status| status.as_str()).collect()
}

pub(super) fn job_id() -> Value {
    json!({ "type": "string", "description": "The job_id that the submit returned." })
}

pub(super) fn wait_seconds(most: u64) -> Value {
    json!({
        "type": "number",
        "minimum": 0,
        "maximum": most,
        "default": 0,
        "description": format!(
            "Wait up to this many seconds (at most {most}) for the job to end before answering. Better than polling."
        ),
    })
}

/// What an answer about one job may hold; `extra` properties are added.
pub(super) fn job_output(extra: Value) -> Value {
    let mut properties = summary_properties();
    let more = json!({
        "max_attempts": { "type": "integer" },
        "crashes": { "type": "integer", "description": "How often a worker died while it ran this job." },
        "created_at": { "type": "string" },
        "started_at": { "type": "string", "description": "When the last attempt started." },
        "finished_at": { "type": "string" },
        "cancel_requested": { "type": "boolean" },
        "attempt_errors": { "type": "array", "description": "How its last attempts ended.", "items": { "type": "object" } },
        "estimated_seconds": { "type": "number", "description": "Measured guess of the time left." },
        "poll_after_ms": { "type": "integer", "description": "When it makes sense to ask again." },
        "message": { "type": "string", "description": "What to do next." },
    });
    properties.extend(object(more));
    properties.extend(object(extra));
    json!({ "type": "object", "properties": properties, "required": ["job_id", "status"] })
}

/// What a listing shows of a job.
pub(super) fn summary_properties() -> JsonObject {
    object(json!({
        "job_id": { "type": "string" },
        "job_type": { "type": "string" },
        "status": { "type": "string", "enum": statuses() },
        "priority": { "type": "string", "enum": priorities() },
        "progress": { "type": "number", "minimum": 0, "maximum": 1 },
        "progress_message": { "type": "string" },
        "attempts": { "type": "integer" },
        "error": { "type": "string" },
        "error_code": { "type": "string" },
        "run_at": { "type": "string", "description": "When it becomes due, while it waits for that." },
    }))
}

/// Any JSON value: what a job returned.
pub(super) fn result() -> Value {
    json!({ "description": "What the job returned." })
}
