//! What can be wrong with a queue's definition.

/// Why a queue could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Two jobs have one name.
    #[error("two jobs are named `{name}`: {first} and {second}; rename one with `#[mcp_job(name = \"..\")]`")]
    DuplicateJob {
        /// The name.
        name: String,
        /// File and line of one.
        first: String,
        /// File and line of the other.
        second: String,
    },
    /// Two jobs have names that a model takes for one: they differ in `-` and `_`, or in upper and lower case, alone.
    #[error("a model cannot tell the jobs {first} and {second} apart; rename one with `#[mcp_job(name = \"..\")]`")]
    SimilarJobs {
        /// The name of the second.
        name: String,
        /// Name, file and line of one.
        first: String,
        /// Name, file and line of the other.
        second: String,
    },
    /// A handler injects a state that the builder was not given.
    #[error(
        "job `{job}` takes `State<{state}>`, but no such value was given; add `.state(..)` to the builder, or \
         `.submit_only()` if this process runs no jobs"
    )]
    MissingState {
        /// The job.
        job: String,
        /// The missing type.
        state: String,
    },
    /// A job's name is not one that clients accept.
    #[error("job name `{name}` is not valid: use 1 to 64 ASCII letters, digits, `_` and `-`")]
    JobName {
        /// The name.
        name: String,
    },
    /// An argument's bound, pattern, default or schema does not hold together.
    #[error("job `{job}` ({location}): {reason}")]
    Schema {
        /// The job.
        job: String,
        /// File and line.
        location: String,
        /// What is wrong.
        reason: String,
    },
    /// An option of a job is out of its range.
    #[error("job `{job}` ({location}): {reason}")]
    Options {
        /// The job.
        job: String,
        /// File and line.
        location: String,
        /// What is wrong, and what would do.
        reason: String,
    },
    /// A job that was required is not linked into this program.
    #[error(
        "job `{name}` is required but not registered; if it lives in a library crate, name that crate once so that it \
         is linked: `use that_crate as _;`"
    )]
    MissingJob {
        /// The name.
        name: String,
    },
    /// A setting is out of its range.
    #[error("setting `{setting}` {reason}")]
    Setting {
        /// The builder's method.
        setting: &'static str,
        /// What is wrong, and what would do.
        reason: String,
    },
    /// The store could not be opened.
    #[error("the store could not be opened: {0}")]
    Store(#[from] crate::store::StoreError),
}
