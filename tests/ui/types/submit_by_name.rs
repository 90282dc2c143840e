#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
async fn resize(width: u32) {}

fn submit(queue: &Queue) {
    queue.submit("resize");
}

fn main() {}
