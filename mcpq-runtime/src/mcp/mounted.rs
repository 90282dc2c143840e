//! The queue on somebody's server: every method is forwarded, and ours come on top.

// Some of what must be forwarded is on its way out of the protocol.
#![allow(deprecated)]

use std::{borrow::Cow, fmt, sync::Arc};

use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CallToolRequestParams, CallToolResponse, CancelTaskParams, CancelledNotificationParam, CompleteRequestParams,
        CompleteResult, CustomNotification, CustomRequest, CustomResult, DiscoverResult, ErrorCode,
        GetPromptRequestParams, GetPromptResponse, GetSkillRequestParams, GetSkillResult, GetTaskParams, GetTaskResult,
        InitializeRequestParams, InitializeResult, ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult,
        ListSkillsResult, ListToolsResult, PaginatedRequestParams, ProgressNotificationParam, ProtocolVersion,
        ReadResourceDirectoryRequestParams, ReadResourceDirectoryResult, ReadResourceRequestParams,
        ReadResourceResponse, ServerCapabilities, ServerConfig, SetLevelRequestParams, SubscribeRequestParams,
        SubscriptionFilter, Tool, UnsubscribeRequestParams, UpdateTaskParams,
    },
    service::{NotificationContext, RequestContext, SubscriptionContext},
};

use super::{Caller, MountError, Toolset, resources};

type Context = RequestContext<RoleServer>;
type Notice = NotificationContext<RoleServer>;

/// A server with a queue on it. Made with [`Queue::mount`](crate::Queue::mount).
pub struct Mounted<H> {
    inner: H,
    toolset: Arc<Toolset>,
    on_request: Option<Arc<dyn Fn() + Send + Sync>>,
}

impl<H: Clone> Clone for Mounted<H> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), toolset: self.toolset.clone(), on_request: self.on_request.clone() }
    }
}

impl<H> fmt::Debug for Mounted<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mounted").field("toolset", &self.toolset).finish_non_exhaustive()
    }
}

impl<H: ServerHandler> Mounted<H> {
    pub(super) fn new(inner: H, toolset: Arc<Toolset>) -> Result<Self, MountError> {
        match toolset.tools().iter().find(|tool| inner.get_tool(&tool.name).is_some()) {
            Some(taken) => Err(MountError::ToolNameTaken(taken.name.to_string())),
            None => Ok(Self { inner, toolset, on_request: None }),
        }
    }

    /// Calls `hook` with every request except `server/discover`, by which clients only look what a server is.
    #[must_use]
    pub fn on_request(mut self, hook: Arc<dyn Fn() + Send + Sync>) -> Self {
        self.on_request = Some(hook);
        self
    }

    /// The server that was mounted on.
    pub fn inner(&self) -> &H {
        &self.inner
    }

    fn noted(&self) -> &H {
        if let Some(hook) = &self.on_request {
            hook();
        }
        &self.inner
    }

    fn add_capabilities(&self, capabilities: &mut ServerCapabilities) {
        capabilities.tools.get_or_insert_default();
        capabilities.resources.get_or_insert_default();
    }

    fn add_instructions(&self, instructions: &mut Option<String>) {
        let names = self.toolset.names();
        let ours = format!(
            "Long work runs as background jobs: start one with {}, follow it with {} (give wait_seconds instead of polling), \
             stop it with {}.",
            names.of("submit"),
            names.of("result"),
            names.of("cancel"),
        );
        *instructions = Some(match instructions.take() {
            Some(theirs) => format!("{theirs}\n\n{ours}"),
            None => ours,
        });
    }
}

/// A server without a capability answers its list methods with "method not found"; for us that is an empty list.
fn or_empty<T: Default>(listed: Result<T, ErrorData>) -> Result<T, ErrorData> {
    match listed {
        Err(error) if error.code == ErrorCode::METHOD_NOT_FOUND => Ok(T::default()),
        other => other,
    }
}

fn is_first(request: Option<&PaginatedRequestParams>) -> bool {
    request.is_none_or(|request| request.cursor.is_none())
}

/// Forwards requests and notifications that the queue has no part in.
macro_rules! forward {
    ($($via:ident $name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        $(async fn $name(&self, $($argument: $type),*) -> $answer {
            self.$via().$name($($argument),*).await
        })*
    };
}

impl<H: ServerHandler> ServerHandler for Mounted<H> {
    fn get_info(&self) -> ServerConfig {
        let mut info = self.inner.get_info();
        self.add_capabilities(&mut info.capabilities);
        self.add_instructions(&mut info.instructions);
        info
    }

    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: Context,
    ) -> Result<InitializeResult, ErrorData> {
        let mut answer = self.noted().initialize(request, context).await?;
        self.add_capabilities(&mut answer.capabilities);
        self.add_instructions(&mut answer.instructions);
        Ok(answer)
    }

    fn negotiate_initialize(&self, request: &InitializeRequestParams) -> Result<InitializeResult, ErrorData> {
        let mut answer = self.inner.negotiate_initialize(request)?;
        self.add_capabilities(&mut answer.capabilities);
        self.add_instructions(&mut answer.instructions);
        Ok(answer)
    }

    async fn discover(&self, context: Context) -> Result<DiscoverResult, ErrorData> {
        let mut answer = self.inner.discover(context).await?;
        self.add_capabilities(&mut answer.capabilities);
        self.add_instructions(&mut answer.instructions);
        Ok(answer)
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        self.inner.supported_protocol_versions()
    }

    async fn call_tool(&self, request: CallToolRequestParams, context: Context) -> Result<CallToolResponse, ErrorData> {
        if self.toolset.get(&request.name).is_none() {
            return self.noted().call_tool(request, context).await;
        }
        self.noted();
        let caller = Caller::of(&context);
        let arguments = request.arguments.unwrap_or_default();
        Ok(self.toolset.call(&request.name, arguments, &caller).await.into())
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        context: Context,
    ) -> Result<ListToolsResult, ErrorData> {
        let first = is_first(request.as_ref());
        let mut listed = or_empty(self.noted().list_tools(request, context).await)?;
        if first {
            // Ours win, as they do when called.
            listed.tools.retain(|tool| self.toolset.get(&tool.name).is_none());
            listed.tools.extend_from_slice(self.toolset.tools());
        }
        Ok(listed)
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.toolset.get(name).cloned().or_else(|| self.inner.get_tool(name))
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        context: Context,
    ) -> Result<ListResourcesResult, ErrorData> {
        let first = is_first(request.as_ref());
        let mut listed = or_empty(self.noted().list_resources(request, context).await)?;
        if first {
            listed.resources.extend(resources::list(self.toolset.queue()));
        }
        Ok(listed)
    }

    async fn list_resource_templates(
        &self,
        request: Option<PaginatedRequestParams>,
        context: Context,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let first = is_first(request.as_ref());
        let mut listed = or_empty(self.noted().list_resource_templates(request, context).await)?;
        if first {
            listed.resource_templates.push(resources::template());
        }
        Ok(listed)
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: Context,
    ) -> Result<ReadResourceResponse, ErrorData> {
        self.noted();
        match resources::read(self.toolset.queue(), &request.uri) {
            Some(Some(resource)) => Ok(resource.into()),
            // A queue that is mounted further inside may have it.
            Some(None) => {
                if let Ok(theirs) = self.inner.read_resource(request.clone(), context).await {
                    return Ok(theirs);
                }
                let data = serde_json::json!({ "uri": crate::suggest::quote(&request.uri) });
                Err(ErrorData::resource_not_found("there is no such job type", Some(data)))
            }
            None => self.inner.read_resource(request, context).await,
        }
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        self.inner.accepted_subscription_filter(requested)
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        self.noted().listen(context).await
    }

    forward! {
        noted ping(context: Context) -> Result<(), ErrorData>;
        noted complete(request: CompleteRequestParams, context: Context) -> Result<CompleteResult, ErrorData>;
        noted set_level(request: SetLevelRequestParams, context: Context) -> Result<(), ErrorData>;
        noted get_prompt(request: GetPromptRequestParams, context: Context) -> Result<GetPromptResponse, ErrorData>;
        noted list_prompts(request: Option<PaginatedRequestParams>, context: Context) -> Result<ListPromptsResult, ErrorData>;
        noted subscribe(request: SubscribeRequestParams, context: Context) -> Result<(), ErrorData>;
        noted unsubscribe(request: UnsubscribeRequestParams, context: Context) -> Result<(), ErrorData>;
        noted on_custom_request(request: CustomRequest, context: Context) -> Result<CustomResult, ErrorData>;
        noted get_task(request: GetTaskParams, context: Context) -> Result<GetTaskResult, ErrorData>;
        noted update_task(request: UpdateTaskParams, context: Context) -> Result<(), ErrorData>;
        noted cancel_task(request: CancelTaskParams, context: Context) -> Result<(), ErrorData>;
        noted list_skills(request: Option<PaginatedRequestParams>, context: Context) -> Result<ListSkillsResult, ErrorData>;
        noted get_skill(request: GetSkillRequestParams, context: Context) -> Result<GetSkillResult, ErrorData>;
        noted read_resource_directory(
            request: ReadResourceDirectoryRequestParams,
            context: Context
        ) -> Result<ReadResourceDirectoryResult, ErrorData>;
        inner on_cancelled(notification: CancelledNotificationParam, context: Notice) -> ();
        inner on_progress(notification: ProgressNotificationParam, context: Notice) -> ();
        inner on_initialized(context: Notice) -> ();
        inner on_roots_list_changed(context: Notice) -> ();
        inner on_custom_notification(notification: CustomNotification, context: Notice) -> ();
    }
}
