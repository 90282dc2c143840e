//! The job types and the state of a queue: collected from `#[mcp_job]` or by hand, checked when the queue is built.

mod builder;
mod check;
mod definition;
mod error;
mod job_type;
mod returns;
mod typed;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

pub use builder::{JobBuilder, Returning};
pub(crate) use definition::{Handler, HandlerError};
pub use definition::{IntoDefinition, JobDefinition, JobDescriptor};
pub use error::BuildError;
pub use job_type::JobType;
pub(crate) use job_type::Upgrade;
pub use returns::{
    JobArg, JobOutput, JobReturn, NoSchema, NoValue, NotResult, Pick, Probe, SchemaProbe, Select, ValueProbe,
};

pub use typed::{Job, SubmitArg};

use crate::inject::StateMap;

/// How long jobs run and are kept where their type does not say.
#[derive(Clone, Copy, Debug)]
pub struct PolicyDefaults {
    /// Longest run of one attempt.
    pub timeout: Duration,
    /// How long completed and cancelled jobs are kept; `None` is for ever.
    pub result_ttl: Option<Duration>,
    /// How long failed and timed-out jobs are kept; `None` is for ever.
    pub failure_ttl: Option<Duration>,
}

/// Every job type of a queue, and the state its handlers share.
#[derive(Debug)]
pub struct Registry {
    types: BTreeMap<Arc<str>, Arc<JobType>>,
    fallback: Option<Arc<JobType>>,
    queues: Vec<Arc<str>>,
    state: Arc<StateMap>,
}

impl Registry {
    /// Checks and collects `definitions`. With `need_state`, every state that a handler injects must be there.
    ///
    /// # Errors
    /// The first thing that is wrong: two jobs of one name, a bad default or bound, a missing state.
    #[allow(clippy::too_many_arguments)]
    pub(crate) fn build(
        definitions: Vec<JobDefinition>,
        fallback: Option<JobDefinition>,
        extra_queues: Vec<Arc<str>>,
        state: StateMap,
        defaults: PolicyDefaults,
        mut upgrades: HashMap<String, Upgrade>,
        need_state: bool,
    ) -> Result<Self, BuildError> {
        let mut types: BTreeMap<Arc<str>, Arc<JobType>> = BTreeMap::new();
        for definition in definitions {
            let mut job = JobType::build(definition, defaults)?;
            if let Some(upgrade) = upgrades.remove(job.name()) {
                job.set_upgrade(upgrade);
            }
            if need_state && let Some(missing) = job.needs().missing_in(&state).first() {
                return Err(BuildError::MissingState { job: job.name().to_owned(), state: (*missing).to_owned() });
            }
            if let Some(first) = types.insert(job.shared_name(), Arc::new(job)) {
                let second = &types[&first.shared_name()];
                return Err(BuildError::DuplicateJob {
                    name: first.name().to_owned(),
                    first: first.location(),
                    second: second.location(),
                });
            }
        }
        let mut folded: HashMap<String, &Arc<JobType>> = HashMap::new();
        for second in types.values() {
            if let Some(first) = folded.insert(second.name().to_ascii_lowercase().replace('-', "_"), second) {
                return Err(BuildError::SimilarJobs {
                    name: second.name().to_owned(),
                    first: format!("`{}` ({})", first.name(), first.location()),
                    second: format!("`{}` ({})", second.name(), second.location()),
                });
            }
        }
        if let Some(name) = upgrades.into_keys().min() {
            return Err(BuildError::MissingJob { name });
        }
        let fallback = fallback.map(|definition| JobType::build(definition, defaults).map(Arc::new)).transpose()?;
        let mut queues: Vec<Arc<str>> = types.values().map(|job| job.queue()).chain(extra_queues).collect();
        queues.push("default".into());
        queues.sort();
        queues.dedup();
        Ok(Self { types, fallback, queues, state: Arc::new(state) })
    }

    /// The job type of this name, or the fallback where there is one.
    pub fn get(&self, name: &str) -> Option<&Arc<JobType>> {
        self.types.get(name).or(self.fallback.as_ref())
    }

    /// The job type of this name, without the fallback.
    pub fn named(&self, name: &str) -> Option<&Arc<JobType>> {
        self.types.get(name)
    }

    /// All job types, sorted by name; without the fallback.
    pub fn types(&self) -> impl ExactSizeIterator<Item = &Arc<JobType>> {
        self.types.values()
    }

    /// Whether any job type is accepted.
    pub fn has_fallback(&self) -> bool {
        self.fallback.is_some()
    }

    /// The queues that jobs may join, sorted.
    pub fn queues(&self) -> &[Arc<str>] {
        &self.queues
    }

    /// The state that handlers share.
    pub(crate) fn state(&self) -> &Arc<StateMap> {
        &self.state
    }

    /// Every `#[mcp_job]` that is linked into this program, in no particular order.
    pub fn linked() -> impl Iterator<Item = JobDefinition> {
        inventory::iter::<JobDescriptor>.into_iter().map(JobDescriptor::define)
    }
}
