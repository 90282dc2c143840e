#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
fn resize(width: u32) -> u32 {
    std::future::ready(width).await
}

fn main() {}
