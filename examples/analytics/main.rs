//! An MCP server whose jobs do real work on your own files: count the code of a directory, hash it, write a report.
//!
//! ```sh
//! cargo run -p mcpq-examples --example analytics -- submit code_census --args '{"path": "."}' --wait
//! ```
//!
//! Without arguments it speaks MCP on standard input and output, as hosts start it. The jobs read what this process may
//! read, so over HTTP it is for people you trust with that.

mod census;
mod checksum;
mod digest;
mod languages;
mod lines;
mod report;
mod tree;

use mcpq::prelude::*;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = mcpq::Server::new("analytics", Queue::builder()).version(env!("CARGO_PKG_VERSION")).instructions(
        "Counts code, hashes files and writes sample reports. Paths are on the machine the server runs on.",
    );
    Ok(server.run().await?)
}
