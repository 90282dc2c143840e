//! What job types say of themselves, cut to what hosts and models bear, with a pointer to the whole.

use schemars::{
    Schema,
    transform::{Transform, transform_subschemas},
};
use serde_json::Value;

use super::resources;
use crate::registry::JobType;

/// Most characters of a type's description where it is one of many.
const MAX_OPENING: usize = 300;

/// Most characters of a description inside a type's argument schema.
const MAX_INSIDE: usize = 1000;

/// The first paragraph of what a type says of itself.
pub(super) fn opening(job: &JobType) -> String {
    let first = job.description().split("\n\n").next().unwrap_or_default().replace('\n', " ");
    cut(&first, MAX_OPENING, job.name())
}

/// Cuts the descriptions inside of a type's argument schema.
pub(super) fn cut_inside(schema: Value, job: &JobType) -> Value {
    match Schema::try_from(schema) {
        Ok(mut schema) => {
            Cut { job: job.name() }.transform(&mut schema);
            schema.to_value()
        }
        Err(_) => Value::Bool(true),
    }
}

fn cut(text: &str, most: usize, job: &str) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}.. (whole in the resource {}{job})", text[..end].trim_end(), resources::JOB_TYPE),
        None => text.to_owned(),
    }
}

struct Cut<'a> {
    job: &'a str,
}

impl Transform for Cut<'_> {
    fn transform(&mut self, schema: &mut Schema) {
        if let Some(Value::String(description)) = schema.get_mut("description") {
            *description = cut(description, MAX_INSIDE, self.job);
        }
        transform_subschemas(self, schema);
    }
}
