//! Arguments as a JSON object: written field by field, compared by hash.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// The arguments of one submit.
pub type ArgMap = Map<String, Value>;

/// One thing wrong with the arguments of a submit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ArgFault {
    /// Where: a JSON pointer into the arguments, empty for the whole.
    pub pointer: String,
    /// What is wrong, and what to send instead.
    pub message: String,
}

impl ArgFault {
    /// A fault at `pointer`.
    pub fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into() }
    }
}

impl fmt::Display for ArgFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.pointer.is_empty() { "args" } else { &self.pointer };
        write!(f, "{place}: {}", self.message)
    }
}

/// An argument that cannot be written as JSON.
#[derive(Debug, thiserror::Error)]
#[error("argument `{argument}` cannot be written as JSON: {source}")]
pub struct ArgError {
    argument: String,
    source: serde_json::Error,
}

/// Writes the fields of a job's argument struct.
#[derive(Debug, Default)]
pub struct ArgWriter {
    map: ArgMap,
}

impl ArgWriter {
    /// An empty object.
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes one argument.
    ///
    /// # Errors
    /// When its `Serialize` fails.
    pub fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), ArgError> {
        let value = serde_json::to_value(value).map_err(|source| ArgError { argument: name.to_owned(), source })?;
        self.map.insert(name.to_owned(), value);
        Ok(())
    }

    /// Writes the map that takes unknown arguments; named arguments win.
    ///
    /// # Errors
    /// When its `Serialize` fails or does not give an object.
    pub fn rest<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), ArgError> {
        let wrong = |source| ArgError { argument: name.to_owned(), source };
        let rest: ArgMap = serde_json::to_value(value).and_then(serde_json::from_value).map_err(wrong)?;
        for (key, value) in rest {
            self.map.entry(key).or_insert(value);
        }
        Ok(())
    }

    /// The finished object.
    pub fn finish(self) -> ArgMap {
        self.map
    }
}

/// The SHA-256 of the arguments' canonical JSON: keys sorted at all depths, no white space.
pub fn canonical_hash(args: &ArgMap) -> [u8; 32] {
    let mut text = Vec::with_capacity(128);
    write_object(args, &mut text);
    Sha256::digest(&text).into()
}

// Sorted here, since a crate elsewhere in the build may have switched serde_json's maps to insertion order.
fn write_object(map: &ArgMap, out: &mut Vec<u8>) {
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_unstable_by_key(|(key, _)| key.as_str());
    out.push(b'{');
    for (index, (key, value)) in entries.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_scalar(&Value::String(key.clone()), out);
        out.push(b':');
        write_value(value, out);
    }
    out.push(b'}');
}

fn write_value(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Object(map) => write_object(map, out),
        Value::Array(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_value(item, out);
            }
            out.push(b']');
        }
        scalar => write_scalar(scalar, out),
    }
}

fn write_scalar(value: &Value, out: &mut Vec<u8>) {
    out.extend_from_slice(value.to_string().as_bytes());
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn hash(value: Value) -> [u8; 32] {
        canonical_hash(value.as_object().unwrap())
    }

    #[test]
    fn the_order_of_keys_does_not_matter_at_any_depth() {
        let one = serde_json::from_str(r#"{"a":{"x":1,"y":[{"p":1,"q":2}]},"b":2}"#).unwrap();
        let two = serde_json::from_str(r#"{"b":2,"a":{"y":[{"q":2,"p":1}],"x":1}}"#).unwrap();
        assert_eq!(hash(one), hash(two));
    }

    #[test]
    fn different_arguments_differ() {
        assert_ne!(hash(json!({"a": 1})), hash(json!({"a": "1"})));
        assert_ne!(hash(json!({"a": [1, 2]})), hash(json!({"a": [2, 1]})));
        assert_ne!(hash(json!({"a": null})), hash(json!({})));
    }

    #[test]
    fn named_arguments_win_over_the_rest() {
        let mut writer = ArgWriter::new();
        writer.field("a", &1).unwrap();
        writer.rest("more", &json!({"a": 2, "z": 3})).unwrap();
        assert_eq!(Value::Object(writer.finish()), json!({"a": 1, "z": 3}));
    }
}
