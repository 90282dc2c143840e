#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
async fn u32(width: u32, height: u32) -> u32 {
    width * height
}

fn main() {}
