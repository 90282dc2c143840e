//! A server such as users write: with a tool, a resource, a prompt and instructions of its own.

use std::sync::{Arc, Mutex};

use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    handler::server::{router::tool::ToolRouter, wrapper::Parameters},
    model::{
        GetPromptRequestParams, GetPromptResponse, GetPromptResult, ListPromptsResult, ListResourcesResult,
        PaginatedRequestParams, Prompt, PromptMessage, ReadResourceRequestParams, ReadResourceResponse,
        ReadResourceResult, Resource, ResourceContents, Role, ServerCapabilities, ServerConfig,
    },
    schemars::JsonSchema,
    service::{NotificationContext, RequestContext},
    tool, tool_handler, tool_router,
};
use serde::Deserialize;

#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Greet {
    name: String,
}

/// Greets; notes what reached it.
#[derive(Clone, Debug)]
pub(super) struct Greeter {
    tool_router: ToolRouter<Self>,
    pub(super) reached: Arc<Mutex<Vec<&'static str>>>,
}

#[tool_router]
impl Greeter {
    pub(super) fn new() -> Self {
        Self::with(Self::tool_router())
    }

    /// A greeter with these tools beside its own.
    pub(super) fn and(router: ToolRouter<Self>) -> Self {
        Self::with(Self::tool_router() + router)
    }

    fn with(tool_router: ToolRouter<Self>) -> Self {
        Self { tool_router, reached: Arc::default() }
    }

    #[tool(description = "Greets somebody.")]
    fn greet(&self, Parameters(Greet { name }): Parameters<Greet>) -> String {
        format!("Hello {name}")
    }

    fn note(&self, method: &'static str) {
        self.reached.lock().unwrap().push(method);
    }
}

#[tool_handler(router = self.tool_router)]
impl ServerHandler for Greeter {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_tools().enable_prompts().build();
        ServerConfig::new(capabilities).with_instructions("Greet politely.")
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        Ok(ListResourcesResult::with_all_items(vec![Resource::new("greeting:formal", "formal")]))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        match request.uri.as_str() {
            "greeting:formal" => {
                Ok(ReadResourceResult::new(vec![ResourceContents::text("Good day", request.uri)]).into())
            }
            _ => Err(ErrorData::resource_not_found("no such greeting", None)),
        }
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        Ok(ListPromptsResult::with_all_items(vec![Prompt::new("welcome", None::<String>, None)]))
    }

    async fn get_prompt(
        &self,
        _: GetPromptRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        Ok(GetPromptResult::new(vec![PromptMessage::new_text(Role::User, "Welcome them.")]).into())
    }

    async fn ping(&self, _: RequestContext<RoleServer>) -> Result<(), ErrorData> {
        self.note("ping");
        Ok(())
    }

    async fn on_initialized(&self, _: NotificationContext<RoleServer>) {
        self.note("on_initialized");
    }

    async fn on_roots_list_changed(&self, _: NotificationContext<RoleServer>) {
        self.note("on_roots_list_changed");
    }
}
