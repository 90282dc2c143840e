//! The queue as MCP: tools and resources, rmcp on one side and [`Queue`] on the other. No job logic.

pub(crate) mod answer;
mod caller;
mod descriptions;
mod mounted;
mod params;
mod resources;
mod schemas;
#[cfg(feature = "test-client")]
mod test_client;
mod tool;
mod tools;
mod toolset;

use std::sync::Arc;

use rmcp::{
    ServerHandler,
    handler::server::{
        router::tool::{ToolRoute, ToolRouter},
        tool::ToolCallContext,
    },
    model::Tool,
};

pub use mounted::Mounted;
#[cfg(feature = "test-client")]
pub use test_client::{TestClient, TestClientError};
pub(crate) use {caller::Caller, toolset::Toolset};

use crate::queue::Queue;

/// Why a queue could not be put on a server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MountError {
    /// The server has a tool of that name already.
    #[error(
        "the server already has a tool named `{0}`; give the queue's tools another prefix with \
         `Queue::builder().tool_prefix(\"..\")`"
    )]
    ToolNameTaken(String),
}

impl Queue {
    /// Puts the queue's tools and resources on an rmcp server, and forwards everything else to it. Starts no worker.
    ///
    /// Schemas are built once for each call of `mount` and shared by clones of what it returns; for a factory that is
    /// called with every request, mount once and clone.
    ///
    /// # Errors
    /// When the server has a tool of the same name.
    pub fn mount<H: ServerHandler>(&self, server: H) -> Result<Mounted<H>, MountError> {
        Mounted::new(server, Toolset::shared(self))
    }

    /// The queue's tools as plain routes, to be added to a server's own: `Self::tool_router() + queue.tool_router()`.
    /// Tools alone: resources come with [`mount`](Self::mount).
    pub fn tool_router<S: Send + Sync + 'static>(&self) -> ToolRouter<S> {
        let toolset = Toolset::shared(self);
        let mut router = ToolRouter::new();
        for tool in toolset.tools() {
            let toolset = toolset.clone();
            let name = tool.name.clone();
            router.add_route(ToolRoute::new_dyn(tool.clone(), move |call: ToolCallContext<'_, S>| {
                let (toolset, name) = (toolset.clone(), name.clone());
                Box::pin(async move {
                    let caller = Caller::of(&call.request_context);
                    let arguments = call.arguments.unwrap_or_default();
                    Ok(toolset.call(&name, arguments, &caller).await.into())
                })
            }));
        }
        router
    }

    /// The queue's tools as agents see them.
    pub fn tools(&self) -> Vec<Tool> {
        Toolset::shared(self).tools().to_vec()
    }
}

/// Builds what is shared by all handlers of a queue.
impl Toolset {
    fn shared(queue: &Queue) -> Arc<Self> {
        Arc::new(Self::new(queue.clone()))
    }
}
