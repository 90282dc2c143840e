#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
async fn resize(path: String) -> Result<u32, Box<dyn std::error::Error>> {
    Ok(path.parse()?)
}

fn main() {}
