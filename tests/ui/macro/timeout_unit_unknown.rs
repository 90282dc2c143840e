#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job(timeout = "2 minutes")]
async fn resize(width: u32) {
    let _ = width;
}

fn main() {}
