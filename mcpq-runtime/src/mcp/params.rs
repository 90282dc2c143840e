//! Reads the parameters of a tool call, and tells everything that is wrong with them at once.

use std::{str::FromStr, time::Duration};

use chrono::{DateTime, Utc};
use rmcp::model::JsonObject;
use serde_json::Value;

use crate::{
    job::{ArgFault, ArgMap, JobId},
    queue::QueueError,
    suggest::{list, nearest, quote},
};

/// The parameters of one call.
#[derive(Debug)]
pub(super) struct Params {
    values: JsonObject,
    faults: Vec<ArgFault>,
}

impl Params {
    /// Takes parameters of which only `known` may be given.
    pub(super) fn new(values: JsonObject, known: &[&str]) -> Self {
        let unknown = values.keys().filter(|name| !known.contains(&name.as_str()));
        let faults = unknown
            .take(20)
            .map(|name| {
                let hint = match nearest(name, known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if known.is_empty() => "this tool takes no parameters".to_owned(),
                    None => format!("the parameters are {}", list(known)),
                };
                ArgFault::new(pointer(&quote(name)), format!("unknown parameter; {hint}"))
            })
            .collect();
        Self { values, faults }
    }

    /// All that was wrong, if anything.
    pub(super) fn finish(self) -> Result<(), QueueError> {
        if self.faults.is_empty() { Ok(()) } else { Err(QueueError::Validation { faults: self.faults }) }
    }

    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        match self.take(name)? {
            Value::String(text) => Some(text),
            other => self.wrong(name, format!("it must be a text, not {}", kind(&other))),
        }
    }

    pub(super) fn required_text(&mut self, name: &str) -> String {
        let given = self.values.get(name).is_some_and(|value| !value.is_null());
        if !given {
            self.fault(name, "it is required".to_owned());
        }
        self.text(name).unwrap_or_default()
    }

    /// One of a fixed set of words.
    pub(super) fn word<T: FromStr>(&mut self, name: &str, words: &[&str]) -> Option<T> {
        let text = self.text(name)?;
        match text.parse() {
            Ok(word) => Some(word),
            Err(_) => {
                let hint = nearest(&text, words.iter().copied()).map(|near| format!("did you mean `{near}`? "));
                let hint = hint.unwrap_or_default();
                self.wrong(name, format!("`{}` is not known; {hint}it must be one of {}", quote(&text), list(words)))
            }
        }
    }

    /// A whole number in a range.
    pub(super) fn whole(&mut self, name: &str, least: u64, most: u64) -> Option<u64> {
        let value = self.take(name)?;
        let whole = value.as_u64().or_else(|| {
            let float = value.as_f64().filter(|float| float.fract() == 0.0 && (0.0..9e15).contains(float))?;
            Some(float as u64)
        });
        match whole {
            Some(number) if (least..=most).contains(&number) => Some(number),
            _ if value.is_number() => {
                self.wrong(name, format!("it must be a whole number from {least} to {most}, not {value}"))
            }
            _ => self.wrong(name, format!("it must be a whole number from {least} to {most}, not {}", kind(&value))),
        }
    }

    /// Seconds, with or without a fraction.
    pub(super) fn seconds(&mut self, name: &str, most: Duration) -> Option<Duration> {
        let value = self.take(name)?;
        let range = format!("a number of seconds from 0 to {}", most.as_secs());
        let Some(seconds) = value.as_f64() else {
            return self.wrong(name, format!("it must be {range}, not {}", kind(&value)));
        };
        match Duration::try_from_secs_f64(seconds) {
            Ok(duration) if duration <= most => Some(duration),
            _ => self.wrong(name, format!("it must be {range}, not {value}")),
        }
    }

    /// A point in time.
    pub(super) fn time(&mut self, name: &str) -> Option<DateTime<Utc>> {
        let text = self.text(name)?;
        match DateTime::parse_from_rfc3339(&text) {
            Ok(time) => Some(time.to_utc()),
            Err(_) => self.wrong(
                name,
                format!("`{}` is not a time; write it as RFC 3339, such as 2030-01-31T09:00:00Z", quote(&text)),
            ),
        }
    }

    /// A JSON object; absent and null are an empty one.
    pub(super) fn object(&mut self, name: &str) -> ArgMap {
        match self.take(name) {
            None => ArgMap::new(),
            Some(Value::Object(map)) => map,
            Some(Value::String(_)) => {
                self.fault(
                    name,
                    "it must be an object, not a text; send the object itself, not its JSON as a text".to_owned(),
                );
                ArgMap::new()
            }
            Some(other) => {
                self.fault(name, format!("it must be an object, not {}", kind(&other)));
                ArgMap::new()
            }
        }
    }

    /// A fault that only the tool can see.
    pub(super) fn fault(&mut self, name: &str, message: String) {
        self.faults.push(ArgFault::new(pointer(name), message));
    }

    /// The parameter's value; null counts as absent.
    fn take(&mut self, name: &str) -> Option<Value> {
        self.values.remove(name).filter(|value| !value.is_null())
    }

    fn wrong<T>(&mut self, name: &str, message: String) -> Option<T> {
        self.fault(name, message);
        None
    }
}

/// The id of a job. A text that can be no id is answered like one that is not known, and says so.
pub(super) fn job_id(text: &str) -> Result<JobId, QueueError> {
    text.parse().map_err(|_| QueueError::JobNotFound { id: format!("`{}` (this is not a job id)", quote(text)) })
}

fn pointer(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
