#![allow(unused)]

use mcpq::prelude::*;

struct Failed;

/// Resizes an image.
#[mcp_job]
async fn resize(width: u32) -> Result<u32, Failed> {
    Err(Failed)
}

fn main() {}
