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
            validator: {
                patterns_hold(&args)?;
                compile(schema.as_value())?
            },
            schema,
            args,
        };
        #[cfg(feature = "validate")]
        check.samples_hold()?;
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
            if let Some(Ok(default)) = &def.default
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

    /// Every default and every example must satisfy its own argument's schema.
    #[cfg(feature = "validate")]
    fn samples_hold(&self) -> Result<(), String> {
        let root = self.schema.as_value();
        for def in self.args.iter().filter(|def| !def.rest) {
            let default = def.default.iter().flatten().cloned().map(|value| ("default", value));
            let samples: Vec<_> = default.chain(def.examples().map(|value| ("example", value))).collect();
            if samples.is_empty() {
                continue;
            }
            let mut schema = root["properties"][def.name()].clone();
            if let (Some(schema), Some(definitions)) = (schema.as_object_mut(), root.get("$defs")) {
                schema.insert("$defs".into(), definitions.clone());
            }
            let validator = compile(&schema)?;
            for (what, value) in samples {
                if let Err(error) = validator.validate(&value) {
                    let name = def.name();
                    let note = if value.is_null() { " (a float that is no number becomes null)" } else { "" };
                    return Err(format!("the {what} of argument `{name}` does not fit its own schema: {error}{note}"));
                }
            }
        }
        Ok(())
    }
}

/// Every pattern must be one that the engine takes.
#[cfg(feature = "validate")]
fn patterns_hold(args: &[ArgDef]) -> Result<(), String> {
    for def in args {
        let Some(pattern) = def.pattern() else { continue };
        compile(&serde_json::json!({ "pattern": pattern })).map_err(|_| {
            format!(
                "the pattern of argument `{}` is no regular expression that can be used: `{pattern}`; look-around and \
                 back-references are not available, so that every text is checked in linear time",
                def.name()
            )
        })?;
    }
    Ok(())
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
