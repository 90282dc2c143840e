//! The smallest server: one job, and a `main` of one line.
//!
//! ```sh
//! cargo run -p mcpq-examples --example quickstart -- submit greet --args '{"name": "Ada"}' --wait
//! ```
//!
//! Without arguments it speaks MCP on standard input and output, as hosts start it.

use mcpq::prelude::*;

/// Greet somebody by name.
#[mcp_job]
async fn greet(
    /// Whom to greet.
    name: String,
) -> String {
    format!("Hello, {name}!")
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    Ok(mcpq::Server::new("quickstart", Queue::builder()).run().await?)
}
