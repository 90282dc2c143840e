#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job(max_retries = -1)]
async fn resize(width: u32) {
    let _ = width;
}

fn main() {}
