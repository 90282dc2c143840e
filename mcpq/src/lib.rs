#![doc = include_str!("../README.md")]

#[doc = include_str!("mcp_job.md")]
pub use mcpq_macros::mcp_job;

#[doc(inline)]
pub use mcpq_runtime::{
    // the queue
    ArgError,
    ArgFault,
    ArgMap,
    // jobs
    AttemptEnd,
    AttemptRecord,
    // definitions
    BuildError,
    // what handlers take
    CancelReason,
    CancelToken,
    ErrorCode,
    ErrorKind,
    EventKind,
    Failure,
    FromJob,
    IntoDefinition,
    Job,
    JobBatch,
    JobCall,
    JobContext,
    JobDefinition,
    JobDescriptor,
    JobError,
    JobEvent,
    JobFailed,
    JobHandle,
    JobId,
    JobOptions,
    JobRecord,
    JobScope,
    JobType,
    JobWatch,
    Needs,
    OptionalTool,
    Owner,
    Payload,
    Policy,
    Priority,
    Progress,
    ProgressUpdate,
    Queue,
    QueueBuilder,
    QueueError,
    QueueStats,
    RateLimit,
    Registry,
    Scope,
    Settings,
    // workers
    StartError,
    State,
    Stats,
    Status,
    Submit,
    SubmitOptions,
    Submitted,
    Sweeper,
    Unique,
    WorkerBuilder,
    WorkerHandle,
    // stores
    store,
};

#[cfg(feature = "postgres")]
#[doc(inline)]
pub use mcpq_runtime::{PostgresQueue, SubmitIn};

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

#[cfg(feature = "store-conformance")]
#[doc(inline)]
pub use mcpq_runtime::{store_conformance, storm};

#[doc = include_str!("operations.md")]
pub mod operations {}

#[doc(hidden)]
pub mod __private {
    pub use mcpq_macros::beside;
    pub use mcpq_runtime::private::*;
}

/// Everything a file of jobs needs: `use mcpq::prelude::*;`.
pub mod prelude {
    pub use mcpq_macros::mcp_job;
    pub use mcpq_runtime::{CancelToken, FromJob, JobContext, JobError, Progress, Queue, State};
    pub use schemars::JsonSchema;
    pub use serde::{Deserialize, Serialize};
}
