#![doc = include_str!("../README.md")]

#[doc = include_str!("mcp_job.md")]
pub use mcpq_macros::mcp_job;

#[doc(inline)]
pub use mcpq_runtime::{
    // jobs
    AttemptEnd, AttemptRecord, ErrorCode, ErrorKind, Failure, JobError, JobId, JobOptions, JobRecord, Owner, Payload, Policy,
    Priority, Scope, Status,
    // what handlers take
    CancelReason, CancelToken, FromJob, JobCall, JobContext, JobScope, Needs, Progress, ProgressUpdate, State,
    // definitions
    BuildError, Job, JobDefinition, JobDescriptor, JobType, Registry,
    // the queue
    ArgFault, ArgMap, EventKind, JobEvent, JobFailed, JobHandle, JobWatch, OptionalTool, Queue, QueueBuilder, QueueError,
    QueueStats, Settings, Stats, Submit, SubmitOptions, Submitted,
    // workers
    StartError, Sweeper, WorkerBuilder, WorkerHandle,
    // stores
    store,
};

#[cfg(feature = "mcp")]
#[doc(inline)]
pub use mcpq_runtime::{MountError, Mounted};

#[cfg(feature = "server")]
#[doc(inline)]
pub use mcpq_runtime::{Server, ServerError, transport};

#[cfg(feature = "http")]
#[doc(inline)]
pub use mcpq_runtime::{HttpLayer, HttpService, http_layer};

#[cfg(feature = "test-client")]
#[doc(inline)]
pub use mcpq_runtime::{TestClient, TestClientError};

#[doc(hidden)]
pub use mcpq_runtime::private as __private;

/// Everything a file of jobs needs: `use mcpq::prelude::*;`.
pub mod prelude {
    pub use mcpq_macros::mcp_job;
    pub use mcpq_runtime::{CancelToken, FromJob, JobContext, JobError, Progress, Queue, State};
    pub use schemars::JsonSchema;
    pub use serde::{Deserialize, Serialize};
}
