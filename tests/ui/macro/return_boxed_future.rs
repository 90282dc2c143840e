#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
fn resize(width: u32) -> std::pin::Pin<Box<dyn Future<Output = u32> + Send>> {
    Box::pin(async move { width })
}

fn main() {}
