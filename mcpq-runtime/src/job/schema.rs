//! The JSON Schemas of a job: built from its arguments one by one, draft 2020-12, inlined, without Rust-only formats.

use schemars::{
    JsonSchema, Schema, SchemaGenerator,
    generate::SchemaSettings,
    transform::{RestrictFormats, Transform},
};
use serde_json::{Map, Value, json};

use super::{ArgMap, integers, prose::Prose};

/// Adds a type's schema to a generator.
pub type SchemaFn = fn(&mut SchemaGenerator) -> Schema;

/// The [`SchemaFn`] of `T`.
pub fn schema_fn<T: JsonSchema + ?Sized>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// A bound of `#[arg(range(..))]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// An integer bound.
    Int(i128),
    /// A bound with a fraction.
    Float(f64),
}

impl Number {
    fn to_json(self) -> Value {
        match self {
            Self::Int(value) => match (i64::try_from(value), u64::try_from(value)) {
                (Ok(small), _) => small.into(),
                (_, Ok(large)) => large.into(),
                _ => (value as f64).into(),
            },
            Self::Float(value) => value.into(),
        }
    }
}

/// What the attribute says of one argument, apart from its type.
#[derive(Clone, Debug)]
pub struct ArgSpec {
    pub(crate) name: &'static str,
    doc: Option<&'static str>,
    minimum: Option<Number>,
    maximum: Option<Number>,
    exclusive_maximum: Option<Number>,
    min_length: Option<u64>,
    max_length: Option<u64>,
    pattern: Option<&'static str>,
    examples: Vec<fn() -> Value>,
}

impl ArgSpec {
    /// An argument of this name and nothing more.
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            doc: None,
            minimum: None,
            maximum: None,
            exclusive_maximum: None,
            min_length: None,
            max_length: None,
            pattern: None,
            examples: Vec::new(),
        }
    }

    /// Its description.
    pub const fn doc(mut self, text: &'static str) -> Self {
        self.doc = Some(text);
        self
    }

    /// Smallest value.
    pub const fn minimum(mut self, bound: Number) -> Self {
        self.minimum = Some(bound);
        self
    }

    /// Largest value.
    pub const fn maximum(mut self, bound: Number) -> Self {
        self.maximum = Some(bound);
        self
    }

    /// First value that is too large.
    pub const fn exclusive_maximum(mut self, bound: Number) -> Self {
        self.exclusive_maximum = Some(bound);
        self
    }

    /// Fewest characters, items or properties.
    pub const fn min_length(mut self, length: u64) -> Self {
        self.min_length = Some(length);
        self
    }

    /// Most characters, items or properties.
    pub const fn max_length(mut self, length: u64) -> Self {
        self.max_length = Some(length);
        self
    }

    /// A regular expression that the text must match somewhere.
    pub const fn pattern(mut self, regex: &'static str) -> Self {
        self.pattern = Some(regex);
        self
    }

    /// An example value; may be given more than once.
    pub fn example(mut self, value: fn() -> Value) -> Self {
        self.examples.push(value);
        self
    }

    fn has_range(&self) -> bool {
        self.minimum.is_some() || self.maximum.is_some() || self.exclusive_maximum.is_some()
    }

    fn has_length(&self) -> bool {
        self.min_length.is_some() || self.max_length.is_some()
    }

    /// Writes what is said here into the schema of the argument's type.
    fn apply(&self, property: &mut Map<String, Value>) -> Result<(), String> {
        let kinds = kinds(property);
        let is = |kind: &str| kinds.iter().any(|known| known == kind);
        let mut set = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                property.insert(key.to_owned(), value);
            }
        };
        set("description", self.doc.map(Value::from));
        if self.has_range() && !(is("integer") || is("number")) {
            return Err(format!("`range` needs a number, and `{}` is none", self.name));
        }
        set("minimum", self.minimum.map(Number::to_json));
        set("maximum", self.maximum.map(Number::to_json));
        set("exclusiveMaximum", self.exclusive_maximum.map(Number::to_json));
        if self.has_length() {
            let (least, most) = match () {
                () if is("string") => ("minLength", "maxLength"),
                () if is("array") => ("minItems", "maxItems"),
                () if is("object") => ("minProperties", "maxProperties"),
                () => {
                    return Err(format!("`length` needs a text, a list or a map, and `{}` is none", self.name));
                }
            };
            set(least, self.min_length.map(Value::from));
            set(most, self.max_length.map(Value::from));
        }
        if let Some(pattern) = self.pattern {
            if !is("string") {
                return Err(format!("`pattern` needs a text, and `{}` is none", self.name));
            }
            set("pattern", Some(pattern.into()));
        }
        if !self.examples.is_empty() {
            set("examples", Some(self.examples.iter().map(|example| example()).collect()));
        }
        Ok(())
    }
}

/// The values of a schema's `type`, also of the branches of an `anyOf`.
fn kinds(schema: &Map<String, Value>) -> Vec<String> {
    let mut found = Vec::new();
    match schema.get("type") {
        Some(Value::String(kind)) => found.push(kind.clone()),
        Some(Value::Array(list)) => found.extend(list.iter().filter_map(Value::as_str).map(str::to_owned)),
        _ => {}
    }
    if let Some(Value::Array(branches)) = schema.get("anyOf") {
        found.extend(branches.iter().filter_map(Value::as_object).flat_map(kinds));
    }
    found
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
    /// The default as JSON, where its type can be written as such.
    pub default: Option<Value>,
    /// Whether it takes the arguments that no other takes.
    pub rest: bool,
}

impl ArgDef {
    /// The argument's name.
    pub fn name(&self) -> &'static str {
        self.spec.name
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
        let mut generator = settings().into_generator();
        let mut properties = Map::new();
        let mut required = Vec::new();
        let mut unknown = Value::Bool(false);
        for arg in args {
            let schema = (arg.schema)(&mut generator);
            if arg.rest {
                unknown = schema
                    .as_object()
                    .and_then(|map| map.get("additionalProperties"))
                    .cloned()
                    .unwrap_or(Value::Bool(true));
                continue;
            }
            let mut property = match schema.to_value() {
                Value::Object(map) => map,
                _ => Map::new(),
            };
            arg.spec.apply(&mut property)?;
            if let Some(default) = &arg.default {
                property.insert("default".into(), default.clone());
            }
            if !arg.optional && !arg.has_default {
                required.push(Value::from(arg.name()));
            }
            properties.insert(arg.name().to_owned(), Value::Object(property));
        }
        let mut root = Map::from_iter([
            ("type".to_owned(), json!("object")),
            ("properties".to_owned(), Value::Object(properties)),
            ("additionalProperties".to_owned(), unknown),
        ]);
        if !required.is_empty() {
            root.insert("required".to_owned(), Value::Array(required));
        }
        Ok(Self { value: finish(generator, root) })
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

/// The schema of a job's result, as a document of its own.
pub(crate) fn output_schema(result: SchemaFn) -> Value {
    let mut generator = settings().for_serialize().into_generator();
    let schema = result(&mut generator);
    match schema.to_value() {
        Value::Object(root) => finish(generator, root),
        other => other,
    }
}

fn settings() -> SchemaSettings {
    SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true)
}

/// Hoists what could not be inlined (recursive types), drops formats that JSON Schema does not know, and makes
/// descriptions prose.
fn finish(mut generator: SchemaGenerator, mut root: Map<String, Value>) -> Value {
    let definitions = generator.take_definitions(true);
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
