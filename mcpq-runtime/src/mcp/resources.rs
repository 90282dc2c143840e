//! The resource `job-type:{name}`: what a job type does, takes and gives, in full.

use rmcp::model::{ReadResourceResult, Resource, ResourceContents, ResourceTemplate};
use serde_json::{Value, json};

use super::descriptions;
use crate::{queue::Queue, registry::JobType};

/// What the URI of a job type begins with.
pub(super) const JOB_TYPE: &str = "job-type:";

/// Most job types that are listed as resources; the template reaches all.
const MAX_LISTED: usize = 200;

pub(super) fn list(queue: &Queue) -> Vec<Resource> {
    queue
        .registry()
        .types()
        .take(MAX_LISTED)
        .map(|job| {
            Resource::new(format!("{JOB_TYPE}{}", job.name()), job.name())
                .with_description(descriptions::opening(job))
                .with_mime_type("application/json")
        })
        .collect()
}

pub(super) fn template() -> ResourceTemplate {
    ResourceTemplate::new(format!("{JOB_TYPE}{{name}}"), "job type")
        .with_description(
            "A background job type: its description, limits, and the JSON Schemas of its arguments and result.",
        )
        .with_mime_type("application/json")
}

/// The resource at `uri`. `None`: it is none of ours. `Some(None)`: there is no such job type.
pub(super) fn read(queue: &Queue, uri: &str) -> Option<Option<ReadResourceResult>> {
    let name = uri.strip_prefix(JOB_TYPE)?;
    let job = queue.registry().named(name);
    Some(job.map(|job| {
        let text = describe(job).to_string();
        ReadResourceResult::new(vec![ResourceContents::text(text, uri).with_mime_type("application/json")])
    }))
}

/// A job type as JSON.
pub(crate) fn describe(job: &JobType) -> Value {
    let policy = job.policy();
    let mut view = json!({
        "job_type": job.name(),
        "description": job.description(),
        "input_schema": job.input_schema(),
        "queue": &*job.queue(),
        "priority": job.priority(),
        "timeout_seconds": policy.timeout.as_secs_f64(),
        "max_retries": policy.max_retries,
    });
    if let Some(output) = job.output_schema() {
        view["output_schema"] = output.clone();
    }
    view
}
