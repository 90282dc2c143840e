//! The JSON Schemas of a job: built from its arguments one by one, draft 2020-12, without Rust-only formats, and inlined
//! unless that would make them long.

mod inline;
mod limits;
mod rest;
mod spec;

use schemars::{
    JsonSchema, Schema, SchemaGenerator,
    generate::SchemaSettings,
    transform::{RestrictFormats, Transform},
};
use serde_json::{Map, Value, json};

use super::{ArgMap, integers, prose::Prose};
pub use spec::{ArgSpec, Number};

/// Adds a type's schema to a generator.
pub type SchemaFn = fn(&mut SchemaGenerator) -> Schema;

/// The [`SchemaFn`] of `T`.
pub fn schema_fn<T: JsonSchema + ?Sized>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// One argument of a job: its spec, and what its type gives.
#[derive(Clone)]
pub struct ArgDef {
    /// Name, description, bounds.
    pub spec: ArgSpec,
    /// The schema of its type.
    pub schema: SchemaFn,
    /// Reads a value as its type, and drops it.
    pub check: fn(&Value) -> Result<(), serde_json::Error>,
    /// Whether it may be left out because its type says so (`Option`).
    pub optional: bool,
    /// Whether it may be left out because it has a default.
    pub has_default: bool,
    /// The default as JSON, where its type can be written as such, or why that failed.
    pub default: Option<Result<Value, String>>,
    /// Whether it takes the arguments that no other takes.
    pub rest: bool,
}

impl ArgDef {
    /// The argument's name.
    pub fn name(&self) -> &'static str {
        self.spec.name
    }

    /// The examples that the attribute gives.
    #[cfg(feature = "validate")]
    pub(crate) fn examples(&self) -> impl Iterator<Item = Value> {
        self.spec.examples.iter().map(|example| example())
    }

    /// The pattern that the attribute gives.
    #[cfg(feature = "validate")]
    pub(crate) fn pattern(&self) -> Option<&'static str> {
        self.spec.pattern
    }
}

impl std::fmt::Debug for ArgDef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ArgDef").field("spec", &self.spec).field("optional", &self.optional).finish_non_exhaustive()
    }
}

/// The schema of a job's arguments.
#[derive(Clone, Debug)]
pub struct InputSchema {
    value: Value,
}

impl InputSchema {
    /// Assembles the schema of `args`.
    ///
    /// # Errors
    /// When a bound does not fit its argument's type; the text says which.
    pub fn build(args: &[ArgDef]) -> Result<Self, String> {
        let value = shortest(SchemaSettings::draft2020_12(), |generator| object(args, generator))?;
        Ok(Self { value })
    }

    /// A schema written by hand, for a job type that is registered at run time.
    ///
    /// # Errors
    /// When it does not describe an object.
    pub fn from_value(mut value: Value) -> Result<Self, String> {
        let root = value.as_object_mut().ok_or("the argument schema must be a JSON object")?;
        match root.entry("type").or_insert_with(|| json!("object")) {
            Value::String(kind) if kind == "object" => {}
            other => {
                return Err(format!("the argument schema must have the type \"object\", not {other}"));
            }
        }
        root.entry("properties").or_insert_with(|| json!({}));
        Ok(Self { value })
    }

    /// The schema as JSON.
    pub fn as_value(&self) -> &Value {
        &self.value
    }

    /// The names of the declared arguments.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.value["properties"].as_object().into_iter().flatten().map(|(name, _)| name.as_str())
    }

    /// Turns `7.0` into `7` wherever the schema wants an integer.
    pub fn integers(&self, args: &mut ArgMap) {
        let mut value = Value::Object(std::mem::take(args));
        integers::mend(&self.value, &self.value, &mut value);
        if let Value::Object(mended) = value {
            *args = mended;
        }
    }
}

/// The schema of the object that holds all of `args`.
fn object(args: &[ArgDef], generator: &mut SchemaGenerator) -> Result<Value, String> {
    let mut properties = Map::new();
    let mut required = Vec::new();
    let mut rest = None;
    for arg in args {
        let schema = (arg.schema)(generator).to_value();
        if arg.rest {
            rest = Some((&arg.spec, schema));
            continue;
        }
        let mut property = match schema {
            Value::Object(map) => map,
            _ => Map::new(),
        };
        limits::apply(&arg.spec, &mut property, generator.definitions())?;
        match &arg.default {
            Some(Ok(default)) => drop(property.insert("default".into(), default.clone())),
            Some(Err(reason)) => {
                return Err(format!("the default of argument `{}` cannot be written as JSON: {reason}", arg.name()));
            }
            None => {}
        }
        if !arg.optional && !arg.has_default {
            required.push(Value::from(arg.name()));
        }
        properties.insert(arg.name().to_owned(), Value::Object(property));
    }
    let mut root = Map::from_iter([
        ("type".to_owned(), json!("object")),
        ("properties".to_owned(), Value::Object(properties)),
        ("additionalProperties".to_owned(), Value::Bool(false)),
    ]);
    if !required.is_empty() {
        root.insert("required".to_owned(), Value::Array(required));
    }
    if let Some((spec, map)) = rest {
        rest::open(&mut root, spec, &map, generator.definitions())?;
    }
    Ok(Value::Object(root))
}

/// The schema of a job's result, as a document of its own.
pub(crate) fn output_schema(result: SchemaFn) -> Value {
    let made = shortest(SchemaSettings::draft2020_12().for_serialize(), |generator| Ok(result(generator).to_value()));
    made.unwrap_or(Value::Bool(true))
}

/// What `make` makes, with its types written where they are used, or apart where that would be long.
fn shortest(
    settings: SchemaSettings,
    make: impl Fn(&mut SchemaGenerator) -> Result<Value, String>,
) -> Result<Value, String> {
    let mut apart = settings.clone().into_generator();
    let schema = make(&mut apart)?;
    if !inline::is_short(&schema, apart.definitions()) {
        return Ok(finish(apart, schema));
    }
    let mut inlined = settings.with(|settings| settings.inline_subschemas = true).into_generator();
    let schema = make(&mut inlined)?;
    Ok(finish(inlined, schema))
}

/// Hoists what could not be inlined (recursive types), drops formats that JSON Schema does not know, and makes
/// descriptions prose.
fn finish(mut generator: SchemaGenerator, schema: Value) -> Value {
    let Value::Object(mut root) = schema else { return schema };
    let mut definitions = generator.take_definitions(true);
    if let (1, Some(whole)) = (root.len(), root.get("$ref").and_then(Value::as_str)) {
        // Hosts look for the type of the whole at its top.
        let whole = whole.to_owned();
        let name = whole.trim_start_matches("#/$defs/");
        if let Some(Value::Object(target)) = definitions.get(name).cloned() {
            root = target;
            let refers = |schema: &Value| schema.to_string().contains(&format!("\"{whole}\""));
            if !definitions.values().any(refers) {
                definitions.remove(name);
            }
        }
    }
    if !definitions.is_empty() {
        root.insert("$defs".to_owned(), Value::Object(definitions));
    }
    // The transform looks at `$schema` to know which formats exist.
    root.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    let mut schema = Schema::from(root);
    RestrictFormats::default().transform(&mut schema);
    Prose.transform(&mut schema);
    schema.remove("$schema");
    schema.to_value()
}
