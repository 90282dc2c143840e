#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
async fn resize(width: u32) -> Vec<Self> {
    Vec::new()
}

fn main() {}
