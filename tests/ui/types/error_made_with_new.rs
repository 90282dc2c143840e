#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
async fn resize(width: u32) -> Result<u32, JobError> {
    Err(JobError::new("no width"))
}

fn main() {}
