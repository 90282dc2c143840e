#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job(backoff_jitter = 2)]
async fn resize(width: u32) {
    let _ = width;
}

fn main() {}
