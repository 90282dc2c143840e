//! Arguments as a JSON object: written field by field, compared by hash.

use std::fmt;

use serde::{Serialize, ser::Error};
use serde_json::{Map, Value, map::Entry};
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

/// Collects the fields of a job's argument struct.
#[derive(Debug, Default)]
pub struct ArgWriter {
    map: ArgMap,
    /// The first field that could not be written.
    error: Option<ArgError>,
}

impl ArgWriter {
    /// An empty object.
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes one argument.
    pub fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> &mut Self {
        self.add(name, to_json(value));
        self
    }

    /// Writes the map that takes unknown arguments, which cannot hold the name of another one.
    pub fn rest<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> &mut Self {
        self.add_rest(name, to_json(value));
        self
    }

    /// The finished object.
    ///
    /// # Errors
    /// When the `Serialize` of an argument failed, or the rest is no object.
    pub fn finish(self) -> Result<ArgMap, ArgError> {
        match self.error {
            Some(error) => Err(error),
            None => Ok(self.map),
        }
    }

    fn add(&mut self, name: &str, value: serde_json::Result<Value>) {
        match value {
            Ok(value) => drop(self.map.insert(name.to_owned(), value)),
            Err(source) => self.fail(name, source),
        }
    }

    fn add_rest(&mut self, name: &str, value: serde_json::Result<Value>) {
        match value.and_then(serde_json::from_value::<ArgMap>) {
            Ok(rest) => {
                for (key, value) in rest {
                    match self.map.entry(key) {
                        Entry::Vacant(free) => drop(free.insert(value)),
                        Entry::Occupied(taken) => {
                            let key = taken.key();
                            let source =
                                serde_json::Error::custom(format!("its key `{key}` is the name of another argument"));
                            return self.fail(name, source);
                        }
                    }
                }
            }
            Err(source) => self.fail(name, source),
        }
    }

    fn fail(&mut self, name: &str, source: serde_json::Error) {
        self.error.get_or_insert(ArgError { argument: name.to_owned(), source });
    }
}

/// A value as JSON reads it. `serde_json` makes 0.10000000149011612 of a 0.1 that is an `f32`, unless it is written as a
/// text in between; agents should see, and equal submits should have, what was written in the code.
///
/// # Errors
/// What its `Serialize` says.
pub(crate) fn to_json<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<Value> {
    fn has_float(value: &Value) -> bool {
        match value {
            Value::Number(number) => number.is_f64(),
            Value::Array(items) => items.iter().any(has_float),
            Value::Object(map) => map.values().any(has_float),
            Value::Null | Value::Bool(_) | Value::String(_) => false,
        }
    }
    let made = serde_json::to_value(value)?;
    if has_float(&made) { serde_json::from_slice(&serde_json::to_vec(value)?) } else { Ok(made) }
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
    fn the_rest_is_written_beside_the_named_arguments_and_in_place_of_none() {
        let write = |rest: Value| {
            let mut writer = ArgWriter::new();
            writer.field("a", &1).rest("more", &rest);
            writer.finish().map(Value::Object).map_err(|error| error.to_string())
        };
        assert_eq!(write(json!({ "y": 2, "z": 3 })), Ok(json!({ "a": 1, "y": 2, "z": 3 })));
        let clash = "argument `more` cannot be written as JSON: its key `a` is the name of another argument";
        assert_eq!(write(json!({ "a": 2, "z": 3 })), Err(clash.to_owned()));
    }

    #[test]
    fn a_float_is_what_the_code_says() {
        let mut writer = ArgWriter::new();
        writer.field("single", &0.1_f32).field("double", &0.1_f64).field("inside", &[(1, Some(-2.7e-9_f32))]);
        let args = writer.finish().unwrap();
        let agents = r#"{"single":0.1,"double":0.1,"inside":[[1,-2.7e-9]]}"#;
        assert_eq!(canonical_hash(&args), hash(serde_json::from_str(agents).unwrap()));
    }

    #[test]
    fn the_first_argument_that_cannot_be_written_is_told() {
        let mut writer = ArgWriter::new();
        writer.field("fine", &1).rest("rest", &"no map");
        writer.field("keys", &std::collections::HashMap::from([((1, 2), 3)]));
        assert!(writer.finish().unwrap_err().to_string().starts_with("argument `rest` cannot be written as JSON: "));
    }
}
