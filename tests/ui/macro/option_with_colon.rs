#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job(timeout: 120)]
async fn resize(width: u32) {
    let _ = width;
}

fn main() {}
