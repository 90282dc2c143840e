//! x
pub use mcpq_macros::mcp_job;
pub use mcpq_runtime::*;

#[doc(hidden)]
pub use mcpq_runtime::private as __private;

/// Everything a file of jobs needs.
pub mod prelude {
    pub use mcpq_macros::mcp_job;
    pub use mcpq_runtime::{CancelToken, FromJob, JobContext, JobError, Progress, State};
    pub use schemars::{self, JsonSchema};
    pub use serde::{self, Deserialize, Serialize};
}
