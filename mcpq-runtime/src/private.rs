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
    job::{ArgSpec, ArgWriter, IntoJobError, JobError, JobOptions, Number, Priority, StdError, Unique, ViaInto},
    registry::{
        Job, JobArg, JobBuilder, JobDefinition, JobDescriptor, JobOutput, JobReturn, NoSchema, NoValue, NotResult,
        Pick, Probe, Returning, SchemaProbe, Select, SubmitArg, ValueProbe,
    },
};

/// An example of an argument as JSON; null where JSON cannot hold it.
pub fn to_value<T: serde::Serialize + ?Sized>(example: &T) -> Value {
    serde_json::to_value(example).unwrap_or_default()
}
