//! How long a schema would be with every type written where it is used. Types that contain each other twice double
//! with every level, so this is counted, not tried.

use std::collections::HashMap;

use serde_json::{Map, Value};

/// The most bytes of JSON that a schema may have, about, for its types to be written where they are used.
///
/// Some hosts and models do better without references, and none does well with a tool that fills its context.
const MOST: usize = 16 * 1024;

/// Whether `schema` is short enough with each of `definitions` in place of each reference to it.
pub(super) fn is_short(schema: &Value, definitions: &Map<String, Value>) -> bool {
    let mut lengths = Lengths { definitions, known: HashMap::new() };
    lengths.of(schema) <= MOST
}

struct Lengths<'a> {
    definitions: &'a Map<String, Value>,
    /// The length of each definition, once it is known. A type that contains itself stays a reference.
    known: HashMap<&'a str, usize>,
}

impl<'a> Lengths<'a> {
    fn of(&mut self, value: &'a Value) -> usize {
        match value {
            Value::Object(map) => {
                let target = map.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix("#/$defs/"));
                let target = target.map_or(0, |name| self.definition(name));
                let own = map.iter().map(|(key, value)| self.of(value).saturating_add(key.len() + 4));
                own.fold(2, usize::saturating_add).saturating_add(target)
            }
            Value::Array(items) => {
                items.iter().map(|item| self.of(item).saturating_add(1)).fold(2, usize::saturating_add)
            }
            Value::String(text) => text.len() + 2,
            _ => 5,
        }
    }

    fn definition(&mut self, name: &'a str) -> usize {
        if let Some(length) = self.known.get(name) {
            return *length;
        }
        self.known.insert(name, 0);
        let length = self.definitions.get(name).map_or(0, |schema| self.of(schema));
        self.known.insert(name, length);
        length
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn is_short(schema: Value, definitions: Value) -> bool {
        super::is_short(&schema, definitions.as_object().unwrap())
    }

    #[test]
    fn types_that_double_are_counted_and_not_written() {
        let level = |inner: u32| json!({ "properties": { "a": { "$ref": format!("#/$defs/L{inner}") }, "b": { "$ref": format!("#/$defs/L{inner}") } } });
        let levels = |count: u32| {
            let mut all: Map<String, Value> = (1..=count).map(|n| (format!("L{n}"), level(n - 1))).collect();
            all.insert("L0".to_owned(), json!({ "type": "integer" }));
            Value::Object(all)
        };
        assert!(is_short(json!({ "$ref": "#/$defs/L4" }), levels(4)));
        assert!(!is_short(json!({ "$ref": "#/$defs/L16" }), levels(16)));
        assert!(!is_short(json!({ "$ref": "#/$defs/L200" }), levels(200)));
    }

    #[test]
    fn a_type_that_contains_itself_has_a_length() {
        let folder = json!({ "Folder": { "properties": { "inside": { "items": { "$ref": "#/$defs/Folder" } } } } });
        assert!(is_short(json!({ "$ref": "#/$defs/Folder" }), folder));
    }
}
