#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job(timout = 120)]
async fn resize(width: u32) {
    let _ = width;
}

fn main() {}
