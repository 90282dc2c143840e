#![allow(unused)]

use mcpq::prelude::*;

/// Resizes an image.
#[mcp_job(queue = slow)]
async fn resize(width: u32) {}

fn main() {}
