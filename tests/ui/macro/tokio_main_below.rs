#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job]
#[tokio::main]
async fn resize(width: u32) {}

fn main() {}
