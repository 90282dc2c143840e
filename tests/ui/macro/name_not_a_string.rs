#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job(name = resize)]
async fn resize(width: u32) {
    let _ = width;
}

fn main() {}
