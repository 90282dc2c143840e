#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
async fn resize(width: u32) -> u32 {
    let half = width / ;
    half
}

fn main() {}
