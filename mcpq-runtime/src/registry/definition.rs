//! A job's definition: what `#[mcp_job]` expands to, and what is registered at run time.

use std::{fmt, panic::Location, pin::Pin, sync::Arc};

use serde_json::Value;

use super::builder::JobBuilder;
use crate::{
    inject::{JobCall, Needs},
    job::{ArgDef, Failure, JobError, JobOptions, Payload, encode_result},
};

/// A job as `#[mcp_job]` declares it: a constant that `inventory` collects, or that a builder is given by hand.
#[derive(Clone, Copy)]
pub struct JobDescriptor {
    name: &'static str,
    description: &'static str,
    location: &'static Location<'static>,
    options: JobOptions,
    build: fn(JobBuilder) -> JobDefinition,
}

inventory::collect!(JobDescriptor);

impl JobDescriptor {
    /// What `#[mcp_job]` expands to, at the place of the attribute. `build` adds arguments and handler.
    #[doc(hidden)]
    #[track_caller]
    pub const fn new(
        name: &'static str,
        description: &'static str,
        options: JobOptions,
        build: fn(JobBuilder) -> JobDefinition,
    ) -> Self {
        Self { name, description, location: Location::caller(), options, build }
    }

    /// The job type.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// What agents read.
    pub fn description(&self) -> &'static str {
        self.description.trim()
    }

    /// What the attribute says of how it is run.
    pub const fn options(&self) -> JobOptions {
        self.options
    }

    /// Where the attribute stands.
    pub const fn location(&self) -> &'static Location<'static> {
        self.location
    }

    /// The definition that this describes.
    pub fn define(&self) -> JobDefinition {
        let location = (self.location.file(), self.location.line());
        (self.build)(JobBuilder::new(self.name, self.description(), location, self.options))
    }
}

impl fmt::Debug for JobDescriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JobDescriptor({} at {}:{})", self.name, self.location.file(), self.location.line())
    }
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

/// What [`QueueBuilder::job`](crate::QueueBuilder::job) takes: a job's constant `JOB`, or a definition made at run time.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the definition of a job",
    label = "not the definition of a job",
    note = "a function that is marked with `#[mcp_job]` is registered by its constant: `.job(my_job::JOB)`",
    note = "a job without the attribute is registered with `.job_fn(..)` or `.job(mcpq::JobDefinition::from_fn(..))`"
)]
pub trait IntoDefinition {
    /// The definition.
    fn into_definition(self) -> JobDefinition;
}

impl IntoDefinition for JobDefinition {
    fn into_definition(self) -> JobDefinition {
        self
    }
}

impl IntoDefinition for JobDescriptor {
    fn into_definition(self) -> JobDefinition {
        self.define()
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
