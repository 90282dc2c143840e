//! The queue on a server of your own: an rmcp server keeps its tools, and gains the queue's beside them.
//!
//! ```sh
//! cargo run -p mcpq-examples --example mounted
//! ```
//!
//! It speaks MCP on standard input and output.

use std::time::Duration;

use mcpq::prelude::*;
use rmcp::{
    ServerHandler, ServiceExt,
    handler::server::wrapper::Parameters,
    model::{Implementation, ServerCapabilities, ServerConfig},
    tool, tool_handler, tool_router,
    transport::stdio,
};

/// A server that was there before the queue.
#[derive(Debug)]
struct Calculator;

/// What to add.
#[derive(Debug, Deserialize, JsonSchema)]
struct Sum {
    a: f64,
    b: f64,
}

#[tool_router]
impl Calculator {
    /// Add two numbers, at once.
    #[tool]
    fn add(&self, Parameters(Sum { a, b }): Parameters<Sum>) -> String {
        (a + b).to_string()
    }
}

#[tool_handler]
impl ServerHandler for Calculator {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("calculator", env!("CARGO_PKG_VERSION")))
            .with_instructions("Adds numbers at once; counts primes in the background.")
    }
}

/// Count the prime numbers up to a limit.
#[mcp_job(timeout = "10m")]
fn count_primes(
    /// The largest number to look at.
    #[arg(range(2..=5_000_000), example = 1_000_000)]
    limit: u64,
    progress: Progress,
    cancel: CancelToken,
) -> Result<u64, JobError> {
    let mut primes = 0;
    for number in 2..=limit {
        if number % 1_000 == 0 {
            cancel.check()?;
            progress.report(number, limit);
        }
        let is_prime = (2..).take_while(|divisor| divisor * divisor <= number).all(|divisor| number % divisor != 0);
        primes += u64::from(is_prime);
    }
    Ok(primes)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let queue = Queue::builder().build().await?;
    // Mounting starts no worker: where jobs run is the program's own choice.
    let worker = queue.worker().concurrency(2).start()?;

    queue.mount(Calculator)?.serve(stdio()).await?.waiting().await?;

    worker.stop_within(Duration::from_millis(1500)).await;
    Ok(())
}
