//! The servers of the round-trip benchmark: `echo` is a bare rmcp tool on rmcp's own transports, `queue` is an mcpq
//! server. `echo stdio`, `queue http 127.0.0.1:PORT`, and so on.
#![allow(clippy::unwrap_used, reason = "a benchmark may fail")]

use std::sync::Arc;

use mcpq::prelude::*;
use rmcp::{
    ServerHandler, ServiceExt,
    handler::server::wrapper::Parameters,
    tool, tool_handler, tool_router,
    transport::{
        stdio,
        streamable_http_server::{
            StreamableHttpServerConfig, StreamableHttpService, session::local::LocalSessionManager,
        },
    },
};

/// Gives a number back.
#[mcp_job]
async fn number(n: u64) -> u64 {
    n
}

#[derive(Deserialize, JsonSchema)]
struct Given {
    job_type: String,
    n: u64,
}

#[derive(Serialize, JsonSchema)]
struct Echoed {
    job_type: String,
    n: u64,
}

struct Echo;

#[tool_router]
impl Echo {
    /// Gives its arguments back.
    #[tool]
    async fn echo(&self, Parameters(given): Parameters<Given>) -> rmcp::Json<Echoed> {
        rmcp::Json(Echoed { job_type: given.job_type, n: given.n })
    }
}

#[tool_handler]
impl ServerHandler for Echo {}

#[tokio::main]
async fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let queue = || {
        let store = mcpq::store::memory::MemoryStore::new();
        mcpq::Server::new("queue", Queue::builder().max_pending(1_000_000).store(store))
    };
    match args[..] {
        ["echo", "stdio"] => {
            Echo.serve(stdio()).await.unwrap().waiting().await.unwrap();
        }
        ["queue", "stdio"] => queue().serve_stdio().await.unwrap(),
        ["echo", "http", address] => {
            let service = StreamableHttpService::new(
                || Ok(Echo),
                Arc::new(LocalSessionManager::default()),
                StreamableHttpServerConfig::default(),
            );
            let listener = tokio::net::TcpListener::bind(address).await.unwrap();
            axum::serve(listener, axum::Router::new().nest_service("/mcp", service)).await.unwrap();
        }
        ["queue", "http", address] => queue().serve_http(address).await.unwrap(),
        _ => panic!("give `echo` or `queue`, then `stdio` or `http ADDRESS`"),
    }
}
