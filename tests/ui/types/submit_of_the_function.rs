#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
async fn resize(width: u32) {
    let _ = width;
}

async fn submit(queue: mcpq::Queue) {
    let _ = queue.submit(resize).await;
}

fn main() {}
