//! The job types inside the schema of `queue_submit`: readable with a few types, bounded with many.

use serde_json::{Map, Value, json};

use crate::{
    mcp::{descriptions, resources},
    queue::Queue,
    registry::JobType,
};

/// Most bytes of all argument schemas together. Beyond it, agents find a type's schema in its resource, and in the error
/// that wrong arguments give.
const MAX_SCHEMAS: usize = 24 * 1024;

/// Most bytes of the list of types with their descriptions.
const MAX_LIST: usize = 8 * 1024;

/// Most arguments of a type that are named in that list.
const MAX_NAMED: usize = 12;

/// The properties that name the job types.
pub(super) struct JobSchemas {
    pub(super) job_type: Value,
    pub(super) args: Value,
    pub(super) definitions: Option<Value>,
}

pub(super) fn of_jobs(queue: &Queue) -> JobSchemas {
    let registry = queue.registry();
    let names: Vec<&str> = registry.types().map(|job| job.name()).collect();
    let mut args = json!({ "type": "object" });
    let mut definitions = Map::new();
    let forms: Vec<Value> = registry.types().map(|job| form(job, &mut definitions)).collect();
    let size: usize = forms.iter().chain(definitions.values()).map(|schema| schema.to_string().len()).sum();
    let inlined = size <= MAX_SCHEMAS && !forms.is_empty() && !registry.has_fallback();
    let mut job_type =
        json!({ "type": "string", "description": format!("The job to run:\n{}", list(queue, !inlined)) });
    if !registry.has_fallback() && !names.is_empty() {
        job_type["enum"] = json!(names);
    }
    if inlined {
        args["description"] = json!("The job's arguments; the form whose title is the job_type.");
        args["anyOf"] = json!(forms);
        let definitions = (!definitions.is_empty()).then_some(Value::Object(definitions));
        return JobSchemas { job_type, args, definitions };
    }
    args["description"] = json!(format!(
        "The job's arguments. Each job type has its own schema: read the resource `{}{{name}}`, or submit without args to \
         get the schema in the error.",
        resources::JOB_TYPE
    ));
    JobSchemas { job_type, args, definitions: None }
}

/// A job's argument schema under its name.
fn form(job: &JobType, definitions: &mut Map<String, Value>) -> Value {
    let mut schema = descriptions::cut_inside(job.input_schema().clone(), job);
    if let Some(own) = schema.as_object_mut().and_then(|schema| schema.remove("$defs")) {
        // One namespace for all jobs: two types of one name may differ.
        prefix_refs(&mut schema, job.name());
        for (name, mut definition) in own.as_object().cloned().unwrap_or_default() {
            prefix_refs(&mut definition, job.name());
            definitions.insert(format!("{}.{name}", job.name()), definition);
        }
    }
    if refers_elsewhere(&schema) || definitions_of(job, definitions).any(refers_elsewhere) {
        definitions.retain(|name, _| !name.starts_with(&format!("{}.", job.name())));
        let description = format!("See the resource {}{}.", resources::JOB_TYPE, job.name());
        return json!({ "title": job.name(), "type": "object", "description": description });
    }
    schema["title"] = json!(job.name());
    schema
}

fn definitions_of<'a>(job: &JobType, definitions: &'a Map<String, Value>) -> impl Iterator<Item = &'a Value> {
    let prefix = format!("{}.", job.name());
    definitions.iter().filter(move |(name, _)| name.starts_with(&prefix)).map(|(_, definition)| definition)
}

/// Whether a schema names a place that it no longer has inside the schema of the tool.
fn refers_elsewhere(schema: &Value) -> bool {
    match schema {
        Value::Object(map) => {
            let astray = |key: &str, value: &Value| match key {
                "$ref" | "$dynamicRef" => value.as_str().is_some_and(|target| !target.starts_with("#/$defs/")),
                "$id" | "$anchor" | "$dynamicAnchor" => value.is_string(),
                _ => false,
            };
            map.iter().any(|(key, value)| astray(key, value) || refers_elsewhere(value))
        }
        Value::Array(items) => items.iter().any(refers_elsewhere),
        _ => false,
    }
}

fn prefix_refs(schema: &mut Value, job: &str) {
    match schema {
        Value::Object(map) => {
            if let Some(Value::String(target)) = map.get_mut("$ref")
                && let Some(name) = target.strip_prefix("#/$defs/")
            {
                *target = format!("#/$defs/{job}.{name}");
            }
            map.values_mut().for_each(|value| prefix_refs(value, job));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| prefix_refs(item, job)),
        _ => {}
    }
}

/// The types, one a line, with the beginning of what they say of themselves, and their arguments where these are not said
/// elsewhere.
fn list(queue: &Queue, with_arguments: bool) -> String {
    let mut text = String::new();
    for job in queue.registry().types() {
        let arguments = if with_arguments { signature(job) } else { String::new() };
        let line = format!("- {}{arguments}: {}\n", job.name(), descriptions::opening(job));
        if text.len() + line.len() > MAX_LIST {
            text.push_str("- (more in the enum; each is described by its resource)\n");
            break;
        }
        text.push_str(&line);
    }
    text.truncate(text.trim_end().len());
    text
}

/// The names of a type's arguments; those with a question mark may be left out.
fn signature(job: &JobType) -> String {
    let schema = job.input_schema();
    let required =
        |name: &str| schema["required"].as_array().is_some_and(|names| names.iter().any(|other| other == name));
    let properties = schema["properties"].as_object();
    let mut names: Vec<String> = properties
        .into_iter()
        .flatten()
        .take(MAX_NAMED + 1)
        .map(|(name, _)| if required(name) { name.clone() } else { format!("{name}?") })
        .collect();
    if names.len() > MAX_NAMED {
        names[MAX_NAMED] = "..".to_owned();
    }
    format!("({})", names.join(", "))
}
