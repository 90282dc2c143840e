//! Defines a queue.

use std::{collections::HashMap, sync::Arc, time::Duration};

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{Events, Gauges, JobEvent, Meter, OptionalTool, Queue, Settings, Shared, serving::Serving, wait::WaitHub};
use crate::{
    inject::{JobCall, StateMap},
    job::{ArgMap, JobError, JobOptions, Owner, Scope},
    registry::{BuildError, IntoDefinition, JobDefinition, PolicyDefaults, Registry, Upgrade},
    store::{Store, memory::MemoryStore},
};

/// Collects job types, state and limits of a queue.
///
/// Every `#[mcp_job]` that is linked into the program is registered, unless
/// [`without_linked_jobs`](Self::without_linked_jobs) says otherwise.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), mcpq_runtime::BuildError> {
/// use mcpq_runtime::Queue;
///
/// let queue = Queue::builder().workers(2).max_pending(1_000).build().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
#[must_use = "a builder does nothing until `build`"]
pub struct QueueBuilder {
    settings: Settings,
    state: StateMap,
    definitions: Vec<JobDefinition>,
    fallback: Option<JobDefinition>,
    queues: Vec<Arc<str>>,
    upgrades: HashMap<String, Upgrade>,
    required: Vec<String>,
    unlinked: bool,
    submit_only: bool,
    store: Option<Arc<dyn Store>>,
    events: Events,
}

macro_rules! settings {
    ($($(#[$doc:meta])* $name:ident: $type:ty),* $(,)?) => {
        $($(#[$doc])*
        pub fn $name(mut self, $name: $type) -> Self {
            self.settings.$name = $name;
            self
        })*
    };
}

impl QueueBuilder {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Gives handlers a shared value; they take it as `State<T>`.
    pub fn state<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.state.insert(Arc::new(value));
        self
    }

    /// Gives handlers a value that is shared already.
    pub fn state_arc<T: Send + Sync + 'static>(mut self, value: Arc<T>) -> Self {
        self.state.insert(value);
        self
    }

    /// Registers a job by hand: `builder.job(generate_report::JOB)`.
    pub fn job(mut self, job: impl IntoDefinition) -> Self {
        self.definitions.push(job.into_definition());
        self
    }

    /// Registers a job at run time: a name, a JSON Schema of its arguments (its `description` describes the job) and an
    /// async closure. For more options see [`JobDefinition::from_fn`] and [`job`](Self::job).
    pub fn job_fn<F, Fut>(self, name: impl Into<String>, schema: Value, handler: F) -> Self
    where
        F: Fn(JobCall) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Value, JobError>> + Send + 'static,
    {
        let description = schema["description"].as_str().unwrap_or_default().to_owned();
        self.job(JobDefinition::from_fn(name, description, schema, handler))
    }

    /// Takes the jobs of every type that is not registered, with any arguments. The handler finds the type in
    /// [`JobContext::job_type`](crate::JobContext::job_type).
    pub fn fallback<F, Fut>(mut self, handler: F) -> Self
    where
        F: Fn(JobCall) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Value, JobError>> + Send + 'static,
    {
        let schema = serde_json::json!({ "type": "object" });
        self.fallback = Some(JobDefinition::from_fn("fallback", "", schema, handler).options(JobOptions::new()));
        self
    }

    /// Leaves out the jobs that are registered by being linked.
    pub fn without_linked_jobs(mut self) -> Self {
        self.unlinked = true;
        self
    }

    /// Fails the build unless these jobs are registered: a guard against a crate of jobs that is not linked.
    pub fn require_jobs<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.required.extend(names.into_iter().map(Into::into));
        self
    }

    /// Names queues that jobs may be submitted to, beside `default` and those that job types name.
    pub fn queues<S: Into<Arc<str>>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.queues.extend(names.into_iter().map(Into::into));
        self
    }

    /// Mends the stored arguments of a job type whose schema has changed since they were submitted, where they do not fit
    /// it any more. Without it, and where it cannot help either, such a job fails with `ARGUMENTS_CHANGED`; an `Err` says
    /// why it cannot.
    ///
    /// ```
    /// # use mcpq_runtime::{JobCall, Queue};
    /// # use serde_json::json;
    /// # let handler = |_: JobCall| async { Ok(json!(null)) };
    /// # let schema = json!({ "type": "object" });
    /// // `size` was a text until version 2.
    /// let builder = Queue::builder().job_fn("resize", schema, handler).upgrade_args("resize", |mut args| {
    ///     let old = args.get("size").and_then(|size| size.as_str()).ok_or("there is no `size`")?;
    ///     let size: u32 = old.parse().map_err(|_| "`size` is no number")?;
    ///     args.insert("size".into(), size.into());
    ///     Ok(args)
    /// });
    /// ```
    pub fn upgrade_args(
        mut self,
        job_type: impl Into<String>,
        upgrade: impl Fn(ArgMap) -> Result<ArgMap, String> + Send + Sync + 'static,
    ) -> Self {
        self.upgrades.insert(job_type.into(), Upgrade::new(upgrade));
        self
    }

    /// This process submits jobs and runs none, so no state is needed.
    pub fn submit_only(mut self) -> Self {
        self.submit_only = true;
        self
    }

    /// Sets the store; memory unless told otherwise.
    pub fn store(self, store: impl Store) -> Self {
        self.store_arc(Arc::new(store))
    }

    /// Sets a store that is shared already.
    pub fn store_arc(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// Calls `hook` with every change of a job that this process commits.
    ///
    /// It must return quickly, and may be called on a thread of the worker's own: to start a task from it, take a
    /// `tokio::runtime::Handle` beforehand. Events of one job come in order, except that `Submitted` may come after those
    /// of a worker that was faster.
    pub fn on_event(mut self, hook: impl Fn(&JobEvent) + Send + Sync + 'static) -> Self {
        self.events.add(hook);
        self
    }

    /// How long completed and cancelled jobs are kept; `None` is for ever.
    pub fn result_ttl(mut self, ttl: impl Into<Option<Duration>>) -> Self {
        self.settings.result_ttl = ttl.into();
        self
    }

    /// How long failed and timed-out jobs are kept; `None` is for ever.
    pub fn failure_ttl(mut self, ttl: impl Into<Option<Duration>>) -> Self {
        self.settings.failure_ttl = ttl.into();
        self
    }

    /// What the queue tools' names begin with.
    pub fn tool_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.settings.tool_prefix = prefix.into();
        self
    }

    /// Gives agents a tool beside the five.
    pub fn enable_tool(mut self, tool: OptionalTool) -> Self {
        if !self.settings.optional_tools.contains(&tool) {
            self.settings.optional_tools.push(tool);
        }
        self
    }

    /// How long running jobs may go on when the process stops.
    pub fn shutdown_grace(mut self, grace: Duration) -> Self {
        self.settings.shutdown_grace = Some(grace);
        self
    }

    settings! {
        /// Jobs that one process runs at once.
        workers: usize,
        /// Longest run of one attempt where the job does not say.
        default_timeout: Duration,
        /// How often lost jobs are rescued.
        sweep_interval: Duration,
        /// How long a claim lasts.
        lease: Duration,
        /// How long a cancel waits for the job's end before it answers.
        cancel_wait: Duration,
        /// How long a handler may go on after a cancel before it is dropped.
        cancel_grace: Duration,
        /// Most jobs that are pending, delayed or parked.
        max_pending: usize,
        /// Largest arguments in bytes.
        max_args: usize,
        /// Largest result in bytes.
        max_result: usize,
        /// Jobs that a listing shows unless asked.
        page_size: usize,
        /// Most jobs that a listing shows.
        max_page_size: usize,
        /// Progress writes a second and job.
        progress_rate: u32,
        /// Lost leases after which a job fails.
        max_crashes: u32,
        /// How long a parked job waits for its answer.
        input_ttl: Duration,
        /// How long a job's own tool waits for the result.
        inline_wait: Duration,
        /// Longest wait that a call may ask for.
        max_wait: Duration,
    }

    /// Whether a store was set in code.
    pub fn has_store(&self) -> bool {
        self.store.is_some()
    }

    /// The settings so far.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Checks everything and opens the queue.
    ///
    /// # Errors
    /// Two jobs of one name, a missing state, a default outside its own range, a setting out of bounds: see
    /// [`BuildError`].
    pub async fn build(self) -> Result<Queue, BuildError> {
        self.settings.check()?;
        let defaults = PolicyDefaults {
            timeout: self.settings.default_timeout,
            result_ttl: self.settings.result_ttl,
            failure_ttl: self.settings.failure_ttl,
        };
        let linked = Registry::linked().filter(|_| !self.unlinked);
        // A job that is registered by hand and linked as well is one job, not two.
        let mut definitions = self.definitions;
        let by_hand: Vec<_> = definitions.iter().filter_map(JobDefinition::origin).collect();
        definitions.extend(linked.filter(|job| job.origin().is_none_or(|origin| !by_hand.contains(&origin))));
        let registry = Registry::build(
            definitions,
            self.fallback,
            self.queues,
            self.state,
            defaults,
            self.upgrades,
            !self.submit_only,
        )?;
        if let Some(name) = self.required.into_iter().find(|name| registry.named(name).is_none()) {
            return Err(BuildError::MissingJob { name });
        }
        let names: Vec<&str> = registry.types().map(|job| job.name()).collect();
        if names.is_empty() && !registry.has_fallback() {
            tracing::error!(
                "no job is registered; if the jobs live in a library crate, name that crate once so that it is linked: \
                 `use my_jobs as _;`"
            );
        } else {
            tracing::info!(jobs = ?names, "job types registered");
        }
        let store = self.store.unwrap_or_else(|| Arc::new(MemoryStore::new()));
        let waits = Arc::new(WaitHub::default());
        let listener: Arc<dyn crate::store::StoreListener> = waits.clone();
        store.watch(Arc::downgrade(&listener));
        let shared = Shared {
            store,
            registry: Arc::new(registry),
            settings: self.settings,
            waits,
            events: self.events,
            meter: Meter::default(),
            gauges: Gauges::default(),
            serving: Serving::default(),
            closing: CancellationToken::new(),
            submit_only: self.submit_only,
        };
        Ok(Queue { shared: Arc::new(shared), scope: Scope::Owner(Owner::local()) })
    }
}
