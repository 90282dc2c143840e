//! The jobs of the test server.

use std::time::Duration;

use mcpq::prelude::*;

/// Add two numbers.
#[mcp_job]
pub(crate) async fn add(
    /// The first one.
    a: i64,
    #[arg(example = 2)] b: i64,
) -> i64 {
    tracing::info!("adding");
    a + b
}

/// Take some steps.
#[mcp_job(max_retries = 2)]
async fn steps(
    count: u32,
    #[arg(default = 0)] pause_ms: u64,
    progress: Progress,
    cancel: CancelToken,
) -> Result<u32, JobError> {
    for step in 1..=count {
        cancel.check()?;
        tokio::time::sleep(Duration::from_millis(pause_ms)).await;
        progress.report(step, count).message(format!("step {step}"));
    }
    Ok(count)
}

/// Fail for good.
#[mcp_job]
async fn fails(message: String) -> Result<(), JobError> {
    Err(JobError::fatal(message))
}

/// Run past its time.
#[mcp_job(timeout = 0.05)]
async fn times_out() {
    std::future::pending::<()>().await;
}

/// Cancel itself.
#[mcp_job]
async fn gives_up() -> Result<(), JobError> {
    Err(JobError::cancelled())
}

/// Run until somebody wants its end.
#[mcp_job]
async fn until_cancelled(progress: Progress, cancel: CancelToken) -> Result<(), JobError> {
    progress.report(1, 2).message("half way");
    tracing::info!("until_cancelled has begun");
    cancel.cancelled().await;
    Err(JobError::cancelled())
}

/// Run for ever on a thread that cannot be stopped.
#[mcp_job]
fn stuck() {
    tracing::info!("stuck has begun");
    loop {
        std::thread::park();
    }
}

/// Submit another job and return at once.
#[mcp_job]
async fn spawns(context: JobContext) -> Result<(), JobError> {
    context.submit(until_cancelled {}).await?;
    Ok(())
}

#[derive(Serialize, JsonSchema)]
struct InOrder {
    zebra: u8,
    apple: u8,
}

/// Return fields that are not in the order of the alphabet.
#[mcp_job]
async fn in_order() -> InOrder {
    InOrder { zebra: 1, apple: 2 }
}
