#![allow(unused)]

use mcpq::prelude::*;

/// Resize an image.
#[mcp_job(concurrency = 0)]
async fn resize(path: String) {
    let _ = path;
}

fn main() {}
