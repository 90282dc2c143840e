//! The arguments of a submit: given as they are, in a file or on standard input.

use std::{
    fs,
    io::{self, Read},
};

use serde_json::{Value, json};

use super::Failure;
use crate::job::ArgMap;

/// Reads what `--args` names.
pub(super) fn read(given: &str) -> Result<ArgMap, Failure> {
    let (text, source) = match given.strip_prefix('@') {
        Some(path) => (fs::read_to_string(path), format!("the file `{path}`")),
        None if given == "-" => (standard_input(), "standard input".to_owned()),
        None => (Ok(given.to_owned()), "`--args`".to_owned()),
    };
    let text = text.map_err(|error| wrong(format!("cannot read {source}: {error}")))?;
    let text = text.trim_start_matches('\u{feff}');
    match serde_json::from_str(text) {
        Ok(Value::Object(args)) => Ok(args),
        Ok(other) => Err(wrong(format!("{source} must hold a JSON object, not {}", kind(&other)))
            .tip("name each argument: --args '{\"name\": \"value\"}'")),
        Err(error) => {
            let failure = wrong(format!("{source} does not hold valid JSON: {error}"));
            Err(match source.as_str() {
                "`--args`" => failure
                    .tip("put the object in single quotes, so that the shell leaves it alone: --args '{\"name\": \"value\"}'")
                    .tip("or keep it in a file: --args @FILE"),
                _ => failure,
            })
        }
    }
}

fn standard_input() -> io::Result<String> {
    let mut text = String::new();
    io::stdin().lock().read_to_string(&mut text)?;
    Ok(text)
}

fn wrong(message: String) -> Failure {
    Failure::usage("INVALID_JOB_ARGUMENTS", message)
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Arguments that show what a job type wants: its required ones, with the first example or a value of the right type.
pub(super) fn example(schema: &Value) -> Value {
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let pairs = required.map(|name| {
        let property = &schema["properties"][name];
        (name.to_owned(), property["examples"].get(0).cloned().unwrap_or_else(|| sample(property)))
    });
    Value::Object(pairs.collect())
}

fn sample(property: &Value) -> Value {
    if let Some(choice) = property["enum"].get(0) {
        return choice.clone();
    }
    match property["type"].as_str().unwrap_or_default() {
        "integer" | "number" => property.get("minimum").cloned().unwrap_or_else(|| json!(1)),
        "boolean" => json!(true),
        "array" => json!([]),
        "object" => json!({}),
        _ => json!(".."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_names_what_is_required_alone() {
        let schema = json!({
            "properties": {
                "name": { "type": "string" },
                "rows": { "type": "integer", "minimum": 5 },
                "mode": { "enum": ["fast", "slow"] },
                "day": { "type": "string", "examples": ["monday"] },
                "note": { "type": "string" },
            },
            "required": ["name", "rows", "mode", "day"],
        });
        assert_eq!(example(&schema), json!({ "name": "..", "rows": 5, "mode": "fast", "day": "monday" }));
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for text in ["[1]", "1", "null", "{", "", "{\"a\":1} x"] {
            assert_eq!(read(text).unwrap_err().code, 2, "{text}");
        }
    }
}
