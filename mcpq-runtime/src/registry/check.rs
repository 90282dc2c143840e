//! Checks the arguments of a submit: by the schema, for all faults with their places, then by serde, which has the
//! last word.

use serde_json::Value;

use crate::{
    job::{ArgDef, ArgFault, ArgMap, InputSchema},
    suggest::{cut, nearest, quote},
};

/// Deepest nesting of arguments. Parsers on the way commonly stop at 128, and answers wrap what they quote.
const MAX_DEPTH: usize = 64;

/// Most faults that one answer lists.
const MAX_FAULTS: usize = 20;

/// Whether `name` can be a job type: what every known client accepts as a tool name.
pub(super) fn is_job_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// The compiled checks of one job type.
#[derive(Debug)]
pub(super) struct ArgCheck {
    schema: InputSchema,
    args: Vec<ArgDef>,
    #[cfg(feature = "validate")]
    validator: jsonschema::Validator,
}

impl ArgCheck {
    pub(super) fn new(schema: InputSchema, args: Vec<ArgDef>) -> Result<Self, String> {
        let check = Self {
            #[cfg(feature = "validate")]
            validator: compile(schema.as_value())?,
            schema,
            args,
        };
        check.defaults_hold()?;
        Ok(check)
    }

    pub(super) fn schema(&self) -> &InputSchema {
        &self.schema
    }

    pub(super) fn prepare(&self, mut args: ArgMap) -> Result<ArgMap, Vec<ArgFault>> {
        if args.values().any(|value| deeper_than(value, MAX_DEPTH)) {
            let message = format!("it is nested more than {MAX_DEPTH} levels deep; send a flatter value");
            return Err(vec![ArgFault::new("", message)]);
        }
        for def in self.args.iter().filter(|def| def.optional && !def.rest) {
            if args.get(def.name()).is_some_and(Value::is_null) {
                args.remove(def.name());
            }
        }
        self.schema.integers(&mut args);
        let value = Value::Object(args);
        let mut faults = self.schema_faults(&value);
        let Value::Object(mut args) = value else { unreachable!("it was made an object above") };
        self.serde_faults(&args, &mut faults);
        if !faults.is_empty() {
            faults.truncate(MAX_FAULTS);
            return Err(faults);
        }
        for def in &self.args {
            if let Some(default) = &def.default
                && !args.contains_key(def.name())
            {
                args.insert(def.name().to_owned(), default.clone());
            }
        }
        Ok(args)
    }

    /// What serde refuses where the schema found nothing at that argument.
    fn serde_faults(&self, args: &ArgMap, faults: &mut Vec<ArgFault>) {
        for def in self.args.iter().filter(|def| !def.rest) {
            let Some(Err(error)) = args.get(def.name()).map(def.check) else {
                continue;
            };
            let pointer = pointer_to(def.name());
            let inside =
                |fault: &ArgFault| fault.pointer == pointer || fault.pointer.starts_with(&format!("{pointer}/"));
            if !faults.iter().any(inside) {
                faults.push(ArgFault::new(pointer, cut(&error.to_string())));
            }
        }
        if let Some(rest) = self.args.iter().find(|def| def.rest)
            && faults.is_empty()
        {
            let named = |key: &str| self.args.iter().any(|def| !def.rest && def.name() == key);
            let left: ArgMap =
                args.iter().filter(|(key, _)| !named(key)).map(|(key, value)| (key.clone(), value.clone())).collect();
            if let Err(error) = (rest.check)(&Value::Object(left)) {
                faults.push(ArgFault::new("", cut(&error.to_string())));
            }
        }
    }

    fn unknown(&self, key: &str) -> ArgFault {
        let names: Vec<&str> = self.schema.names().collect();
        let hint = match nearest(key, names.iter().copied()) {
            Some(known) => format!("did you mean `{known}`?"),
            None if names.is_empty() => "this job takes no arguments".to_owned(),
            None => format!("the arguments are {}", crate::suggest::list(&names)),
        };
        ArgFault::new(pointer_to(key), format!("unknown argument; {hint}"))
    }

    #[cfg(feature = "validate")]
    fn schema_faults(&self, args: &Value) -> Vec<ArgFault> {
        use jsonschema::error::ValidationErrorKind as Kind;

        let mut faults = Vec::new();
        for error in self.validator.iter_errors(args).take(MAX_FAULTS) {
            let place = &cut(error.instance_path().as_str());
            match error.kind() {
                Kind::AdditionalProperties { unexpected } if place.is_empty() => {
                    faults.extend(unexpected.iter().take(MAX_FAULTS).map(|key| self.unknown(key)));
                }
                Kind::AdditionalProperties { unexpected } => {
                    faults.extend(
                        unexpected
                            .iter()
                            .map(|key| ArgFault::new(format!("{place}{}", pointer_to(key)), "unknown property")),
                    );
                }
                Kind::Required { property } => {
                    let name = property.as_str().unwrap_or_default();
                    faults.push(ArgFault::new(format!("{place}{}", pointer_to(name)), "it is required"));
                }
                _ => faults.push(ArgFault::new(place.as_str(), cut(&quoting_little(&error)))),
            }
        }
        faults
    }

    #[cfg(not(feature = "validate"))]
    fn schema_faults(&self, args: &Value) -> Vec<ArgFault> {
        let mut faults = Vec::new();
        let Some(args) = args.as_object() else {
            return faults;
        };
        if self.args.is_empty() && self.schema.names().next().is_some() {
            return faults; // a schema written by hand, which only a validator can read
        }
        if !self.args.iter().any(|def| def.rest) {
            let known = |key: &str| self.schema.names().any(|name| name == key);
            faults.extend(args.keys().filter(|key| !known(key)).take(MAX_FAULTS).map(|key| self.unknown(key)));
        }
        for def in self.args.iter().filter(|def| !def.optional && !def.has_default) {
            if !args.contains_key(def.name()) {
                faults.push(ArgFault::new(pointer_to(def.name()), "it is required"));
            }
        }
        faults
    }

    /// Every default must satisfy its own argument's schema.
    #[cfg(feature = "validate")]
    fn defaults_hold(&self) -> Result<(), String> {
        let properties = &self.schema.as_value()["properties"];
        for def in &self.args {
            let Some(default) = &def.default else {
                continue;
            };
            let mut schema = properties[def.name()].clone();
            if let (Some(schema), Some(definitions)) = (schema.as_object_mut(), self.schema.as_value().get("$defs")) {
                schema.insert("$defs".into(), definitions.clone());
            }
            if let Err(error) = compile(&schema)?.validate(default) {
                return Err(format!("the default of argument `{}` does not fit its own schema: {error}", def.name()));
            }
        }
        Ok(())
    }

    #[cfg(not(feature = "validate"))]
    fn defaults_hold(&self) -> Result<(), String> {
        Ok(())
    }
}

/// The message of an error. It quotes the value only where that is short.
#[cfg(feature = "validate")]
fn quoting_little(error: &jsonschema::ValidationError<'_>) -> String {
    let short = match error.instance().as_ref() {
        Value::String(text) => text.len() <= 40,
        Value::Array(_) | Value::Object(_) => false,
        _ => true,
    };
    if short { error.to_string() } else { error.masked_with("the value").to_string() }
}

/// Compiles a schema with an engine whose patterns run in linear time, since agents choose the texts.
#[cfg(feature = "validate")]
fn compile(schema: &Value) -> Result<jsonschema::Validator, String> {
    jsonschema::draft202012::options()
        .with_pattern_options(jsonschema::PatternOptions::regex())
        .build(schema)
        .map_err(|error| format!("the argument schema is not valid: {error}"))
}

/// The JSON pointer to a key, which an agent may have made as long as it likes.
fn pointer_to(key: &str) -> String {
    format!("/{}", quote(key).replace('~', "~0").replace('/', "~1"))
}

/// Whether `value` nests more than `limit` levels. Recurses no deeper than the limit.
fn deeper_than(value: &Value, limit: usize) -> bool {
    match value {
        Value::Array(items) => limit == 0 || items.iter().any(|item| deeper_than(item, limit - 1)),
        Value::Object(map) => limit == 0 || map.values().any(|item| deeper_than(item, limit - 1)),
        _ => false,
    }
}
