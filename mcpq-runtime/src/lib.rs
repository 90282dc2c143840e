//! Everything of `mcpq` that runs: what a job is, what a handler can ask for, the registry, the stores, the queue,
//! the workers, and their MCP side. Programs name the crate `mcpq`, which re-exports what they need.
//!
//! One way through: agent → mcp → queue → store → worker → handler → worker → store → queue → mcp → agent.
//! Imports point downwards only: server → mcp → queue, worker → registry, inject → store → job.

mod inject;
mod job;
#[cfg(feature = "mcp")]
mod mcp;
#[doc(hidden)]
pub mod private;
mod queue;
mod registry;
pub mod store;
mod suggest;
mod worker;

pub use inject::*;
pub use job::*;
#[cfg(feature = "mcp")]
pub use mcp::{MountError, Mounted};
#[cfg(feature = "test-client")]
pub use mcp::{TestClient, TestClientError};
pub use queue::*;
pub use registry::*;
pub use worker::*;
