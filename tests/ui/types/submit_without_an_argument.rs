#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
async fn resize(width: u32, #[arg(default = 4)] height: u32) -> u32 {
    width * height
}

async fn submit(queue: &Queue) {
    let job = queue.submit(resize { width: 1 }).await;
}

fn main() {}
