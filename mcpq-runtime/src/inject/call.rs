//! One call of a handler: its arguments and what can be injected.

use serde::de::{self, DeserializeOwned, Deserializer, Visitor};
use serde_json::Value;

use super::{CancelToken, FromJob, JobContext, JobScope, Progress, State};
use crate::job::{ArgMap, JobError};

/// One call of a handler. Arguments are taken out one by one.
#[derive(Debug)]
pub struct JobCall {
    args: ArgMap,
    scope: JobScope,
    pub(crate) max_result: usize,
}

impl JobCall {
    /// A call with these arguments. A result over `max_result` bytes will fail the job.
    pub fn new(args: ArgMap, scope: JobScope, max_result: usize) -> Self {
        Self { args, scope, max_result }
    }

    /// The arguments that have not been taken yet.
    pub fn args(&self) -> &ArgMap {
        &self.args
    }

    /// The running attempt.
    pub fn context(&self) -> &JobContext {
        self.scope.context()
    }

    /// The attempt's progress.
    pub fn progress(&self) -> &Progress {
        self.scope.progress()
    }

    /// The attempt's token.
    pub fn cancel_token(&self) -> &CancelToken {
        self.scope.cancel_token()
    }

    /// The application's `T`, where it was given to the builder.
    pub fn state<T: Send + Sync + 'static>(&self) -> Option<State<T>> {
        self.scope.state()
    }

    /// Takes the argument `name`.
    ///
    /// # Errors
    /// When it is missing (and no `Option`) or has another shape.
    pub fn arg<T: DeserializeOwned>(&mut self, name: &str) -> Result<T, JobError> {
        read_arg(self.args.remove(name)).map_err(|error| mistyped(name, &error))
    }

    /// Takes the argument `name`, or its default where it is missing.
    ///
    /// # Errors
    /// When it has another shape.
    pub fn arg_or<T: DeserializeOwned>(&mut self, name: &str, default: fn() -> T) -> Result<T, JobError> {
        match self.args.remove(name) {
            Some(value) => T::deserialize(value).map_err(|error| mistyped(name, &error)),
            None => Ok(default()),
        }
    }

    /// Takes all arguments that are left.
    ///
    /// # Errors
    /// When they have another shape.
    pub fn rest<T: DeserializeOwned>(&mut self) -> Result<T, JobError> {
        T::deserialize(Value::Object(std::mem::take(&mut self.args)))
            .map_err(|error| JobError::arguments(format!("the remaining arguments have the wrong shape: {error}")))
    }

    /// Makes an injected parameter.
    ///
    /// # Errors
    /// What its [`FromJob`] says.
    pub fn inject<T: FromJob>(&mut self) -> Result<T, JobError> {
        T::from_job(&self.scope)
    }
}

fn mistyped(name: &str, error: &serde_json::Error) -> JobError {
    JobError::arguments(format!("argument `{name}` has the wrong shape: {error}"))
}

/// Reads one argument; a missing one is `None` for an `Option` and an error for any other type.
///
/// # Errors
/// When the value has another shape, or is missing and may not be.
pub fn read_arg<T: DeserializeOwned>(value: Option<Value>) -> Result<T, serde_json::Error> {
    match value {
        Some(value) => T::deserialize(value),
        None => T::deserialize(Missing),
    }
}

/// Gives `None` to an `Option` and an error to anything else: serde's own notion of a field that may be absent.
struct Missing;

impl<'de> Deserializer<'de> for Missing {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(de::Error::custom("it is required"))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_none()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_option_may_be_missing() {
        assert_eq!(read_arg::<Option<u32>>(None).unwrap(), None);
        assert!(read_arg::<u32>(None).is_err());
        assert!(read_arg::<Value>(None).is_err());
        assert!(read_arg::<()>(None).is_err());
        assert!(read_arg::<Vec<u32>>(None).is_err());
    }
}
