//! A job's definition: what `#[mcp_job]` expands to, and what is registered at run time.

use std::{fmt, pin::Pin, sync::Arc};

use serde_json::Value;

use super::returns::{JobArg, JobReturn, ToValue};
use crate::{
    inject::{FromJob, JobCall, Needs, read_arg},
    job::{ArgDef, ArgSpec, Failure, JobError, JobOptions, Payload, SchemaFn, encode_result},
};

/// A job as `#[mcp_job]` declares it: a constant that `inventory` collects, or that a builder is given by hand.
#[derive(Clone, Copy)]
pub struct JobDescriptor {
    /// The job type.
    pub name: &'static str,
    /// What agents read.
    pub description: &'static str,
    /// Where it is declared.
    pub file: &'static str,
    /// Where it is declared.
    pub line: u32,
    /// What the attribute says.
    pub options: JobOptions,
    /// Adds arguments and handler.
    pub build: fn(JobBuilder) -> JobDefinition,
}

inventory::collect!(JobDescriptor);

impl JobDescriptor {
    /// The definition that this describes.
    pub fn define(&self) -> JobDefinition {
        (self.build)(JobBuilder {
            name: self.name.to_owned(),
            description: self.description.trim().to_owned(),
            location: Some((self.file, self.line)),
            options: self.options,
            args: Vec::new(),
            needs: Needs::default(),
        })
    }
}

impl fmt::Debug for JobDescriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JobDescriptor({} at {}:{})", self.name, self.file, self.line)
    }
}

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
    /// Adds an argument, optional where `T` is an `Option`.
    pub fn arg<T: JobArg>(self, spec: ArgSpec) -> Self {
        let optional = read_arg::<T>(None).is_ok();
        self.push::<T>(spec, |def| ArgDef { optional, ..def })
    }

    /// Adds an argument with a default.
    pub fn arg_or<T: JobArg>(self, spec: ArgSpec, default: fn() -> T, to_value: Option<ToValue<T>>) -> Self {
        let default = to_value.map(|to_value| to_value(&default()).map_err(|error| error.to_string()));
        self.push::<T>(spec, |def| ArgDef { has_default: true, default, ..def })
    }

    /// Adds the map that takes unknown arguments.
    pub fn rest<T: JobArg>(self, spec: ArgSpec) -> Self {
        self.push::<T>(spec, |def| ArgDef { rest: true, optional: true, ..def })
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

    fn push<T: JobArg>(mut self, spec: ArgSpec, adjust: impl FnOnce(ArgDef) -> ArgDef) -> Self {
        self.args.push(adjust(ArgDef {
            spec,
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

/// A job ready to be registered.
#[derive(Debug)]
pub struct JobDefinition {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) location: Option<(&'static str, u32)>,
    pub(super) options: JobOptions,
    pub(super) args: Args,
    pub(super) needs: Needs,
    pub(super) output: Option<Value>,
    pub(super) handler: Handler,
}

/// Where a job's argument schema comes from.
#[derive(Debug)]
pub(super) enum Args {
    /// From the parameters of a function.
    Declared(Vec<ArgDef>),
    /// Written by hand.
    Schema(Value),
}

impl JobDefinition {
    /// A job made at run time: a name, a description, a JSON Schema of its arguments and an async closure.
    pub fn from_fn<F, Fut>(name: impl Into<String>, description: impl Into<String>, schema: Value, handler: F) -> Self
    where
        F: Fn(JobCall) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Value, JobError>> + Send + 'static,
    {
        let handler = Handler::Async(Arc::new(move |call: JobCall| {
            let limit = call.max_result;
            let future = handler(call);
            Ok(Box::pin(async move {
                let value = future.await.map_err(HandlerError::Job)?;
                encode_result(&value, limit).map_err(HandlerError::Result)
            }))
        }));
        Self {
            name: name.into(),
            description: description.into(),
            location: None,
            options: JobOptions::new(),
            args: Args::Schema(schema),
            needs: Needs::default(),
            output: None,
            handler,
        }
    }

    /// Sets what the attribute would say.
    #[must_use]
    pub fn options(mut self, options: JobOptions) -> Self {
        self.options = options;
        self
    }

    /// The job type.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Name, file and line, where it was declared with `#[mcp_job]`.
    pub fn origin(&self) -> Option<(String, &'static str, u32)> {
        self.location.map(|(file, line)| (self.name.clone(), file, line))
    }
}

impl From<JobDescriptor> for JobDefinition {
    fn from(descriptor: JobDescriptor) -> Self {
        descriptor.define()
    }
}

/// Why a handler gave no payload.
#[derive(Debug)]
pub(crate) enum HandlerError {
    /// It returned an error.
    Job(JobError),
    /// Its result cannot be kept.
    Result(Failure),
}

type AsyncHandler = dyn Fn(JobCall) -> Result<HandlerFuture, JobError> + Send + Sync;
type BlockingHandler = dyn Fn(JobCall) -> Result<HandlerBody, JobError> + Send + Sync;
/// The running form of an async handler.
pub(super) type HandlerFuture = Pin<Box<dyn Future<Output = Result<Payload, HandlerError>> + Send>>;
/// The body of a plain handler.
pub(super) type HandlerBody = Box<dyn FnOnce() -> Result<Payload, HandlerError> + Send>;

/// A job's code, behind one type.
#[derive(Clone)]
pub(crate) enum Handler {
    /// Runs as a task.
    Async(Arc<AsyncHandler>),
    /// Runs on the blocking pool, where it cannot be stopped from outside.
    Blocking(Arc<BlockingHandler>),
}

impl fmt::Debug for Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Async(_) => "Handler::Async",
            Self::Blocking(_) => "Handler::Blocking",
        })
    }
}
