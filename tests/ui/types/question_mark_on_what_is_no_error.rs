#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
async fn resize(width: u32) -> Result<u32, JobError> {
    let halved: Result<u32, String> = Ok(width / 2);
    Ok(halved?)
}

fn main() {}
