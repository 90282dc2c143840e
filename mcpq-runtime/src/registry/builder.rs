//! The chain of calls by which an expansion of `#[mcp_job]` makes a [`JobDefinition`]: arguments and injected parameters
//! in their order, the return type, the handler.

use std::sync::Arc;

use serde_json::Value;

use super::{
    definition::{Args, Handler, HandlerError, JobDefinition},
    returns::{JobArg, JobReturn, ToValue},
};
use crate::{
    inject::{FromJob, JobCall, Needs, read_arg},
    job::{ArgDef, ArgSpec, JobError, JobOptions, Number, Payload, SchemaFn, encode_result},
};

/// Collects the parts of a job's definition.
#[derive(Debug)]
pub struct JobBuilder {
    name: String,
    description: String,
    location: Option<(&'static str, u32)>,
    options: JobOptions,
    args: Vec<ArgDef>,
    needs: Needs,
}

impl JobBuilder {
    pub(super) fn new(name: &str, description: &str, location: (&'static str, u32), options: JobOptions) -> Self {
        Self {
            name: name.to_owned(),
            description: description.to_owned(),
            location: Some(location),
            options,
            args: Vec::new(),
            needs: Needs::default(),
        }
    }

    /// Adds an argument, optional where `T` is an `Option`. An empty `doc` is none.
    pub fn arg<T: JobArg>(self, name: &'static str, doc: &'static str) -> Self {
        let optional = read_arg::<T>(None).is_ok();
        self.push::<T>(name, doc, |def| ArgDef { optional, ..def })
    }

    /// Adds an argument with a default.
    pub fn arg_or<T: JobArg>(
        self,
        name: &'static str,
        doc: &'static str,
        default: fn() -> T,
        to_value: Option<ToValue<T>>,
    ) -> Self {
        let default = to_value.map(|to_value| to_value(&default()).map_err(|error| error.to_string()));
        self.push::<T>(name, doc, |def| ArgDef { has_default: true, default, ..def })
    }

    /// Adds the map that takes unknown arguments.
    pub fn rest<T: JobArg>(self, name: &'static str, doc: &'static str) -> Self {
        self.push::<T>(name, doc, |def| ArgDef { rest: true, optional: true, ..def })
    }

    /// Declares an injected parameter.
    pub fn inject<T: FromJob>(mut self) -> Self {
        T::needs(&mut self.needs);
        self
    }

    /// Declares the return type, and the result's schema where its type has one. The bounds are checked here and nowhere
    /// else, so that a mistake is told once.
    pub fn returns<R: JobReturn<Form, Via>, Form, Via>(self, output: Option<SchemaFn>) -> Returning<R> {
        Returning { builder: self, output, encode: encode::<R, Form, Via> }
    }

    fn push<T: JobArg>(mut self, name: &'static str, doc: &'static str, adjust: impl FnOnce(ArgDef) -> ArgDef) -> Self {
        self.args.push(adjust(ArgDef {
            spec: ArgSpec::new(name, doc),
            schema: crate::job::schema_fn::<T>,
            check: |value| T::deserialize(value).map(drop),
            optional: false,
            has_default: false,
            default: None,
            rest: false,
        }));
        self
    }
}

/// What the attribute says of the argument that was added last.
impl JobBuilder {
    /// Its smallest value.
    pub fn minimum(self, bound: impl Into<Number>) -> Self {
        self.narrow(|spec| spec.minimum = Some(bound.into()))
    }

    /// Its largest value.
    pub fn maximum(self, bound: impl Into<Number>) -> Self {
        self.narrow(|spec| spec.maximum = Some(bound.into()))
    }

    /// The first value that is too large for it.
    pub fn exclusive_maximum(self, bound: impl Into<Number>) -> Self {
        self.narrow(|spec| spec.exclusive_maximum = Some(bound.into()))
    }

    /// Its fewest characters, items or properties.
    pub fn min_length(self, length: u64) -> Self {
        self.narrow(|spec| spec.min_length = Some(length))
    }

    /// Its most characters, items or properties.
    pub fn max_length(self, length: u64) -> Self {
        self.narrow(|spec| spec.max_length = Some(length))
    }

    /// A regular expression that it must match somewhere.
    pub fn pattern(self, regex: &'static str) -> Self {
        self.narrow(|spec| spec.pattern = Some(regex))
    }

    /// An example of it; may be given more than once.
    pub fn example(self, value: fn() -> Value) -> Self {
        self.narrow(|spec| spec.examples.push(value))
    }

    fn narrow(mut self, change: impl FnOnce(&mut ArgSpec)) -> Self {
        if let Some(arg) = self.args.last_mut() {
            change(&mut arg.spec);
        }
        self
    }
}

/// A definition that lacks its handler.
#[derive(Debug)]
pub struct Returning<R> {
    builder: JobBuilder,
    output: Option<SchemaFn>,
    encode: fn(R, usize) -> Result<Payload, HandlerError>,
}

impl<R: 'static> Returning<R> {
    /// Adds an async handler: `call` reads the arguments and makes the future.
    pub fn run<F, Fut>(self, call: F) -> JobDefinition
    where
        F: Fn(&mut JobCall) -> Result<Fut, JobError> + Send + Sync + 'static,
        Fut: Future<Output = R> + Send + 'static,
    {
        let encode = self.encode;
        self.finish(Handler::Async(Arc::new(move |mut context: JobCall| {
            let limit = context.max_result;
            let future = call(&mut context)?;
            drop(context);
            Ok(Box::pin(async move { encode(future.await, limit) }))
        })))
    }

    /// Adds a plain handler for the blocking pool: `call` reads the arguments and makes the body.
    pub fn run_blocking<F, Body>(self, call: F) -> JobDefinition
    where
        F: Fn(&mut JobCall) -> Result<Body, JobError> + Send + Sync + 'static,
        Body: FnOnce() -> R + Send + 'static,
    {
        let encode = self.encode;
        self.finish(Handler::Blocking(Arc::new(move |mut context: JobCall| {
            let limit = context.max_result;
            let body = call(&mut context)?;
            drop(context);
            Ok(Box::new(move || encode(body(), limit)))
        })))
    }

    fn finish(self, handler: Handler) -> JobDefinition {
        let JobBuilder { name, description, location, options, args, needs } = self.builder;
        let args = Args::Declared(args);
        let output = self.output.map(crate::job::output_schema);
        JobDefinition { name, description, location, options, args, needs, output, handler }
    }
}

fn encode<R: JobReturn<Form, Via>, Form, Via>(returned: R, limit: usize) -> Result<Payload, HandlerError> {
    let value = returned.split().map_err(HandlerError::Job)?;
    encode_result(&value, limit).map_err(HandlerError::Result)
}
