//! Many machines: one server that clients call, and workers in processes of their own, on one PostgreSQL database.
//!
//! ```sh
//! examples/fleet/run                                        # without containers, on a database that it makes and throws away
//! docker compose -f examples/fleet/compose.yaml up --build  # the same in containers
//! ```
//!
//! Either serves MCP at `http://127.0.0.1:8080/mcp`. The program is the same in each process: what it does is on its command
//! line, and where the jobs are is in `MCPQ_STORE`. So this, in another terminal, sees the same jobs:
//!
//! ```sh
//! export MCPQ_STORE=postgres://..    # `run` prints it
//! cargo run -p mcpq-examples --features postgres --example fleet -- submit count_primes --args '{"from": 2, "to": 5000000}'
//! cargo run -p mcpq-examples --features postgres --example fleet -- watch
//! ```
//!
//! End a worker while it counts (`kill -9`): another goes on with the job as soon as the lease is over.

use mcpq::prelude::*;

/// What was counted, and where.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Primes {
    /// How many primes there are in the range.
    count: u64,
    /// Process that counted them.
    worker: u32,
}

/// Count the prime numbers in a range.
///
/// Any worker takes it, and each as many at once as it has slots.
#[mcp_job(timeout = "10m", max_retries = 2)]
fn count_primes(
    /// Where to start.
    #[arg(default = 2, range(0..=1_000_000_000))]
    from: u64,
    /// Where to end, itself included.
    #[arg(range(0..=1_000_000_000), example = 1_000_000)]
    to: u64,
    progress: Progress,
    cancel: CancelToken,
) -> Result<Primes, JobError> {
    if to < from {
        return Err(JobError::fatal(format!("`to` ({to}) is below `from` ({from})")));
    }
    let mut count = 0;
    for number in from..=to {
        if number % 4_096 == 0 {
            cancel.check()?;
            progress.report(number - from, to - from);
        }
        count += u64::from(is_prime(number));
    }
    Ok(Primes { count, worker: std::process::id() })
}

/// Announce a total to a service that takes one call at a time.
///
/// However many workers there are, one announcement is made at a time and at most a hundred in a minute.
#[mcp_job(concurrency = 1, rate_limit = "100/m", max_retries = 5)]
async fn announce(
    /// What to announce.
    #[arg(length(1..=200))]
    text: String,
) -> String {
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    format!("process {} announced: {text}", std::process::id())
}

fn is_prime(number: u64) -> bool {
    number > 1 && (2..).take_while(|divisor| divisor * divisor <= number).all(|divisor| !number.is_multiple_of(divisor))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    Ok(mcpq::Server::new("fleet", Queue::builder().workers(2)).run().await?)
}
