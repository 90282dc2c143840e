//! The map that takes the arguments which no other takes: what its type says of its entries, said of the whole.

use serde_json::{Map, Value, json};

use super::{ArgSpec, limits};

type Object = Map<String, Value>;

/// Opens `root`, the schema of all arguments, for what the map takes.
///
/// # Errors
/// When the type is no map: it would refuse arguments, want some, or lose them.
pub(super) fn open(root: &mut Object, spec: &ArgSpec, map: &Value, definitions: &Object) -> Result<(), String> {
    let any = Object::new();
    let map = limits::target(map.as_object().unwrap_or(&any), definitions);
    let no_map = |why: &str| {
        let instead = "give it the type `serde_json::Map<String, Value>` or `HashMap<String, T>`";
        Err(format!("`rest` needs a map, and the type of `{}` {why}; {instead}", spec.name))
    };
    if map.contains_key("type") && !limits::kinds(map, definitions).iter().any(|kind| kind == "object") {
        return no_map("is none");
    }
    if map.get("required").and_then(Value::as_array).is_some_and(|required| !required.is_empty()) {
        return no_map("has fields that must be there");
    }
    let entries = map.get("additionalProperties");
    let patterns = map.get("patternProperties").and_then(Value::as_object);
    let known = map.get("properties").and_then(Value::as_object);
    if entries.is_none() && known.is_some_and(|known| !known.is_empty()) {
        return no_map("has fields of its own and ignores all others");
    }
    let named: Vec<Value> = match root.get("properties").and_then(Value::as_object) {
        Some(properties) => properties.keys().map(|name| name.as_str().into()).collect(),
        None => Vec::new(),
    };
    if let (Some(known), Some(Value::Object(properties))) = (known, root.get_mut("properties")) {
        for (name, schema) in known {
            properties.entry(name).or_insert_with(|| schema.clone());
        }
    }
    if let Some(patterns) = patterns {
        let patterns = patterns.iter().map(|(pattern, schema)| (pattern.clone(), described(schema, spec)));
        root.insert("patternProperties".to_owned(), Value::Object(patterns.collect()));
    }
    if let Some(names) = map.get("propertyNames") {
        root.insert("propertyNames".to_owned(), json!({ "anyOf": [{ "enum": named }, names] }));
    }
    root.insert("additionalProperties".to_owned(), entries.map_or(Value::Bool(true), |entry| described(entry, spec)));
    Ok(())
}

/// The schema of an entry, with what the parameter's documentation says.
fn described(entry: &Value, spec: &ArgSpec) -> Value {
    match (entry, spec.doc) {
        (Value::Bool(true), Some(doc)) => json!({ "description": doc }),
        (Value::Object(schema), Some(doc)) => {
            let mut schema = schema.clone();
            schema.entry("description").or_insert_with(|| doc.into());
            Value::Object(schema)
        }
        _ => entry.clone(),
    }
}
