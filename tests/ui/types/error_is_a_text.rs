#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
async fn resize() -> Result<u32, String> {
    Ok(1)
}

fn main() {}
