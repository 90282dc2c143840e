#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
async fn resize(width: u32) {}

fn register(builder: mcpq::QueueBuilder) -> mcpq::QueueBuilder {
    builder.job(resize)
}

fn main() {}
