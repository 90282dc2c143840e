//! Everything of `mcpq` that runs: what a job is, what a handler can ask for, the registry, the stores, the queue,
//! the workers, and their MCP side. Programs name the crate `mcpq`, which re-exports what they need.
//!
//! One way through: agent → mcp → queue → store → worker → handler → worker → store → queue → mcp → agent.
//! Imports point downwards only: server → mcp → queue, worker → registry, inject → store → job.

mod inject;
mod job;
#[cfg(feature = "mcp")]
mod mcp;
mod panics;
#[doc(hidden)]
pub mod private;
mod queue;
mod registry;
#[cfg(feature = "server")]
mod server;
pub mod store;
#[cfg(feature = "store-conformance")]
pub mod storm;
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
#[cfg(feature = "http")]
pub use server::http::{HttpLayer, HttpService, http_layer};
#[cfg(feature = "server")]
pub use server::{Server, ServerError};
pub use worker::*;

/// The parts of [`Server`]'s transports, for servers of one's own.
#[cfg(feature = "server")]
pub mod transport {
    #[cfg(feature = "http")]
    pub use crate::server::http::{MCP_PATH, mcp_service, serve};
    pub use crate::server::stdio::{MAX_LINE_BYTES, StdioTransport, stdio};
}
