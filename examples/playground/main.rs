//! A small job for every behaviour of the queue: success, failure, retries, timeouts, progress, cancellation and results
//! that JSON cannot hold. Made to try a host, a client or a model with.
//!
//! ```sh
//! cargo run -p mcpq-examples --example playground -- submit flaky --args '{"key": "k1", "fail_times": 2}' --wait
//! ```

mod jobs;

use mcpq::prelude::*;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let jobs = Queue::builder().state(jobs::Failures::default());
    Ok(mcpq::Server::new("playground", jobs).version(env!("CARGO_PKG_VERSION")).run().await?)
}
