//! Turns `7.0` into `7` wherever a schema wants an integer, since serde refuses what JSON Schema accepts.

use serde_json::{Map, Value};

/// Most references and choices that are followed for one value: a schema written by hand may go round in circles.
const MAX_HOPS: u8 = 6;

/// Mends `value` by `schema`, a part of the document `root`.
pub(super) fn mend(root: &Value, schema: &Value, value: &mut Value) {
    follow(root, schema, value, MAX_HOPS);
}

fn follow(root: &Value, schema: &Value, value: &mut Value, hops: u8) {
    let Some(schema) = schema.as_object() else {
        return;
    };
    match value {
        Value::Number(number) => {
            let whole = number.as_f64().filter(|float| number.is_f64() && float.fract() == 0.0 && float.abs() < 9e15);
            let Some(whole) = whole else {
                return;
            };
            let (mut integer, mut number) = (false, false);
            kinds(root, schema, hops, &mut |kind| match kind {
                "integer" => integer = true,
                "number" => number = true,
                _ => {}
            });
            if integer && !number {
                *value = Value::from(whole as i64);
            }
            return;
        }
        Value::Array(items) => {
            let first = schema.get("prefixItems").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            for (index, item) in items.iter_mut().enumerate() {
                if let Some(schema) = first.get(index).or(schema.get("items")) {
                    mend(root, schema, item);
                }
            }
        }
        Value::Object(map) => {
            let properties = schema.get("properties").and_then(Value::as_object);
            let unknown = schema.get("additionalProperties");
            for (name, value) in map {
                let known = properties.and_then(|known| known.get(name));
                if let Some(schema) = known.or_else(|| by_pattern(schema, name)).or(unknown) {
                    mend(root, schema, value);
                }
            }
        }
        _ => return,
    }
    if hops > 0 {
        elsewhere(root, schema).for_each(|schema| follow(root, schema, value, hops - 1));
    }
}

/// The schema of the keys that are numbers, which is what a map with such keys has.
fn by_pattern<'a>(schema: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let patterns = schema.get("patternProperties")?.as_object()?;
    patterns.values().next().filter(|_| patterns.len() == 1 && name.parse::<f64>().is_ok())
}

/// Tells the types that a schema allows.
fn kinds(root: &Value, schema: &Map<String, Value>, hops: u8, tell: &mut impl FnMut(&str)) {
    match schema.get("type") {
        Some(Value::String(kind)) => tell(kind),
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).for_each(&mut *tell),
        _ => {}
    }
    if hops > 0 {
        for schema in elsewhere(root, schema).filter_map(Value::as_object) {
            kinds(root, schema, hops - 1, tell);
        }
    }
}

/// The schemas that a schema refers to or chooses from.
fn elsewhere<'a>(root: &'a Value, schema: &'a Map<String, Value>) -> impl Iterator<Item = &'a Value> {
    let choices = ["anyOf", "oneOf", "allOf"].into_iter().filter_map(|key| schema.get(key)?.as_array()).flatten();
    let target = schema.get("$ref").and_then(Value::as_str).and_then(|target| root.pointer(target.strip_prefix('#')?));
    choices.chain(target)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn mended(schema: Value, mut value: Value) -> Value {
        mend(&schema, &schema, &mut value);
        value
    }

    #[test]
    fn only_whole_numbers_are_mended_and_only_where_no_other_number_would_do() {
        let integer = json!({ "type": "integer" });
        assert_eq!(mended(integer.clone(), json!(7.0)), json!(7));
        assert_eq!(mended(integer.clone(), json!(7.5)), json!(7.5));
        assert_eq!(mended(integer, json!(1e300)), json!(1e300));
        assert_eq!(mended(json!({ "type": "number" }), json!(7.0)), json!(7.0));
        let either = json!({ "anyOf": [{ "type": "integer" }, { "type": "number" }] });
        assert_eq!(mended(either, json!(7.0)), json!(7.0));
        assert_eq!(mended(json!({ "type": ["integer", "null"] }), json!(-0.0)), json!(0));
    }

    #[test]
    fn maps_with_numbers_for_keys_are_mended() {
        let schema = json!({ "additionalProperties": false, "patternProperties": { "^\\d+$": { "type": "integer" } } });
        assert_eq!(mended(schema, json!({ "1": 2.0, "a": 2.0 })), json!({ "1": 2, "a": 2.0 }));
    }

    #[test]
    fn lists_with_places_are_mended_place_by_place() {
        let schema = json!({
            "type": "array",
            "prefixItems": [{ "type": "integer" }, { "type": "number" }],
            "items": { "type": "integer" },
        });
        assert_eq!(mended(schema, json!([1.0, 2.0, 3.0])), json!([1, 2.0, 3]));
    }

    #[test]
    fn a_schema_that_goes_round_in_circles_is_left() {
        let schema = json!({
            "$ref": "#/$defs/a",
            "$defs": { "a": { "anyOf": [{ "$ref": "#/$defs/a" }, { "$ref": "#/$defs/a" }] } },
        });
        assert_eq!(mended(schema, json!({ "x": [1.0] })), json!({ "x": [1.0] }));
    }
}
