//! A queue inside a program of your own: submit with types, follow, cancel. No MCP and no command line.
//!
//! ```sh
//! cargo run -p mcpq-examples --example in_process
//! ```
#![allow(clippy::print_stdout, reason = "this program talks to a person")]

use std::time::Duration;

use mcpq::prelude::*;

/// What a rendered film came to.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Film {
    title: String,
    frames: u32,
}

/// Render a short film frame by frame.
#[mcp_job(timeout = "5m", max_retries = 2)]
async fn render(
    /// What the film is called.
    title: String,
    /// How many frames it has.
    #[arg(default = 24, range(1..=10_000))]
    frames: u32,
    progress: Progress,
    cancel: CancelToken,
) -> Result<Film, JobError> {
    for frame in 1..=frames {
        cancel.check()?;
        tokio::time::sleep(Duration::from_millis(20)).await;
        progress.report(frame, frames).message(format!("frame {frame}"));
    }
    Ok(Film { title, frames })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let queue = Queue::builder().build().await?;
    let worker = queue.worker().concurrency(2).start()?;

    // Two jobs at once; `new` takes the arguments that have no default.
    let short = queue.submit(render::new("The Tide".to_owned())).await?;
    let long = queue
        .submit(render { title: "The Flood".to_owned(), frames: 5_000 })
        .priority(mcpq::Priority::High)
        .idempotency_key("the-flood")
        .await?;

    // `wait_for` returns early when the job has ended.
    loop {
        let record = short.wait_for(Duration::from_millis(100)).await?;
        println!("{}: {} {:3.0} %", record.job_type, record.status, record.progress * 100.0);
        if record.status.is_final() {
            break;
        }
    }
    let film: Film = short.result().await?;
    println!("{film:?}");

    let record = long.cancel().await?;
    println!("the long one is {}", record.status);
    if let Err(reason) = long.result().await {
        println!("so it gives no film: {reason}");
    }

    worker.stop().await;
    Ok(())
}
