//! A plain rmcp server without a queue: what a transport is tested with.
#![allow(clippy::expect_used, reason = "a test may fail")]

use std::sync::Arc;

use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, JsonObject, ListToolsResult,
        PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
    },
    service::RequestContext,
};
use serde_json::Value;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// Has the tools `echo`, which returns its arguments as text, and `wait`, which returns once the
/// gate is opened.
#[derive(Debug, Default)]
pub(crate) struct Echo {
    gate: Arc<Gate>,
    _alive: Option<OwnedSemaphorePermit>,
}

/// Tells when a `wait` has begun, and ends it.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    pub(crate) begun: Notify,
    pub(crate) open: Notify,
}

impl Echo {
    pub(crate) fn behind(gate: &Arc<Gate>) -> Self {
        Self { gate: gate.clone(), _alive: None }
    }

    /// A server that takes a permit for as long as it lives.
    pub(crate) fn counted(alive: &Arc<Semaphore>) -> Self {
        let permit = alive.clone().try_acquire_owned().expect("enough permits for all servers");
        Self { gate: Arc::default(), _alive: Some(permit) }
    }
}

impl ServerHandler for Echo {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let tools = ["echo", "wait"].map(|name| Tool::new(name, "", JsonObject::new()));
        Ok(ListToolsResult::with_all_items(tools.into()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        if request.name == "wait" {
            self.gate.begun.notify_one();
            self.gate.open.notified().await;
        }
        let text = Value::Object(request.arguments.unwrap_or_default()).to_string();
        Ok(CallToolResult::success(vec![ContentBlock::text(text)]).into())
    }
}
