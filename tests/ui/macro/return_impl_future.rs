#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
fn resize(width: u32) -> impl Future<Output = u32> {
    async move { width }
}

fn main() {}
