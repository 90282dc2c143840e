#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job(schedule = "0 3 * * *")]
async fn resize(width: u32) {
    let _ = width;
}

fn main() {}
