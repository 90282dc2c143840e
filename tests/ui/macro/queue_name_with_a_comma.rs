#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job(queue = "slow,fast")]
async fn resize(width: u32) {
    let _ = width;
}

fn main() {}
