//! The plain MCP server that the queue is mounted on.

use rmcp::{
    ServerHandler,
    model::{Implementation, ServerCapabilities, ServerConfig},
};

/// A server that says who it is, and nothing more.
#[derive(Clone, Debug)]
pub(super) struct BaseServer {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) instructions: Option<String>,
}

impl BaseServer {
    pub(super) fn new(name: String) -> Self {
        Self { name, version: "0.0.0".to_owned(), instructions: None }
    }
}

impl ServerHandler for BaseServer {
    fn get_info(&self) -> ServerConfig {
        let mut info = ServerConfig::new(ServerCapabilities::default());
        info.server_info = Implementation::new(&self.name, &self.version);
        info.instructions.clone_from(&self.instructions);
        info
    }
}
