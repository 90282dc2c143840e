#![allow(unused)]

use mcpq::prelude::*;

#[derive(Deserialize, JsonSchema)]
struct Size(u32);

/// Resizes an image.
#[mcp_job]
async fn resize(size: Size) {
    let _ = size.0;
}

async fn submit(queue: mcpq::Queue) {
    let _ = queue.submit(resize { size: Size(1) }).await;
}

fn main() {}
