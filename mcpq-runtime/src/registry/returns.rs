//! What a job takes and returns, told apart by type.
//!
//! An inherent constant wins over a trait's constant of the same name, wherever the inherent one applies. That is how
//! a `Result` is told from other types, and a type with a schema from one without, on stable Rust.

use std::marker::PhantomData;

use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::job::{IntoJobError, JobError, SchemaFn, schema_fn, to_json};

/// A type that an agent can pass to a job.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a job argument",
    label = "not a job argument",
    note = "a job argument must implement `serde::de::DeserializeOwned`, `schemars::JsonSchema` and `Send`",
    note = "for a type you own, add `#[derive(serde::Deserialize, schemars::JsonSchema)]`",
    note = "for the state that jobs share, take `mcpq::State<..>` of it; for anything else that mcpq should inject, mark the parameter with `#[inject]` and implement `mcpq::FromJob`"
)]
pub trait JobArg: DeserializeOwned + JsonSchema + Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + JsonSchema + Send + 'static> JobArg for T {}

/// A type that a job can return.
#[diagnostic::on_unimplemented(
    message = "a job cannot return `{Self}` as its result",
    label = "not a job result",
    note = "a job's result must implement `serde::Serialize` and `Send`",
    note = "for a type you own, add `#[derive(serde::Serialize)]`"
)]
pub trait JobOutput: Serialize + Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + Send + 'static> JobOutput for T {}

/// Asks whether a return type is a `Result`.
#[derive(Debug)]
pub struct Probe<R: ?Sized>(PhantomData<R>);

/// The answer for types that are no `Result`.
pub trait NotResult {
    /// `false`.
    const IS_RESULT: bool = false;
}

impl<R: ?Sized> NotResult for Probe<R> {}

impl<T, E> Probe<Result<T, E>> {
    /// `true`.
    pub const IS_RESULT: bool = true;
}

/// Chooses between the two forms of a return type.
#[derive(Debug)]
pub enum Select<const IS_RESULT: bool> {}

/// A return type taken apart.
pub trait Pick<R> {
    /// What the job gives.
    type Ok;
}

impl<T, E> Pick<Result<T, E>> for Select<true> {
    type Ok = T;
}

impl<R> Pick<R> for Select<false> {
    type Ok = R;
}

/// A return type that becomes a result or an error, in the form that [`Select`] names. `Via` is always inferred.
#[diagnostic::on_unimplemented(
    message = "a job cannot return `{Self}` as its result",
    label = "not a job result",
    note = "a job's result must implement `serde::Serialize` and `Send`",
    note = "for a type you own, add `#[derive(serde::Serialize)]`"
)]
pub trait JobReturn<Form, Via>: Sized + 'static {
    /// The result.
    type Ok: JobOutput;

    /// Takes a return value apart.
    ///
    /// # Errors
    /// What the handler returned.
    fn split(self) -> Result<Self::Ok, JobError>;
}

impl<T: JobOutput, E: IntoJobError<Via> + 'static, Via> JobReturn<Select<true>, Via> for Result<T, E> {
    type Ok = T;

    fn split(self) -> Result<T, JobError> {
        self.map_err(IntoJobError::into_job_error)
    }
}

impl<T: JobOutput> JobReturn<Select<false>, ()> for T {
    type Ok = T;

    fn split(self) -> Result<T, JobError> {
        Ok(self)
    }
}

/// Asks whether a type has a schema.
#[derive(Debug)]
pub struct SchemaProbe<T: ?Sized>(PhantomData<T>);

/// The answer for types without one.
pub trait NoSchema {
    /// `None`.
    const SCHEMA: Option<SchemaFn> = None;
}

impl<T: ?Sized> NoSchema for SchemaProbe<T> {}

impl<T: JsonSchema + ?Sized> SchemaProbe<T> {
    /// How to make it.
    pub const SCHEMA: Option<SchemaFn> = Some(schema_fn::<T>);
}

/// Writes a value as JSON.
pub(crate) type ToValue<T> = fn(&T) -> Result<Value, serde_json::Error>;

/// Asks whether a type can be written as JSON.
#[derive(Debug)]
pub struct ValueProbe<T>(PhantomData<T>);

/// The answer for types that cannot.
pub trait NoValue<T> {
    /// `None`.
    const TO_VALUE: Option<ToValue<T>> = None;
}

impl<T> NoValue<T> for ValueProbe<T> {}

impl<T: Serialize> ValueProbe<T> {
    /// How to write it.
    pub const TO_VALUE: Option<ToValue<T>> = Some(|value| to_json(value));
}
