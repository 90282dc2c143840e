//! Jobs for tests of faults: they note each start in a file, so that starts can be counted whatever dies.

use std::{
    fs::OpenOptions,
    io::Write,
    path::Path,
    time::{Duration, Instant},
};

use mcpq::prelude::*;

/// How often a job looks for the file that it waits for.
const LOOK: Duration = Duration::from_millis(5);

/// Adds a line: job, lease, attempt.
fn note(starts: &str, context: &JobContext) -> Result<(), JobError> {
    let line = format!("{} {} {}\n", context.job_id(), context.lease(), context.attempt());
    let mut file = OpenOptions::new().append(true).create(true).open(starts)?;
    file.write_all(line.as_bytes())?;
    Ok(())
}

/// Work for a while, and return the lease.
#[mcp_job]
async fn mark(starts: String, #[arg(default = 0)] ms: u64, context: JobContext) -> Result<u64, JobError> {
    note(&starts, &context)?;
    tokio::time::sleep(Duration::from_millis(ms)).await;
    Ok(context.lease())
}

/// Go on until a file is there, deaf to everything else.
#[mcp_job]
async fn hold(starts: String, until: String, context: JobContext, progress: Progress) -> Result<u64, JobError> {
    note(&starts, &context)?;
    while !Path::new(&until).exists() {
        tokio::time::sleep(LOOK).await;
    }
    progress.message(format!("lease {}", context.lease()));
    tracing::info!("hold has ended");
    Ok(context.lease())
}

/// Go on until somebody wants the end.
#[mcp_job]
async fn obey(starts: String, context: JobContext, cancel: CancelToken) -> Result<u64, JobError> {
    note(&starts, &context)?;
    cancel.cancelled().await;
    Err(JobError::cancelled())
}

/// Block a thread of the runtime until a file is there.
#[mcp_job]
async fn blocks(starts: String, until: String, context: JobContext) -> Result<u64, JobError> {
    note(&starts, &context)?;
    let began = Instant::now();
    while !Path::new(&until).exists() && began.elapsed() < Duration::from_secs(120) {
        std::thread::sleep(LOOK);
    }
    tracing::info!("blocks has ended");
    Ok(context.lease())
}

/// Fail some times before it works.
#[mcp_job(max_retries = 5)]
async fn flaky(starts: String, fails: u32, after_ms: u64, context: JobContext) -> Result<u64, JobError> {
    note(&starts, &context)?;
    if context.attempt() <= fails {
        return Err(JobError::retry("not yet").retry_after(Duration::from_millis(after_ms)));
    }
    Ok(context.lease())
}

/// Take the whole process along.
#[mcp_job]
async fn kills_its_process(starts: String, context: JobContext) -> Result<(), JobError> {
    note(&starts, &context)?;
    std::process::abort()
}

/// Panic.
#[mcp_job]
#[allow(clippy::panic, reason = "that is its job")]
async fn panics(starts: String, context: JobContext) -> Result<(), JobError> {
    note(&starts, &context)?;
    panic!("on purpose");
}

/// Return a text of this many bytes.
#[mcp_job]
async fn large(bytes: usize) -> String {
    "x".repeat(bytes)
}
