//! Writes what an attribute says of an argument into the schema of the argument's type. A type has limits of its own,
//! which serde holds agents to, so an attribute can narrow them and nothing else.

use serde_json::{Map, Value, json};

use super::ArgSpec;

type Object = Map<String, Value>;

/// One end of a range: the schema's words for it, and which of two bounds is the tighter.
struct End {
    inclusive: &'static str,
    exclusive: &'static str,
    /// Whether the first bound allows more than the second.
    wider: fn(f64, f64) -> bool,
    /// What of the formats that types have says the same without words.
    by_format: fn(&str) -> Option<f64>,
}

const LEAST: End = End {
    inclusive: "minimum",
    exclusive: "exclusiveMinimum",
    wider: |one, other| one < other,
    by_format: |format| match format {
        "int32" => Some(i32::MIN.into()),
        "int64" => Some(i64::MIN as f64),
        _ => None,
    },
};

const MOST: End = End {
    inclusive: "maximum",
    exclusive: "exclusiveMaximum",
    wider: |one, other| one > other,
    by_format: |format| match format {
        "int32" => Some(i32::MAX.into()),
        "uint32" => Some(u32::MAX.into()),
        "int64" => Some(i64::MAX as f64),
        "uint64" | "uint" => Some(u64::MAX as f64),
        _ => None,
    },
};

/// Narrows `property`, whose own schema may be elsewhere in `definitions`, to what `spec` says.
///
/// # Errors
/// When a limit has no meaning for the type, or allows what the type does not.
pub(super) fn apply(spec: &ArgSpec, property: &mut Object, definitions: &Object) -> Result<(), String> {
    let own = target(property, definitions).clone();
    let kinds = kinds(&own, definitions);
    let is = |kind: &str| kinds.iter().any(|known| known == kind);
    if let Some(doc) = spec.doc {
        property.insert("description".to_owned(), doc.into());
    }
    if spec.minimum.is_some() || spec.maximum.is_some() || spec.exclusive_maximum.is_some() {
        if !(is("integer") || is("number")) {
            return Err(format!("`range` needs a number, and `{}` is none", spec.name));
        }
        let step = if is("number") { 0.0 } else { 1.0 };
        narrow_range(spec, property, &own, step)?;
    }
    if spec.min_length.is_some() || spec.max_length.is_some() {
        let (least, most) = match () {
            () if is("string") => ("minLength", "maxLength"),
            () if is("array") => ("minItems", "maxItems"),
            () if is("object") => ("minProperties", "maxProperties"),
            () => return Err(format!("`length` needs a text, a list or a map, and `{}` is none", spec.name)),
        };
        let mut narrow = |key: &str, given: Option<u64>, wider: fn(u64, u64) -> bool| {
            let Some(given) = given else { return Ok(()) };
            if let Some(own) = own.get(key).and_then(Value::as_u64)
                && wider(given, own)
            {
                return Err(too_wide("length", spec.name, given, key, own));
            }
            property.insert(key.to_owned(), given.into());
            Ok(())
        };
        narrow(least, spec.min_length, |one, other| one < other)?;
        narrow(most, spec.max_length, |one, other| one > other)?;
    }
    if let Some(pattern) = spec.pattern {
        if !is("string") {
            return Err(format!("`pattern` needs a text, and `{}` is none", spec.name));
        }
        match property.get("pattern") {
            // Both hold, so both are said.
            Some(_) => property.insert("allOf".to_owned(), json!([{ "pattern": pattern }])),
            None => property.insert("pattern".to_owned(), pattern.into()),
        };
    }
    if !spec.examples.is_empty() {
        property.insert("examples".to_owned(), spec.examples.iter().map(|example| example()).collect());
    }
    Ok(())
}

/// `step` is what lies between a value and the next: 1 for integers, nothing for numbers with a fraction.
fn narrow_range(spec: &ArgSpec, property: &mut Object, own: &Object, step: f64) -> Result<(), String> {
    let format = own.get("format").and_then(Value::as_str);
    let within = |end: &End, last: f64| {
        let by_format = || format.and_then(end.by_format);
        let inclusive = own.get(end.inclusive).and_then(Value::as_f64).or_else(by_format);
        let exclusive = own.get(end.exclusive).and_then(Value::as_f64);
        for (key, limit) in [(end.inclusive, inclusive), (end.exclusive, exclusive)] {
            if let Some(limit) = limit
                && (end.wider)(last, limit)
            {
                return Err(too_wide("range", spec.name, number(last), key, number(limit)));
            }
        }
        Ok(())
    };
    if let Some(least) = spec.minimum {
        within(&LEAST, least.as_f64())?;
        property.insert("minimum".to_owned(), least.to_json());
    }
    if let Some(most) = spec.maximum {
        within(&MOST, most.as_f64())?;
        property.insert("maximum".to_owned(), most.to_json());
    }
    if let Some(end) = spec.exclusive_maximum {
        within(&MOST, end.as_f64() - step)?;
        // It says more than the type's own, which would only confuse.
        property.remove("maximum");
        property.insert("exclusiveMaximum".to_owned(), end.to_json());
    }
    Ok(())
}

fn too_wide(option: &str, name: &str, given: impl ToString, key: &str, own: impl ToString) -> String {
    format!(
        "`{option}` of argument `{name}` allows {}, but its type does not (`{key}` is {}); narrow it, or leave that end open",
        given.to_string(),
        own.to_string()
    )
}

/// Whole numbers without a fraction.
fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 9e15 { (value as i64).into() } else { value.into() }
}

/// The schema that `schema` refers to, or itself.
pub(super) fn target<'a>(schema: &'a Object, definitions: &'a Object) -> &'a Object {
    let named = schema.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix("#/$defs/"));
    named.and_then(|name| definitions.get(name)?.as_object()).unwrap_or(schema)
}

/// The values of a schema's `type`, also of the branches of a choice: one level is what an `Option` and an enum have.
pub(super) fn kinds(schema: &Object, definitions: &Object) -> Vec<String> {
    let schema = target(schema, definitions);
    let choices = ["anyOf", "oneOf"].into_iter().filter_map(|key| schema.get(key)?.as_array()).flatten();
    let branches = choices.filter_map(Value::as_object).map(|branch| target(branch, definitions));
    let mut found = Vec::new();
    for one in std::iter::once(schema).chain(branches) {
        match one.get("type") {
            Some(Value::String(kind)) => found.push(kind.clone()),
            Some(Value::Array(list)) => found.extend(list.iter().filter_map(Value::as_str).map(str::to_owned)),
            _ => {}
        }
    }
    found
}
