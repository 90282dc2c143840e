#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job(args = "resize args")]
async fn resize(width: u32) {
    let _ = width;
}

fn main() {}
