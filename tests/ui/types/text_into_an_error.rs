#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
async fn resize(width: u32) -> Result<u32, JobError> {
    if width == 0 {
        return Err("no width".into());
    }
    Ok(width)
}

fn main() {}
