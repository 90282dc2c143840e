//! The contract with `#[mcp_job]`: all that its expansion may name. No stability is promised.

pub use core::{
    self,
    convert::From,
    default::Default,
    option::Option::{None, Some},
    result::Result::Ok,
    time::Duration,
};
pub use std;

pub use inventory;
pub use serde;
pub use serde_json::Value;

pub use crate::{
    inject::{FromJob, JobCall, SharedState},
    job::{ArgWriter, IntoJobError, JobError, JobOptions, Priority, RateLimit, StdError, Unique, ViaInto},
    registry::{
        Job, JobArg, JobBuilder, JobDefinition, JobDescriptor, JobOutput, JobReturn, Pick, Probe, Returning,
        SchemaProbe, Select, SubmitArg, ValueProbe,
    },
};

/// The traits that answer where a probe does not, for a `*` that brings no name along.
pub mod answers {
    pub use crate::registry::{NoSchema as _, NoValue as _, NotResult as _};
}

/// An example of an argument as JSON; null where JSON cannot hold it.
pub fn to_value<T: serde::Serialize + ?Sized>(example: &T) -> Value {
    crate::job::to_json(example).unwrap_or_default()
}
