#![allow(unused)]

use mcpq::prelude::*;

/// Resize an image.
#[mcp_job(rate_limit = 100)]
async fn resize(path: String) {
    let _ = path;
}

fn main() {}
