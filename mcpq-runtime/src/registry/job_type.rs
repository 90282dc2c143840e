//! One job type, ready to check arguments and to run.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use serde_json::Value;

use super::{
    BuildError, Handler, JobDefinition, PolicyDefaults,
    check::{ArgCheck, is_job_name},
    definition::Args,
};
use crate::{
    inject::Needs,
    job::{ArgFault, ArgMap, InputSchema, Policy, Priority, canonical_hash},
    panics,
};

/// A job type with its defaults filled in and its schemas built.
#[derive(Debug)]
pub struct JobType {
    name: Arc<str>,
    description: String,
    location: Option<(&'static str, u32)>,
    queue: Arc<str>,
    priority: Priority,
    policy: Policy,
    needs: Needs,
    check: ArgCheck,
    output: Option<Value>,
    handler: Handler,
    fingerprint: u64,
    upgrade: Option<Upgrade>,
}

/// Mends arguments that an earlier version of the program stored.
#[derive(Clone)]
pub(crate) struct Upgrade(Arc<dyn Fn(ArgMap) -> Result<ArgMap, String> + Send + Sync>);

impl Upgrade {
    pub(crate) fn new(mend: impl Fn(ArgMap) -> Result<ArgMap, String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(mend))
    }

    /// A panic is an `Err` too: the next attempt would meet the same.
    fn mend(&self, args: ArgMap) -> Result<ArgMap, String> {
        let mended = catch_unwind(AssertUnwindSafe(|| (self.0)(args)));
        mended.unwrap_or_else(|panic| Err(format!("the upgrade of the arguments panicked: {}", panics::message(panic))))
    }
}

impl fmt::Debug for Upgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Upgrade")
    }
}

impl JobType {
    pub(super) fn build(definition: JobDefinition, defaults: PolicyDefaults) -> Result<Self, BuildError> {
        let JobDefinition { name, description, location, options, args, needs, output, handler } = definition;
        if !is_job_name(&name) {
            return Err(BuildError::JobName { name });
        }
        if let Some(reason) = options.fault() {
            return Err(BuildError::Options { job: name, location: describe(location), reason });
        }
        let schema_error =
            |reason: String| BuildError::Schema { job: name.clone(), location: describe(location), reason };
        let (schema, args) = match args {
            Args::Declared(args) => (InputSchema::build(&args), args),
            Args::Schema(value) => (InputSchema::from_value(value), Vec::new()),
        };
        let check = schema.and_then(|schema| ArgCheck::new(schema, args)).map_err(schema_error)?;
        let ttl = |own: Option<Duration>, default| match own {
            Some(Duration::MAX) => None,
            Some(own) => Some(own),
            None => default,
        };
        let policy = Policy {
            timeout: options.timeout.unwrap_or(defaults.timeout),
            max_retries: options.max_retries,
            backoff_base: options.backoff_base,
            backoff_max: options.backoff_max,
            backoff_jitter: options.backoff_jitter,
            retry_on_timeout: options.retry_on_timeout,
            concurrency: options.concurrency,
            rate_limit: options.rate_limit,
            result_ttl: ttl(options.result_ttl, defaults.result_ttl),
            failure_ttl: ttl(options.failure_ttl, defaults.failure_ttl),
            unique: options.unique,
        };
        Ok(Self {
            name: name.into(),
            description,
            location,
            queue: options.queue.into(),
            priority: options.priority,
            policy,
            needs,
            fingerprint: fingerprint(check.schema().as_value()),
            check,
            output,
            handler,
            upgrade: None,
        })
    }

    pub(super) fn set_upgrade(&mut self, upgrade: Upgrade) {
        self.upgrade = Some(upgrade);
    }

    /// The name agents use.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name, shared.
    pub fn shared_name(&self) -> Arc<str> {
        self.name.clone()
    }

    /// What agents read.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// File and line, where it was declared with `#[mcp_job]`.
    pub fn location(&self) -> String {
        describe(self.location)
    }

    /// The queue its jobs join.
    pub fn queue(&self) -> Arc<str> {
        self.queue.clone()
    }

    /// The priority of its jobs.
    pub fn priority(&self) -> Priority {
        self.priority
    }

    /// How its jobs are run and kept.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The state its handler injects.
    pub fn needs(&self) -> &Needs {
        &self.needs
    }

    /// The JSON Schema of its arguments.
    pub fn input_schema(&self) -> &Value {
        self.check.schema().as_value()
    }

    /// Tells the schema of its arguments from another: stored with every job, so that a later version of the program
    /// knows whose arguments to check anew.
    pub fn schema_fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// The JSON Schema of its result, where the type has one.
    pub fn output_schema(&self) -> Option<&Value> {
        self.output.as_ref()
    }

    /// Its code.
    pub(crate) fn handler(&self) -> &Handler {
        &self.handler
    }

    /// Checks arguments and brings them into the form that is stored: defaults filled in, absent options left out,
    /// whole floats made integers where the schema wants one.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn prepare(&self, args: ArgMap) -> Result<ArgMap, Vec<ArgFault>> {
        self.check.prepare(args)
    }

    /// Brings arguments that were checked against another schema into the form of this one: as they are where they fit,
    /// else by the upgrade that the builder was given.
    pub(crate) fn adapt(&self, args: ArgMap) -> Result<ArgMap, String> {
        let faults = match (self.prepare(args.clone()), &self.upgrade) {
            (Ok(args), _) => return Ok(args),
            (Err(_), Some(upgrade)) => match self.prepare(upgrade.mend(args)?) {
                Ok(args) => return Ok(args),
                Err(faults) => faults,
            },
            (Err(faults), None) => faults,
        };
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        Err(format!("the stored arguments do not fit the job's schema any more: {}", faults.join("; ")))
    }
}

fn fingerprint(schema: &Value) -> u64 {
    let hash = schema.as_object().map(canonical_hash).unwrap_or_default();
    hash.first_chunk().map(|first| u64::from_be_bytes(*first)).unwrap_or_default()
}

fn describe(location: Option<(&'static str, u32)>) -> String {
    match location {
        Some((file, line)) => format!("{file}:{line}"),
        None => "registered at run time".to_owned(),
    }
}
