#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job(retry_on_timeout = "yes")]
async fn resize(width: u32) {
    let _ = width;
}

fn main() {}
